//! Build-time choices of a peripheral, as values, so that the simulator can try them all.

use ble::address::Address;
use ble::hci::ConnectionParameters;
use ble::pdu::control::FeatureSet;
use ble::security::IoCapability;
pub use lapses::{
    BeforeInstant, CheckAddress, Lapses, Refusals, SecondUnknown, ServiceChanged, StoredKey,
    Unanswered,
};

/// When the peripheral asks for a faster PHY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhyUpdate {
    /// Immediately after connecting (`CONFIG_BT_AUTO_PHY_UPDATE=y`).
    OnConnect,
    /// When pairing has completed with a bond; on a bonded reconnection, after encryption.
    AfterBonding,
    /// Never by itself.
    Never,
}

/// Whether the peripheral asks for the central's features when it knows them already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeatureExchange {
    /// Only if the central has not sent its features on this connection, and not while pairing.
    Cached,
    /// Always, immediately after connecting, as Zephyr's host does.
    Always,
}

/// Whether the peripheral asks for the central's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionExchange {
    /// Immediately after connecting (`CONFIG_BT_REMOTE_VERSION=y`).
    OnConnect,
    /// Never by itself.
    Never,
}

/// When the peripheral asks for longer data PDUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataLengthUpdate {
    /// Immediately after connecting.
    OnConnect,
    /// When pairing has completed with a bond; on a bonded reconnection, after encryption.
    AfterBonding,
    /// Never by itself.
    Never,
}

/// Whether and when the peripheral asks for its preferred connection parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamUpdate {
    /// This many milliseconds after connecting (Zephyr: 5,000), regardless of other procedures.
    AfterMs(u32),
    /// This many milliseconds after connecting, but not before a pairing that runs has ended.
    AfterMsNotWhilePairing(u32),
    /// Never by itself; the application still may ask.
    Never,
}

/// What becomes of a connection whose parameters are not the preferred ones after the last try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotGranted {
    /// It keeps the present ones.
    Stay,
    /// It is ended, Unacceptable Connection Parameters (0x3B), as by Nordic's connection
    /// parameters module.
    Leave,
}

/// How the peripheral insists on its preferred connection parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Insistence {
    /// How often it asks for them, at least once.
    pub tries: u8,
    /// From one try to the next, and from the last one to giving up, milliseconds.
    pub period_ms: u32,
    /// The reaction if they are not granted by then.
    pub not_granted: NotGranted,
}

impl Insistence {
    /// Requested once; any result is accepted.
    pub const NONE: Self = Self { tries: 1, period_ms: 30_000, not_granted: NotGranted::Stay };
}

/// Where the passkey that the device displays comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Passkey {
    /// A new random one for each pairing.
    Random,
    /// Always the same. **Insecure**: each attempt discloses one of its 20 bits, so at most 20
    /// attempts (10.9 on average) or one sniffed pairing reveal it; see docs. Logged as a warning.
    Static(u32),
}

/// Who may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accept {
    /// Once there are bonds: only bonded centrals, until the pairing button is pressed.
    BondedOnly,
    /// Any central, bonded or not: the filter accept list stays empty.
    Anyone,
}

/// How a Pairing Request is handled outside pairing mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairingOutsideMode {
    /// Pairing Failed, Pairing Not Supported (SMP 0x05).
    Refuse,
    /// GAP's non-bondable mode (Vol 3, Part C, 9.4.2): pairing proceeds, Bonding_Flags say "No
    /// Bonding", and the keys are dropped with the connection.
    WithoutBonding,
    /// A pairing with MITM protection bonds, because a person at the device reads, types or
    /// compares a number; Just Works is refused.
    Authenticated,
}

/// How the peripheral advertises after a bonded central has disconnected, until a central connects
/// (directed connectable mode, Vol 3, Part C, 9.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReconnectAdvertising {
    /// To everybody, as at all other times.
    Undirected,
    /// Calls that central alone, at the advertising interval, for 30 s; then as always.
    DirectedLow,
    /// Calls that central alone, without a pause, for 1.28 s; then as always.
    DirectedHigh,
}

/// Which keys may replace the key of a bond. None ever replaces a stronger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BondOverwrite {
    /// Only those with MITM protection (Zephyr without `CONFIG_BT_SMP_ALLOW_UNAUTH_OVERWRITE`).
    Authenticated,
    /// Those of Just Works too, if the central has proven the old key by encryption in the same
    /// connection, or the person has opened pairing mode.
    Unauthenticated,
}

/// What becomes of one more central when the table of bonds is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BondTableFull {
    /// It is refused (SMP 0x08), and the log says why.
    Refuse,
    /// It takes the place of the oldest bond that is neither in use nor stronger.
    ReplaceOldest,
}

/// Choices of the whole peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Local identity address.
    pub address: Address,
    /// When to ask for 2M.
    pub phy_update: PhyUpdate,
    /// When to ask for features.
    pub feature_exchange: FeatureExchange,
    /// When to ask for the version.
    pub version_exchange: VersionExchange,
    /// When to ask for longer PDUs.
    pub data_length: DataLengthUpdate,
    /// When to ask for other parameters.
    pub param_update: ParamUpdate,
    /// What to ask for then.
    pub preferred: ConnectionParameters,
    /// How it insists on that.
    pub insistence: Insistence,
    /// The connection is ended (Remote User Terminated Connection, 0x13) when no ATT or SMP PDU was
    /// received and no value was sent for this many milliseconds; `None`: never for this reason.
    pub leaves_idle_ms: Option<u32>,
    /// Where passkeys come from.
    pub passkey: Passkey,
    /// What the device can show and ask.
    pub io: IoCapability,
    /// Security level of attributes that leave it to the device
    /// ([`Access::Demanded`](crate::host::gatt::Access::Demanded)), 1–4.
    pub required_level: u8,
    /// Whether a pairing may leave a bond.
    pub bonding: bool,
    /// Who may connect.
    pub accept: Accept,
    /// What becomes of a Pairing Request outside pairing mode; `None`: as
    /// [`Config::outside_mode`] says.
    pub pairing_outside_mode: Option<PairingOutsideMode>,
    /// Which keys may replace the key of a bond.
    pub bond_overwrite: BondOverwrite,
    /// What becomes of one more central when the table of bonds is full.
    pub bond_table_full: BondTableFull,
    /// It shows resolvable private addresses, each each for at most this many seconds, 1–3,600;
    /// `None`: its identity address.
    pub rpa_timeout_s: Option<u16>,
    /// advInterval, units of 0.625 ms.
    pub advertising_interval: u16,
    /// How it advertises when a bonded central has left.
    pub reconnect_advertising: ReconnectAdvertising,
    /// Sleep clock accuracy in ppm, for window widening.
    pub sleep_clock_ppm: u16,
    /// Back off after failed pairing attempts (answer Repeated Attempts, doubling the wait).
    /// Off only for experiments.
    pub pairing_back_off: bool,
    /// How many channels the central is asked to use at least; 0: it is not asked.
    pub min_used_channels: u8,
    /// Refuse the connection parameters that the central asks for (LL_CONNECTION_PARAM_REQ).
    pub refuses_parameters: bool,
    /// Whether the host starts security by itself (Security Request) on connection.
    pub security_request: bool,
    /// Link layer features that are not offered although they could be.
    pub left_out: FeatureSet,
    /// Mistakes of other firmware, where the build makes them.
    pub lapses: Lapses,
    /// Pair with the debug key of the specification instead of a generated key. **Insecure**: its
    /// private half is public, so that sniffers can follow.
    pub debug_key: bool,
}

impl Config {
    /// How a Pairing Request is handled outside pairing mode. If any attribute needs level 2 only,
    /// Just Works gives access without a person at the device: only the pairing button then shows
    /// consent. If level 3 is needed, a person has to read, type or compare a number, which shows
    /// the same.
    #[must_use]
    pub const fn outside_mode(&self) -> PairingOutsideMode {
        match self.pairing_outside_mode {
            Some(chosen) => chosen,
            None if !self.bonding => PairingOutsideMode::WithoutBonding,
            None if self.required_level <= 2 => PairingOutsideMode::Refuse,
            None => PairingOutsideMode::Authenticated,
        }
    }

    /// What the peripheral of the founding case did: feature request, PHY update and data length
    /// back to back on connecting, connection parameters after 5 s, random passkey, static
    /// random address.
    #[must_use]
    pub const fn zephyr_2024() -> Self {
        Self {
            address: Address::static_random([0xC0, 0x1D, 0xB0, 0x0B, 0x1E, 0x55]),
            phy_update: PhyUpdate::OnConnect,
            feature_exchange: FeatureExchange::Always,
            version_exchange: VersionExchange::Never,
            data_length: DataLengthUpdate::OnConnect,
            param_update: ParamUpdate::AfterMs(5_000),
            preferred: ConnectionParameters {
                interval_min: 24,
                interval_max: 40,
                latency: 0,
                timeout: 42,
            },
            insistence: Insistence::NONE,
            leaves_idle_ms: None,
            passkey: Passkey::Random,
            io: IoCapability::DisplayOnly,
            required_level: 4,
            bonding: true,
            accept: Accept::BondedOnly,
            pairing_outside_mode: None,
            bond_overwrite: BondOverwrite::Authenticated,
            bond_table_full: BondTableFull::Refuse,
            rpa_timeout_s: None,
            advertising_interval: 160,
            reconnect_advertising: ReconnectAdvertising::Undirected,
            sleep_clock_ppm: 50,
            pairing_back_off: true,
            min_used_channels: 0,
            refuses_parameters: false,
            security_request: false,
            left_out: FeatureSet(0),
            lapses: Lapses::NONE,
            debug_key: false,
        }
    }

    /// What bletwin recommends: nothing is started by the peripheral itself between Pairing
    /// Request and the end of encryption; 2M and long PDUs after bonding; parameters that Apple's
    /// rules accept too, those of today (R30) and those of before.
    #[must_use]
    pub const fn recommended() -> Self {
        Self {
            phy_update: PhyUpdate::AfterBonding,
            feature_exchange: FeatureExchange::Cached,
            data_length: DataLengthUpdate::AfterBonding,
            param_update: ParamUpdate::AfterMsNotWhilePairing(5_000),
            preferred: ConnectionParameters {
                interval_min: 24,
                interval_max: 36,
                latency: 0,
                timeout: 600,
            },
            ..Self::zephyr_2024()
        }
    }
}
