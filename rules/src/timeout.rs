//! Procedure response timeout.

document! {
    "timeout.md", Control, "Procedure response timeout",
    "What happens to who does not answer.";

    LL_LIVE_1 = "LL-LIVE-1", "answers within 40 s",
    Shall, Both, judged, "Vol 6, Part B 5.2",
    "A request is answered within the procedure response timeout.";

    LL_LIVE_2 = "LL-LIVE-2", "no answer withheld",
    Shall, Both, judged, "Vol 6, Part B 5.2",
    "A link does not die on the requester's supervision timer with its request unanswered by a \
     device that had time to answer and was free to.",
    "Derived from the duty to answer: the text gives 40 s, and this rule a second on a link that \
     then dies.";

    LL_LIVE_3 = "LL-LIVE-3", "the central keeps the link",
    Shall, Central, judged, "Vol 6, Part B 4.5.1",
    "A central that has the connection sends at least once in each supervision timeout.",
    "It may leave events out when its radio has other business; here it does so only for a quirk.";

    LL_TIME_1 = "LL-TIME-1", "40 seconds",
    Shall, Both, judged, "Vol 6, Part B 5.2",
    "A device whose peer owes an answer for 40 s leaves with LL Response Timeout (0x22).";

    LL_TIME_2 = "LL-TIME-2", "what is timed",
    Own, Both, tested, "Vol 6, Part B 5.2",
    "The timer runs while a PDU of the peer is awaited: not up to an instant, and not for \
     connection updates, channel maps and terminations of the central.",
    "By the letter it runs until a procedure is over. A legal interval and latency can put an \
     instant further away than 40 s, so that here, as in other link layers, the PDU that names it \
     ends the wait.";

    LL_TIME_3 = "LL-TIME-3", "encryption start",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.3.1, 5.2",
    "In an encryption start the timer covers each wait, the one for the own host's key included.";
}
