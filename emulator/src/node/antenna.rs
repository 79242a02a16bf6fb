//! What the radio does, in the words of the world's medium.

use ble::phy::{Phy, TxPhy};
use bletwin_sim::antenna::{Emission, Order};

use super::ChipNode;
use crate::nrf52840::{Listening, Mode, Sent};

impl ChipNode {
    /// An open receiver; `None`: on no channel of Bluetooth LE.
    pub(super) fn listen(&self, listening: &Listening) -> Option<Order> {
        let Listening { since, mode, frequency, access_address } = *listening;
        let phy = match mode {
            Mode::Le1M => Phy::Le1M,
            Mode::Le2M => Phy::Le2M,
            Mode::CodedS8 | Mode::CodedS2 => Phy::LeCoded,
        };
        let channel = channel(frequency)?;
        Some(Order::Listen { since: self.instant(since), channel, phy, access_address })
    }

    /// A packet; `None`: on no channel of Bluetooth LE.
    pub(super) fn send(&self, sent: Sent) -> Option<Emission> {
        let Sent { burst, crc_initial } = sent;
        let phy = match burst.mode {
            Mode::Le1M => TxPhy::Le1M,
            Mode::Le2M => TxPhy::Le2M,
            Mode::CodedS8 => TxPhy::CodedS8,
            Mode::CodedS2 => TxPhy::CodedS2,
        };
        Some(Emission {
            at: self.instant(burst.start),
            channel: channel(burst.frequency)?,
            phy,
            access_address: burst.access_address,
            crc_init: crc_initial,
            body: burst.octets,
        })
    }
}

/// The channel index of a frequency (Vol 6, Part B, 1.4.1).
pub(super) fn channel(megahertz: u16) -> Option<u8> {
    let rf = megahertz.checked_sub(2402).filter(|above| above % 2 == 0)? / 2;
    Some(match rf {
        0 => 37,
        1..=11 => rf as u8 - 1,
        12 => 38,
        13..=38 => rf as u8 - 2,
        39 => 39,
        _ => return None,
    })
}
