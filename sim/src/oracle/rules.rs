//! The rules as data: what is printed, and what a finding cites.

/// A rule that every device must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in findings.
    pub id: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// What is demanded.
    pub text: &'static str,
    /// Where it comes from: a section of Vol 6, Part B of the Core Specification.
    pub source: &'static str,
}

const fn rule(
    id: &'static str,
    title: &'static str,
    source: &'static str,
    text: &'static str,
) -> Rule {
    Rule { id, title, text, source }
}

/// All rules.
pub const RULES: &[Rule] = &[
    rule(
        "LL-CONN-1",
        "fields of CONNECT_IND",
        "2.3.3.1, 2.1.2, 4.5",
        "Interval, latency, timeout, window, channel map, hop increment and access address of a \
         CONNECT_IND are in range, each by itself and with the others.",
    ),
    rule(
        "LL-CRC-1",
        "CRC preset",
        "3.1.1",
        "Packets of a connection are sent with the CRC preset of its CONNECT_IND.",
    ),
    rule(
        "LL-FRAME-1",
        "length octet",
        "2.4",
        "The length octet counts the octets between header and CRC.",
    ),
    rule(
        "LL-FRAME-2",
        "reserved header bits",
        "2.4",
        "Reserved bits of the header are zero; so is CP where no tone follows.",
    ),
    rule(
        "LL-FRAME-3",
        "LLID",
        "2.4",
        "No PDU has the reserved LLID, and only LLID 1 goes with an empty payload.",
    ),
    rule(
        "LL-CTRL-1",
        "length of a control PDU",
        "2.4.2",
        "A control PDU has as many octets of CtrData as its opcode demands.",
    ),
    rule(
        "LL-SN-1",
        "sequence number",
        "4.5.9",
        "SN advances when the last packet was acknowledged, and only then.",
    ),
    rule(
        "LL-NESN-1",
        "acknowledgement",
        "4.5.9",
        "NESN advances only over a packet that was received with a right CRC and the expected \
         SN.",
    ),
    rule(
        "LL-RETX-1",
        "repetition",
        "4.5.9",
        "What is sent again under the same SN has the same LLID and payload.",
    ),
    rule(
        "LL-EVENT-1",
        "end of a connection event",
        "4.5.1, 4.5.6",
        "The central sends no more in an event after a missing answer, after two wrong CRCs in \
         a row, or once both ends have said that they have no more data.",
    ),
    rule(
        "LL-TIFS-1",
        "inter frame space",
        "4.1.1, 4.2.1",
        "Within a connection event a packet begins 150 µs after the end of the one before, give \
         or take 2 µs and the error of a clock of 50 ppm.",
    ),
    rule(
        "LL-TIFS-2",
        "the peripheral only answers",
        "4.5.1",
        "The peripheral sends nothing but answers to packets whose access address it has seen.",
    ),
    rule(
        "LL-TIFS-3",
        "the peripheral does answer",
        "4.5.1",
        "The peripheral answers each packet that it has received.",
    ),
    rule(
        "LL-ANCHOR-1",
        "anchor points",
        "4.2.2, 4.5.1",
        "Anchor points are one interval apart, within the announced sleep clock accuracy and 16 \
         µs of jitter at either.",
    ),
    rule(
        "LL-WIN-1",
        "transmit window",
        "4.5.3, 5.1.1",
        "The first packet of a connection, and of changed parameters, starts inside the \
         transmit window.",
    ),
    rule(
        "LL-CHAN-1",
        "channel sequence",
        "4.5.8",
        "An event is on the channel that the selection algorithm gives for its counter and the \
         channel map in force.",
    ),
    rule(
        "LL-PHY-1",
        "PHY in force",
        "5.1.10",
        "Each direction uses its PHY; both ends change it in the event of the instant.",
    ),
    rule(
        "LL-LEN-1",
        "octets in force",
        "4.5.10",
        "A data channel PDU carries no more octets than its sender has heard that its peer \
         receives; 27 until then.",
    ),
    rule(
        "LL-LEN-2",
        "time in force",
        "4.5.10",
        "A packet takes no more time than its sender has heard that its peer receives; 328 µs \
         until then, and on LE Coded never less than 2704 µs.",
    ),
    rule(
        "LL-LEN-3",
        "values of the data length update",
        "5.1.9",
        "Octets are 27 to 251 and times 328 to 17,040 µs.",
    ),
    rule(
        "LL-MIC-1",
        "integrity and packet counter",
        "5.1.3, Part E 2",
        "What is sent encrypted verifies with the session key and a counter that advances with \
         each new PDU that has a payload, and only then.",
    ),
    rule(
        "LL-ENC-1",
        "silence while encryption starts or pauses",
        "5.1.3",
        "From LL_ENC_REQ (central) or LL_ENC_RSP (peripheral) until encryption runs, no data \
         and no other procedure's PDUs are sent, save what ends the connection or an earlier \
         request.",
    ),
    rule(
        "LL-ENC-2",
        "no plain text afterwards",
        "5.1.3.1",
        "Once encryption runs, nothing with a payload is sent in plain text.",
    ),
    rule(
        "LL-ROLE-1",
        "PDUs of a role",
        "2.4.2",
        "A control PDU that belongs to one role is never sent by the other.",
    ),
    rule(
        "LL-RSP-1",
        "answers have a request",
        "5.1",
        "A response, an LL_UNKNOWN_RSP or a reject is sent only to a peer that has asked.",
    ),
    rule(
        "LL-VERS-1",
        "one LL_VERSION_IND",
        "5.1.5",
        "A device sends LL_VERSION_IND once in a connection.",
    ),
    rule(
        "LL-FEAT-1",
        "octet 0 of the feature response",
        "5.1.4",
        "Octet 0 of LL_FEATURE_RSP holds no bit that the request did not have.",
    ),
    rule(
        "LL-FEAT-2",
        "feature bits are true",
        "4.6",
        "Who shows a feature bit does not answer its request with LL_UNKNOWN_RSP, unless the \
         request is one that only its own role may send.",
    ),
    rule(
        "LL-FEAT-3",
        "features of the peer",
        "5.1, 4.6",
        "No procedure is started that the peer is known not to support.",
    ),
    rule(
        "LL-REJ-1",
        "form of a reject",
        "5.1, 4.6",
        "LL_REJECT_EXT_IND is used if both have the feature, and LL_REJECT_IND if not, once \
         features are exchanged.",
    ),
    rule(
        "LL-PROC-1",
        "one procedure at a time",
        "5.1",
        "A device starts no second procedure of its own before the first has ended.",
    ),
    rule(
        "LL-COLL-1",
        "no incompatible procedure after an answer",
        "5.3",
        "Who has sent a PDU in the peer's procedure with an instant starts none with an instant \
         until that one has ended.",
    ),
    rule(
        "LL-COLL-2",
        "the central rejects",
        "5.3",
        "While a procedure of the central with an instant is open, it rejects one of the \
         peripheral's.",
    ),
    rule(
        "LL-COLL-3",
        "the peripheral yields",
        "5.3",
        "The peripheral does not reject the central's procedure for a collision.",
    ),
    rule(
        "LL-INST-1",
        "instants lie ahead",
        "5.1, 5.5",
        "An instant is at least six events ahead when it is first sent, counted modulo 65,536.",
    ),
    rule(
        "LL-LIVE-1",
        "answers within 40 s",
        "5.2",
        "A request is answered within the procedure response timeout.",
    ),
    rule(
        "LL-LIVE-2",
        "no answer withheld",
        "5.2",
        "A link does not die on the requester's supervision timer with its request unanswered \
         by a device that had time to answer and was free to.",
    ),
    rule(
        "LL-LIVE-3",
        "the central keeps the link",
        "4.5.1",
        "As long as a central has the connection, it sends in its events.",
    ),
    rule(
        "LL-END-1",
        "permitted reasons",
        "4.5.12, 5.1.6, 5.2, 5.3",
        "A connection ends by an acknowledged LL_TERMINATE_IND, by the supervision or the \
         response timeout, or by a breach of the peer that obliges or allows to leave.",
    ),
    rule(
        "LL-COLL-4",
        "a forbidden procedure is not served",
        "5.3",
        "Whoever is asked by the peer for a procedure with an instant, while the instant of \
         another has been announced and not come, leaves the connection and does not answer.",
    ),
    rule(
        "LL-FEAT-4",
        "features of the device",
        "4.6, 5.1.4",
        "The features that a device shows on air are those that its controller tells its host, \
         octet 0 of LL_FEATURE_RSP masked with the request's and all others whole.",
    ),
    rule(
        "LL-WIDE-1",
        "window widening",
        "4.2.4, 4.5.7",
        "A peripheral listens until the last moment at which its central's anchor may come, by \
         the accuracy of both clocks and the time since it heard the central.",
    ),
    rule(
        "LL-LIVE-4",
        "hosts are told",
        "5.2, Vol 4, Part E, 7.7",
        "A command on a connection that was accepted with Command Status is followed by its \
         event, unless the connection ends first.",
    ),
    rule(
        "LL-ADV-1",
        "channels of an advertising event",
        "4.4.2.1",
        "An advertising event uses the enabled ones of the channels 37, 38 and 39 in this \
         order, each PDU beginning at most 10 ms after the one before.",
    ),
    rule(
        "LL-ADV-2",
        "random delay",
        "4.4.2.2",
        "Advertising events are advInterval and a random advDelay of 0 to 10 ms apart, drawn \
         anew for each.",
    ),
    rule(
        "LL-ADV-7",
        "answers on advertising channels",
        "4.1.1, 4.4.2",
        "SCAN_REQ, SCAN_RSP and CONNECT_IND begin T_IFS after the PDU that they answer.",
    ),
    rule(
        "LL-ADV-8",
        "advertising as the host asks",
        "4.4.2, Vol 4, Part E, 7.8.5",
        "What is advertised is of the kind that the host has asked for, with the own address, \
         on channels that are not excluded, while it is enabled.",
    ),
    rule(
        "LL-EXT-1",
        "fields of extended advertising",
        "2.3.4",
        "ADV_EXT_IND has no data, and ADI and AuxPtr both or neither; AUX_ADV_IND has ADI, and \
         where it can be asked AdvA and no chain; the data of a scannable set are in AUX_SCAN_RSP; \
         AUX_CHAIN_IND has no address, AUX_CONNECT_RSP both.",
    ),
    rule(
        "LL-EXT-2",
        "AuxPtr",
        "2.3.4.5, 4.1.2",
        "AUX_ADV_IND and AUX_CHAIN_IND begin on the channel and PHY that the AuxPtr before names, \
         within one of its units after its offset, and 300 µs or more after the end of the packet \
         with it.",
    ),
    rule(
        "LL-EXT-3",
        "answers on secondary channels",
        "4.1.1, 4.4.2, 4.4.3",
        "AUX_SCAN_REQ, AUX_SCAN_RSP, AUX_CONNECT_REQ and AUX_CONNECT_RSP begin T_IFS after the \
         PDU that they answer, on its PHY, with its addresses, and ask for what can be asked.",
    ),
    rule(
        "LL-EXT-5",
        "ADI",
        "4.4.2.11, 2.3.4.4",
        "New data of an advertising set have another DID than those before.",
    ),
    rule(
        "LL-LAT-1",
        "peripheral latency",
        "4.5.1",
        "An established peripheral with nothing to send may skip up to connPeripheralLatency \
         events in a row.",
    ),
    rule(
        "LL-LAT-2",
        "latency and instants",
        "5.1",
        "A peripheral that has been told of an instant listens to every event until it knows \
         that its acknowledgement has arrived, and for new connection parameters to the event \
         of the instant and to the one before.",
    ),
    rule(
        "LL-INST-4",
        "latency",
        "5.5",
        "The six events ahead of an instant are events to which the peripheral has to listen: \
         six times latency and one.",
    ),
    rule(
        "LL-UPD-1",
        "new parameters from the instant on",
        "5.1.1",
        "In the event of the instant the central sends inside the transmit window that counts \
         from the anchor point which the old parameters would have had; all that follows keeps \
         to the new ones.",
    ),
    rule(
        "LL-CTRL-4",
        "ranges of fields",
        "2.4.2, 5.1.1, 5.1.10, 5.1.11",
        "Connection parameters, channel maps, PHYs and numbers of channels in control PDUs are \
         in range.",
    ),
    rule(
        "LL-EVENT-4",
        "room before the next anchor",
        "4.5.1, 4.5.6",
        "A connection event closes T_IFS before the next anchor point.",
    ),
    rule(
        "LL-PHY-7",
        "length while a PHY may change",
        "5.1.10, Table 5.1",
        "From its LL_PHY_REQ or LL_PHY_RSP to the instant a peripheral sends only what fits on \
         each PHY that may come to apply.",
    ),
    rule(
        "LL-PING-2",
        "authenticated payload timeout",
        "5.4",
        "On an encrypted connection a device that has long had no PDU with a MIC sends \
         LL_PING_REQ in time before the authenticated payload timeout, 30 s unless changed; its \
         end is told to the host and nothing else.",
    ),
    rule(
        "LL-AGREE-2",
        "hosts are told the truth",
        "5.1, Vol 4, Part E, 7.7",
        "What an event tells of PHYs, connection parameters, encryption, version and features \
         is what was on air.",
    ),
    rule(
        "LL-ENC-6",
        "anything else",
        "5.1.3.1",
        "Any other PDU with a payload, in this time, ends the connection at once with MIC \
         Failure (0x3D).",
    ),
    rule(
        "LL-MIC-2",
        "wrong MIC",
        "5.1.3.1, Part E 1",
        "A PDU with a wrong MIC ends the connection at once, without LL_TERMINATE_IND, with MIC \
         Failure (0x3D).",
    ),
    rule(
        "LL-INST-2",
        "instants in the past",
        "5.1, 5.5",
        "An instant lies in the past if it is 32,767 or more events ahead modulo 65,536; the \
         peripheral then leaves with Instant Passed (0x28).",
    ),
    rule(
        "LL-TERM-2",
        "the peer’s termination",
        "5.1.6",
        "Who receives LL_TERMINATE_IND acknowledges it, leaves and tells its host the error in \
         it.",
    ),
    rule(
        "LL-TIME-1",
        "40 seconds",
        "5.2",
        "A device whose peer owes an answer for 40 s leaves with LL Response Timeout (0x22).",
    ),
    rule(
        "LL-CTRL-2",
        "what is not understood",
        "2.4.2, 5.1",
        "A control PDU whose opcode is unknown, unsupported or not for the receiver's role, or \
         whose length is wrong, is answered with LL_UNKNOWN_RSP.",
    ),
    rule(
        "LL-AGREE-1",
        "both ends agree",
        "5.1",
        "Once a procedure is over, both hosts have been told the same PHYs, connection \
         parameters and data length.",
    ),
];
