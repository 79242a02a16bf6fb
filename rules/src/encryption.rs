//! Encryption start and pause.

document! {
    "encryption.md", Control, "Encryption start and pause",
    "LL_ENC_REQ to LL_START_ENC_RSP, LL_PAUSE_ENC_REQ and LL_PAUSE_ENC_RSP.";

    LL_ENC_1 = "LL-ENC-1", "silence while encryption starts or pauses",
    Shall, Both, judged, "Vol 6, Part B 5.1.3",
    "From LL_ENC_REQ (central) or LL_ENC_RSP (peripheral) until encryption runs, no data and no \
     other procedure's PDUs are sent, save what ends the connection or an earlier request.",
    "LL_TERMINATE_IND waits where the peer could not know whether it comes encrypted: from \
     LL_START_ENC_REQ to LL_START_ENC_RSP, and from LL_PAUSE_ENC_RSP to its answer.";

    LL_ENC_2 = "LL-ENC-2", "no plain text afterwards",
    Shall, Both, judged, "Vol 6, Part B 5.1.3.1",
    "Once encryption runs, nothing with a payload is sent in plain text.";

    LL_ENC_3 = "LL-ENC-3", "order of PDUs",
    Shall, Both, judged, "Vol 6, Part B 5.1.3, 5.1.3.1",
    "LL_ENC_REQ, LL_ENC_RSP and LL_START_ENC_REQ go in the clear, the two LL_START_ENC_RSP \
     encrypted, the central's first.",
    "On a link that is encrypted LL_PAUSE_ENC_REQ comes before LL_ENC_REQ.";

    LL_ENC_4 = "LL-ENC-4", "what was queued before",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.3.1",
    "What the peripheral has queued before LL_ENC_RSP is still sent in the clear; later data wait \
     until encryption runs or has failed.",
    "By the text it may hold back all but the PDU that is on its way.";

    LL_ENC_5 = "LL-ENC-5", "what a peripheral tolerates",
    Should, Peripheral, judged, "Vol 6, Part B 5.1.3.1",
    "A peripheral that has had LL_ENC_REQ does not leave for an LL_UNKNOWN_RSP to an earlier \
     request of its own.",
    "This one also takes LL_REJECT_IND and LL_REJECT_EXT_IND, which versions before 6.2 allowed; \
     by 6.2 they are unexpected, and who leaves for them is right as well. LL_TERMINATE_IND and \
     the answer that it awaits it has to take.";

    LL_ENC_6 = "LL-ENC-6", "anything else",
    Shall, Both, judged, "Vol 6, Part B 5.1.3.1",
    "Any other PDU with a payload, in this time, ends the connection at once with MIC Failure \
     (0x3D).";

    LL_ENC_7 = "LL-ENC-7", "requests of the peripheral meanwhile",
    Shall, Central, tested, "Vol 6, Part B 5.1.3.1",
    "A central answers what the peripheral had asked before once the encryption start is over, not \
     during it.";

    LL_ENC_8 = "LL-ENC-8", "no key",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.3.1",
    "A peripheral whose host has no key rejects LL_ENC_REQ with PIN or Key Missing (0x06), and the \
     connection goes on in the clear.";

    LL_ENC_9 = "LL-ENC-9", "no key for a refresh",
    Shall, Both, judged, "Vol 6, Part B 5.1.3.1, 5.1.3.2",
    "If there is no key after a pause, the connection is terminated with 0x06.",
    "The peripheral says LL_TERMINATE_IND; its own host may be told 0x06 or 0x16.";

    LL_ENC_10 = "LL-ENC-10", "no encryption",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.3.1",
    "A peripheral without encryption rejects LL_ENC_REQ with Unsupported Remote Feature (0x1A).";

    LL_ENC_11 = "LL-ENC-11", "pause",
    Shall, Both, judged, "Vol 6, Part B 5.1.3, 5.1.3.2",
    "LL_PAUSE_ENC_REQ and the peripheral's LL_PAUSE_ENC_RSP go encrypted, the central's \
     LL_PAUSE_ENC_RSP in the clear; an encryption start follows and no data flow in between.",
    "On a link in the clear LL_PAUSE_ENC_REQ is out of place; what its receiver does is left open.";

    LL_ENC_12 = "LL-ENC-12", "session key and nonce",
    Shall, Codec, tested, "Vol 6, Part B 5.1.3.1, Part E 2",
    "The session key is the LTK's encryption of both halves of the diversifier; nonce and \
     additional data are made of packet counter, direction, initialization vector and the header \
     without NESN, SN and MD.";

    LL_ENC_13 = "LL-ENC-13", "done",
    Shall, Both, tested, "Vol 6, Part B 5.1.3.1",
    "The peripheral has started encryption when it receives LL_START_ENC_RSP, the central when it \
     receives the answer to its own.";

    LL_ENC_14 = "LL-ENC-14", "own procedures",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.3.1",
    "A procedure that was open before goes on once encryption runs, and new ones wait until then.";

    LL_MIC_1 = "LL-MIC-1", "integrity and packet counter",
    Shall, Both, judged, "Vol 6, Part B 5.1.3, Part E 2",
    "What is sent encrypted verifies with the session key and a counter that advances with each \
     new PDU that has a payload, and only then.";

    LL_MIC_2 = "LL-MIC-2", "wrong MIC",
    Shall, Both, judged, "Vol 6, Part B 5.1.3.1, Part E 1",
    "A PDU with a wrong MIC ends the connection at once, without LL_TERMINATE_IND, with MIC \
     Failure (0x3D).";
}
