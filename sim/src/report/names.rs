//! Packets in words: names and fields as the specification has them.

use ble::error::ErrorCode;
use ble::pdu::advertising::AdvertisingPdu;
use ble::pdu::control::{ControlPdu, DataLength};
use ble::pdu::extended::ExtendedPdu;
use ble::phy::PhySet;

use crate::sniffer::{AirItem, Decoded};

/// One line that says what a packet is.
#[must_use]
pub fn describe(item: &AirItem) -> String {
    match &item.decoded {
        Decoded::Advertising(pdu) => advertising(item.advertising_name().unwrap_or_default(), pdu),
        Decoded::Extended { name, pdu } => extended(name, pdu),
        Decoded::Control(pdu) => control(pdu),
        Decoded::L2cap { cid, bytes, complete: true } => frame(*cid, bytes),
        Decoded::L2cap { cid, bytes, complete: false } => {
            format!("{} fragment, {} octets so far", channel(*cid), bytes.len())
        }
        Decoded::Empty => "empty".to_owned(),
        Decoded::Opaque => format!("{} octets, not understood", item.payload.len()),
    }
}

fn extended(name: &str, pdu: &ExtendedPdu) -> String {
    let mut text = name.to_owned();
    if let Some(advertiser) = pdu.advertiser {
        text.push_str(&format!(" {advertiser}"));
    }
    if let Some(target) = pdu.target {
        text.push_str(&format!(" for {target}"));
    }
    if !pdu.data.is_empty() {
        text.push_str(&format!(", {} octets", pdu.data.len()));
    }
    if let Some(aux) = pdu.aux {
        let (channel, after) = (aux.channel, aux.earliest().as_us());
        text.push_str(&format!(", next on channel {channel} after {after} µs"));
    }
    text
}

fn advertising(name: &str, pdu: &AdvertisingPdu) -> String {
    match pdu {
        AdvertisingPdu::AdvInd { advertiser, .. }
        | AdvertisingPdu::AdvNonconnInd { advertiser, .. }
        | AdvertisingPdu::AdvScanInd { advertiser, .. }
        | AdvertisingPdu::ScanRsp { advertiser, .. } => format!("{name} {advertiser}"),
        AdvertisingPdu::AdvDirectInd { advertiser, target, .. } => {
            format!("{name} {advertiser} for {target}")
        }
        AdvertisingPdu::ScanReq { scanner, advertiser } => {
            format!("{name} {scanner} to {advertiser}")
        }
        AdvertisingPdu::ConnectInd(c) => {
            let (interval, rest) = (u32::from(c.interval) * 125 / 100, c.interval % 4 * 25);
            format!(
                "{name} {} to {}, interval {interval}.{rest:02} ms, latency {}, timeout {} ms",
                c.initiator,
                c.advertiser,
                c.latency,
                u32::from(c.timeout) * 10
            )
        }
    }
}

fn phys(set: PhySet) -> String {
    let all = [(PhySet::LE_1M, "1M"), (PhySet::LE_2M, "2M"), (PhySet::CODED, "Coded")];
    let named: Vec<&str> =
        all.iter().filter(|(phy, _)| set.0 & phy.0 != 0).map(|(_, name)| *name).collect();
    if named.is_empty() { "unchanged".to_owned() } else { named.join("+") }
}

fn error(code: ErrorCode) -> String {
    format!("0x{:02X} {}", code.0, code.name())
}

fn length(pdu: &DataLength) -> String {
    format!(
        "rx {} octets {} µs, tx {} octets {} µs",
        pdu.max_rx_octets, pdu.max_rx_time, pdu.max_tx_octets, pdu.max_tx_time
    )
}

/// A control PDU with its fields; instants included.
#[must_use]
pub fn control(pdu: &ControlPdu) -> String {
    let fields = match pdu {
        ControlPdu::ConnectionUpdateInd(u) => format!(
            "interval {}, offset {}, latency {}, timeout {}, instant {}",
            u.interval, u.win_offset, u.latency, u.timeout, u.instant
        ),
        ControlPdu::ChannelMapInd { channel_map, instant } => {
            format!("map {channel_map:010x}, instant {instant}")
        }
        ControlPdu::TerminateInd(code) | ControlPdu::RejectInd(code) => error(*code),
        ControlPdu::UnknownRsp(opcode) if opcode.ctr_data_len().is_some() => {
            opcode.name().to_owned()
        }
        ControlPdu::UnknownRsp(opcode) => format!("opcode 0x{:02X}", opcode.0),
        ControlPdu::FeatureReq(f)
        | ControlPdu::FeatureRsp(f)
        | ControlPdu::PeripheralFeatureReq(f) => format!("{:016x}", f.0),
        ControlPdu::VersionInd(v) => {
            format!("version {}, company {:04x}, {:04x}", v.version, v.company, v.subversion)
        }
        ControlPdu::ConnectionParamReq(p) | ControlPdu::ConnectionParamRsp(p) => format!(
            "interval {}–{}, latency {}, timeout {}",
            p.interval_min, p.interval_max, p.latency, p.timeout
        ),
        ControlPdu::RejectExtInd { opcode, error: code } => {
            format!("{}, {}", opcode.name(), error(*code))
        }
        ControlPdu::LengthReq(l) | ControlPdu::LengthRsp(l) => length(l),
        ControlPdu::PhyReq { tx, rx } | ControlPdu::PhyRsp { tx, rx } => {
            format!("tx {}, rx {}", phys(*tx), phys(*rx))
        }
        ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant } => {
            format!("C→P {}, P→C {}, instant {instant}", phys(*c_to_p), phys(*p_to_c))
        }
        ControlPdu::MinUsedChannelsInd { phys: set, min_used_channels } => {
            format!("{} at least {min_used_channels}", phys(*set))
        }
        ControlPdu::Unknown(opcode) => format!("opcode 0x{:02X}", opcode.0),
        ControlPdu::EncReq(_)
        | ControlPdu::EncRsp(_)
        | ControlPdu::StartEncReq
        | ControlPdu::StartEncRsp
        | ControlPdu::PauseEncReq
        | ControlPdu::PauseEncRsp
        | ControlPdu::PingReq
        | ControlPdu::PingRsp => String::new(),
    };
    let name = pdu.opcode().name();
    if fields.is_empty() { name.to_owned() } else { format!("{name} {fields}") }
}

fn channel(cid: u16) -> String {
    match cid {
        4 => "ATT".to_owned(),
        5 => "L2CAP signalling".to_owned(),
        6 => "SMP".to_owned(),
        other => format!("CID 0x{other:04x}"),
    }
}

/// An L2CAP frame on a fixed channel.
#[must_use]
pub fn frame(cid: u16, bytes: &[u8]) -> String {
    let code = bytes.first().copied();
    let name = match (cid, code) {
        (_, None) => "no code",
        (4, Some(code)) => att(code),
        (5, Some(code)) => signalling(code),
        (6, Some(code)) => smp(code),
        _ => "frame",
    };
    let details = match (cid, bytes) {
        (6, [5, reason, ..]) => format!(" reason 0x{reason:02x} {}", smp_failure(*reason)),
        (4, [1, request, low, high, code, ..]) => {
            let handle = u16::from_le_bytes([*low, *high]);
            let request = att(*request);
            format!(" to {request}, handle 0x{handle:04x}, 0x{code:02x} {}", att_error(*code))
        }
        (4, [0x02 | 0x03, low, high, ..]) => format!(" {}", u16::from_le_bytes([*low, *high])),
        (4, [0x04 | 0x08 | 0x10, a, b, c, d, ..]) => {
            let (from, to) = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
            format!(" 0x{from:04x}–0x{to:04x}")
        }
        (4, [0x0A | 0x0C | 0x12 | 0x1B | 0x1D | 0x52, low, high, ..]) => {
            format!(" handle 0x{:04x}", u16::from_le_bytes([*low, *high]))
        }
        _ => String::new(),
    };
    format!("{} {name}{details}", channel(cid))
}

const fn att(code: u8) -> &'static str {
    match code {
        0x01 => "Error Response",
        0x02 => "Exchange MTU Request",
        0x03 => "Exchange MTU Response",
        0x04 => "Find Information Request",
        0x05 => "Find Information Response",
        0x06 => "Find By Type Value Request",
        0x07 => "Find By Type Value Response",
        0x08 => "Read By Type Request",
        0x09 => "Read By Type Response",
        0x0A => "Read Request",
        0x0B => "Read Response",
        0x0C => "Read Blob Request",
        0x0D => "Read Blob Response",
        0x0E => "Read Multiple Request",
        0x0F => "Read Multiple Response",
        0x10 => "Read By Group Type Request",
        0x11 => "Read By Group Type Response",
        0x12 => "Write Request",
        0x13 => "Write Response",
        0x16 => "Prepare Write Request",
        0x17 => "Prepare Write Response",
        0x18 => "Execute Write Request",
        0x19 => "Execute Write Response",
        0x1B => "Handle Value Notification",
        0x1D => "Handle Value Indication",
        0x1E => "Handle Value Confirmation",
        0x52 => "Write Command",
        0xD2 => "Signed Write Command",
        _ => "unknown opcode",
    }
}

/// Name of an error of ATT or of a profile; empty for one that has none. 0x80 stands for those of
/// applications.
#[must_use]
pub const fn att_error(code: u8) -> &'static str {
    match code {
        0x01 => "Invalid Handle",
        0x02 => "Read Not Permitted",
        0x03 => "Write Not Permitted",
        0x04 => "Invalid PDU",
        0x05 => "Insufficient Authentication",
        0x06 => "Request Not Supported",
        0x07 => "Invalid Offset",
        0x08 => "Insufficient Authorization",
        0x09 => "Prepare Queue Full",
        0x0A => "Attribute Not Found",
        0x0B => "Attribute Not Long",
        0x0C => "Encryption Key Size Too Short",
        0x0D => "Invalid Attribute Value Length",
        0x0E => "Unlikely Error",
        0x0F => "Insufficient Encryption",
        0x10 => "Unsupported Group Type",
        0x11 => "Insufficient Resources",
        0x12 => "Database Out Of Sync",
        0x13 => "Value Not Allowed",
        0x80 => "Application Error",
        0xFC => "Write Request Rejected",
        0xFD => "Client Characteristic Configuration Descriptor Improperly Configured",
        0xFE => "Procedure Already in Progress",
        0xFF => "Out of Range",
        _ => "",
    }
}

/// PDU of L2CAP's signalling channel.
#[must_use]
pub const fn signalling(code: u8) -> &'static str {
    match code {
        0x01 => "Command Reject",
        0x12 => "Connection Parameter Update Request",
        0x13 => "Connection Parameter Update Response",
        0x14 => "LE Credit Based Connection Request",
        _ => "unknown code",
    }
}

/// Name of an SMP command.
#[must_use]
pub const fn smp(code: u8) -> &'static str {
    match code {
        0x01 => "Pairing Request",
        0x02 => "Pairing Response",
        0x03 => "Pairing Confirm",
        0x04 => "Pairing Random",
        0x05 => "Pairing Failed",
        0x06 => "Encryption Information",
        0x07 => "Central Identification",
        0x08 => "Identity Information",
        0x09 => "Identity Address Information",
        0x0A => "Signing Information",
        0x0B => "Security Request",
        0x0C => "Pairing Public Key",
        0x0D => "Pairing DHKey Check",
        0x0E => "Pairing Keypress Notification",
        _ => "unknown code",
    }
}

/// Name of a Pairing Failed reason; empty for one that is reserved.
#[must_use]
pub const fn smp_failure(reason: u8) -> &'static str {
    match reason {
        0x01 => "Passkey Entry Failed",
        0x02 => "OOB Not Available",
        0x03 => "Authentication Requirements",
        0x04 => "Confirm Value Failed",
        0x05 => "Pairing Not Supported",
        0x06 => "Encryption Key Size",
        0x07 => "Command Not Supported",
        0x08 => "Unspecified Reason",
        0x09 => "Repeated Attempts",
        0x0A => "Invalid Parameters",
        0x0B => "DHKey Check Failed",
        0x0C => "Numeric Comparison Failed",
        0x0D => "BR/EDR Pairing in Progress",
        0x0E => "Cross-transport Key Derivation/Generation Not Allowed",
        0x0F => "Key Rejected",
        0x10 => "Busy",
        _ => "",
    }
}
