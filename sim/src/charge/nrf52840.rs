//! Currents of the nRF52840 at 3 V and 25 °C, at 0 dBm, in nA.
//!
//! Numbers with a symbol are typical values of its product specification (4413_417): *Current
//! consumption* (5.2.1; the compounds are of the whole chip, with the 64 MHz crystal running) and
//! RADIO's *current consumption* (6.20.15, of the radio alone), as Nordic's documentation site and
//! sources that quote v1.11 have them. What is not published says that it is an estimate.
//!
//! With DC/DC, then with LDO:
//!
//! - sleep (System ON, RTC, all RAM kept), 3.16 µA: `ION_RAMON_RTC`, by the RC oscillator; by the
//!   crystal a little less.
//! - the crystal starts, 580 µA: an estimate, the middle of what `ISTART_X32M` has for several
//!   crystals in their first millisecond, 328 to 833 µA.
//! - crystal and a timer at 16 MHz, 823 µA: `ITIMER4`, with LDO; with DC/DC an estimate, too high
//!   if anything.
//! - processor, from flash, by the crystal, 3.3 and 6.3 mA: `ICPU0`, `ICPU1`; without the crystal a
//!   little less.
//! - flash is written or erased, 4.0 mA: an estimate, for the specification has nothing; measured
//!   on some kits by Nordic's support (DevZone 45676).
//! - sending, 6.40 and 10.80 mA: `IRADIO_TX1`, `IRADIO_TX3`, on 1M; on other PHYs an estimate, the
//!   same.
//! - listening on 1M, 6.26 and 10.10 mA: `IRADIO_RX0`, `IRADIO_RX1`; on LE Coded an estimate, the
//!   same.
//! - listening on 2M, 6.86 and 11.07 mA: 0.6 mA more, as `IRX,2M,DCDC` (5.2 mA) is than
//!   `IRX,1M,DCDC` (4.6 mA); with LDO an estimate in that ratio.
//! - ramp-up to send, 6.8 and 11.48 mA: 0.4 mA more than sending, as `ISTART,TX,DCDC` (5.2 mA) is
//!   than `ITX,0dBM,DCDC` (4.8 mA); with LDO an estimate in that ratio.
//! - ramp-up to listen, 5.36 and 8.65 mA: 0.9 mA less than listening, as `ISTART,RX,1M,DCDC`
//!   (3.7 mA) is than `IRX,1M,DCDC`; with LDO an estimate in that ratio.
//! - processor beside sending, 1.7 and 4.6 mA: `IS0` (8.1 mA) and `IS2` (15.4 mA) less sending.
//! - processor beside listening, 2.34 and 6.1 mA: `IS1` (8.6 mA) and `IS3` (16.2 mA) less
//!   listening.

use ble::phy::Phy;

use super::Draw;

pub(super) const fn dc_dc(what: Draw) -> u32 {
    match what {
        Draw::Sends(_) => 6_400_000,
        Draw::Listens(Phy::Le1M | Phy::LeCoded) => 6_260_000,
        Draw::Listens(Phy::Le2M) => 6_860_000,
        Draw::SendsSoon => 6_800_000,
        Draw::ListensSoon => 5_360_000,
        Draw::Works => 3_300_000,
        Draw::WorksBesideSending => 1_700_000,
        Draw::WorksBesideListening => 2_340_000,
        _ => either(what),
    }
}

pub(super) const fn ldo(what: Draw) -> u32 {
    match what {
        Draw::Sends(_) => 10_800_000,
        Draw::Listens(Phy::Le1M | Phy::LeCoded) => 10_100_000,
        Draw::Listens(Phy::Le2M) => 11_068_000,
        Draw::SendsSoon => 11_475_000,
        Draw::ListensSoon => 8_648_000,
        Draw::Works => 6_300_000,
        Draw::WorksBesideSending => 4_600_000,
        Draw::WorksBesideListening => 6_100_000,
        _ => either(what),
    }
}

const fn either(what: Draw) -> u32 {
    match what {
        Draw::Writes | Draw::Erases => 4_000_000,
        Draw::CrystalRuns => 823_000,
        Draw::CrystalStarts => 580_000,
        _ => 3_160,
    }
}
