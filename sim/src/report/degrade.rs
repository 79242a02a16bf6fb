//! Captures as real sniffers write them: with losses, a clock of their own, and fields that are
//! missing or wrong.

use std::num::{ParseFloatError, ParseIntError};
use std::str::FromStr;

use ble::pdu::advertising::AdvertisingPdu;
use ble::time::Instant;

use super::capture::{AirCapture, Style, head, nordic_head};
use crate::random::{Purpose, Stream};
use crate::record::{Record, RecordKind};
use crate::sniffer::{AirItem, Decoded, Direction, sniff};

/// No sniffer is further off.
const CLOCK_PPM_MAX: i32 = 1_000;
/// In the middle of a connection: so many of its packets are missed, and up to as many more.
const BEGINNING: u32 = 40;

/// What a sniffer tells of who sent a packet of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Directions {
    /// As it is.
    #[default]
    Right,
    /// Nothing at all.
    Unknown,
    /// The opposite from each lost packet of a connection on until the next one.
    Inverted,
}

/// What a sniffer gets wrong. Without any, it is ideal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Faults {
    /// Packets that it does not see, in parts per million.
    pub loss_ppm: u32,
    /// By how much its clock is fast, −1,000 to 1,000 ppm.
    pub clock_ppm: i32,
    /// What it tells of who sent a packet.
    pub directions: Directions,
    /// It hears only one of the three primary advertising channels at a time, the first on which
    /// somebody asks for a connection.
    pub one_advertising_channel: bool,
    /// It begins in the middle of the first connection.
    pub mid_connection: bool,
    /// It has the key, and writes plain payloads without their MIC.
    pub decrypted: bool,
    /// It is an nRF Sniffer, and writes LINKTYPE 272.
    pub nordic: bool,
}

/// What is not a fault of a sniffer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultsError {
    /// An unknown word.
    #[error(
        "a sniffer has no `{0}`: loss=PERCENT, clock-ppm=N, direction=unknown or inverted, \
         channels=one-adv, mid-connection, decrypted and nordic are known"
    )]
    Unknown(String),
    /// A number that is none, or too large.
    #[error("`{0}`: loss is 0 to 100 percent, clock-ppm -1000 to 1000")]
    Number(String),
}

impl From<ParseIntError> for FaultsError {
    fn from(error: ParseIntError) -> Self {
        Self::Number(error.to_string())
    }
}

impl From<ParseFloatError> for FaultsError {
    fn from(error: ParseFloatError) -> Self {
        Self::Number(error.to_string())
    }
}

impl FromStr for Faults {
    type Err = FaultsError;

    /// From words with commas between them: `loss=2,clock-ppm=-170,direction=unknown`.
    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match (key, value) {
                ("loss", percent) => {
                    let percent: f64 = percent.parse()?;
                    if !(0.0..=100.0).contains(&percent) {
                        return Err(FaultsError::Number(word.to_owned()));
                    }
                    faults.loss_ppm = (percent * 10_000.0).round() as u32;
                }
                ("clock-ppm", ppm) => {
                    faults.clock_ppm = ppm.parse()?;
                    if faults.clock_ppm.abs() > CLOCK_PPM_MAX {
                        return Err(FaultsError::Number(word.to_owned()));
                    }
                }
                ("direction", "unknown") => faults.directions = Directions::Unknown,
                ("direction", "inverted") => faults.directions = Directions::Inverted,
                ("channels", "one-adv") => faults.one_advertising_channel = true,
                ("mid-connection", "") => faults.mid_connection = true,
                ("decrypted", "") => faults.decrypted = true,
                ("nordic", "") => faults.nordic = true,
                _ => return Err(FaultsError::Unknown(word.to_owned())),
            }
        }
        Ok(faults)
    }
}

/// A whole capture file as a sniffer with such faults writes it; see
/// [`pcapng`](super::capture::pcapng). The same seed loses the same packets.
#[must_use]
pub fn pcapng(
    records: &[Record],
    interface: &str,
    noise_dbm: i8,
    faults: &Faults,
    seed: u64,
) -> Vec<u8> {
    let mut file = if faults.nordic { nordic_head(interface) } else { head(interface, &[]) };
    let style = if faults.decrypted { Style::Decrypted } else { Style::OnAir };
    let mut air = AirCapture::new(noise_dbm, style);
    for item in heard(records, faults, seed) {
        if let Some(RecordKind::AirTx(tx)) = records.get(item.index).map(|record| &record.kind) {
            file.extend(match faults.nordic {
                true => air.nordic(&item, tx),
                false => air.packet(&item, tx, None),
            });
        }
    }
    file
}

/// The packets that a sniffer with such faults hears, as it writes them down.
#[must_use]
pub fn heard(records: &[Record], faults: &Faults, seed: u64) -> Vec<AirItem> {
    let items = sniff(records);
    let mut random = Stream::new(seed, u16::MAX, Purpose::Sniffer);
    let request = items
        .iter()
        .find(|item| matches!(item.decoded, Decoded::Advertising(AdvertisingPdu::ConnectInd(_))));
    let channel = request.map(|item| item.channel).filter(|_| faults.one_advertising_channel);
    let mut to_miss = 0;
    if faults.mid_connection && request.is_some() {
        to_miss = BEGINNING + random.below(BEGINNING);
    }
    let mut inverted = false;
    let mut heard = Vec::new();
    for mut item in items {
        let lost = random.chance_ppm(faults.loss_ppm);
        let data = item.direction.is_some();
        let elsewhere = item.channel >= 37 && channel.is_some_and(|only| only != item.channel);
        if to_miss > 0 {
            to_miss -= u32::from(data);
            continue;
        }
        if lost {
            inverted ^= data;
        }
        if lost || elsewhere {
            continue;
        }
        item.direction = match (faults.directions, item.direction) {
            (Directions::Unknown, _) => None,
            (Directions::Inverted, Some(direction)) if inverted => Some(match direction {
                Direction::CentralToPeripheral => Direction::PeripheralToCentral,
                Direction::PeripheralToCentral => Direction::CentralToPeripheral,
            }),
            (_, direction) => direction,
        };
        item.at = skewed(item.at, faults.clock_ppm);
        heard.push(item);
    }
    heard
}

/// A time as a clock shows it that is fast by so many ppm.
fn skewed(at: Instant, ppm: i32) -> Instant {
    let off = at.since(Instant::ZERO).ppm(ppm.unsigned_abs());
    if ppm < 0 { at.before(off) } else { at + off }
}

#[cfg(test)]
mod tests;
