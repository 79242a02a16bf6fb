//! Version exchange.

document! {
    "version.md", Control, "Version exchange",
    "LL_VERSION_IND.";

    LL_VERS_1 = "LL-VERS-1", "one LL_VERSION_IND",
    Shall, Both, judged, "Vol 6, Part B 5.1.5",
    "A device sends LL_VERSION_IND once in a connection.";

    LL_VERS_2 = "LL-VERS-2", "answering LL_VERSION_IND",
    Shall, Both, tested, "Vol 6, Part B 5.1.5",
    "LL_VERSION_IND is answered by one's own where that has not been sent, and else with nothing; \
     a second one says nothing new.";
}
