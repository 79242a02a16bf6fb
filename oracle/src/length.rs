//! Limits of data length: octets and time in force, and the values that are exchanged.

use ble::hci::Role;
use ble::pdu::control::{ControlPdu, DataLength};
use ble::pdu::data::Llid;
use bletwin_rules::data_length::{LL_LEN_1, LL_LEN_2, LL_LEN_3};

use super::Findings;
use super::link::{Link, Packet, other};

/// Octets and microseconds that every device takes (4.5.10).
const OCTETS_MIN: u16 = 27;
const TIME_MIN: u16 = 328;
/// The same time on LE Coded.
pub(super) const TIME_MIN_CODED: u16 = 2_704;
const OCTETS_MAX: u16 = 251;
const TIME_MAX: u16 = 17_040;
const MIC: u16 = 4;

/// The values that are exchanged.
pub(super) fn values(link: &Link<'_>, findings: &mut Findings) {
    for packet in &link.packets {
        let announced = length_of(packet);
        if announced.is_some_and(|announced| packet.new && !in_range(announced)) {
            let text = format!("{} with values out of range", packet.name());
            link.report(findings, LL_LEN_3.id, packet, &[], text);
        }
    }
}

/// The limits that follow from them.
pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut lengths = Lengths::default();
    for packet in &link.packets {
        // They bind what holds data (4.5.10, 4.5.11).
        let data = packet.header.llid != Llid::Control;
        let (octets, time) = lengths.limit(packet);
        let payload = packet.tx.pdu.payload_len();
        let mic = if packet.item.decrypted.is_some() { MIC } else { 0 };
        let sent = payload.saturating_sub(mic);
        if packet.new && data && sent > octets {
            let text = format!("{} of {sent} octets where {octets} are allowed", packet.name());
            link.report(findings, LL_LEN_1.id, packet, &[], text);
        } else if packet.new && data && packet.item.phy.air_time_us(payload) > u32::from(time) {
            let text = format!("{} takes more than the {time} µs allowed", packet.name());
            link.report(findings, LL_LEN_2.id, packet, &[], text);
        }
        lengths.learn(packet, findings.is_wrong(packet));
    }
}

/// Events after which nothing is sent any more that was queued before a change was known.
const QUEUE_EVENTS: u64 = 2;

pub(super) const fn length_of<'a>(packet: &Packet<'a>) -> Option<&'a DataLength> {
    match packet.item.control() {
        Some(ControlPdu::LengthReq(announced) | ControlPdu::LengthRsp(announced)) => {
            Some(announced)
        }
        _ => None,
    }
}

fn in_range(announced: &DataLength) -> bool {
    let octets = OCTETS_MIN..=OCTETS_MAX;
    let time = TIME_MIN..=TIME_MAX;
    octets.contains(&announced.max_rx_octets)
        && octets.contains(&announced.max_tx_octets)
        && time.contains(&announced.max_rx_time)
        && time.contains(&announced.max_tx_time)
}

/// What each end may send. A lower limit applies to PDUs queued later: the former one counts until
/// an Empty PDU shows that the queue was empty.
#[derive(Default)]
pub(super) struct Lengths {
    /// Octets and time by sender, once it has taken the peer's values.
    limit: [Option<(u16, u16)>; 2],
    /// A lower limit, and from which event on an Empty PDU brings it into force.
    falling: [Option<(u64, (u16, u16))>; 2],
    /// Data waits while encryption starts, and Empty PDUs say nothing.
    encrypting: bool,
}

impl Lengths {
    pub(super) fn limit(&self, packet: &Packet<'_>) -> (u16, u16) {
        let coded = packet.item.phy.phy() == ble::phy::Phy::LeCoded;
        let least = if coded { TIME_MIN_CODED } else { TIME_MIN };
        let (octets, time) = self.limit[packet.by as usize].unwrap_or((OCTETS_MIN, TIME_MIN));
        (octets, time.max(least))
    }

    /// `wrong`: the packet breaks a rule.
    pub(super) fn learn(&mut self, packet: &Packet<'_>, wrong: bool) {
        self.drain(packet);
        let Some(announced) = length_of(packet) else { return };
        if packet.taken {
            self.agree(other(packet.by) as usize, announced, packet.event, wrong);
        }
    }

    /// An end may send longer PDUs at any time: only the peer's receive limit is known from
    /// outside. Values that break a rule, or answer nothing, may be heeded or not: they lower no
    /// limit.
    fn agree(&mut self, end: usize, announced: &DataLength, event: u64, wrong: bool) {
        // Less than every device takes counts as that.
        let new = (announced.max_rx_octets.max(OCTETS_MIN), announced.max_rx_time.max(TIME_MIN));
        let (octets, time) = self.limit[end].unwrap_or((OCTETS_MIN, TIME_MIN));
        self.limit[end] = Some((octets.max(new.0), time.max(new.1)));
        if wrong {
            return;
        }
        let falls = self.limit[end] != Some(new);
        self.falling[end] = falls.then_some((event + QUEUE_EVENTS, new));
    }

    fn drain(&mut self, packet: &Packet<'_>) {
        match packet.control() {
            Some(ControlPdu::EncReq(_) | ControlPdu::PauseEncReq) => self.encrypting = true,
            Some(ControlPdu::StartEncRsp) if packet.by == Role::Peripheral => {
                self.encrypting = false;
                // PDUs queued before are sent first.
                let later = packet.event + QUEUE_EVENTS;
                for (from, _) in self.falling.iter_mut().flatten() {
                    *from = (*from).max(later);
                }
            }
            Some(ControlPdu::RejectInd(_) | ControlPdu::RejectExtInd { .. }) => {
                self.encrypting = false;
            }
            _ => {}
        }
        let by = packet.by as usize;
        let empty = packet.new && packet.tx.pdu.payload_len() == 0 && !self.encrypting;
        let fallen = self.falling[by].take_if(|(from, _)| empty && packet.event >= *from);
        if let Some((_, limit)) = fallen {
            self.limit[by] = Some(limit);
        }
    }
}
