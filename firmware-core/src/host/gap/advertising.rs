//! The advertising cycle: who may connect, and the HCI commands for it.

use super::PairingMode;
use crate::application::Application;
use crate::config::Accept;
use crate::host::gatt::{Gatt, Uuid};
use crate::host::{BONDS, Host, Stage};
use ble::address::AddressKind;
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, AdvertisingType, Command, FilterPolicy, HciOpcode};
use ble::invariant::Invariant;
use ble::log::{Line, Severity};
use ble::pdu::advertising::AdvertisingData;
use ble::secret::Secret;
use ble::time::Instant;

/// Commands of one cycle: four for each bond at most, and eleven more.
const CYCLE: usize = BONDS * 4 + 11;

const SET_ENABLE: HciOpcode = HciOpcode(0x200A);

/// How far advertising is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) enum State {
    #[default]
    Off,
    /// To be started, or started anew, as soon as the commands before have been answered.
    Wanted {
        /// It is on, and must be stopped first.
        running: bool,
    },
    /// Commands are queued or unanswered.
    Starting,
    On,
}

/// Flag: LE General Discoverable Mode.
const GENERAL: u8 = 0x02;
/// Flag: BR/EDR Not Supported.
const NO_BR_EDR: u8 = 0x04;

/// AdvData: Flags (no BR/EDR; LE general discoverable, if it is), Complete Local Name.
// GAP-AD-2: data types in their places. GAP-DISC-1: one discoverable mode.
#[must_use]
pub fn advertising_data(gatt: &Gatt, discoverable: bool) -> AdvertisingData {
    let mut data = AdvertisingData::new();
    structure(&mut data, 0x01, &[if discoverable { GENERAL | NO_BR_EDR } else { NO_BR_EDR }]);
    structure(&mut data, 0x09, gatt.name.as_bytes());
    data
}

/// ScanRspData: Complete List of 16-bit or of 128-bit Service Class UUIDs, if one is advertised.
#[must_use]
pub fn scan_response_data(gatt: &Gatt) -> AdvertisingData {
    let mut data = AdvertisingData::new();
    match &gatt.advertised {
        Some(Uuid::Short(uuid)) => structure(&mut data, 0x03, uuid),
        Some(Uuid::Long(uuid)) => structure(&mut data, 0x07, uuid),
        None => {}
    }
    data
}

// GAP-AD-1: structures of advertising data.
fn structure(data: &mut AdvertisingData, kind: u8, value: &[u8]) {
    let length = u8::try_from(value.len()).unwrap_or(0).saturating_add(1);
    // They fit: a table takes no longer name.
    let _ = data.extend_from_slice(&[length, kind]);
    let _ = data.extend_from_slice(value);
}

const fn switches_on(command: &Command) -> bool {
    matches!(command, Command::LeSetAdvertisingEnable { enable: true })
}

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    pub(super) fn want_advertising(&mut self) {
        let running = match self.gap.advertising {
            State::Off => false,
            State::Wanted { running } => running,
            State::Starting | State::On => true,
        };
        self.gap.advertising = State::Wanted { running };
    }

    /// There is no connection left to advertise for.
    pub(super) fn forget_advertising(&mut self) {
        self.gap.advertising = State::Off;
        self.commands.retain(|command| !switches_on(command));
    }

    /// The controller has stopped by itself, for a connection.
    pub(in crate::host) fn advertising_stopped(&mut self) {
        self.gap.advertising = State::Off;
        self.privacy.has_rotated();
    }

    pub(super) fn is_advertising(&self) -> bool {
        self.gap.advertising != State::Off
    }

    /// Whether its address can be heard.
    pub(super) fn is_on_air(&self) -> bool {
        self.gap.advertising == State::On
    }

    pub(in crate::host) fn advertise_if_due(&mut self, now: Instant) {
        let State::Wanted { running } = self.gap.advertising else { return };
        if self.stage != Stage::Ready
            || !self.commands.are_done()
            || !self.commands.have_room_for(CYCLE)
        {
            return;
        }
        self.gap.advertising = State::Starting;
        if running {
            self.command(Command::LeSetAdvertisingEnable { enable: false });
        }
        let listed = self.fill_lists();
        let called = self.called(now);
        let as_before = self.gap.calls.start(called.is_some());
        if self.privacy.is_rotating() && as_before {
            // Nothing but the address is new.
        } else if let Some((_, peer, _)) = called {
            self.info(Line::AdvertisingDirected(peer));
        } else if listed == 0 {
            self.info(Line::AdvertisingOpen);
        } else {
            self.info(Line::AcceptListSize(listed));
            self.info(Line::AdvertisingWithAcceptList);
        }
        let filter = if listed == 0 { FilterPolicy::Any } else { FilterPolicy::ConnectFromList };
        let own = self.own_address(now);
        // Directed advertising has its filter in its target.
        let undirected = (AdvertisingType::ConnectableUndirected, self.config.address, own);
        let (kind, _, peer) = called.unwrap_or(undirected);
        self.command(Command::LeSetAdvertisingParameters {
            parameters: AdvertisingParameters {
                interval_min: self.config.advertising_interval,
                interval_max: self.config.advertising_interval,
                kind,
                own_address_random: own.kind == AddressKind::Random,
                peer,
                channel_map: 0x07,
                filter,
            },
        });
        // GAP-DISC-2: who is discoverable answers everybody.
        let data = advertising_data(&A::GATT, listed == 0);
        self.command(Command::LeSetAdvertisingData { data });
        self.command(Command::LeSetScanResponseData { data: scan_response_data(&A::GATT) });
        self.command(Command::LeSetAdvertisingEnable { enable: true });
    }

    /// Fills the filter accept list and the resolving list from the bonds; the number of devices
    /// in the former.
    fn fill_lists(&mut self) -> u8 {
        self.command(Command::LeClearFilterAcceptList);
        self.command(Command::LeSetAddressResolutionEnable { enable: false });
        self.command(Command::LeClearResolvingList);
        let mode = self.gap.pairing_mode == PairingMode::Open;
        let open = mode || self.config.accept == Accept::Anyone;
        let mut listed = 0_u8;
        let mut private = false;
        let mut kept = true;
        for bond in self.smp.bonds() {
            let identity = bond.identity;
            if !open {
                let command = Command::LeAddToFilterAcceptList { address: identity };
                kept &= self.commands.push(command);
                listed = listed.saturating_add(1);
            }
            // A peer with a key of zeros uses its identity address only.
            if let Some(peer_irk) = bond.irk.clone().filter(|irk| *irk != Secret::new([0; 16])) {
                private = true;
                let local_irk = Secret::new([0; 16]);
                let command = Command::LeAddToResolvingList { identity, peer_irk, local_irk };
                kept &= self.commands.push(command);
                // Some centrals use their identity address although they have distributed a key.
                let command = Command::LeSetPrivacyMode { identity, device_privacy: true };
                kept &= self.commands.push(command);
            }
        }
        self.broken.check(Invariant::CommandsFit, kept);
        if private {
            self.command(Command::LeSetAddressResolutionEnable { enable: true });
        }
        listed
    }

    pub(in crate::host) fn advertising_answered(&mut self, opcode: HciOpcode, status: ErrorCode) {
        // After the answer to disabling, the answer to enabling is still to come.
        if opcode != SET_ENABLE
            || self.gap.advertising != State::Starting
            || self.commands.hold(switches_on)
        {
            return;
        }
        if status == ErrorCode::SUCCESS {
            self.gap.advertising = State::On;
            if !self.privacy.has_rotated() {
                self.info(Line::AdvertisingStarted);
            }
        } else {
            self.gap.advertising = State::Off;
            let line = Line::ProcedureFailed { what: "Advertising", error: status };
            self.log(Severity::Error, "BLE_Main", line);
        }
    }
}
