//! LE Ping and the authenticated payload timeout.

document! {
    "ping.md", Control, "LE Ping and the authenticated payload timeout",
    "LL_PING_REQ and LL_PING_RSP.";

    LL_PING_1 = "LL-PING-1", "answers to a ping",
    Shall, Both, tested, "Vol 6, Part B 5.1.8",
    "LL_PING_REQ is answered with LL_PING_RSP; LL_UNKNOWN_RSP is as good an answer.";

    LL_PING_2 = "LL-PING-2", "authenticated payload timeout",
    Shall, Both, judged, "Vol 6, Part B 5.1.8, 5.4",
    "On an encrypted connection a device that has had no PDU with a MIC sends LL_PING_REQ within \
     the authenticated payload timeout, 30 s unless changed; its end is told to the host and \
     nothing else.",
    "It should send early enough for an answer (5.1.8); how early is its own choice. The oracle \
     judges that the host is told.";

    LL_PING_3 = "LL-PING-3", "pause",
    Shall, Both, tested, "Vol 6, Part B 5.4",
    "The authenticated payload timer runs on while encryption is paused.";
}
