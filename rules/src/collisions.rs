//! Collisions.

document! {
    "collisions.md", Control, "Collisions",
    "Procedures that meet. The table decides; the rules before it are what an observer can judge.";

    LL_COLL_1 = "LL-COLL-1", "no incompatible procedure after an answer",
    Shall, Both, judged, "Vol 6, Part B 5.3",
    "Who has sent a PDU in the peer's procedure with an instant starts none with an instant until \
     that one has ended.";

    LL_COLL_2 = "LL-COLL-2", "the central rejects",
    Shall, Central, judged, "Vol 6, Part B 5.3",
    "While a procedure of the central with an instant is open in which the peripheral has said \
     nothing, it rejects one of the peripheral's.";

    LL_COLL_3 = "LL-COLL-3", "the peripheral yields",
    Shall, Peripheral, judged, "Vol 6, Part B 5.3",
    "The peripheral does not reject the central's procedure for a collision.";

    LL_COLL_4 = "LL-COLL-4", "a forbidden procedure is not served",
    Should, Both, judged, "Vol 6, Part B 5.3",
    "Whoever has begun a procedure with an instant and, after the peer has said a PDU of it and \
     before it is over, is asked by the peer for another one leaves the connection and does not \
     answer.",
    "Where the peer began both, it breaks LL-PROC-1, and what its victim does is left open.";

    LL_COLL_5 = "LL-COLL-5", "incompatible procedures",
    Shall, Both, tested, "Vol 6, Part B 5.3",
    "Two procedures are incompatible if both have an instant: connection update, connection \
     parameters request, channel map update and PHY update.";

    LL_COLL_6 = "LL-COLL-6", "same procedures",
    Shall, Both, tested, "Vol 6, Part B 5.3",
    "A connection parameters request that meets a connection update counts as the same procedure, \
     and not the other way round; the error is LL Procedure Collision (0x23) for the same and \
     Different Transaction Collision (0x2A) for others.";
}
