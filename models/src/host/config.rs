//! The configuration of a central's host, as plain data.

use std::fmt;

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::ConnectionParameters;
use ble::phy::{Coding, PhySet};
use ble::security::IoCapability;
use ble::time::Duration;

use super::security::Bond;

/// Which peripheral the user picks from the list of devices found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The first that advertises this local name (complete or shortened).
    Name(String),
    /// The one with this address; it is connected to without scanning first.
    Address(Address),
    /// The first that can be connected to.
    Any,
}

/// The address that the central shows on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnAddress {
    /// The controller's public address.
    Public,
    /// A static random address; its octets as printed, the two top bits are set.
    StaticRandom([u8; 6]),
    /// A resolvable private address; the identity is the public address.
    Resolvable,
}

/// A procedure that the host requests of its controller by itself on connecting, without waiting
/// for the end of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostProcedure {
    /// LE Read Remote Features.
    Features,
    /// Read Remote Version Information.
    Version,
    /// LE Set Data Length to 251 octets, 2,120 µs.
    DataLength,
    /// LE Set PHY to this set in both directions.
    Phy(PhySet),
}

/// A characteristic, by its UUID: least significant octet first, two octets or sixteen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Uuid {
    /// Assigned by the Bluetooth SIG.
    Short(u16),
    /// Any other; least significant octet first.
    Long([u8; 16]),
}

impl Uuid {
    /// From sixteen octets as printed.
    #[must_use]
    pub const fn printed(value: u128) -> Self {
        Self::Long(value.to_le_bytes())
    }

    /// Button characteristic of the LED Button Service.
    pub const BUTTON: Self = Self::printed(0x0000_1524_1212_efde_1523_785f_eabc_d123);
    /// LED characteristic of the LED Button Service.
    pub const LED: Self = Self::printed(0x0000_1525_1212_efde_1523_785f_eabc_d123);
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            known if *known == Self::BUTTON => f.write_str("the Button characteristic"),
            known if *known == Self::LED => f.write_str("the LED characteristic"),
            Self::Short(uuid) => write!(f, "characteristic 0x{uuid:04X}"),
            Self::Long(octets) => write!(f, "characteristic {:032x}", u128::from_le_bytes(*octets)),
        }
    }
}

/// One thing that the user or the application wants, in its turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Exchange MTU (Vol 3, Part G, 4.3.1); done immediately if this connection had one.
    ExchangeMtu,
    /// Make the link secure: with the bond if there is one, else by pairing.
    Secure,
    /// Discover all services and characteristics.
    Discover,
    /// Write a value and wait for the response.
    Write(Uuid, Vec<u8>),
    /// Read a value.
    Read(Uuid),
    /// Enable notifications, or indications where there are no others.
    Subscribe(Uuid),
    /// Do nothing for a while.
    Stay(Duration),
    /// Disconnect (Remote User Terminated Connection).
    Disconnect,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExchangeMtu => f.write_str("MTU exchange"),
            Self::Secure => f.write_str("securing the link"),
            Self::Discover => f.write_str("discovery"),
            Self::Write(uuid, value) => {
                write!(f, "writing ")?;
                value.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
                write!(f, " to {uuid}")
            }
            Self::Read(uuid) => write!(f, "reading {uuid}"),
            Self::Subscribe(uuid) => write!(f, "subscribing to {uuid}"),
            Self::Stay(time) => write!(f, "staying {} ms", time.as_us() / 1000),
            Self::Disconnect => f.write_str("disconnecting"),
        }
    }
}

/// Errors and requests on which the host pairs by itself; [`Step::Secure`] is the user's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PairOn {
    /// An ATT error Insufficient Authentication, Encryption or Encryption Key Size.
    pub att_error: bool,
    /// The same with a peripheral after its user has removed devices.
    pub forgotten: bool,
    /// A Security Request. If not, it is answered with Pairing Not Supported.
    pub security_request: bool,
}

/// What happens when the peer uses the public key whose private key is in the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DebugKey {
    /// Pairing continues; the key counts as unauthenticated and is not stored.
    Accept,
    /// Pairing continues as with any other key.
    Trust,
    /// Pairing Failed, Invalid Parameters, right after the key exchange.
    Reject,
}

/// What happens when the peripheral has no key for a bond that this host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyMissing {
    /// Disconnect and keep the bond: the user has to remove the device first.
    Disconnect,
    /// Forget the bond and pair anew.
    PairAgain,
    /// Carry on without encryption.
    Ignore,
}

/// Which connection parameters a peripheral may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterRules {
    /// All that the specification allows.
    All,
    /// Accessory Design Guidelines for Apple Devices, R30 (June 2026), 58.6: shortest interval
    /// 15 ms to 2 s in steps of 15 ms, room of 15 ms between the two (or both 15 ms), latency ≤ 30,
    /// timeout 6–18 s, longest interval × (latency + 1) ≤ 6 s, three of these within the timeout.
    Apple,
    /// The same guidelines as they were from R11 (2019, 25.6) to R24 (52.6): timeout 2–6 s, longest
    /// interval × (latency + 1) ≤ 2 s.
    Apple2019,
    /// No longer interval than this, in units of 1.25 ms: a request whose maximum is above it is
    /// rejected, as Linux does above the maximum of its own configuration.
    AtMost(u16),
    /// All by word alone: a request by L2CAP is accepted, and no update follows.
    AcceptOnly,
    /// No parameters: every request is rejected.
    Reject,
}

/// How a central changes connection parameters that it accepts, before it sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    /// This interval, units of 1.25 ms, regardless of the request.
    Interval(u16),
    /// No interval below this, units of 1.25 ms.
    AtLeast(u16),
    /// Both ends of the range rounded up to a multiple of this, units of 1.25 ms.
    MultipleOf(u16),
    /// The shortest interval of the range, where others take the longest.
    Shortest,
    /// This latency, events.
    Latency(u16),
    /// This supervision timeout, units of 10 ms.
    Timeout(u16),
    /// A request by L2CAP is answered, and the change begins once the answer has arrived. Else the
    /// link layer's PDU overtakes the answer.
    ResponseFirst,
}

/// Why a host ends a connection, in Disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeavingReasons {
    /// The user or the application has done, or has waited long enough.
    pub done: ErrorCode,
    /// The peripheral has lost the key.
    pub key_missing: ErrorCode,
}

/// What a host caches of a bonded peripheral's attributes, and how it learns of changes (Vol 3,
/// Part G, 2.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caching {
    /// Nothing: it discovers in each connection.
    None,
    /// Their handles, without a way to learn of changes.
    Handles,
    /// Their handles; it subscribes to Service Changed.
    ServiceChanged,
    /// Their handles, as long as the Database Hash, which it reads first, is unchanged.
    Hash,
    /// Their handles, by robust caching: a peripheral with a changed database refuses its requests.
    Robust,
}

/// How a bonded reconnection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BondedStart {
    /// Encryption first; everything else waits for it.
    EncryptFirst,
    /// Encryption immediately, and everything else in parallel.
    EncryptAlongside,
    /// Only when a step or an ATT error asks for it.
    OnDemand,
}

/// How pairing is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PairingConfig {
    /// What the host can show and ask.
    pub io: IoCapability,
    /// Ask for man-in-the-middle protection.
    pub mitm: bool,
    /// Refuse (Authentication Requirements) what would give an unauthenticated key.
    pub require_mitm: bool,
    /// Offer LE Secure Connections. Without it pairing ends at the response: this host does not
    /// know legacy pairing.
    pub secure_connections: bool,
    /// Store the keys.
    pub bonding: bool,
    /// Longest encryption key, octets, 7–16.
    pub max_key_size: u8,
    /// Shortest encryption key that is accepted, octets, 7–16.
    pub min_key_size: u8,
    /// Keys that the host offers to send: bit 0 LTK, 1 identity, 2 CSRK, 3 link key.
    pub initiator_keys: u8,
    /// Keys that the host asks for.
    pub responder_keys: u8,
    /// Policy for the debug key.
    pub debug_key: DebugKey,
}

/// A guessing attack in place of an honest user; see [`crate::attacker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attack {
    /// Attempts after which it gives up.
    pub max_attempts: u32,
}

/// Everything that is particular about a central's host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostConfig {
    /// The peripheral that the user selects.
    pub target: Target,
    /// How the central shows itself.
    pub address: OwnAddress,
    /// How long it shows a resolvable private address at most (TGAP(private_addr_int)); an older
    /// one is changed before scanning or initiating, or meanwhile. `None`: never.
    pub rpa_timeout: Option<Duration>,
    /// Central Address Resolution is 1: it knows itself as the target of directed advertising
    /// under any private address made with its key. `false`: it has no such characteristic.
    pub address_resolution: bool,
    /// Connection parameters of LE Create Connection.
    pub parameters: ConnectionParameters,
    /// How long LE Create Connection may take before it is cancelled.
    pub connect_timeout: Duration,
    /// How often connecting is tried when the peripheral stays silent after CONNECT_IND
    /// (Connection Failed to be Established, 0x3E): the packet may have been lost. At least 1.
    pub connect_attempts: u8,
    /// Whether scanning and connecting begin with the power, or wait to be asked.
    pub autostart: bool,
    /// Connect again this long after a connection has ended; `None`: stay away.
    pub reconnect: Option<Duration>,
    /// At most this many connections.
    pub max_connections: u32,
    /// Connects with the interval, latency and timeout of the last change on the connection
    /// before, as Linux does with those that a peripheral has asked for.
    pub remembers_parameters: bool,
    /// HCI procedures right after connecting.
    pub on_connect: Vec<HostProcedure>,
    /// How it wants to send on LE Coded, when it asks for PHYs.
    pub coding: Coding,
    /// The steps of user and application, in order.
    pub steps: Vec<Step>,
    /// Whether other steps go on while one waits for security, as an application does whose
    /// system pairs beside it.
    pub steps_beside_pairing: bool,
    /// How attributes are cached.
    pub caching: Caching,
    /// ATT MTU that is asked for, 23–527.
    pub mtu: u16,
    /// What makes it pair.
    pub pair_on: PairOn,
    /// A Security Request so soon after power-on is refused, and nothing more is paired in that
    /// connection.
    pub refuses_after_boot: Option<Duration>,
    /// How it pairs.
    pub pairing: PairingConfig,
    /// The host gives up and disconnects when security is requested and there was no progress for
    /// this long: no SMP command was received, no dialog is open. Counts from connecting.
    pub give_up: Option<Duration>,
    /// How a bonded reconnection begins.
    pub bonded_start: BondedStart,
    /// How long after connecting that is, where it begins with encryption.
    pub encrypt_after: Duration,
    /// Bonded reconnections that it begins with encryption, since power-on. In later ones only
    /// what asks for security brings it about.
    pub encrypted_reconnections: u32,
    /// Pairings on a connection, as long as each has failed. At least 1.
    pub pair_attempts: u8,
    /// How long after a failure the next one begins.
    pub pair_again_after: Duration,
    /// Reaction to PIN or Key Missing.
    pub key_missing: KeyMissing,
    /// Which parameters the peripheral may ask for.
    pub parameter_rules: ParameterRules,
    /// How accepted requests are changed, one after the other.
    pub grants: Vec<Grant>,
    /// Why it ends connections.
    pub reasons: LeavingReasons,
    /// How long one P-256 operation takes.
    pub p256_time: Duration,
    /// Whether forgetting a peripheral changes the identity that a resolvable address stands for,
    /// so that a peripheral that kept the bond meets a stranger.
    pub forgets_itself: bool,
    /// Bonds that are in the store at the first start.
    pub bonds: Vec<Bond>,
    /// Guess passkeys instead of asking a user.
    pub attack: Option<Attack>,
    /// The identity address to distribute instead of the local one: that of another device, to take
    /// over a bond.
    pub claims: Option<Address>,
}

impl Default for HostConfig {
    /// An honest, patient host with a keyboard and a display that behaves like the nRF Connect app
    /// with an LED Button Service.
    fn default() -> Self {
        Self {
            target: Target::Name("Nordic_LBS".into()),
            address: OwnAddress::Public,
            rpa_timeout: Some(Duration::from_secs(900)),
            address_resolution: false,
            parameters: ConnectionParameters {
                interval_min: 24,
                interval_max: 24,
                latency: 0,
                timeout: 500,
            },
            connect_timeout: Duration::from_secs(30),
            connect_attempts: 5,
            autostart: true,
            reconnect: None,
            max_connections: 1,
            remembers_parameters: false,
            on_connect: vec![HostProcedure::Features, HostProcedure::Version],
            coding: Coding::S8,
            steps: vec![
                Step::ExchangeMtu,
                Step::Discover,
                Step::Subscribe(Uuid::BUTTON),
                Step::Write(Uuid::LED, vec![1]),
                Step::Stay(Duration::from_secs(8)),
            ],
            steps_beside_pairing: false,
            caching: Caching::None,
            mtu: 517,
            pair_on: PairOn { att_error: true, forgotten: true, security_request: true },
            refuses_after_boot: None,
            pairing: PairingConfig {
                io: IoCapability::KeyboardDisplay,
                mitm: true,
                require_mitm: false,
                secure_connections: true,
                bonding: true,
                max_key_size: 16,
                min_key_size: 7,
                initiator_keys: 0x03,
                responder_keys: 0x03,
                debug_key: DebugKey::Accept,
            },
            give_up: None,
            bonded_start: BondedStart::EncryptAlongside,
            encrypt_after: Duration::ZERO,
            encrypted_reconnections: 1_000,
            pair_attempts: 1,
            pair_again_after: Duration::from_secs(1),
            key_missing: KeyMissing::Disconnect,
            parameter_rules: ParameterRules::All,
            grants: Vec::new(),
            reasons: LeavingReasons {
                done: ErrorCode::REMOTE_USER_TERMINATED,
                key_missing: ErrorCode::AUTHENTICATION_FAILURE,
            },
            p256_time: Duration::from_ms(2),
            forgets_itself: false,
            bonds: Vec::new(),
            attack: None,
            claims: None,
        }
    }
}
