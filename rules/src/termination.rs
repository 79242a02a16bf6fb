//! Termination.

document! {
    "termination.md", Control, "Termination",
    "LL_TERMINATE_IND, and how connections end.";

    LL_TERM_1 = "LL-TERM-1", "own termination",
    Shall, Both, tested, "Vol 6, Part B 5.1.6",
    "Who sends LL_TERMINATE_IND leaves when it is acknowledged, or after the supervision timeout, \
     with Connection Terminated by Local Host (0x16).";

    LL_TERM_2 = "LL-TERM-2", "the peer’s termination",
    Shall, Both, judged, "Vol 6, Part B 5.1.6",
    "Who receives LL_TERMINATE_IND acknowledges it, leaves and tells its host the error in it.";

    LL_TERM_3 = "LL-TERM-3", "at any time",
    May, Both, tested, "Vol 6, Part B 5, 5.1.6",
    "A termination waits for no other procedure, and nothing is started after it.",
    "While encryption starts or pauses LL-ENC-1 bounds it.";

    LL_END_1 = "LL-END-1", "permitted reasons",
    Shall, Both, judged, "Vol 6, Part B 4.2.4, 4.5.2, 4.5.12, 5.1.6, 5.2, 5.3",
    "A connection ends by an acknowledged LL_TERMINATE_IND, by the supervision or the response \
     timeout, when the central is out of reach, or by a violation of the peer that obliges or \
     allows to leave.",
    "Out of reach: the peripheral's window would have to grow to the middle between two anchors; \
     then the connection should be considered lost.",
    "Where no rule says what follows on a violation of the peer, it may be ignored, refused or \
     left for (Vol 1, Part E, 2.7), with a reason that fits: 0x3D in encryption, 0x23 and 0x2A for \
     procedures that meet, 0x1E for fields, 0x24 for whatever may not be said. Who leaves must \
     have received it. What is recommended only excuses nobody.";

    LL_AGREE_1 = "LL-AGREE-1", "both ends agree",
    Shall, Both, judged, "Vol 6, Part B 5.1",
    "Once a procedure is over, both hosts have been told the same PHYs, connection parameters and \
     data length.";

    LL_AGREE_2 = "LL-AGREE-2", "hosts are told the truth",
    Shall, Both, judged, "Vol 6, Part B 5.1, Vol 4, Part E, 7.7",
    "What an event tells of PHYs, connection parameters, encryption, version and features is what \
     was on air.";
}
