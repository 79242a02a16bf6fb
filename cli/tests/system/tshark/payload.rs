//! What tshark ought to read of a payload: LL Control PDUs, L2CAP, SMP and ATT.

use ble::pdu::control::ControlPdu;
use bletwin_sim::sniffer::{AirItem, Decoded};

use super::air::{hex, list, put};
use super::tool::FieldKind::{self, Number, Octets};
use super::tool::Values;

/// Fields that a packet is asked for unless it is written encrypted.
pub(crate) const FIELDS: &[(&str, FieldKind)] = &[
    ("btle.control_opcode", Number),
    ("btle.control.reject_opcode", Number),
    ("btle.control.unknown_type", Number),
    ("btle.control.error_code", Number),
    ("btle.control.version_number", Number),
    ("btle.control.company_id", Number),
    ("btle.control.subversion_number", Number),
    ("btle.control.feature_set", Number),
    ("btle.control.window_size", Number),
    ("btle.control.window_offset", Number),
    ("btle.control.interval", Number),
    ("btle.control.interval.min", Number),
    ("btle.control.interval.max", Number),
    ("btle.control.latency", Number),
    ("btle.control.timeout", Number),
    ("btle.control.instant", Number),
    ("btle.control.preferred_periodicity", Number),
    ("btle.control.reference_connection_event_count", Number),
    ("btle.control.offset.0", Number),
    ("btle.control.offset.1", Number),
    ("btle.control.offset.2", Number),
    ("btle.control.offset.3", Number),
    ("btle.control.offset.4", Number),
    ("btle.control.offset.5", Number),
    ("btle.control.channel_map", Octets),
    ("btle.control.random_number", Number),
    ("btle.control.encrypted_diversifier", Number),
    ("btle.control.master_session_key_diversifier", Number),
    ("btle.control.slave_session_key_diversifier", Number),
    ("btle.control.master_session_initialization_vector", Number),
    ("btle.control.slave_session_initialization_vector", Number),
    ("btle.control.max_rx_octets", Number),
    ("btle.control.max_rx_time", Number),
    ("btle.control.max_tx_octets", Number),
    ("btle.control.max_tx_time", Number),
    ("btle.control.tx_phys", Number),
    ("btle.control.rx_phys", Number),
    ("btle.control.m_to_s_phy", Number),
    ("btle.control.s_to_m_phy", Number),
    ("btle.control.phys", Number),
    ("btle.control.min_used_channels", Number),
    ("btl2cap.length", Number),
    ("btl2cap.cid", Number),
    ("btsmp.opcode", Number),
    ("btsmp.reason", Number),
    ("btsmp.io_capability", Number),
    ("btsmp.oob_data_flags", Number),
    ("btsmp.authreq", Number),
    ("btsmp.max_enc_key_size", Number),
    ("btsmp.initiator_key_distribution", Number),
    ("btsmp.responder_key_distribution", Number),
    ("btsmp.cfm_value", Octets),
    ("btsmp.random_value", Octets),
    ("btsmp.id_resolving_key", Octets),
    ("btsmp.address_type", Number),
    ("btsmp.bd_addr", Octets),
    ("btsmp.public_key_x", Octets),
    ("btsmp.public_key_y", Octets),
    ("btsmp.dhkey_check", Octets),
    ("btatt.opcode", Number),
    ("btatt.handle", Number),
    ("btatt.starting_handle", Number),
    ("btatt.ending_handle", Number),
    ("btatt.group_end_handle", Number),
    ("btatt.req_opcode_in_error", Number),
    ("btatt.error_code", Number),
    ("btatt.client_rx_mtu", Number),
    ("btatt.server_rx_mtu", Number),
];

/// LLID of a fragment that is not the first.
const CONTINUATION: u8 = 1;

const ATT: u16 = 4;
const SMP: u16 = 6;

/// Follows ATT, because tshark repeats in a response the handle that was asked for.
#[derive(Default)]
pub(crate) struct Payloads {
    asked: Option<u16>,
}

impl Payloads {
    /// All [`FIELDS`] of a packet.
    pub(crate) fn expected(&mut self, item: &AirItem) -> Values {
        let mut v = Values::new();
        match &item.decoded {
            Decoded::Control(pdu) => control(&mut v, pdu),
            // The last fragment of a PDU that was put together when it came for the first time.
            _ if item.retransmission && item.header & 3 == CONTINUATION => {}
            Decoded::L2cap { cid, bytes, complete: true } => {
                put(&mut v, "btl2cap.length", bytes.len() as u64);
                put(&mut v, "btl2cap.cid", *cid);
                match *cid {
                    ATT => self.att(&mut v, bytes),
                    SMP => smp(&mut v, bytes),
                    _ => {}
                }
            }
            _ => {}
        }
        v
    }

    fn att(&mut self, v: &mut Values, pdu: &[u8]) {
        let (opcode, rest) = pdu.split_first().expect("an opcode");
        put(v, "btatt.opcode", *opcode);
        let word = |at: usize| u16::from_le_bytes([rest[at], rest[at + 1]]);
        let handles = |each: usize| -> Vec<u16> {
            rest[1..].chunks(each).map(|e| u16::from_le_bytes([e[0], e[1]])).collect()
        };
        match opcode {
            0x01 => {
                put(v, "btatt.req_opcode_in_error", rest[0]);
                put(v, "btatt.handle", word(1));
                put(v, "btatt.error_code", rest[3]);
            }
            0x02 => put(v, "btatt.client_rx_mtu", word(0)),
            0x03 => put(v, "btatt.server_rx_mtu", word(0)),
            0x04 | 0x08 | 0x10 => {
                put(v, "btatt.starting_handle", word(0));
                put(v, "btatt.ending_handle", word(2));
            }
            0x05 => {
                let each = if rest[0] == 1 { 4 } else { 18 };
                v.insert("btatt.handle", list(&handles(each)));
            }
            0x09 => {
                // Characteristic declarations, all that these runs read by type: each holds the
                // handle of its value after the properties.
                let each = rest[1..].chunks(usize::from(rest[0]));
                let both = each.flat_map(|e| [[e[0], e[1]], [e[3], e[4]]]);
                let both: Vec<u16> = both.map(u16::from_le_bytes).collect();
                v.insert("btatt.handle", list(&both));
            }
            0x11 => {
                let groups = &rest[1..];
                let ends = groups.chunks(usize::from(rest[0]));
                let ends: Vec<u16> = ends.map(|e| u16::from_le_bytes([e[2], e[3]])).collect();
                v.insert("btatt.handle", list(&handles(usize::from(rest[0]))));
                v.insert("btatt.group_end_handle", list(&ends));
            }
            0x0A | 0x12 => {
                self.asked = Some(word(0));
                put(v, "btatt.handle", word(0));
            }
            0x0B | 0x13 => put(v, "btatt.handle", self.asked.expect("a request before")),
            0x1B | 0x1D | 0x52 => put(v, "btatt.handle", word(0)),
            other => panic!("ATT opcode {other:#04x}: say what tshark ought to read of it"),
        }
    }
}

fn smp(v: &mut Values, pdu: &[u8]) {
    let (opcode, rest) = pdu.split_first().expect("an opcode");
    put(v, "btsmp.opcode", *opcode);
    match opcode {
        0x01 | 0x02 => {
            let fields = [
                "btsmp.io_capability",
                "btsmp.oob_data_flags",
                "btsmp.authreq",
                "btsmp.max_enc_key_size",
                "btsmp.initiator_key_distribution",
                "btsmp.responder_key_distribution",
            ];
            fields.into_iter().zip(rest).for_each(|(field, octet)| put(v, field, *octet));
        }
        0x03 => drop(v.insert("btsmp.cfm_value", hex(rest))),
        0x04 => drop(v.insert("btsmp.random_value", hex(rest))),
        0x05 => put(v, "btsmp.reason", rest[0]),
        0x08 => drop(v.insert("btsmp.id_resolving_key", hex(rest))),
        0x09 => {
            put(v, "btsmp.address_type", rest[0]);
            let address: Vec<u8> = rest[1..].iter().rev().copied().collect();
            v.insert("btsmp.bd_addr", hex(&address));
        }
        0x0C => {
            v.insert("btsmp.public_key_x", hex(&rest[..32]));
            v.insert("btsmp.public_key_y", hex(&rest[32..]));
        }
        0x0D => drop(v.insert("btsmp.dhkey_check", hex(rest))),
        other => panic!("SMP code {other:#04x}: say what tshark ought to read of it"),
    }
}

fn control(v: &mut Values, pdu: &ControlPdu) {
    use ControlPdu as P;
    put(v, "btle.control_opcode", pdu.opcode().0);
    match pdu {
        P::ConnectionUpdateInd(update) => {
            put(v, "btle.control.window_size", update.win_size);
            put(v, "btle.control.window_offset", update.win_offset);
            put(v, "btle.control.interval", update.interval);
            put(v, "btle.control.latency", update.latency);
            put(v, "btle.control.timeout", update.timeout);
            put(v, "btle.control.instant", update.instant);
        }
        P::ChannelMapInd { channel_map, instant } => {
            v.insert("btle.control.channel_map", hex(&channel_map.to_le_bytes()[..5]));
            put(v, "btle.control.instant", *instant);
        }
        P::TerminateInd(error) | P::RejectInd(error) => {
            put(v, "btle.control.error_code", error.0);
        }
        P::EncReq(request) => {
            let skd = u64::from_le_bytes(request.skd_c);
            put(v, "btle.control.random_number", request.rand);
            put(v, "btle.control.encrypted_diversifier", request.ediv);
            put(v, "btle.control.master_session_key_diversifier", skd);
            let iv = u32::from_le_bytes(request.iv_c);
            put(v, "btle.control.master_session_initialization_vector", iv);
        }
        P::EncRsp(response) => {
            let skd = u64::from_le_bytes(response.skd_p);
            put(v, "btle.control.slave_session_key_diversifier", skd);
            let iv = u32::from_le_bytes(response.iv_p);
            put(v, "btle.control.slave_session_initialization_vector", iv);
        }
        P::UnknownRsp(opcode) => put(v, "btle.control.unknown_type", opcode.0),
        P::FeatureReq(set) | P::FeatureRsp(set) | P::PeripheralFeatureReq(set) => {
            put(v, "btle.control.feature_set", set.0);
        }
        P::VersionInd(version) => {
            put(v, "btle.control.version_number", version.version);
            put(v, "btle.control.company_id", version.company);
            put(v, "btle.control.subversion_number", version.subversion);
        }
        P::ConnectionParamReq(param) | P::ConnectionParamRsp(param) => parameters(v, param),
        P::RejectExtInd { opcode, error } => {
            put(v, "btle.control.reject_opcode", opcode.0);
            put(v, "btle.control.error_code", error.0);
        }
        P::LengthReq(length) | P::LengthRsp(length) => {
            put(v, "btle.control.max_rx_octets", length.max_rx_octets);
            put(v, "btle.control.max_rx_time", length.max_rx_time);
            put(v, "btle.control.max_tx_octets", length.max_tx_octets);
            put(v, "btle.control.max_tx_time", length.max_tx_time);
        }
        P::PhyReq { tx, rx } | P::PhyRsp { tx, rx } => {
            put(v, "btle.control.tx_phys", tx.0);
            put(v, "btle.control.rx_phys", rx.0);
        }
        P::PhyUpdateInd { c_to_p, p_to_c, instant } => {
            put(v, "btle.control.m_to_s_phy", c_to_p.0);
            put(v, "btle.control.s_to_m_phy", p_to_c.0);
            put(v, "btle.control.instant", *instant);
        }
        P::MinUsedChannelsInd { phys, min_used_channels } => {
            put(v, "btle.control.phys", phys.0);
            put(v, "btle.control.min_used_channels", *min_used_channels);
        }
        P::StartEncReq | P::StartEncRsp | P::PauseEncReq | P::PauseEncRsp => {}
        P::PingReq | P::PingRsp | P::Unknown(_) => {}
    }
}

fn parameters(v: &mut Values, param: &ble::pdu::control::ConnectionParam) {
    put(v, "btle.control.interval.min", param.interval_min);
    put(v, "btle.control.interval.max", param.interval_max);
    put(v, "btle.control.latency", param.latency);
    put(v, "btle.control.timeout", param.timeout);
    put(v, "btle.control.preferred_periodicity", param.preferred_periodicity);
    put(v, "btle.control.reference_connection_event_count", param.reference_conn_event_count);
    let fields = [
        "btle.control.offset.0",
        "btle.control.offset.1",
        "btle.control.offset.2",
        "btle.control.offset.3",
        "btle.control.offset.4",
        "btle.control.offset.5",
    ];
    fields.into_iter().zip(param.offsets).for_each(|(field, offset)| put(v, field, offset));
}
