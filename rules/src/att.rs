//! Attributes: the Attribute Protocol.

document! {
    "att.md", Att, "Attributes",
    "The Attribute Protocol: requests and answers, indications, sizes and errors.";

    ATT_PDU_1 = "ATT-PDU-1", "no longer than ATT_MTU",
    Shall, Both, judged, "Vol 3, Part F 3.2.8, 3.3.1, 3.4.2.2",
    "A PDU has at most ATT_MTU octets: 23, and after an exchange the smaller value of the two.";

    ATT_PDU_2 = "ATT-PDU-2", "invalid requests",
    Shall, Peripheral, tested, "Vol 3, Part F 3.3",
    "A request of the wrong length is answered with Invalid PDU (ATT 0x04), handle 0x0000.";

    ATT_PDU_3 = "ATT-PDU-3", "unsupported requests",
    Shall, Peripheral, tested, "Vol 3, Part F 3.3",
    "A request that is not supported is answered with Request Not Supported (ATT 0x06), handle \
     0x0000; an unknown command is ignored.";

    ATT_SEQ_1 = "ATT-SEQ-1", "one request at a time",
    Shall, Central, judged, "Vol 3, Part F 3.3.2",
    "A client sends no request before it has the response to the last one.";

    ATT_SEQ_2 = "ATT-SEQ-2", "one indication at a time",
    Shall, Peripheral, judged, "Vol 3, Part F 3.3.2",
    "A server sends no indication before it has the confirmation of the last one.";

    ATT_RSP_1 = "ATT-RSP-1", "the response fits its request",
    Shall, Both, judged, "Vol 3, Part F 3.3, 3.4.1.1",
    "A response is the one of the open request, or an ATT_ERROR_RSP that names it.";

    ATT_RSP_2 = "ATT-RSP-2", "no answer without a question",
    Shall, Both, judged, "Vol 3, Part F 3.3, 3.4.1.1, 3.4.7.3",
    "A response answers a request, a confirmation an indication; nothing answers a command or a \
     notification.";

    ATT_MTU_1 = "ATT-MTU-1", "one exchange of ATT_MTU",
    Shall, Central, judged, "Vol 3, Part F 3.4.2.1",
    "A client sends ATT_EXCHANGE_MTU_REQ once in a connection.";

    ATT_MTU_2 = "ATT-MTU-2", "ATT_MTU is 23 or more",
    Shall, Both, judged, "Vol 3, Part F 3.4.2.1, 3.4.2.2",
    "The value of ATT_EXCHANGE_MTU_REQ or _RSP is 23 or more; who hears less stays with 23.";

    ATT_LIST_1 = "ATT-LIST-1", "lists of handles",
    Shall, Peripheral, judged, "Vol 3, Part F 3.4.3.2, 3.4.4.2, 3.4.4.10",
    "A response that lists attributes has entries of one length, in ascending order of handles, \
     within the range that was asked for.";

    ATT_HAND_1 = "ATT-HAND-1", "handles that are not there",
    Shall, Peripheral, tested, "Vol 3, Part F 3.4.3 to 3.4.5",
    "Handle 0x0000, a range whose start lies behind its end, or an unknown handle is answered \
     with Invalid Handle (ATT 0x01); a range without a hit with Attribute Not Found (ATT 0x0A).";

    ATT_SEC_1 = "ATT-SEC-1", "which error a lack of security gets",
    Shall, Peripheral, tested, "Vol 3, Part F 3.2.5; Part C 10.3.1",
    "A link in the clear gets Insufficient Encryption (ATT 0x0F) if there is a key for it and \
     Insufficient Authentication (ATT 0x05) if not; a key that is too weak gets 0x05, one that is \
     too short Encryption Key Size Too Short (ATT 0x0C).";

    ATT_PREP_1 = "ATT-PREP-1", "prepared writes",
    Shall, Peripheral, tested, "Vol 3, Part F 3.4.6",
    "Prepared writes change nothing before ATT_EXECUTE_WRITE_REQ, which does all of them or, if \
     one cannot be done, none; a full queue gets Prepare Queue Full (ATT 0x09).";

    ATT_TIME_1 = "ATT-TIME-1", "30 seconds",
    Shall, Central, tested, "Vol 3, Part F 3.3.3",
    "A transaction that takes longer than 30 s has failed, and nothing more is asked on this \
     bearer.";
}
