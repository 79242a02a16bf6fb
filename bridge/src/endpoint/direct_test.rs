//! Direct test mode (Vol 6, Part F, and Vol 4, Part E, 7.8.28 to 7.8.30): packets for measuring
//! radios, sent or counted. The device does nothing else meanwhile.

use ble::error::ErrorCode;
use ble::phy::{Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, RadioEvent, Receiver, Tuning};
use ble::time::{Duration, Instant};

use super::commands::{Call, Consequence, Parsed, Reply, Verdict};
use super::{Endpoint, Output};

const ACCESS_ADDRESS: u32 = 0x7176_4129;
const CRC_INIT: u32 = 0x55_5555;
/// Packets begin a multiple of this apart.
const SLOT_US: u64 = 625;
/// Added to a packet's time on air before the packet interval is rounded up.
const GAP_US: u64 = 249;
/// Length of one reception, after which the receiver is restarted.
const LISTEN: Duration = Duration::from_secs(1);

/// The test that runs, if one does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct DirectTest(Option<Test>);

impl DirectTest {
    pub(super) const fn runs(&self) -> bool {
        self.0.is_some()
    }

    /// Handles a report of the radio during a test; returns the next command.
    pub(super) fn radio(&mut self, now: Instant, event: &RadioEvent) -> Option<RadioCommand> {
        let test = self.0.as_mut()?;
        let mut last = None;
        match (&mut *test, event) {
            (Test::Counts { received, .. }, RadioEvent::Received { crc_ok: true, .. }) => {
                *received = received.saturating_add(1);
            }
            (Test::Sends { .. }, RadioEvent::Transmitted { start, .. }) => last = Some(*start),
            _ => {}
        }
        Some(test.command(now, last))
    }
}

/// Sends packets, or counts those of another device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Test {
    Sends { channel: u8, phy: TxPhy, pdu: AirPdu },
    Counts { channel: u8, phy: Phy, received: u16 },
}

/// Of LE Receiver Test [v1], which has only LE 1M.
pub(super) fn receiver(call: &Call<'_>) -> Parsed<Test> {
    let [channel] = *call.parameters else { return Err(ErrorCode::INVALID_PARAMETERS) };
    Test::receiver(channel, 1).ok_or(ErrorCode::INVALID_PARAMETERS)
}

/// Of LE Receiver Test [v2].
pub(super) fn receiver_of_phy(call: &Call<'_>) -> Parsed<Test> {
    // Whether the sender's modulation index is stable makes no difference here.
    let [channel, phy, 0 | 1] = *call.parameters else {
        return Err(ErrorCode::INVALID_PARAMETERS);
    };
    Test::receiver(channel, phy).ok_or(ErrorCode::INVALID_PARAMETERS)
}

/// Of LE Transmitter Test [v1], which has only LE 1M.
pub(super) fn transmitter(call: &Call<'_>) -> Parsed<Test> {
    let [channel, length, kind] = *call.parameters else {
        return Err(ErrorCode::INVALID_PARAMETERS);
    };
    Test::transmitter(channel, length, kind, 1).ok_or(ErrorCode::INVALID_PARAMETERS)
}

/// Of LE Transmitter Test [v2].
pub(super) fn transmitter_of_phy(call: &Call<'_>) -> Parsed<Test> {
    let [channel, length, kind, phy] = *call.parameters else {
        return Err(ErrorCode::INVALID_PARAMETERS);
    };
    Test::transmitter(channel, length, kind, phy).ok_or(ErrorCode::INVALID_PARAMETERS)
}

impl Test {
    fn transmitter(channel: u8, length: u8, kind: u8, phy: u8) -> Option<Self> {
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

    fn receiver(channel: u8, phy: u8) -> Option<Self> {
        let phy = match phy {
            1 => Phy::Le1M,
            2 => Phy::Le2M,
            3 => Phy::LeCoded,
            _ => return None,
        };
        Some(Self::Counts { channel: index(channel)?, phy, received: 0 })
    }

    /// The next radio command; the last packet began at `last`.
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
    pub(super) fn begin_test(&mut self, now: Instant, test: Test) -> Verdict {
        if self.is_active() || !self.connections.are_none() || self.test.runs() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let first = test.command(now, None);
        self.test.0 = Some(test);
        Ok(Reply::Then(Consequence::Radio(first)))
    }

    /// Ends the test and reports the number of received packets.
    pub(super) fn end_test(&mut self, _: Instant) -> Verdict {
        let received = match self.test.0.take() {
            None => return Err(ErrorCode::COMMAND_DISALLOWED),
            Some(Test::Sends { .. }) => 0,
            Some(Test::Counts { received, .. }) => received,
        };
        self.out.0.push_back(Output::Radio(RadioCommand::Stop));
        Ok(Reply::Octets(received.to_le_bytes().to_vec()))
    }
}
