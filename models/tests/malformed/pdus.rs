//! What is sent: one PDU of each kind that the table names, its fields drawn from a seed.

use ble::error::ErrorCode;
use ble::pdu::control::{
    ConnectionParam, ConnectionUpdate, ControlPdu, DataLength, EncRsp, FeatureSet, Opcode,
    VersionInd,
};
use ble::pdu::data::Llid;
use ble::phy::{Phy, PhySet};
use bletwin_models::raw::{ScriptChange, ScriptPacket, Seal};
use bletwin_sim::random::Stream;

use super::states::{FEATURES, INSTANTS, enc_req, param_req};

/// All kinds.
pub(crate) const PDUS: &[&str] = &[
    "update",
    "update-now",
    "update-past",
    "update-invalid",
    "map",
    "map-now",
    "map-past",
    "map-invalid",
    "terminate",
    "terminate-long",
    "enc-req",
    "enc-req-other",
    "enc-rsp",
    "start-enc-req",
    "start-enc-rsp",
    "pause-enc-req",
    "pause-enc-rsp",
    "unknown-rsp",
    "unknown-rsp-other",
    "feature-req",
    "feature-rsp",
    "peripheral-feature-req",
    "version",
    "version-twice",
    "reject",
    "reject-ext",
    "reject-ext-other",
    "param-req",
    "param-req-anchor",
    "param-req-invalid",
    "param-rsp",
    "ping-req",
    "ping-rsp",
    "length-req",
    "length-req-low",
    "length-req-high",
    "length-rsp",
    "phy-req",
    "phy-req-none",
    "phy-rsp",
    "phy-update",
    "phy-update-none",
    "phy-update-rfu",
    "phy-update-past",
    "min-used-channels",
    "undefined",
    "short",
    "long",
    "empty-control",
    "l2cap",
    "continuation",
    "too-long",
    "wrong-length",
    "reserved-llid",
    "reserved-llid-empty",
    "start-empty",
    "rfu-bits",
    "cp-bit",
    "repeat",
    "wrong-mic",
    "skipped-counter",
    "wrong-direction",
    "short-sealed",
    "clear-ping",
    "clear-data",
];

/// Draws numbers for one case.
pub(crate) struct Draw(pub(crate) Stream);

impl Draw {
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0.below(bound)
    }

    pub(crate) fn within(&mut self, from: u16, to: u16) -> u16 {
        from + self.below(u32::from(to - from) + 1) as u16
    }

    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u32) as usize]
    }

    fn octet(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn octets(&mut self, from: u16, to: u16) -> Vec<u8> {
        (0..self.within(from, to)).map(|_| self.octet()).collect()
    }
}

/// Packets of one kind, in order. `asked`: the opcode of the request that the peripheral has open;
/// `follows`: the central keeps to what it announces.
pub(crate) fn packets(
    kind: &str,
    draw: &mut Draw,
    asked: Opcode,
    follows: bool,
) -> Vec<ScriptPacket> {
    let control = |pdu| ScriptPacket::control(&pdu);
    let one = match kind {
        "update" | "update-now" | "update-past" => {
            let ahead = ahead(kind, draw);
            return vec![update(draw, ahead, follows)];
        }
        "update-invalid" => update_invalid(draw),
        "map" | "map-now" | "map-past" => {
            let ahead = ahead(kind, draw);
            let channel_map = draw.one(&[0x1F_FFFF_FFFF, 3, 0x1F_0000_0001, 0x0A_AAAA_AAAA]);
            let then = (follows && ahead >= 0).then_some(ScriptChange::ChannelMap(channel_map));
            let pdu = ControlPdu::ChannelMapInd { channel_map, instant: 0 };
            control(pdu).stamped(INSTANTS[1], ahead, then)
        }
        "map-invalid" => {
            let channel_map = draw.one(&[0, 1, 1 << 36, 7 << 37]);
            let pdu = ControlPdu::ChannelMapInd { channel_map, instant: 0 };
            control(pdu).stamped(INSTANTS[1], 7, None)
        }
        "terminate" => {
            let code = draw.one(&[0x13, 0x14, 0x15, 0x16, 0x3B, 0x3D, 0x05, 0x1A, 0x08]);
            control(ControlPdu::TerminateInd(ErrorCode(code)))
        }
        "terminate-long" => ScriptPacket::new(3, vec![Opcode::TERMINATE_IND.0, 0x13, draw.octet()]),
        "enc-req" => control(ControlPdu::EncReq(enc_req(0))),
        "enc-req-other" => control(ControlPdu::EncReq(enc_req(1 + u64::from(draw.below(9999))))),
        "enc-rsp" => control(ControlPdu::EncRsp(EncRsp { skd_p: [7; 8], iv_p: [8; 4] })),
        "start-enc-req" => control(ControlPdu::StartEncReq),
        "start-enc-rsp" => control(ControlPdu::StartEncRsp),
        "pause-enc-req" => control(ControlPdu::PauseEncReq),
        "pause-enc-rsp" => control(ControlPdu::PauseEncRsp),
        "unknown-rsp" => control(ControlPdu::UnknownRsp(asked)),
        "unknown-rsp-other" => control(ControlPdu::UnknownRsp(Opcode(draw.octet()))),
        "feature-req" => control(ControlPdu::FeatureReq(features(draw))),
        "feature-rsp" => control(ControlPdu::FeatureRsp(features(draw))),
        "peripheral-feature-req" => control(ControlPdu::PeripheralFeatureReq(features(draw))),
        "version" => version(draw),
        "version-twice" => return vec![version(draw), version(draw)],
        "reject" => control(ControlPdu::RejectInd(ErrorCode(draw.octet()))),
        "reject-ext" => reject_ext(draw, asked),
        "reject-ext-other" => {
            let opcode = Opcode(draw.octet());
            reject_ext(draw, opcode)
        }
        "param-req" => {
            let interval = draw.within(6, 40);
            control(ControlPdu::ConnectionParamReq(ConnectionParam {
                offsets: draw.one(&[[0xFFFF; 6], [1, 2, 3, 4, 5, 6]]),
                ..param_req(interval)
            }))
        }
        "param-req-anchor" => control(ControlPdu::ConnectionParamReq(param_req(6))),
        "param-req-invalid" => param_req_invalid(draw),
        "param-rsp" => control(ControlPdu::ConnectionParamRsp(param_req(16))),
        "ping-req" => control(ControlPdu::PingReq),
        "ping-rsp" => control(ControlPdu::PingRsp),
        "length-req" => control(ControlPdu::LengthReq(length(draw, (27, 251), (328, 2120)))),
        "length-req-low" => control(ControlPdu::LengthReq(length(draw, (0, 26), (0, 327)))),
        "length-req-high" => {
            control(ControlPdu::LengthReq(length(draw, (252, u16::MAX), (17_041, u16::MAX))))
        }
        "length-rsp" => control(ControlPdu::LengthRsp(length(draw, (27, 251), (328, 2120)))),
        "phy-req" => control(ControlPdu::PhyReq { tx: set(draw), rx: set(draw) }),
        "phy-req-none" => {
            control(ControlPdu::PhyReq { tx: PhySet(0), rx: PhySet(draw.one(&[0, 0xF8])) })
        }
        "phy-rsp" => control(ControlPdu::PhyRsp { tx: set(draw), rx: set(draw) }),
        "phy-update" | "phy-update-past" => phy_update(kind, draw, follows),
        "phy-update-none" => {
            let (c_to_p, p_to_c) = (PhySet(0), PhySet(0));
            let instant = draw.within(0, u16::MAX);
            control(ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant })
        }
        "phy-update-rfu" => {
            let c_to_p = PhySet(draw.one(&[3, 5, 6, 7, 8, 0x80, 0xF8]));
            let p_to_c = PhySet(draw.one(&[3, 6, 7, 0xF0, 0]));
            control(ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 0 }).stamped(
                INSTANTS[2],
                7,
                None,
            )
        }
        "min-used-channels" => {
            control(ControlPdu::MinUsedChannelsInd { phys: set(draw), min_used_channels: 9 })
        }
        "undefined" => {
            let opcode = 0x1A + draw.below(0x100 - 0x1A) as u8;
            let length = Opcode(opcode).ctr_data_len().unwrap_or(0) as u16;
            let most = draw.one(&[length, 25]);
            let mut payload = vec![opcode];
            payload.extend(draw.octets(length.min(most).min(25), most.min(25)));
            ScriptPacket::new(3, payload)
        }
        "short" | "long" => other_length(kind, draw),
        "empty-control" => ScriptPacket::new(3, Vec::new()),
        "l2cap" => ScriptPacket::new(2, l2cap(draw)),
        "continuation" => ScriptPacket::new(1, draw.octets(1, 23)),
        // Beyond 27 octets and a MIC, and nothing longer was agreed to.
        "too-long" => ScriptPacket::new(draw.one(&[1, 2, 3]), draw.octets(32, 251)).once(),
        "wrong-length" => {
            let payload = l2cap(draw);
            let right = [payload.len(), payload.len() + 4];
            let lies = [0, 1, 26, 27].map(|length: u8| match right.contains(&length.into()) {
                true => length ^ 2,
                false => length,
            });
            let length = draw.one(&lies);
            ScriptPacket { length: Some(length), ..ScriptPacket::new(2, payload) }.once()
        }
        "reserved-llid" => ScriptPacket::new(0, draw.octets(1, 23)),
        "reserved-llid-empty" => ScriptPacket::new(0, Vec::new()),
        "start-empty" => ScriptPacket::new(2, Vec::new()),
        "rfu-bits" => {
            ScriptPacket { flip: draw.one(&[0x40, 0x80, 0xC0]), ..ScriptPacket::new(1, Vec::new()) }
        }
        "cp-bit" => ScriptPacket { flip: 0x20, ..ScriptPacket::new(1, Vec::new()) },
        "wrong-mic" => control(ControlPdu::PingReq).sealed(Seal::WrongMic),
        "skipped-counter" => control(ControlPdu::PingReq).sealed(Seal::SkippedCounter),
        "wrong-direction" => control(ControlPdu::PingReq).sealed(Seal::WrongDirection),
        "short-sealed" => {
            ScriptPacket::new(3, vec![Opcode::PING_REQ.0, draw.octet(), 1]).sealed(Seal::Clear)
        }
        "clear-ping" => control(ControlPdu::PingReq).sealed(Seal::Clear),
        "clear-data" => ScriptPacket::new(2, l2cap(draw)).sealed(Seal::Clear),
        "repeat" => return Vec::new(),
        other => panic!("there is no PDU {other}"),
    };
    vec![one]
}

fn ahead(kind: &str, draw: &mut Draw) -> i32 {
    match kind.rsplit('-').next() {
        Some("now") => 0,
        Some("past") => -i32::from(draw.one(&[1_u16, 2, 100, 32_000, 32_768])),
        _ => i32::from(draw.within(6, 9)),
    }
}

fn update(draw: &mut Draw, ahead: i32, follows: bool) -> ScriptPacket {
    let interval = draw.within(6, 40);
    let win_offset = draw.within(0, interval.min(6));
    let pdu = ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
        win_size: draw.within(1, (interval - 1).min(8)) as u8,
        win_offset,
        interval,
        latency: 0,
        timeout: draw.within(100, 400),
        instant: 0,
    });
    let offset_us = u32::from(win_offset) * 1_250 + 600;
    let then = (follows && ahead >= 0).then_some(ScriptChange::Interval { interval, offset_us });
    ScriptPacket::control(&pdu).stamped(INSTANTS[0], ahead, then)
}

fn update_invalid(draw: &mut Draw) -> ScriptPacket {
    let good = ConnectionUpdate {
        win_size: 1,
        win_offset: 0,
        interval: 16,
        latency: 0,
        timeout: 400,
        instant: 0,
    };
    let update = draw.one(&[
        ConnectionUpdate { interval: 5, ..good },
        ConnectionUpdate { interval: 0, ..good },
        ConnectionUpdate { interval: 3201, ..good },
        ConnectionUpdate { win_size: 0, ..good },
        ConnectionUpdate { win_size: 9, ..good },
        ConnectionUpdate { win_size: 16, ..good },
        ConnectionUpdate { win_offset: 17, ..good },
        ConnectionUpdate { win_offset: u16::MAX, ..good },
        ConnectionUpdate { latency: 500, ..good },
        ConnectionUpdate { timeout: 9, ..good },
        ConnectionUpdate { timeout: 3201, ..good },
        ConnectionUpdate { latency: 499, timeout: 100, ..good },
    ]);
    ScriptPacket::control(&ControlPdu::ConnectionUpdateInd(update)).stamped(INSTANTS[0], 7, None)
}

fn param_req_invalid(draw: &mut Draw) -> ScriptPacket {
    let good = param_req(16);
    let request = draw.one(&[
        ConnectionParam { interval_min: 5, interval_max: 5, ..good },
        ConnectionParam { interval_min: 17, ..good },
        ConnectionParam { interval_max: 3201, ..good },
        ConnectionParam { latency: 500, ..good },
        ConnectionParam { timeout: 9, ..good },
        ConnectionParam { timeout: 3201, ..good },
        ConnectionParam { latency: 499, timeout: 100, ..good },
        ConnectionParam { preferred_periodicity: 200, ..good },
        ConnectionParam { offsets: [17, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], ..good },
    ]);
    ScriptPacket::control(&ControlPdu::ConnectionParamReq(request))
}

fn phy_update(kind: &str, draw: &mut Draw, follows: bool) -> ScriptPacket {
    let phys = [(1, Phy::Le1M), (2, Phy::Le2M), (0, Phy::Le1M)];
    let ((c_to_p, tx), (p_to_c, rx)) = (draw.one(&phys), draw.one(&phys));
    // Both zero is another kind.
    let (p_to_c, rx) = if c_to_p == 0 && p_to_c == 0 { (2, Phy::Le2M) } else { (p_to_c, rx) };
    let ahead = ahead(kind, draw);
    let then = (follows && ahead >= 0).then_some(ScriptChange::Phy { tx, rx });
    let (c_to_p, p_to_c) = (PhySet(c_to_p), PhySet(p_to_c));
    let pdu = ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 0 };
    ScriptPacket::control(&pdu).stamped(INSTANTS[2], ahead, then)
}

fn reject_ext(draw: &mut Draw, opcode: Opcode) -> ScriptPacket {
    let error = ErrorCode(draw.one(&[0x1A, 0x1E, 0x20, 0x23, 0x2A, 0x3B, 0x06, 0x00, 0xFF]));
    ScriptPacket::control(&ControlPdu::RejectExtInd { opcode, error })
}

fn version(draw: &mut Draw) -> ScriptPacket {
    let version = VersionInd {
        version: draw.octet(),
        company: draw.within(0, u16::MAX),
        subversion: draw.within(0, u16::MAX),
    };
    ScriptPacket::control(&ControlPdu::VersionInd(version))
}

fn features(draw: &mut Draw) -> FeatureSet {
    draw.one(&[FEATURES, FeatureSet(0), FeatureSet(u64::MAX), FeatureSet(0x1F)])
}

fn length(draw: &mut Draw, octets: (u16, u16), time: (u16, u16)) -> DataLength {
    DataLength {
        max_rx_octets: draw.within(octets.0, octets.1),
        max_rx_time: draw.within(time.0, time.1),
        max_tx_octets: draw.within(octets.0, octets.1),
        max_tx_time: draw.within(time.0, time.1),
    }
}

fn set(draw: &mut Draw) -> PhySet {
    PhySet(draw.one(&[1, 2, 3, 7]))
}

/// A control PDU that a central may send, with too few or too many octets.
fn other_length(kind: &str, draw: &mut Draw) -> ScriptPacket {
    let opcode = Opcode(draw.one(&[
        0x00, 0x01, 0x02, 0x03, 0x07, 0x08, 0x09, 0x0C, 0x0D, 0x0F, 0x11, 0x14, 0x15, 0x16, 0x18,
    ]));
    let right = opcode.ctr_data_len().unwrap_or(0);
    let wrong = match kind {
        "short" => draw.below(right as u32) as usize,
        _ => right + 1 + draw.below(26 - right as u32) as usize,
    };
    let mut payload = vec![opcode.0];
    payload.extend((0..wrong).map(|_| draw.octet()));
    ScriptPacket::new(Llid::Control as u8, payload)
}

/// A frame on an unknown channel, or one that ends before it is complete.
fn l2cap(draw: &mut Draw) -> Vec<u8> {
    let data = draw.octets(0, 19);
    let length = draw.one(&[data.len() as u16, 0, 1, 30, u16::MAX]);
    let channel = draw.one(&[0_u16, 1, 0x0003, 0x003F, 0x0040, u16::MAX]);
    [&length.to_le_bytes()[..], &channel.to_le_bytes(), &data].concat()
}
