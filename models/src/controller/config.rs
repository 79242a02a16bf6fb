//! A controller's identity, features and behaviour.

use ble::hci::ConnectionParameters;
use ble::pdu::control::{FeatureSet, VersionInd};
use ble::phy::PhySet;
use ble::trace::Procedure;

use super::quirk::ControllerQuirks;
use super::turns::{Span, StartMoment};

/// The constant properties of a controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ControllerConfig {
    /// Public device address, least significant octet first.
    pub public_address: [u8; 6],
    /// FeatureSet exactly as it is sent. Behaviour follows the bits.
    pub features: FeatureSet,
    /// The contents of LL_VERSION_IND.
    pub version: VersionInd,
    /// Sleep clock accuracy that is announced, ppm, 0–500.
    pub sleep_clock_ppm: u16,
    /// hopIncrement of every connection, 5–16; `None`: random.
    pub hop: Option<u8>,
    /// Largest number of connections, at most 16.
    pub max_connections: u8,
    /// ACL packets that the host may have outstanding per connection.
    pub acl_buffers: u8,
    /// Largest connMaxTxOctets and connMaxRxOctets, 27–251.
    pub max_octets: u16,
    /// Largest connMaxTxTime and connMaxRxTime, µs, 328–17,040.
    pub max_time: u16,
    /// Events between an instant's PDU and the instant, for latency 0; the rules recommend at
    /// least 6. Each is counted `latency + 1` times.
    pub instant_events: u16,
    /// Change connection parameters by LL_CONNECTION_PARAM_REQ first, where the peer can.
    pub request_parameters: bool,
    /// Starts the data length update in each connection, where the host's suggested default data
    /// length is not 27 octets and 328 µs.
    pub length_from_default: bool,
    /// ChSel of CONNECT_IND; `None`: as the feature bit of Channel Selection Algorithm #2 is.
    pub ch_sel: Option<bool>,
    /// At most one new LL Control PDU in a connection event.
    pub one_control_pdu: bool,
    /// Departures from the rules.
    pub quirks: ControllerQuirks,
    /// Procedures that the controller starts by itself in every connection.
    pub automatic: Vec<OwnProcedure>,
}

/// A procedure that the controller starts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnProcedure {
    /// The procedure that the controller starts.
    pub procedure: AutomaticProcedure,
    /// The moment after which it is started, if nothing prevents it.
    pub moment: StartMoment,
    /// How long behind that.
    pub delay: Span,
    /// How long it is until it is started again, and again; `None`: once a connection.
    pub period: Option<Span>,
    /// Events from its last PDU to its instant, regardless of latency, and even if the instant is
    /// then past; `None`: as in [`ControllerConfig::instant_events`].
    pub ahead: Option<i16>,
    /// It is left out if the peripheral has asked for the same before.
    pub unless_asked: bool,
}

impl OwnProcedure {
    /// Once, in the event with this number.
    #[must_use]
    pub const fn at(procedure: AutomaticProcedure, event: u16) -> Self {
        Self {
            procedure,
            moment: StartMoment::Event(event),
            delay: Span::NONE,
            period: None,
            ahead: None,
            unless_asked: false,
        }
    }
}

/// A procedure that a controller may start by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AutomaticProcedure {
    /// LL_FEATURE_REQ with the controller's features.
    Features,
    /// LL_VERSION_IND with the controller's version.
    Version,
    /// LL_LENGTH_REQ with the largest values.
    DataLength,
    /// LL_PHY_REQ with these PHYs to send and to receive on; none: the default ones.
    Phy {
        /// To send on.
        tx: PhySet,
        /// To receive on.
        rx: PhySet,
    },
    /// LL_PING_REQ, without regard to the authenticated payload timeout.
    Ping,
    /// LL_CHANNEL_MAP_IND, bit n = data channel n.
    ChannelMap(u64),
    /// A change of connection parameters.
    Parameters(ConnectionParameters),
    /// LL_MIN_USED_CHANNELS_IND, which is a peripheral's: only to be pressed.
    MinUsedChannels,
    /// An LL Control PDU of this opcode without CtrData: only to be pressed.
    Raw(u8),
}

impl AutomaticProcedure {
    /// All variants, by their names in profiles, with harmless values: for the channel map the
    /// lower half of all channels, for the parameters an interval of 30 ms, for the opcode an
    /// unknown one.
    pub const NAMES: [(&'static str, Self); 9] = [
        ("features", Self::Features),
        ("version", Self::Version),
        ("length", Self::DataLength),
        ("phy", Self::Phy { tx: PhySet::NONE, rx: PhySet::NONE }),
        ("ping", Self::Ping),
        ("channel-map", Self::ChannelMap(0x7FFFF)),
        (
            "parameters",
            Self::Parameters(ConnectionParameters {
                interval_min: 24,
                interval_max: 24,
                latency: 0,
                timeout: 400,
            }),
        ),
        ("min-used-channels", Self::MinUsedChannels),
        ("raw", Self::Raw(0xFF)),
    ];

    /// The one of [`Self::NAMES`] with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, procedure)| procedure)
    }

    /// Its name, without its values.
    #[must_use]
    pub fn name(self) -> &'static str {
        let kind = std::mem::discriminant(&self);
        let named = Self::NAMES.into_iter().find(|(_, p)| std::mem::discriminant(p) == kind);
        named.map_or("", |(name, _)| name)
    }

    /// The procedure that it starts; `None`: it starts no procedure.
    #[must_use]
    pub const fn procedure(self) -> Option<Procedure> {
        Some(match self {
            Self::Features => Procedure::FeatureExchange,
            Self::Version => Procedure::VersionExchange,
            Self::DataLength => Procedure::DataLengthUpdate,
            Self::Phy { .. } => Procedure::PhyUpdate,
            Self::Ping => Procedure::LePing,
            Self::ChannelMap(_) => Procedure::ChannelMapUpdate,
            Self::Parameters(_) => Procedure::ConnectionUpdate,
            Self::MinUsedChannels => Procedure::MinUsedChannels,
            Self::Raw(_) => return None,
        })
    }
}

impl Default for ControllerConfig {
    /// An honest controller of today: all that an LE 5.3 central has.
    fn default() -> Self {
        let features = FeatureSet::ENCRYPTION
            .with(FeatureSet::CONNECTION_PARAMETERS_REQUEST)
            .with(FeatureSet::EXTENDED_REJECT)
            .with(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE)
            .with(FeatureSet::PING)
            .with(FeatureSet::DATA_LENGTH_EXTENSION)
            .with(FeatureSet::LE_2M)
            .with(FeatureSet::LE_CODED)
            .with(FeatureSet::CSA2)
            .with(FeatureSet::MIN_USED_CHANNELS);
        Self {
            public_address: [0x01, 0, 0, 0, 0xC0, 0],
            features,
            version: VersionInd { version: 12, company: 0xFFFF, subversion: 0 },
            sleep_clock_ppm: 50,
            hop: None,
            max_connections: 4,
            acl_buffers: 8,
            max_octets: 251,
            max_time: 17_040,
            instant_events: 6,
            request_parameters: false,
            length_from_default: true,
            ch_sel: None,
            one_control_pdu: false,
            quirks: ControllerQuirks::default(),
            automatic: Vec::new(),
        }
    }
}

/// The SCA field for an accuracy in ppm (Vol 6, Part B, 2.3.3.1).
pub(super) const fn sca(ppm: u16) -> u8 {
    // LL-WIDE-3: sleep clock accuracy.
    match ppm {
        0..=20 => 7,
        21..=30 => 6,
        31..=50 => 5,
        51..=75 => 4,
        76..=100 => 3,
        101..=150 => 2,
        151..=250 => 1,
        _ => 0,
    }
}
