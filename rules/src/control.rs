//! Control PDUs.

document! {
    "control.md", Control, "Control PDUs",
    "What holds for all procedures.";

    LL_CTRL_1 = "LL-CTRL-1", "length of a control PDU",
    Shall, Codec, judged, "Vol 6, Part B 2.4.2",
    "A control PDU has as many octets of CtrData as its opcode demands.";

    LL_CTRL_2 = "LL-CTRL-2", "what is not understood",
    Shall, Both, judged, "Vol 6, Part B 2.4.2, 5.1",
    "A control PDU whose opcode is unknown, unsupported or not for the receiver's role is answered \
     with LL_UNKNOWN_RSP; one whose length is wrong likewise, unless it is served or rejected.",
    "A control PDU of length zero has no opcode; the answer names 0xFF.",
    "Here a wrong length is never served. Of the right length and out of range, a request may be \
     answered with LL_UNKNOWN_RSP as well; where no rule names the answer, it may also be ignored, \
     rejected or left for.";

    LL_CTRL_3 = "LL-CTRL-3", "LL_UNKNOWN_RSP as an answer",
    Shall, Both, tested, "Vol 6, Part B 5",
    "LL_UNKNOWN_RSP ends the procedure that it answers, and the host that asked is told \
     Unsupported Remote Feature (0x1A).";

    LL_CTRL_4 = "LL-CTRL-4", "ranges of fields",
    Shall, Both, judged, "Vol 6, Part B 2.4.2, 5.1.1, 5.1.10, 5.1.11",
    "Connection parameters, channel maps, PHYs and numbers of channels in control PDUs are in \
     range.";

    LL_ROLE_1 = "LL-ROLE-1", "PDUs of a role",
    Shall, Both, judged, "Vol 6, Part B 2.4.2",
    "A control PDU that belongs to one role is never sent by the other.";

    LL_RSP_1 = "LL-RSP-1", "answers have a request",
    Shall, Both, judged, "Vol 6, Part B 5.1",
    "A response, an LL_UNKNOWN_RSP or a reject is sent only to a peer that has asked.";

    LL_RSP_2 = "LL-RSP-2", "answers to nothing",
    Own, Both, tested, "Vol 6, Part B 5.1",
    "A response or reject that answers nothing changes nothing.",
    "What a device does with it is its own choice; some leave with 0x24.";

    LL_REJ_1 = "LL-REJ-1", "form of a reject",
    Shall, Both, judged, "Vol 6, Part B 5.1.3.1, 5.1.7.2, 5.3",
    "Once features are exchanged, LL_REJECT_EXT_IND is used if both have the feature, save for \
     LL_ENC_REQ, which either form rejects; a collision is rejected with LL_REJECT_IND if not.";

    LL_REJ_2 = "LL-REJ-2", "both forms of a reject",
    Own, Both, tested, "Vol 6, Part B 5.1",
    "Either form of a reject ends the procedure that it answers, whatever is known of features, \
     and the host that asked is told its error.",
    "Old centrals send LL_REJECT_IND to requests that are younger than LL_REJECT_EXT_IND. A reject \
     that says success is told as Unspecified Error (0x1F).";

    LL_PROC_1 = "LL-PROC-1", "one procedure at a time",
    Shall, Both, judged, "Vol 6, Part B 5",
    "A device starts no second procedure of its own before the first has ended.";

    LL_PROC_2 = "LL-PROC-2", "answers meanwhile",
    Shall, Both, tested, "Vol 6, Part B 5, 5.3",
    "A device answers the peer's procedure while one of its own is open, unless the two are \
     incompatible.";

    LL_LIVE_4 = "LL-LIVE-4", "hosts are told",
    Shall, Both, judged, "Vol 6, Part B 5.2, Vol 4, Part E, 7.7",
    "A command on a connection that was accepted with Command Status is followed by its event, \
     unless the connection ends first.";
}
