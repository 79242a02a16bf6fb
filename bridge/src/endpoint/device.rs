//! Commands about the device as a whole that the waist does not carry.

use ble::effect::PublicKey;
use ble::error::ErrorCode;
use ble::secret::Secret;
use bletwin_sim::effects;

use super::extended::Family;
use super::privacy::LIST;
use super::table::{self, Row};
use super::{Endpoint, Known};

/// LMP features: BR/EDR Not Supported, LE Supported (Controller).
const LMP_FEATURES: [u8; 8] = [0, 0, 0, 0, 0x60, 0, 0, 0];
/// All combinations of roles that the specification has a bit for.
const SUPPORTED_STATES: u64 = (1 << 42) - 1;
/// dBm. Where an endpoint is heard how strongly is for its place in the world to say.
pub(super) const TX_POWER: i8 = 0;
/// What Read RSSI tells before anything was received.
const NO_RSSI: i8 = 127;
const P256_PUBLIC_KEY: u8 = 0x08;
const DHKEY: u8 = 0x09;

/// What is answered: octets after the status, or an error.
type Answer = Result<Vec<u8>, ErrorCode>;

impl Endpoint {
    /// Carries a command out, if it is one of these. The length of parameters is checked here.
    pub(super) fn device_command(&mut self, row: &Row, parameters: &[u8]) -> bool {
        let answer = match row.opcode {
            0x0C2D => self.read_transmit_power_level(parameters),
            0x0C31 => self.set_host_flow_control(parameters),
            0x0C33 => self.host_buffer_size(parameters),
            // Nobody is told that it went well.
            0x0C35 => match self.host_completed(parameters) {
                Ok(()) => return true,
                Err(error) => Err(error),
            },
            0x0C63 => self.set_event_mask_page_2(parameters),
            0x1001 => nothing(parameters, || self.version()),
            0x1002 => nothing(parameters, || table::supported_commands(self.features).to_vec()),
            0x1003 => nothing(parameters, || LMP_FEATURES.to_vec()),
            0x1405 => self.read_rssi(parameters),
            0x2007 => {
                let told = nothing(parameters, || TX_POWER.to_le_bytes().to_vec());
                told.and_then(|told| self.belongs(Family::Legacy).map(|()| told))
            }
            0x201C => nothing(parameters, || SUPPORTED_STATES.to_le_bytes().to_vec()),
            0x2023 => nothing(parameters, || {
                let (octets, time) = self.settings.suggested;
                [octets.to_le_bytes(), time.to_le_bytes()].concat()
            }),
            0x202A => nothing(parameters, || vec![LIST as u8]),
            0x202B => self.read_private(parameters, false),
            0x202C => self.read_private(parameters, true),
            0x202E => self.set_timeout(parameters),
            0x204B => nothing(parameters, || [TX_POWER.to_le_bytes(); 2].concat()),
            0xFC06 => self.write_bd_addr(parameters),
            0x2025 => {
                self.read_public_key(row, parameters);
                return true;
            }
            0x2026 => {
                self.generate_dhkey(row, parameters);
                return true;
            }
            _ => return false,
        };
        match answer {
            Ok(returned) => self.complete_raw(row.opcode, &returned),
            Err(error) => self.refuse(row, parameters, error),
        }
        true
    }

    fn version(&self) -> Vec<u8> {
        let version = self.config.version;
        let [company_low, company_high] = version.company.to_le_bytes();
        let [low, high] = version.subversion.to_le_bytes();
        vec![version.version, low, high, version.version, company_low, company_high, low, high]
    }

    fn set_event_mask_page_2(&mut self, parameters: &[u8]) -> Answer {
        let mask = parameters.try_into().map_err(|_| ErrorCode::INVALID_PARAMETERS)?;
        self.settings.masks.page_2 = u64::from_le_bytes(mask);
        Ok(Vec::new())
    }

    /// Of the level at present and of the highest: they are the same.
    fn read_transmit_power_level(&self, parameters: &[u8]) -> Answer {
        let [low, high, 0 | 1] = *parameters else {
            return Err(ErrorCode::INVALID_PARAMETERS);
        };
        self.known(low, high)?;
        Ok([&[low, high], &TX_POWER.to_le_bytes()[..]].concat())
    }

    fn read_rssi(&self, parameters: &[u8]) -> Answer {
        let [low, high] = *parameters else { return Err(ErrorCode::INVALID_PARAMETERS) };
        let rssi = self.known(low, high)?.rssi.unwrap_or(NO_RSSI);
        Ok([&[low, high], &rssi.to_le_bytes()[..]].concat())
    }

    fn known(&self, low: u8, high: u8) -> Result<&Known, ErrorCode> {
        let handle = u16::from_le_bytes([low, high]);
        self.connections.get(&handle).ok_or(ErrorCode::UNKNOWN_CONNECTION)
    }

    fn write_bd_addr(&mut self, parameters: &[u8]) -> Answer {
        let address = parameters.try_into().map_err(|_| ErrorCode::INVALID_PARAMETERS)?;
        if self.is_active() || !self.connections.is_empty() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.set_public_address(address);
        Ok(Vec::new())
    }

    fn read_public_key(&mut self, row: &Row, parameters: &[u8]) {
        if !parameters.is_empty() {
            return self.refuse(row, parameters, ErrorCode::INVALID_PARAMETERS);
        }
        self.status(row.opcode, ErrorCode::SUCCESS);
        // All but one in 2³² draws are private keys.
        let drawn = (0..8).find_map(|_| {
            let private = Secret::new(self.random.octets());
            effects::public_key(&private).map(|public| (private, public))
        });
        let told = match drawn {
            Some((private, PublicKey { x, y })) => {
                self.settings.private_key = Some(private);
                [&[ErrorCode::SUCCESS.0], &x[..], &y[..]].concat()
            }
            None => [&[ErrorCode::UNSPECIFIED.0][..], &[0; 64]].concat(),
        };
        self.subevent(P256_PUBLIC_KEY, &told);
    }

    /// A point that is not on the curve is answered with Invalid HCI Command Parameters and the
    /// key that says so: all ones.
    fn generate_dhkey(&mut self, row: &Row, parameters: &[u8]) {
        let Ok(point) = <[u8; 64]>::try_from(parameters) else {
            return self.refuse(row, parameters, ErrorCode::INVALID_PARAMETERS);
        };
        let (mut x, mut y) = ([0; 32], [0; 32]);
        x.copy_from_slice(&point[..32]);
        y.copy_from_slice(&point[32..]);
        let Some(private) = &self.settings.private_key else {
            return self.refuse(row, parameters, ErrorCode::COMMAND_DISALLOWED);
        };
        let shared = effects::shared_secret(private, &PublicKey { x, y });
        self.status(row.opcode, ErrorCode::SUCCESS);
        let told = match &shared {
            Some(key) => [&[ErrorCode::SUCCESS.0], &key.expose()[..]].concat(),
            None => [&[ErrorCode::INVALID_PARAMETERS.0][..], &[0xFF; 32]].concat(),
        };
        self.subevent(DHKEY, &told);
    }
}

fn nothing(parameters: &[u8], answer: impl FnOnce() -> Vec<u8>) -> Answer {
    if parameters.is_empty() { Ok(answer()) } else { Err(ErrorCode::INVALID_PARAMETERS) }
}
