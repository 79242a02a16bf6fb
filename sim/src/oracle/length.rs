//! Limits of data length: octets and time in force, and the values that are exchanged.

use firmware_core::pdu::control::{ControlPdu, DataLength};

use super::Findings;
use super::link::{Link, Packet, other};

/// Octets and microseconds that every device takes (4.5.10).
const OCTETS_MIN: u16 = 27;
const TIME_MIN: u16 = 328;
/// The same time on LE Coded.
const TIME_MIN_CODED: u16 = 2_704;
const OCTETS_MAX: u16 = 251;
const TIME_MAX: u16 = 17_040;
const MIC: u16 = 4;

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut lengths = Lengths::default();
    for packet in &link.packets {
        let (octets, time) = lengths.limit(packet);
        let payload = packet.tx.pdu.payload_len();
        let mic = if packet.item.decrypted.is_some() { MIC } else { 0 };
        let sent = payload.saturating_sub(mic);
        if packet.new && sent > octets {
            let text = format!("{} of {sent} octets where {octets} are allowed", packet.name());
            link.report(findings, "LL-LEN-1", packet, &[], text);
        } else if packet.new && packet.tx.phy.air_time_us(payload) > u32::from(time) {
            let text = format!("{} takes more than the {time} µs allowed", packet.name());
            link.report(findings, "LL-LEN-2", packet, &[], text);
        }
        let told = length_of(packet);
        if told.is_some_and(|told| packet.new && !in_range(told)) {
            let text = format!("{} with values out of range", packet.name());
            link.report(findings, "LL-LEN-3", packet, &[], text);
        }
        lengths.learn(packet);
    }
}

pub(super) const fn length_of<'a>(packet: &Packet<'a>) -> Option<&'a DataLength> {
    match packet.item.control() {
        Some(ControlPdu::LengthReq(told) | ControlPdu::LengthRsp(told)) => Some(told),
        _ => None,
    }
}

fn in_range(told: &DataLength) -> bool {
    let octets = OCTETS_MIN..=OCTETS_MAX;
    let time = TIME_MIN..=TIME_MAX;
    octets.contains(&told.max_rx_octets)
        && octets.contains(&told.max_tx_octets)
        && time.contains(&told.max_rx_time)
        && time.contains(&told.max_tx_time)
}

/// What each end may send. A limit that falls applies to what is queued later, which nobody can
/// see from outside: the highest so far counts.
#[derive(Default)]
struct Lengths {
    /// What each end has told last.
    told: [Option<DataLength>; 2],
    /// Octets and time by sender, once the peer's values have been taken.
    limit: [Option<(u16, u16)>; 2],
}

impl Lengths {
    fn limit(&self, packet: &Packet<'_>) -> (u16, u16) {
        let coded = packet.tx.phy.phy() == firmware_core::phy::Phy::LeCoded;
        let least = if coded { TIME_MIN_CODED } else { TIME_MIN };
        let (octets, time) = self.limit[packet.by as usize].unwrap_or((OCTETS_MIN, TIME_MIN));
        (octets, time.max(least))
    }

    fn learn(&mut self, packet: &Packet<'_>) {
        let Some(told) = length_of(packet) else { return };
        if packet.new {
            self.told[packet.by as usize] = Some(*told);
        }
        if packet.taken {
            let peer = other(packet.by) as usize;
            let own = self.told[peer]
                .map_or((OCTETS_MAX, TIME_MAX), |own| (own.max_tx_octets, own.max_tx_time));
            let limit = &mut self.limit[peer];
            let (octets, time) = limit.unwrap_or((OCTETS_MIN, TIME_MIN));
            let (rx_octets, rx_time) = (told.max_rx_octets, told.max_rx_time);
            *limit = Some((octets.max(own.0.min(rx_octets)), time.max(own.1.min(rx_time))));
        }
    }
}
