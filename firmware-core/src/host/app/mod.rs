//! The LED Button Service application: LEDs, buttons, log lines (after lesson 5, exercise 2 of
//! Nordic's "Bluetooth LE fundamentals" course).

mod advertising;

use super::{Host, Note};
use crate::config::Config;
pub use advertising::{advertising_data, scan_response_data};
use ble::error::ErrorCode;
use ble::hci::{Command, Handle};
use ble::log::{Line, Severity};
use ble::time::Instant;
use ble::ui::{Button, Ui};

/// Disconnection Complete, Encryption Change, Remote Version, Hardware Error, Encryption Key
/// Refresh Complete, LE Meta.
const EVENT_MASK: u64 = 1 << 4 | 1 << 7 | 1 << 11 | 1 << 15 | 1 << 47 | 1 << 61;

/// (Enhanced) Connection Complete, Connection Update Complete, Remote Features, Long Term Key
/// Request, Remote Connection Parameter Request, Data Length Change, PHY Update Complete.
const LE_EVENT_MASK: u64 = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 11;

/// LED of the main loop.
const LED_RUN: u8 = 1;
/// LED that is lit while there is a connection.
const LED_CONNECTED: u8 = 2;

/// State of the application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct App {
    advertising: advertising::State,
    pairing_mode: PairingMode,
}

/// What the pairing button has brought about. It ends with the first bond, or with the connection
/// that it has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
enum PairingMode {
    #[default]
    Off,
    /// Anyone may connect, and bond.
    Open,
    /// Somebody has connected: no longer is advertising open, but this central may bond. So may
    /// those that were connected already.
    Entered(Handle),
}

/// Commands that set a controller up.
pub(super) fn set_up(config: &Config) -> impl Iterator<Item = Command> {
    let random = config.address.kind == ble::address::AddressKind::Random;
    let address = Command::LeSetRandomAddress { address: config.address.octets };
    [
        Command::Reset,
        Command::SetEventMask { mask: EVENT_MASK },
        Command::LeSetEventMask { mask: LE_EVENT_MASK },
        Command::LeReadBufferSize,
        Command::LeReadLocalFeatures,
        Command::LeReadMaximumDataLength,
    ]
    .into_iter()
    .chain(random.then_some(address))
}

impl<const LINKS: usize> Host<LINKS> {
    /// The controller is set up.
    pub(super) fn initialized(&mut self) {
        self.info(Line::Initialized);
        self.led_on(LED_RUN, true);
        self.want_advertising();
    }

    pub(super) fn app_connection_failed(&mut self, status: ErrorCode) {
        self.info(Line::ConnectionFailed(status));
        self.want_advertising();
    }

    pub(super) fn app_connected(&mut self, handle: Handle) {
        self.info(Line::Connected);
        self.led_on(LED_CONNECTED, true);
        if self.app.pairing_mode == PairingMode::Open {
            self.app.pairing_mode = PairingMode::Entered(handle);
        }
        if self.connections.iter().any(Option::is_none) {
            self.want_advertising();
        } else {
            self.forget_advertising();
        }
    }

    pub(super) fn app_disconnected(&mut self, handle: Handle, reason: ErrorCode) {
        if reason == ErrorCode::FAILED_TO_ESTABLISH {
            self.log(Severity::Warning, "bt_conn", Line::FailedToEstablish);
        }
        self.info(Line::Disconnected(reason));
        if self.connections.iter().all(Option::is_none) {
            self.led_on(LED_CONNECTED, false);
        }
        self.info(Line::ConnectionObjectAvailable);
        if self.app.pairing_mode == PairingMode::Entered(handle) {
            self.end_pairing_mode();
        }
        self.want_advertising();
    }

    /// Bonds have come or gone: who may connect may be others now.
    pub(super) fn bonds_changed(&mut self) {
        if self.is_advertising() && self.app.pairing_mode != PairingMode::Open {
            self.want_advertising();
        }
    }

    pub(super) fn button(&mut self, now: Instant, button: Button, pressed: bool) {
        match button {
            Button::User if self.values.button != pressed => {
                self.values.button = pressed;
                // One that nobody could be told in between is not made up for.
                for connection in self.connections.iter_mut().flatten() {
                    connection.button_untold = true;
                }
            }
            Button::User => {}
            Button::DeleteBonds if pressed => self.delete_bonds(now),
            Button::Pairing if pressed => self.pairing_mode(),
            Button::DeleteBonds | Button::Pairing => {}
        }
    }

    /// Forgets all keys, and leaves the peers that used one.
    fn delete_bonds(&mut self, now: Instant) {
        for index in 0..LINKS {
            let Some(Some(connection)) = self.connections.get_mut(index) else { continue };
            let handle = connection.handle;
            if self.smp.bond_of(handle).is_some() || self.smp.level(handle) > 1 {
                connection.client = super::gatt::values::Client::default();
                let reason = ErrorCode::REMOTE_USER_TERMINATED;
                self.command(Command::Disconnect { handle, reason });
            }
        }
        self.smp.delete_all_bonds(now);
        self.info(Line::BondDeleted);
    }

    fn pairing_mode(&mut self) {
        self.app.pairing_mode = PairingMode::Open;
        self.smp.set_bondable(true);
        self.info(Line::AcceptListCleared);
        self.info(Line::PairingMode(true));
        if self.connections.iter().any(Option::is_none) {
            self.want_advertising();
        }
    }

    /// Somebody has bonded, or has come and gone.
    pub(super) fn end_pairing_mode(&mut self) {
        let mode = core::mem::take(&mut self.app.pairing_mode);
        if mode == PairingMode::Off {
            return;
        }
        self.smp.set_bondable(false);
        self.info(Line::PairingMode(false));
        if mode == PairingMode::Open && self.is_advertising() {
            self.want_advertising();
        }
    }

    fn led_on(&mut self, led: u8, on: bool) {
        self.note(Note::Ui(Ui::Led { led, on }));
    }
}
