//! Rules of the air: advertising, framing, timing, channels and acknowledgement.

use super::{Rule, shall, should};

pub(super) const RULES: [Rule; 33] = [
    shall(
        "LL-CONN-1",
        "fields of CONNECT_IND",
        "2.3.3.1, 2.1.2, 4.5.1, 4.5.2, 4.5.3, 4.5.8",
        "Interval, latency, timeout, window, channel map, hop increment and access address of a \
         CONNECT_IND are in range, each by itself and with the others.",
    ),
    shall(
        "LL-CRC-1",
        "CRC preset",
        "3.1.1",
        "Packets of a connection are sent with the CRC preset of its CONNECT_IND.",
    ),
    shall(
        "LL-FRAME-1",
        "length octet",
        "2.4",
        "The length octet counts the octets between header and CRC.",
    ),
    shall(
        "LL-FRAME-2",
        "reserved header bits",
        "2.4",
        "Reserved bits of the header are zero; so is CP where no tone follows.",
    ),
    shall(
        "LL-FRAME-3",
        "LLID",
        "2.4",
        "No PDU has the reserved LLID, and only LLID 1 goes with an empty payload.",
    ),
    shall(
        "LL-SN-1",
        "sequence number",
        "4.5.9",
        "SN advances when the last packet was acknowledged, and only then.",
    ),
    shall(
        "LL-NESN-1",
        "acknowledgement",
        "4.5.9",
        "NESN advances only over a packet that was received with a right CRC and the expected \
         SN.",
    ),
    shall(
        "LL-RETX-1",
        "repetition",
        "4.5.9",
        "What is sent again under the same SN has the same LLID and payload.",
    ),
    shall(
        "LL-EVENT-1",
        "end of a connection event",
        "4.5.1, 4.5.6",
        "The central sends no more in an event after a missing answer, after two wrong CRCs in \
         a row, or once both ends have said that they have no more data.",
    ),
    shall(
        "LL-TIFS-1",
        "inter frame space",
        "4.1.1, 4.2.1, 4.5.1",
        "Within a connection event a packet begins 150 µs after the end of the one before, give \
         or take 2 µs and the error of a clock of 50 ppm.",
    ),
    shall(
        "LL-TIFS-2",
        "the peripheral only answers",
        "4.5.1",
        "The peripheral sends nothing but answers to packets whose access address it has seen.",
    ),
    shall(
        "LL-TIFS-3",
        "the peripheral does answer",
        "4.5.1",
        "The peripheral answers each packet that it has received.",
    ),
    shall(
        "LL-ANCHOR-1",
        "anchor points",
        "4.2.2, 4.5.1",
        "Anchor points are one interval apart, within the announced sleep clock accuracy and 16 \
         µs of jitter at either.",
    ),
    shall(
        "LL-WIN-1",
        "transmit window",
        "4.5.3, 5.1.1",
        "The first packet of a connection, and of changed parameters, starts inside the \
         transmit window.",
    ),
    shall(
        "LL-CHAN-1",
        "channel sequence",
        "4.5.8",
        "An event is on the channel that the selection algorithm gives for its counter and the \
         channel map in force.",
    ),
    shall(
        "LL-WIDE-1",
        "window widening",
        "4.2.4, 4.5.7",
        "A peripheral listens until the last moment at which its central's anchor may come, by \
         the accuracy of both clocks and the time since it heard the central.",
    ),
    shall(
        "LL-ADV-1",
        "channels of an advertising event",
        "4.4.2, 4.4.2.3 to 4.4.2.9",
        "An advertising event uses each of the enabled ones of the channels 37, 38 and 39 at most \
         once, each PDU beginning at most 10 ms after the one before; in high duty cycle from the \
         lowest to the highest.",
    ),
    shall(
        "LL-ADV-2",
        "random delay",
        "4.4.2.2.1, 4.2.2",
        "Advertising events are advInterval and a random advDelay of 0 to 10 ms apart, drawn \
         anew for each.",
    ),
    shall(
        "LL-ADV-6",
        "network privacy",
        "4.7, 6.2, 6.5, Vol 4, Part E, 7.8.77",
        "A device in the resolving list under network privacy whose key is known is ignored when \
         it shows its identity address.",
    ),
    shall(
        "LL-ADV-7",
        "answers on advertising channels",
        "4.1.1, 4.2.1, 4.4.2",
        "SCAN_REQ, SCAN_RSP and CONNECT_IND begin T_IFS after the PDU that they answer.",
    ),
    shall(
        "LL-ADV-8",
        "advertising as the host asks",
        "4.4.2, Vol 4, Part E, 7.8.5",
        "What is advertised is of the kind that the host has asked for, with the own address, \
         on channels that are not excluded, while it is enabled.",
    ),
    shall(
        "LL-PRIV-1",
        "target of directed advertising",
        "6.2.2, 6.2.5, 6.3, 6.4",
        "Directed advertising from a private address names its target by a private address, if \
         the key of the target is known; scanners and initiators resolve the target with their \
         own keys.",
    ),
    shall(
        "LL-PRIV-2",
        "who may answer directed advertising",
        "4.4.2.4, 6.2.2",
        "Directed advertising is heeded by its target alone, under its address or a private one \
         that resolves to it.",
    ),
    shall(
        "LL-PRIV-3",
        "own address of an initiator",
        "6.4",
        "An initiator that is to use private addresses shows each peer the one that is made \
         with the local key of that peer's entry, also where it connects to whichever device of \
         the filter accept list it finds.",
    ),
    shall(
        "LL-PRIV-4",
        "calls by identity",
        "6.3, 6.4",
        "A scanner or an initiator that is to use private addresses does not answer directed \
         advertising whose target is a public or static address.",
    ),
    shall(
        "LL-EXT-1",
        "fields of extended advertising",
        "2.3.1.5 to 2.3.1.8, 2.3.2.3, 2.3.3.2",
        "ADV_EXT_IND has no data, and ADI and AuxPtr both or neither; AUX_ADV_IND has ADI, and \
         where it can be asked AdvA and no chain; the data of a scannable set are in AUX_SCAN_RSP; \
         AUX_CHAIN_IND has no address, AUX_CONNECT_RSP both.",
    ),
    shall(
        "LL-EXT-2",
        "AuxPtr",
        "2.3.4.5, 4.1.2",
        "AUX_ADV_IND and AUX_CHAIN_IND begin on the channel and PHY that the AuxPtr before names, \
         within one of its units after its offset, and 300 µs or more after the end of the packet \
         with it.",
    ),
    shall(
        "LL-EXT-3",
        "answers on secondary channels",
        "4.1.1, 4.4.2, 4.4.3",
        "AUX_SCAN_REQ, AUX_SCAN_RSP, AUX_CONNECT_REQ and AUX_CONNECT_RSP begin T_IFS after the \
         PDU that they answer, on its PHY, with its addresses, and ask for what can be asked.",
    ),
    shall(
        "LL-EXT-5",
        "ADI",
        "4.4.2.11, 2.3.4.4",
        "New data of an advertising set have another DID than those before.",
    ),
    should(
        "LL-LAT-1",
        "peripheral latency",
        "4.5.1",
        "A peripheral leaves out no more than connPeripheralLatency events in a row.",
    ),
    shall(
        "LL-LAT-3",
        "events that are not left out",
        "4.5.1, 4.5.5",
        "A peripheral listens to every event until it has heard an acknowledgement, and to one in \
         each supervision timeout.",
    ),
    shall(
        "LL-LAT-2",
        "latency and instants",
        "5.1.1, 5.5.1",
        "A peripheral that has been told of an instant listens to every event until it knows \
         that its acknowledgement has arrived, and for new connection parameters to the event \
         of the instant and to the one before.",
    ),
    shall(
        "LL-EVENT-4",
        "room before the next anchor",
        "4.1.5, 4.5.1",
        "The central sees to it that a connection event closes 150 µs before the next anchor \
         point.",
    ),
];
