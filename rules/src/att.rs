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

    ATT_PDU_4 = "ATT-PDU-4", "the format of each PDU",
    Shall, Both, judged, "Vol 3, Part F 3.2.2, 3.3.1, 3.4",
    "A PDU has the parameters of its opcode, no more and no less; a handle is not 0x0000, and a \
     range of handles does not start behind its end.",
    "The oracle does not ask for a range that starts at 0x0000 or for the start of that of \
     ATT_FIND_BY_TYPE_VALUE_REQ: there the text speaks only of the error they get.";

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

    ATT_RSP_3 = "ATT-RSP-3", "every request is answered",
    Shall, Both, judged, "Vol 3, Part F 2, 3.3, 3.3.3",
    "A server responds to every request that it receives, at the latest after 30 s.",
    "The oracle names a server that has been silent for more than 30 s and could have sent, if one \
     request alone was open.";

    ATT_ERR_1 = "ATT-ERR-1", "which handle an error names",
    Shall, Peripheral, judged, "Vol 3, Part F 3.3, 3.4.1.1, 3.4.3, 3.4.4",
    "ATT_ERROR_RSP names the handle of the request, of several the one that is at fault; a range \
     that is not valid, or in which nothing was found, by its start. Without a handle in the \
     request, and with Invalid PDU (ATT 0x04), Request Not Supported (0x06), Unlikely Error (0x0E) \
     and Insufficient Resources (0x11), it is 0x0000.",
    "What an error to ATT_EXECUTE_WRITE_REQ names is not judged: the text leaves open whether it \
     is a handle of the queue.";

    ATT_ERR_2 = "ATT-ERR-2", "errors that discovery does not get",
    Shall, Peripheral, judged, "Vol 3, Part F 3.3, 3.4.3.1, 3.4.3.3, 3.4.4.9; Part G 8.1",
    "Finding handles and types is open to everybody: ATT_FIND_INFORMATION_REQ and \
     ATT_FIND_BY_TYPE_VALUE_REQ get no error for want of security or authorization and none of the \
     application, and no discovery gets Database Out Of Sync (ATT 0x12). A server knows \
     ATT_FIND_INFORMATION_REQ and ATT_READ_REQ: they do not get Request Not Supported (0x06).";

    ATT_MTU_1 = "ATT-MTU-1", "one exchange of ATT_MTU",
    Shall, Central, judged, "Vol 3, Part F 3.4.2.1",
    "A client sends ATT_EXCHANGE_MTU_REQ once in a connection.";

    ATT_MTU_2 = "ATT-MTU-2", "ATT_MTU is 23 or more",
    Shall, Both, judged, "Vol 3, Part F 3.4.2.1, 3.4.2.2",
    "The value of ATT_EXCHANGE_MTU_REQ or _RSP is 23 or more; who hears less stays with 23.";

    ATT_MTU_3 = "ATT-MTU-3", "nothing unasked while ATT_MTU is exchanged",
    Shall, Central, judged, "Vol 3, Part F 3.4.2.2",
    "Between ATT_EXCHANGE_MTU_REQ and its response the device that has sent it neither notifies \
     nor indicates.";

    ATT_MTU_4 = "ATT-MTU-4", "one ATT_MTU for client and server",
    Shall, Both, judged, "Vol 3, Part F 3.2.8, 3.4.2.2",
    "A device says the same value in ATT_EXCHANGE_MTU_REQ and ATT_EXCHANGE_MTU_RSP.";

    ATT_LIST_1 = "ATT-LIST-1", "lists of handles",
    Shall, Peripheral, judged, "Vol 3, Part F 3.4.3.2, 3.4.3.4, 3.4.4.2, 3.4.4.10",
    "A response that lists attributes has entries of one length, in ascending order of handles, \
     within the range that was asked for.";

    ATT_LIST_2 = "ATT-LIST-2", "groups of handles",
    Shall, Peripheral, judged, "Vol 3, Part F 3.4.3.4, 3.4.4.10; Part G 3.1, 4.4.1",
    "A group ends at or behind its first handle and before the next group.";

    ATT_VAL_1 = "ATT-VAL-1", "512 octets",
    Shall, Peripheral, judged, "Vol 3, Part F 3.2.9",
    "An attribute value has at most 512 octets.",
    "Judged where a server shows octets beyond them.";

    ATT_HAND_1 = "ATT-HAND-1", "handles that are not there",
    Shall, Peripheral, tested, "Vol 3, Part F 3.4.3 to 3.4.5",
    "Handle 0x0000, a range whose start lies behind its end, or an unknown handle is answered \
     with Invalid Handle (ATT 0x01); a range without a hit with Attribute Not Found (ATT 0x0A).";

    ATT_SEC_1 = "ATT-SEC-1", "which error a lack of security gets",
    Shall, Peripheral, judged, "Vol 3, Part F 3.2.5; Part C 10.3.1, Table 10.2",
    "A link in the clear gets Insufficient Encryption (ATT 0x0F) if there is a key for it and \
     Insufficient Authentication (ATT 0x05) if not; a key that is too weak gets 0x05, one that is \
     too short Encryption Key Size Too Short (ATT 0x0C).",
    "The oracle names Insufficient Encryption on a link that is encrypted, and Encryption Key Size \
     Too Short on one that is not; it does not know what keys there are.";

    ATT_PREP_1 = "ATT-PREP-1", "prepared writes",
    Shall, Peripheral, tested, "Vol 3, Part F 3.4.6",
    "Prepared writes change nothing before ATT_EXECUTE_WRITE_REQ, which does all of them in their \
     order or, if an offset or a length does not fit, none; the queue is empty afterwards. A full \
     queue gets Prepare Queue Full (ATT 0x09).",
    "What an error of the application leaves is not defined (3.4.6.3).";

    ATT_PREP_2 = "ATT-PREP-2", "a prepared write is repeated",
    Shall, Peripheral, judged, "Vol 3, Part F 3.4.6.2",
    "ATT_PREPARE_WRITE_RSP has handle, offset and octets of its request.";

    ATT_TIME_1 = "ATT-TIME-1", "30 seconds",
    Shall, Both, judged, "Vol 3, Part F 3.3.3",
    "A transaction that takes longer than 30 s has failed; its device sends no request, command, \
     indication or notification on this bearer any more.",
    "The oracle judges what comes after a request without a response and an indication without a \
     confirmation, and only what was not queued before.";
}
