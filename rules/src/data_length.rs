//! Data length.

document! {
    "data-length.md", Control, "Data length",
    "LL_LENGTH_REQ and LL_LENGTH_RSP.";

    LL_LEN_1 = "LL-LEN-1", "octets in force",
    Shall, Both, judged, "Vol 6, Part B 4.5.10",
    "A PDU with data carries no more octets than its sender has heard that its peer receives; 27 \
     until then.",
    "Control PDUs are not bound by it (4.5.11). Those with more than 26 octets of CtrData, which \
     come after a feature exchange only, are not sent here.";

    LL_LEN_2 = "LL-LEN-2", "time in force",
    Shall, Both, judged, "Vol 6, Part B 4.5.10",
    "A packet with data takes no more time than its sender has heard that its peer receives; 328 \
     µs until then, and on LE Coded never less than 2704 µs.";

    LL_LEN_3 = "LL-LEN-3", "values of the data length update",
    Shall, Both, judged, "Vol 6, Part B 2.4.2.21, 4.5.10, 5.1.9",
    "Octets are 27 to 251 and times 328 to 17,040 µs.";

    LL_LEN_4 = "LL-LEN-4", "effective values",
    Shall, Both, tested, "Vol 6, Part B 4.5.10",
    "Octets and time in force are the smaller ones of what the sender announced for sending and \
     its peer for receiving, and never below 27 octets and 328 µs.";

    LL_LEN_5 = "LL-LEN-5", "at once and on either PDU",
    Shall, Both, tested, "Vol 6, Part B 5.1.9",
    "The peer's values count from its LL_LENGTH_REQ or LL_LENGTH_RSP on, without an instant; \
     requests that cross are both answered.";

    LL_LEN_6 = "LL-LEN-6", "the host is told of changes",
    Shall, Both, tested, "Vol 6, Part B 5.1.9, Vol 4, Part E, 7.7.65.7",
    "LE Data Length Change tells the host of values in force that are not the former ones, and of \
     nothing else.";

    LL_LEN_7 = "LL-LEN-7", "time in force on LE Coded",
    Shall, Both, tested, "Vol 6, Part B 4.5.10, 5.1.7.4",
    "On LE Coded a packet may always take 2,704 µs, and otherwise no more than what connInterval \
     leaves beside the peer's longest packet and twice T_IFS.",
    "While parameters may change, the shortest interval that may come counts (5.1.7.4).";

    LL_LEN_8 = "LL-LEN-8", "a peer without LE Coded",
    Shall, Both, tested, "Vol 6, Part B 5.1.9",
    "To a peer that is not known to have LE Coded no time above 2,128 µs is announced.",
    "By the letter this binds towards a peer that lacks it; here one that has not said so counts \
     as lacking it.";

    LL_LEN_9 = "LL-LEN-9", "what a receiver takes",
    Own, Both, tested, "Vol 6, Part B 4.5.10, 5.1.9",
    "A receiver takes packets of up to the largest connMaxRxOctets that it has announced in this \
     connection, sent or queued, 27 octets before, and of four more once they may have a MIC; a \
     longer one counts as received with a wrong CRC.",
    "The limit never falls: PDUs that the peer has queued keep their length (5.1.9). That a longer \
     packet is none at all is a choice of this project, and what MAXLEN of a radio does.";

    LL_LEN_10 = "LL-LEN-10", "initial values",
    Should, Both, tested, "Vol 6, Part B 4.5.10, 5.1.9, Vol 4, Part E, 7.8.35",
    "A controller whose suggested default data length is not 27 octets and 328 µs starts the data \
     length update at the earliest opportunity in each connection.",
    "The text says so of what it sends and of what it can receive, where either is not 27 octets \
     or, on an uncoded PHY, 328 µs; a later change shall be told (5.1.9). Which real controllers \
     do is told for few; `length-from-default` of a central says it.";
}
