//! Commands about the device as a whole.

use ble::crypto::aes;
use ble::error::ErrorCode;
use ble::hci::{Command, Return};
use ble::radio::RadioCommand;
use ble::secret::Secret;
use ble::time::Instant;

use super::arbiter::Arbiter;
use super::commands::{Call, DONE, GRANTED, Parsed, Reply, Verdict};
use super::{Endpoint, Output, table};

/// LMP features: BR/EDR Not Supported, LE Supported (Controller).
const LMP_FEATURES: [u8; 8] = [0, 0, 0, 0, 0x60, 0, 0, 0];
/// All combinations of roles that the specification has a bit for.
const SUPPORTED_STATES: u64 = (1 << 42) - 1;
/// dBm. Where an endpoint is heard how strongly is for its place in the world to say.
pub(super) const TX_POWER: i8 = 0;

/// The host's settings for the whole device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Settings {
    random_address: Option<[u8; 6]>,
    /// Suggested connInitialMaxTxOctets and connInitialMaxTxTime.
    suggested: (u16, u16),
}

impl Default for Settings {
    fn default() -> Self {
        Self { random_address: None, suggested: (27, 328) }
    }
}

impl Settings {
    pub(super) const fn random_address(&self) -> Option<[u8; 6]> {
        self.random_address
    }
}

/// Of the vendor's command that gives a public address.
pub(super) fn address(call: &Call<'_>) -> Parsed<[u8; 6]> {
    call.parameters.try_into().map_err(|_| ErrorCode::INVALID_PARAMETERS)
}

impl Endpoint {
    /// Ends everything without PDUs or events: peers notice by their supervision timeout.
    pub(super) fn reset(&mut self, now: Instant) -> Verdict {
        // Neither half can refuse a reset.
        let _ = self.halves.both(now, Command::Reset);
        self.pass_on(now);
        self.arbiter = Arbiter::default();
        self.out.0.push_back(Output::Radio(RadioCommand::Stop));
        self.forget_host();
        self.halves.disable_set(now);
        let _ = self.mask_halves(now);
        DONE
    }

    pub(super) fn read_local_version(&mut self, _: Instant) -> Verdict {
        let version = self.config.version;
        let [company_low, company_high] = version.company.to_le_bytes();
        let [low, high] = version.subversion.to_le_bytes();
        let version = version.version;
        Ok(Reply::Octets(vec![version, low, high, version, company_low, company_high, low, high]))
    }

    pub(super) fn read_supported_commands(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets(table::supported_commands(self.features).to_vec()))
    }

    pub(super) fn read_supported_features(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets(LMP_FEATURES.to_vec()))
    }

    pub(super) fn read_supported_states(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets(SUPPORTED_STATES.to_le_bytes().to_vec()))
    }

    pub(super) fn read_local_features(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Waist(Return::Features(self.features)))
    }

    pub(super) fn read_bd_addr(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Waist(Return::BdAddr(self.config.public_address)))
    }

    pub(super) fn write_bd_addr(&mut self, _: Instant, address: [u8; 6]) -> Verdict {
        if self.is_active() || !self.connections.are_none() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.set_public_address(address);
        GRANTED
    }

    pub(super) fn set_random_address(&mut self, now: Instant, address: [u8; 6]) -> Verdict {
        if self.is_active() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.settings.random_address = Some(address);
        self.halves.both(now, Command::LeSetRandomAddress { address }).map(Reply::Waist)
    }

    pub(super) fn read_advertising_power(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets(TX_POWER.to_le_bytes().to_vec()))
    }

    /// The lowest and the highest.
    pub(super) fn read_transmit_power(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Octets([TX_POWER.to_le_bytes(); 2].concat()))
    }

    pub(super) fn read_default_data_length(&mut self, _: Instant) -> Verdict {
        let (octets, time) = self.settings.suggested;
        Ok(Reply::Octets([octets.to_le_bytes(), time.to_le_bytes()].concat()))
    }

    pub(super) fn write_default_data_length(
        &mut self,
        now: Instant,
        tx_octets: u16,
        tx_time: u16,
    ) -> Verdict {
        let command = Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time };
        let done = self.halves.both(now, command)?;
        self.settings.suggested = (tx_octets, tx_time);
        Ok(Reply::Waist(done))
    }

    pub(super) fn set_default_phy(&mut self, now: Instant, command: Command) -> Verdict {
        self.halves.both(now, command).map(Reply::Waist)
    }

    pub(super) fn random_number(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Waist(Return::Random(self.random.octets())))
    }

    pub(super) fn encrypt(
        &mut self,
        _: Instant,
        key: &Secret<16>,
        plaintext: &Secret<16>,
    ) -> Verdict {
        Ok(Reply::Waist(Return::Encrypted(aes::e(key.expose(), plaintext.expose()))))
    }
}
