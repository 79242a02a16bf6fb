//! Rules of what is said: control PDUs, their procedures, encryption, and what hosts are told.

use super::{Rule, shall, should};

pub(super) const RULES: [Rule; 47] = [
    shall(
        "LL-CTRL-1",
        "length of a control PDU",
        "2.4.2",
        "A control PDU has as many octets of CtrData as its opcode demands.",
    ),
    shall(
        "LL-PHY-1",
        "PHY in force",
        "5.1.10",
        "Each direction uses its PHY; both ends change it in the event of the instant.",
    ),
    shall(
        "LL-LEN-1",
        "octets in force",
        "4.5.10",
        "A PDU with data carries no more octets than its sender has heard that its peer receives; \
         27 until then.",
    ),
    shall(
        "LL-LEN-2",
        "time in force",
        "4.5.10",
        "A packet with data takes no more time than its sender has heard that its peer receives; \
         328 µs until then, and on LE Coded never less than 2704 µs.",
    ),
    shall(
        "LL-LEN-3",
        "values of the data length update",
        "2.4.2.21, 4.5.10, 5.1.9",
        "Octets are 27 to 251 and times 328 to 17,040 µs.",
    ),
    shall(
        "LL-MIC-1",
        "integrity and packet counter",
        "5.1.3, Part E 2",
        "What is sent encrypted verifies with the session key and a counter that advances with \
         each new PDU that has a payload, and only then.",
    ),
    shall(
        "LL-ENC-1",
        "silence while encryption starts or pauses",
        "5.1.3",
        "From LL_ENC_REQ (central) or LL_ENC_RSP (peripheral) until encryption runs, no data \
         and no other procedure's PDUs are sent, save what ends the connection or an earlier \
         request.",
    ),
    shall(
        "LL-ENC-2",
        "no plain text afterwards",
        "5.1.3.1",
        "Once encryption runs, nothing with a payload is sent in plain text.",
    ),
    shall(
        "LL-ROLE-1",
        "PDUs of a role",
        "2.4.2",
        "A control PDU that belongs to one role is never sent by the other.",
    ),
    shall(
        "LL-RSP-1",
        "answers have a request",
        "5.1",
        "A response, an LL_UNKNOWN_RSP or a reject is sent only to a peer that has asked.",
    ),
    shall(
        "LL-VERS-1",
        "one LL_VERSION_IND",
        "5.1.5",
        "A device sends LL_VERSION_IND once in a connection.",
    ),
    shall(
        "LL-FEAT-1",
        "octet 0 of the feature response",
        "5.1.4",
        "Octet 0 of LL_FEATURE_RSP holds no bit that the request did not have.",
    ),
    shall(
        "LL-FEAT-2",
        "feature bits are true",
        "4.6",
        "Who shows a feature bit does not answer its request with LL_UNKNOWN_RSP, unless the \
         request is one that only its own role may send.",
    ),
    shall(
        "LL-FEAT-3",
        "features of the peer",
        "5, 4.6, 5.1.8",
        "No procedure is started that the peer is known not to support, save LE Ping.",
    ),
    shall(
        "LL-REJ-1",
        "form of a reject",
        "5.1.3.1, 5.1.7.2, 5.3",
        "Once features are exchanged, LL_REJECT_EXT_IND is used if both have the feature, \
         save for LL_ENC_REQ, which either form rejects; a collision is rejected with \
         LL_REJECT_IND if not.",
    ),
    shall(
        "LL-PROC-1",
        "one procedure at a time",
        "5",
        "A device starts no second procedure of its own before the first has ended.",
    ),
    shall(
        "LL-COLL-1",
        "no incompatible procedure after an answer",
        "5.3",
        "Who has sent a PDU in the peer's procedure with an instant starts none with an instant \
         until that one has ended.",
    ),
    shall(
        "LL-COLL-2",
        "the central rejects",
        "5.3",
        "While a procedure of the central with an instant is open in which the peripheral has \
         said nothing, it rejects one of the peripheral's.",
    ),
    shall(
        "LL-COLL-3",
        "the peripheral yields",
        "5.3",
        "The peripheral does not reject the central's procedure for a collision.",
    ),
    should(
        "LL-INST-1",
        "instants lie ahead",
        "5.5",
        "An instant is at least six events ahead when it is first sent, counted modulo 65,536.",
    ),
    shall(
        "LL-LIVE-1",
        "answers within 40 s",
        "5.2",
        "A request is answered within the procedure response timeout.",
    ),
    shall(
        "LL-LIVE-2",
        "no answer withheld",
        "5.2",
        "A link does not die on the requester's supervision timer with its request unanswered \
         by a device that had time to answer and was free to.",
    ),
    shall(
        "LL-LIVE-3",
        "the central keeps the link",
        "4.5.1",
        "A central that has the connection sends at least once in each supervision timeout.",
    ),
    shall(
        "LL-END-1",
        "permitted reasons",
        "4.2.4, 4.5.2, 4.5.12, 5.1.6, 5.2, 5.3",
        "A connection ends by an acknowledged LL_TERMINATE_IND, by the supervision or the \
         response timeout, when the central is out of reach, or by a breach of the peer that \
         obliges or allows to leave.",
    ),
    should(
        "LL-COLL-4",
        "a forbidden procedure is not served",
        "5.3",
        "Whoever has begun a procedure with an instant and, after the peer has said a PDU of \
         it and before it is over, is asked by the peer for another one leaves the connection \
         and does not answer.",
    ),
    shall(
        "LL-FEAT-4",
        "features of the device",
        "4.6, 5.1.4",
        "The features that a device shows on air are those that its controller tells its host, \
         octet 0 of LL_FEATURE_RSP masked with the request's and all others whole.",
    ),
    shall(
        "LL-LIVE-4",
        "hosts are told",
        "5.2, Vol 4, Part E, 7.7",
        "A command on a connection that was accepted with Command Status is followed by its \
         event, unless the connection ends first.",
    ),
    should(
        "LL-INST-4",
        "latency",
        "5.5",
        "The six events ahead of an instant are events to which the peripheral has to listen: \
         six times latency and one.",
    ),
    shall(
        "LL-UPD-1",
        "new parameters from the instant on",
        "5.1.1",
        "In the event of the instant the central sends inside the transmit window that counts \
         from the anchor point which the old parameters would have had; all that follows keeps \
         to the new ones.",
    ),
    shall(
        "LL-CTRL-4",
        "ranges of fields",
        "2.4.2, 5.1.1, 5.1.10, 5.1.11",
        "Connection parameters, channel maps, PHYs and numbers of channels in control PDUs are \
         in range.",
    ),
    shall(
        "LL-PHY-7",
        "length while a PHY may change",
        "5.1.10, Table 5.1",
        "From its LL_PHY_REQ or LL_PHY_RSP to the instant a peripheral sends only what fits on \
         each PHY that may come to apply.",
    ),
    shall(
        "LL-PING-2",
        "authenticated payload timeout",
        "5.1.8, 5.4",
        "On an encrypted connection a device that has had no PDU with a MIC sends LL_PING_REQ \
         within the authenticated payload timeout, 30 s unless changed; its end is told to \
         the host and nothing else.",
    ),
    shall(
        "LL-AGREE-2",
        "hosts are told the truth",
        "5.1, Vol 4, Part E, 7.7",
        "What an event tells of PHYs, connection parameters, encryption, version and features \
         is what was on air.",
    ),
    shall(
        "LL-ENC-6",
        "anything else",
        "5.1.3.1",
        "Any other PDU with a payload, in this time, ends the connection at once with MIC \
         Failure (0x3D).",
    ),
    shall(
        "LL-MIC-2",
        "wrong MIC",
        "5.1.3.1, Part E 1",
        "A PDU with a wrong MIC ends the connection at once, without LL_TERMINATE_IND, with MIC \
         Failure (0x3D).",
    ),
    shall(
        "LL-INST-2",
        "instants in the past",
        "5.5.1",
        "An instant lies in the past if it is 32,767 or more events ahead modulo 65,536; the \
         peripheral then leaves with Instant Passed (0x28).",
    ),
    shall(
        "LL-TERM-2",
        "the peer’s termination",
        "5.1.6",
        "Who receives LL_TERMINATE_IND acknowledges it, leaves and tells its host the error in \
         it.",
    ),
    shall(
        "LL-TIME-1",
        "40 seconds",
        "5.2",
        "A device whose peer owes an answer for 40 s leaves with LL Response Timeout (0x22).",
    ),
    shall(
        "LL-CTRL-2",
        "what is not understood",
        "2.4.2, 5.1",
        "A control PDU whose opcode is unknown, unsupported or not for the receiver's role is \
         answered with LL_UNKNOWN_RSP; one whose length is wrong likewise, unless it is served or \
         rejected.",
    ),
    shall(
        "LL-AGREE-1",
        "both ends agree",
        "5.1",
        "Once a procedure is over, both hosts have been told the same PHYs, connection \
         parameters and data length.",
    ),
    shall(
        "LL-ENC-3",
        "order of PDUs",
        "5.1.3, 5.1.3.1",
        "LL_ENC_REQ, LL_ENC_RSP and LL_START_ENC_REQ go in the clear, the two \
         LL_START_ENC_RSP encrypted, the central's first.",
    ),
    should(
        "LL-ENC-5",
        "what a peripheral tolerates",
        "5.1.3.1",
        "A peripheral that has had LL_ENC_REQ does not leave for an LL_UNKNOWN_RSP to an \
         earlier request of its own.",
    ),
    shall(
        "LL-ENC-9",
        "no key for a refresh",
        "5.1.3.1, 5.1.3.2",
        "If there is no key after a pause, the connection is terminated with 0x06.",
    ),
    shall(
        "LL-ENC-11",
        "pause",
        "5.1.3, 5.1.3.2",
        "LL_PAUSE_ENC_REQ and the peripheral's LL_PAUSE_ENC_RSP go encrypted, the central's \
         LL_PAUSE_ENC_RSP in the clear; an encryption start follows and no data flow in \
         between.",
    ),
    shall(
        "LL-PAR-3",
        "error codes",
        "5.1.7.2",
        "Parameters out of range are rejected with 0x1E, those that the host refuses with its \
         error, and all with 0x1A where the host has masked the event.",
    ),
    shall(
        "LL-PHY-3",
        "the central decides",
        "5.1.10",
        "Each direction gets a PHY that its sender likes to send on and its receiver to \
         receive on, or stays as it is.",
    ),
    shall(
        "LL-PHY-4",
        "the same PHY both ways",
        "5.1.10",
        "Who asks for one and the same PHY in both directions gets it in both or in neither.",
    ),
];
