//! Finding a peripheral and connecting to it (Vol 3, Part C, 9.3).

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{
    AdvertisingReport, Command, ConnectionComplete, CreateConnection, Event, Return, ScanParameters,
};
use ble::time::{Duration, Instant};

use super::config::{OwnAddress, Target};
use super::connection::HostConnection;
use super::{CentralHost, Phase};

/// Scan interval and window in units of 0.625 ms: continuous scanning, channel change every 30 ms.
const SCAN: u16 = 48;
/// Pause between connections of an attacker.
const ATTACK_RECONNECT: Duration = Duration::from_ms(100);

/// Shortened and complete local name.
const NAMES: [u8; 2] = [0x08, 0x09];

/// The first AD structure whose type is in `types`.
fn ad_structure<'a>(mut data: &'a [u8], types: &[u8]) -> Option<&'a [u8]> {
    while let Some((length, rest)) = data.split_first() {
        let (structure, rest) = rest.split_at_checked(usize::from(*length))?;
        match structure.split_first() {
            Some((kind, value)) if types.contains(kind) => return Some(value),
            _ => data = rest,
        }
    }
    None
}

/// Bit of LE Channel Selection Algorithm in the LE event mask: nothing follows from it for a host.
const CHANNEL_SELECTION: u64 = 1 << 19;

impl CentralHost {
    /// Commands that bring the controller up.
    pub(super) fn bring_up(&mut self) {
        self.phase = Phase::Starting;
        self.command(Command::Reset);
        self.command(Command::SetEventMask { mask: u64::MAX });
        self.command(Command::LeSetEventMask { mask: !CHANNEL_SELECTION });
        self.command(Command::LeReadBufferSize);
        self.command(Command::LeReadLocalFeatures);
        self.command(Command::ReadBdAddr);
    }

    /// Read BD_ADDR was the last question: now the local address can be chosen.
    pub(super) fn brought_up(&mut self, now: Instant, public: [u8; 6]) {
        let public = Address::new(ble::address::AddressKind::Public, public);
        let random = match self.config.address {
            OwnAddress::Public => {
                self.identity = public;
                None
            }
            OwnAddress::StaticRandom(printed) => {
                self.identity = Address::static_random(printed);
                Some(self.identity)
            }
            OwnAddress::Resolvable => {
                self.identity = public;
                Some(self.new_key(now))
            }
        };
        self.own_random = random.is_some();
        if let Some(address) = random {
            self.command(Command::LeSetRandomAddress { address: address.octets });
        }
        self.phase = Phase::Idle;
        if self.config.autostart {
            self.connect(now);
        }
    }

    /// The user removes all devices.
    pub(super) fn forget(&mut self, now: Instant) {
        self.bonds.clear();
        self.forgot = true;
        if self.config.forgets_itself && self.config.address == OwnAddress::Resolvable {
            let address = self.new_key(now).octets;
            self.command(Command::LeSetRandomAddress { address });
        }
    }

    /// Starts to look for the target.
    pub(super) fn connect(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Idle | Phase::Waiting(_)) {
            return;
        }
        self.change_address_if_due(now);
        self.resolve_calls();
        if let Target::Address(address) = self.config.target {
            return self.initiate(now, address);
        }
        self.scan();
    }

    /// Looks for the target under the address that it shows now.
    pub(super) fn scan(&mut self) {
        self.phase = Phase::Scanning;
        let parameters = ScanParameters {
            active: true,
            interval: SCAN,
            window: SCAN,
            own_address_random: self.own_random,
            filter: false,
        };
        self.command(Command::LeSetScanParameters { parameters });
        self.command(Command::LeSetScanEnable { enable: true, filter_duplicates: false });
    }

    pub(super) fn advertising_report(&mut self, now: Instant, report: &AdvertisingReport) {
        /// ADV_SCAN_IND and ADV_NONCONN_IND do not show whether the device is connectable; a scan
        /// response follows an ADV_IND that may have carried the name already.
        const CONNECTABLE: [u8; 2] = [0, 4];
        /// ADV_DIRECT_IND that calls this device.
        const CALLS: u8 = 1;
        let called = report.event_type == CALLS && self.bond(report.address).is_some();
        let connectable = called || CONNECTABLE.contains(&report.event_type);
        if self.phase != Phase::Scanning || !connectable {
            return;
        }
        let wanted = match &self.config.target {
            // It has no name; the bond identifies it.
            Target::Name(_) if called => true,
            Target::Any => true,
            Target::Address(address) => *address == report.address,
            Target::Name(name) => {
                ad_structure(&report.data, &NAMES).is_some_and(|listed| listed == name.as_bytes())
            }
        };
        if wanted {
            self.note(&format!("Found {}", report.address));
            self.command(Command::LeSetScanEnable { enable: false, filter_duplicates: false });
            self.initiate(now, report.address);
        }
    }

    fn initiate(&mut self, now: Instant, peer: Address) {
        self.phase = Phase::Connecting(now + self.config.connect_timeout);
        let remembered = self.remembered.filter(|_| self.config.remembers_parameters);
        let request = CreateConnection {
            scan_interval: SCAN,
            scan_window: SCAN,
            peer: Some(peer),
            own_address_random: self.own_random,
            parameters: remembered.unwrap_or(self.config.parameters),
        };
        self.command(Command::LeCreateConnection { request });
    }

    pub(super) fn connection_complete(&mut self, now: Instant, complete: &ConnectionComplete) {
        if !matches!(self.phase, Phase::Connecting(_)) {
            return;
        }
        if complete.status != ErrorCode::SUCCESS {
            self.note(&format!("Connecting failed: {:?}", complete.status));
            self.status.disconnected = Some(complete.status);
            return self.after_connection(now);
        }
        self.note(&format!("Connected to {}", complete.peer));
        self.phase = Phase::Connected;
        self.status.connections += 1;
        self.status.level = 1;
        let cache = self.bond(complete.peer).and_then(|bond| bond.cache.clone());
        let mut connection = HostConnection::new(now, complete, &self.config, self.buffers);
        connection.client.remember(self.config.caching, cache);
        connection.client.resolve_calls(self.config.address_resolution);
        self.connection = Some(connection);
        self.status.refused = 0;
        self.begin_connection(now);
    }

    pub(super) fn disconnected(&mut self, now: Instant, reason: ErrorCode) {
        // Everything under way ends with the link; a pairing reports that itself.
        if let Some(smp) = self.connection.as_mut().and_then(|c| c.smp.as_mut()) {
            smp.link_lost(reason);
            if let Some(connection) = &mut self.connection {
                connection.closing = true;
            }
            self.pump_smp(now);
        }
        self.keep_attributes();
        self.connection = None;
        self.status.disconnected = Some(reason);
        self.status.level = 0;
        self.note(&format!("Disconnected: {reason:?}"));
        if reason == ErrorCode::FAILED_TO_ESTABLISH {
            return self.try_again(now);
        }
        self.unestablished = 0;
        self.after_connection(now);
    }

    /// The peripheral was never heard: there was no connection.
    fn try_again(&mut self, now: Instant) {
        self.status.connections = self.status.connections.saturating_sub(1);
        self.unestablished = self.unestablished.saturating_add(1);
        if self.unestablished >= self.config.connect_attempts {
            self.unestablished = 0;
            return self.after_connection(now);
        }
        self.phase = Phase::Idle;
        self.connect(now);
    }

    fn after_connection(&mut self, now: Instant) {
        let attack_goes_on = self.guesser.is_some()
            && !self.status.bonded
            && self.config.attack.is_some_and(|a| self.status.attempts < a.max_attempts);
        let pause = if attack_goes_on {
            Some(ATTACK_RECONNECT)
        } else {
            let more = self.status.connections < self.config.max_connections;
            self.config.reconnect.filter(|_| more)
        };
        self.phase = pause.map_or(Phase::Idle, |pause| Phase::Waiting(now + pause));
    }

    pub(super) fn gap_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Connecting(at) | Phase::Waiting(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn gap_timer(&mut self, now: Instant) {
        match self.phase {
            Phase::Connecting(at) if at <= now => {
                self.note("No answer; connecting cancelled");
                // LE Connection Complete with an error follows; until then nothing else starts.
                self.phase = Phase::Connecting(Instant::MAX);
                self.command(Command::LeCreateConnectionCancel);
            }
            Phase::Waiting(at) if at <= now => self.connect(now),
            _ => {}
        }
    }

    /// Return parameters that the host keeps.
    pub(super) fn returned(&mut self, now: Instant, event: &Event) {
        match event {
            Event::CommandComplete { returned: Return::BufferSize { length, count }, .. }
                if *length > 0 && *count > 0 =>
            {
                self.buffers = (*length, *count);
            }
            Event::CommandComplete { returned: Return::BdAddr(public), .. }
                if self.phase == Phase::Starting =>
            {
                self.brought_up(now, *public);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_advertising_data() {
        let data = [2, 1, 6, 4, 9, b'a', b'b', b'c'];
        assert_eq!(ad_structure(&data, &NAMES), Some(&b"abc"[..]));
        assert_eq!(ad_structure(&[2, 1, 6], &NAMES), None);
        assert_eq!(ad_structure(&[9, 9, b'a'], &NAMES), None);
        assert_eq!(ad_structure(&[0, 0, 2, 9, b'a'], &NAMES), Some(&b"a"[..]));
    }
}
