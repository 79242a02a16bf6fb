//! Event masks (Vol 4, Part E, 7.3.1, 7.3.69 and 7.8.1).

use ble::error::ErrorCode;
use ble::hci::codec::ConnectionEvent;
use ble::hci::{Command, Event};
use ble::time::Instant;

use super::Endpoint;
use super::commands::{Call, GRANTED, Parsed, Reply, Verdict};

/// The event masks of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Masks {
    events: u64,
    page_2: u64,
    le: u64,
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

    /// LE event mask for the halves. They report everything to the endpoint, which needs it for its
    /// own state; but a host that masks the requests for a key or for parameters is not asked on
    /// air either.
    const fn for_halves(&self) -> u64 {
        const ASKED: u64 = 1 << 4 | 1 << 5;
        let asked = if self.classic(61) { self.le & ASKED } else { 0 };
        !ASKED | asked
    }

    /// The form in which the host wants to hear of connections.
    pub(super) const fn connection_event(&self) -> ConnectionEvent {
        if self.subevent(0x0A) { ConnectionEvent::Enhanced } else { ConnectionEvent::Plain }
    }
}

/// Of Set Event Mask Page 2.
pub(super) fn mask(call: &Call<'_>) -> Parsed<u64> {
    let octets = call.parameters.try_into().map_err(|_| ErrorCode::INVALID_PARAMETERS)?;
    Ok(u64::from_le_bytes(octets))
}

impl Endpoint {
    pub(super) fn set_event_mask(&mut self, now: Instant, mask: u64) -> Verdict {
        self.masks.events = mask;
        self.mask_halves(now)
    }

    pub(super) fn set_le_event_mask(&mut self, now: Instant, mask: u64) -> Verdict {
        self.masks.le = mask;
        self.mask_halves(now)
    }

    pub(super) fn set_event_mask_page_2(&mut self, _: Instant, mask: u64) -> Verdict {
        self.masks.page_2 = mask;
        GRANTED
    }

    /// Sets the masks of the halves, as opposed to those of the host.
    pub(super) fn mask_halves(&mut self, now: Instant) -> Verdict {
        let mask = self.masks.for_halves();
        self.halves.both(now, Command::SetEventMask { mask: u64::MAX })?;
        self.halves.both(now, Command::LeSetEventMask { mask }).map(Reply::Waist)
    }
}
