//! Generic Access: setting up, advertising, who may connect and bond (after lesson 5, exercise 2
//! of Nordic's "Bluetooth LE fundamentals" course).

mod advertising;
mod directed;
pub(super) mod privacy;

use super::calling::Calls;
use super::{Host, HostConnection};
use crate::application::{Application, Event};
use crate::config::Config;
pub use advertising::{advertising_data, scan_response_data};
use ble::error::ErrorCode;
use ble::hci::{Command, Handle};
use ble::log::{Line, Severity};
use ble::time::Instant;

/// Disconnection Complete, Encryption Change, Remote Version, Hardware Error, Encryption Key
/// Refresh Complete, LE Meta.
const EVENT_MASK: u64 = 1 << 4 | 1 << 7 | 1 << 11 | 1 << 15 | 1 << 47 | 1 << 61;

/// (Enhanced) Connection Complete, Connection Update Complete, Remote Features, Long Term Key
/// Request, Remote Connection Parameter Request, Data Length Change, PHY Update Complete.
const LE_EVENT_MASK: u64 = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 11;

/// Who may connect and bond now, and the state of advertising.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Gap {
    advertising: advertising::State,
    pairing_mode: PairingMode,
    /// The targets of directed advertising.
    calls: Calls,
}

/// The state of pairing mode. It ends with the first bond, or with the connection made in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
enum PairingMode {
    #[default]
    Off,
    /// Anyone may connect, and bond.
    Open,
    /// A central has connected: advertising is no longer open, but this central may bond. So may
    /// those that were connected before.
    Entered(Handle),
}

/// Commands that set a controller up.
pub(super) fn set_up(config: &Config) -> impl Iterator<Item = Command> {
    let shown = config.rpa_timeout_s.is_none();
    let random = shown && config.address.kind == ble::address::AddressKind::Random;
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

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    /// The controller is set up.
    pub(super) fn initialized(&mut self, now: Instant) {
        self.info(Line::Initialized);
        self.deliver(now, Event::Started);
        self.want_advertising();
    }

    pub(super) fn gap_connection_failed(&mut self, status: ErrorCode) {
        if status != ErrorCode::ADVERTISING_TIMEOUT {
            self.info(Line::ConnectionFailed(status));
        }
        self.want_advertising();
    }

    pub(super) fn gap_connected(&mut self, now: Instant, connection: Handle) {
        self.info(Line::Connected);
        self.gap.calls.end();
        self.deliver(now, Event::Connected { connection });
        if self.gap.pairing_mode == PairingMode::Open {
            self.gap.pairing_mode = PairingMode::Entered(connection);
        }
        if self.connections.iter().any(Option::is_none) {
            self.want_advertising();
        } else {
            self.forget_advertising();
        }
    }

    pub(super) fn gap_disconnected(
        &mut self,
        now: Instant,
        left: &HostConnection,
        reason: ErrorCode,
    ) {
        let connection = left.handle;
        if reason == ErrorCode::FAILED_TO_ESTABLISH {
            self.log(Severity::Warning, "bt_conn", Line::FailedToEstablish);
        }
        self.info(Line::Disconnected(reason));
        self.deliver(now, Event::Disconnected { connection, reason });
        self.info(Line::ConnectionObjectAvailable);
        if self.gap.pairing_mode == PairingMode::Entered(connection) {
            self.end_pairing_mode();
        }
        self.call_back(now, left);
        self.want_advertising();
    }

    /// Bonds have been added or deleted: other centrals may be allowed to connect now.
    pub(super) fn bonds_changed(&mut self) {
        if self.is_advertising() && self.gap.pairing_mode != PairingMode::Open {
            self.want_advertising();
        }
    }

    /// Forgets all keys, and disconnects peers that have a bond or are encrypted.
    pub(super) fn delete_bonds(&mut self, now: Instant) {
        for index in 0..LINKS {
            let Some(Some(connection)) = self.connections.get_mut(index) else { continue };
            let handle = connection.handle;
            if self.smp.bond_of(handle).is_some() || self.smp.level(handle) > 1 {
                connection.client = super::gatt::Client::default();
                let reason = ErrorCode::REMOTE_USER_TERMINATED;
                self.command(Command::Disconnect { handle, reason });
            }
        }
        self.smp.delete_all_bonds(now);
    }

    pub(super) fn open_pairing(&mut self) {
        self.gap.pairing_mode = PairingMode::Open;
        self.smp.set_bondable(true);
        self.info(Line::AcceptListCleared);
        self.info(Line::PairingMode(true));
        if self.connections.iter().any(Option::is_none) {
            self.want_advertising();
        }
    }

    /// A central has bonded, or has connected and disconnected.
    pub(super) fn end_pairing_mode(&mut self) {
        let mode = core::mem::take(&mut self.gap.pairing_mode);
        if mode == PairingMode::Off {
            return;
        }
        self.smp.set_bondable(false);
        self.info(Line::PairingMode(false));
        if mode == PairingMode::Open && self.is_advertising() {
            self.want_advertising();
        }
    }
}
