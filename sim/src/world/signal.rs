//! Symbols as a receiver meets them.

use ble::phy::{Phy, TxPhy};
use ble::time::Duration;

use crate::medium::symbols::Symbols;
use crate::medium::{Transmission, fec, frame};

/// Most wrong symbols among the 256 of a coded access address that a correlator forgives.
const CODED_SYNC_ERRORS: u32 = 48;

/// How long that many symbols last.
pub(super) fn symbols_time(phy: TxPhy, symbols: usize) -> Duration {
    Duration::from_ticks(frame::symbol_ticks(phy)).times(symbols as u64)
}

/// From the start of a packet until its access address must have been seen. One tick more, so
/// that a packet that starts at the last moment is seen before the receiver closes.
pub(super) fn sync_time(phy: Phy) -> Duration {
    let sent = match phy {
        Phy::Le1M => TxPhy::Le1M,
        Phy::Le2M => TxPhy::Le2M,
        Phy::LeCoded => TxPhy::CodedS8,
    };
    symbols_time(sent, frame::sync_symbols(sent)) + Duration::from_ticks(1)
}

/// Makes those symbols of a packet wrong; `None` is all as sent.
pub(super) fn flip(symbols: &mut Option<Symbols>, packet: &Transmission, wrong: &[usize]) {
    if !wrong.is_empty() {
        let symbols = symbols.get_or_insert_with(|| packet.symbols());
        wrong.iter().for_each(|index| symbols.flip(*index));
    }
}

/// Whether a correlator takes the packet for one with that access address, if these are the symbols
/// that arrive.
pub(super) fn is_address(packet: &Transmission, symbols: Option<&Symbols>, expected: u32) -> bool {
    if symbols.is_none() && packet.tuning.access_address == expected {
        return true;
    }
    let sent;
    let symbols = match symbols {
        Some(symbols) => symbols,
        None if packet.phy.phy() != Phy::LeCoded => return false,
        None => {
            sent = packet.symbols();
            &sent
        }
    };
    if packet.phy.phy() == Phy::LeCoded {
        return fec::address_errors(symbols, expected) <= CODED_SYNC_ERRORS;
    }
    let from = frame::preamble_symbols(packet.phy) / 8;
    symbols.octets().get(from..from + 4) == Some(expected.to_le_bytes().as_slice())
}
