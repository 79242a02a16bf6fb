//! What the feature `trial` adds, for the emulator and for debuggers: the configuration of the
//! founding case with a fixed passkey, results in RAM, and a button that goes wrong.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ble::hci::{Command, Event};
use ble::log::{Line, Log};
use ble::phy::{Coding, Phy, PhySet};
use firmware_core::config::{BondTableFull, Config};
use firmware_core::host::message::HostInput;
use firmware_core::peripheral::Output;
use settings::{AskPhy, Identity, Passkeys, Preset, Settings};

use crate::levels;

/// What a person reads on the device's label.
const PASSKEY: u32 = 123_456;

/// Three words: the `err` of the last change of security (0: it is encrypted), the reason of the
/// last disconnection, and 1 once a pairing was reported whose bond is kept. All bits are set as
/// long as there was none.
#[unsafe(no_mangle)]
static BLETWIN_RESULT: [AtomicU32; 3] = [const { AtomicU32::new(u32::MAX) }; 3];

/// The least that was left of T_IFS when a reply was armed, in 1/16 µs.
#[unsafe(no_mangle)]
static BLETWIN_SLACK: AtomicU32 = AtomicU32::new(u32::MAX);

/// A reply is armed, so long before its ramp-up.
pub fn armed(counts: u32) {
    BLETWIN_SLACK.fetch_min(counts, Ordering::Relaxed);
}

/// The configuration of the founding case, with the passkey fixed, unless the page has another.
pub const DEFAULT: Settings = Settings {
    preset: Preset::Zephyr2024,
    passkey: Passkeys::Fixed(PASSKEY),
    phy_update: AskPhy::Preset,
    address: Identity::Factory,
};

/// What no page can say: a full table of bonds gives up its oldest, so that this is tried as well.
pub fn changed(config: Config) -> Config {
    Config { bond_table_full: BondTableFull::ReplaceOldest, ..config }
}

/// Whether the link is on LE Coded.
static CODED: AtomicBool = AtomicBool::new(false);

/// On LE Coded it sends with S=8 until the link is encrypted, then with S=2: so both are tried.
fn prefer_s2(event: &Event) {
    match *event {
        Event::LePhyUpdateComplete { tx, .. } => {
            CODED.store(tx == Phy::LeCoded, Ordering::Relaxed);
        }
        Event::EncryptionChange { handle, .. } if CODED.load(Ordering::Relaxed) => {
            let coded_options = Coding::S2.option();
            let (tx, rx) = (PhySet::CODED, PhySet::CODED);
            let command = Command::LeSetPhy { handle, tx, rx, coded_options };
            // If it finds no room, the test says so.
            let _ = levels::input(HostInput::Command(command));
        }
        _ => {}
    }
}

/// Keeps what an output tells of results.
pub fn keep<O>(output: &Output<O>) {
    if let Output::HciEvent(event) = output {
        prefer_s2(event);
    }
    let [security, reason, kept] = &BLETWIN_RESULT;
    match output {
        Output::Log(Log { line: Line::SecurityChanged { .. }, .. }) => {
            security.store(0, Ordering::Relaxed);
        }
        Output::Log(Log { line: Line::SecurityFailed { error, .. }, .. }) => {
            security.store(*error as u32, Ordering::Relaxed);
        }
        Output::Log(Log { line: Line::PairingComplete { bonded: true, .. }, .. }) => {
            kept.store(1, Ordering::Relaxed);
        }
        Output::HciEvent(Event::DisconnectionComplete { reason: code, .. }) => {
            reason.store(code.0.into(), Ordering::Relaxed);
        }
        _ => {}
    }
}

/// The fourth button is for tests of what is done about a firmware that goes wrong: alone it makes
/// the thread panic, and hang while the third one is held.
pub fn press(number: usize, pressed: bool) {
    static THIRD: AtomicU32 = AtomicU32::new(0);
    match (number, pressed) {
        (2, pressed) => THIRD.store(pressed.into(), Ordering::Relaxed),
        (3, true) if THIRD.load(Ordering::Relaxed) == 0 => panic!("a person wanted it"),
        (3, true) => loop {
            cortex_m::asm::nop();
        },
        _ => {}
    }
}
