//! What a host sets for the device as a whole.

use ble::hci::codec::ConnectionEvent;
use ble::hci::{Event, FilterPolicy};
use ble::secret::Secret;

/// Event masks (Vol 4, Part E, 7.3.1, 7.3.69 and 7.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Masks {
    pub(super) events: u64,
    pub(super) page_2: u64,
    pub(super) le: u64,
}

impl Default for Masks {
    /// After a reset; LE Meta events and page 2 are off.
    fn default() -> Self {
        Self { events: 0x0000_1FFF_FFFF_FFFF, page_2: 0, le: 0x1F }
    }
}

impl Masks {
    /// Whether the host wants the classic event of this bit.
    pub(super) const fn classic(&self, bit: u32) -> bool {
        self.events >> bit & 1 == 1
    }

    /// Whether the host wants the LE event of this subevent code.
    pub(super) const fn subevent(&self, code: u8) -> bool {
        self.classic(61) && self.le >> code.saturating_sub(1) & 1 == 1
    }

    /// Whether the host wants this event.
    pub(super) const fn allow(&self, event: &Event) -> bool {
        match event {
            Event::CommandComplete { .. }
            | Event::CommandStatus { .. }
            | Event::NumberOfCompletedPackets { .. }
            | Event::Vendor(_) => true,
            Event::DisconnectionComplete { .. } => self.classic(4),
            Event::EncryptionChange { .. } => self.classic(7),
            Event::RemoteVersion { .. } => self.classic(11),
            Event::HardwareError { .. } => self.classic(15),
            Event::EncryptionKeyRefreshComplete { .. } => self.classic(47),
            Event::AuthenticatedPayloadTimeoutExpired { .. } => self.page_2 >> 23 & 1 == 1,
            // Either form will do.
            Event::LeConnectionComplete(_) => self.subevent(0x01) || self.subevent(0x0A),
            Event::LeAdvertisingReport(_) => self.subevent(0x02),
            Event::LeConnectionUpdateComplete { .. } => self.subevent(0x03),
            Event::LeRemoteFeatures { .. } => self.subevent(0x04),
            Event::LeLongTermKeyRequest { .. } => self.subevent(0x05),
            Event::LeRemoteConnectionParameterRequest { .. } => self.subevent(0x06),
            Event::LeDataLengthChange { .. } => self.subevent(0x07),
            Event::LePhyUpdateComplete { .. } => self.subevent(0x0C),
            Event::LeChannelSelectionAlgorithm { .. } => self.subevent(0x14),
        }
    }

    /// LE event mask for the halves. They tell the endpoint everything, for it keeps books; but
    /// a host that cannot be asked for a key or for parameters is not asked on air either.
    pub(super) const fn for_halves(&self) -> u64 {
        const ASKED: u64 = 1 << 4 | 1 << 5;
        let asked = if self.classic(61) { self.le & ASKED } else { 0 };
        !ASKED | asked
    }

    /// The form in which the host wants to hear of connections.
    pub(super) const fn connection_event(&self) -> ConnectionEvent {
        if self.subevent(0x0A) { ConnectionEvent::Enhanced } else { ConnectionEvent::Plain }
    }
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Settings {
    pub(super) masks: Masks,
    pub(super) random_address: Option<[u8; 6]>,
    /// Suggested connInitialMaxTxOctets and connInitialMaxTxTime.
    pub(super) suggested: (u16, u16),
    /// Filter policy of advertising.
    pub(super) advertising: FilterPolicy,
    /// Scanning with the random address.
    pub(super) scan_random: bool,
    /// Scanning for devices of the accept list only.
    pub(super) scan_filter: bool,
    /// Connecting to any device of the accept list.
    pub(super) connect_from_list: bool,
    /// P-256 private key, least significant octet first.
    pub(super) private_key: Option<Secret<32>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            masks: Masks::default(),
            random_address: None,
            suggested: (27, 328),
            advertising: FilterPolicy::Any,
            scan_random: false,
            scan_filter: false,
            connect_from_list: false,
            private_key: None,
        }
    }
}
