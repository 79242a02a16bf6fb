//! Direct test mode (Vol 6, Part F, and Vol 4, Part E, 7.8.28 to 7.8.30): packets for measuring
//! radios, sent or counted. Nothing else goes on meanwhile.

use ble::error::ErrorCode;
use ble::phy::{Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, RadioEvent, Receiver, Tuning};
use ble::time::{Duration, Instant};

use super::table::Row;
use super::{Endpoint, Output};

const ACCESS_ADDRESS: u32 = 0x7176_4129;
const CRC_INIT: u32 = 0x55_5555;
/// Packets begin a multiple of this apart.
const SLOT_US: u64 = 625;
/// What a packet needs beside its time on air, before the next can begin.
const GAP_US: u64 = 249;
/// A receiver is told to go on that often.
const LISTEN: Duration = Duration::from_secs(1);

/// A test that runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum DirectTest {
    Sends { channel: u8, phy: TxPhy, pdu: AirPdu },
    Counts { channel: u8, phy: Phy, received: u16 },
}

impl DirectTest {
    fn transmitter(parameters: &[u8]) -> Option<Self> {
        let (&[channel, length, kind], phy) = phy_of(parameters)?;
        let phy = match phy {
            1 => TxPhy::Le1M,
            2 => TxPhy::Le2M,
            3 => TxPhy::CodedS8,
            4 => TxPhy::CodedS2,
            _ => return None,
        };
        let octets: Vec<u8> = [kind, length].into_iter().chain(payload(kind, length)?).collect();
        Some(Self::Sends { channel: index(channel)?, phy, pdu: AirPdu::from_octets(&octets)? })
    }

    fn receiver(parameters: &[u8]) -> Option<Self> {
        let (channel, phy) = match *parameters {
            [channel] => (channel, 1),
            // Whether the sender's modulation index is stable makes no difference here.
            [channel, phy, 0 | 1] => (channel, phy),
            _ => return None,
        };
        let phy = match phy {
            1 => Phy::Le1M,
            2 => Phy::Le2M,
            3 => Phy::LeCoded,
            _ => return None,
        };
        Some(Self::Counts { channel: index(channel)?, phy, received: 0 })
    }

    /// What the radio is to do next; the last packet began at `last`.
    fn command(&self, now: Instant, last: Option<Instant>) -> RadioCommand {
        let tuning =
            |channel| Tuning { channel, access_address: ACCESS_ADDRESS, crc_init: CRC_INIT };
        match self {
            Self::Sends { channel, phy, pdu } => {
                let time = phy.air_time(pdu.payload_len()).as_us() + GAP_US;
                let interval = Duration::from_us(time.div_ceil(SLOT_US) * SLOT_US);
                RadioCommand::Transmit {
                    at: last.unwrap_or(now) + interval,
                    tuning: tuning(*channel),
                    phy: *phy,
                    pdu: pdu.clone(),
                    tag: 0,
                    then: AfterTransmit::Stop,
                }
            }
            Self::Counts { channel, phy, .. } => {
                let until = now + LISTEN;
                RadioCommand::Receive {
                    from: now,
                    until,
                    tuning: tuning(*channel),
                    receiver: Receiver::any(*phy),
                }
            }
        }
    }
}

/// The PHY at the end of the second version of a command; the first has only 1M.
fn phy_of(parameters: &[u8]) -> Option<(&[u8; 3], u8)> {
    let (first, rest) = parameters.split_first_chunk::<3>()?;
    match rest {
        [] => Some((first, 1)),
        [phy] => Some((first, *phy)),
        _ => None,
    }
}

/// Channel index of an RF channel: (frequency in MHz − 2402) / 2.
const fn index(rf: u8) -> Option<u8> {
    Some(match rf {
        0 => 37,
        12 => 38,
        39 => 39,
        1..=11 => rf - 1,
        13..=38 => rf - 2,
        _ => return None,
    })
}

/// The bits of a packet, first on air in the lowest bit.
fn payload(kind: u8, length: u8) -> Option<Vec<u8>> {
    let all = |octet: u8| Some(vec![octet; usize::from(length)]);
    match kind {
        0 => Some(noise(9, 5, length)),
        1 => all(0x0F),
        2 => all(0x55),
        3 => Some(noise(15, 14, length)),
        4 => all(0xFF),
        5 => all(0),
        6 => all(0xF0),
        7 => all(0xAA),
        _ => None,
    }
}

/// A pseudo-random sequence: a shift register of `long` bits, all ones at first, with feedback
/// from its end and from bit `tap`.
fn noise(long: u32, tap: u32, length: u8) -> Vec<u8> {
    let mut register = (1_u32 << long) - 1;
    let mut bit = || {
        let out = register >> (long - 1) & 1;
        let fed = out ^ register >> (tap - 1) & 1;
        register = (register << 1 | fed) & ((1 << long) - 1);
        out as u8
    };
    (0..length).map(|_| (0..8).fold(0, |octet, place| octet | bit() << place)).collect()
}

impl Endpoint {
    /// Carries a command of direct test mode out, if it is one, or refuses one that has to wait
    /// for the end of a test.
    pub(super) fn direct_test(&mut self, now: Instant, row: &Row, parameters: &[u8]) -> bool {
        let test = match row.opcode {
            0x201D | 0x2033 => DirectTest::receiver(parameters),
            0x201E | 0x2034 => DirectTest::transmitter(parameters),
            0x201F => {
                self.end_test(row, parameters);
                return true;
            }
            // Reset ends a test too.
            0x0C03 => return false,
            _ if self.testing.is_some() => {
                self.refuse(row, parameters, ErrorCode::COMMAND_DISALLOWED);
                return true;
            }
            _ => return false,
        };
        let second = row.opcode >= 0x2033;
        let lengths: [usize; 2] =
            if matches!(row.opcode, 0x201D | 0x2033) { [1, 3] } else { [3, 4] };
        let right = parameters.len() == lengths[usize::from(second)];
        let busy = self.is_active() || !self.connections.is_empty() || self.testing.is_some();
        match test.filter(|_| right) {
            None => self.refuse(row, parameters, ErrorCode::INVALID_PARAMETERS),
            Some(_) if busy => self.refuse(row, parameters, ErrorCode::COMMAND_DISALLOWED),
            Some(test) => {
                self.complete_raw(row.opcode, &[]);
                self.out.0.push_back(Output::Radio(test.command(now, None)));
                self.testing = Some(test);
            }
        }
        true
    }

    /// Tells how many packets were received.
    fn end_test(&mut self, row: &Row, parameters: &[u8]) {
        if !parameters.is_empty() {
            return self.refuse(row, parameters, ErrorCode::INVALID_PARAMETERS);
        }
        let received = match self.testing.take() {
            None => return self.refuse(row, parameters, ErrorCode::COMMAND_DISALLOWED),
            Some(DirectTest::Sends { .. }) => 0,
            Some(DirectTest::Counts { received, .. }) => received,
        };
        self.out.0.push_back(Output::Radio(RadioCommand::Stop));
        self.complete_raw(row.opcode, &received.to_le_bytes());
    }

    /// A report of the radio during a test; `false` if there is none.
    pub(super) fn test_radio(&mut self, now: Instant, event: &RadioEvent) -> bool {
        let Some(test) = &mut self.testing else { return false };
        let last = match (test, event) {
            (DirectTest::Counts { received, .. }, RadioEvent::Received { crc_ok: true, .. }) => {
                *received = received.saturating_add(1);
                None
            }
            (DirectTest::Sends { .. }, RadioEvent::Transmitted { start, .. }) => Some(*start),
            _ => None,
        };
        if let Some(test) = &self.testing {
            self.out.0.push_back(Output::Radio(test.command(now, last)));
        }
        true
    }
}
