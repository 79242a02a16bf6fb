//! The schema of a profile file. One table of keys makes the file's fields, `--set central.KEY`,
//! the help and the table in docs/CENTRALS.md.

use std::collections::BTreeMap;

use firmware_core::config::IoCapability;
use firmware_core::pdu::control::FeatureSet;
use serde::{Deserialize, Deserializer};

use super::Profile;
use super::convert::{millis, set_rules};
use super::quirk::Quirk;
use super::text::{Is, Number, Text, Word};
use super::values::{PublicAddress, Rule};
use crate::controller::OwnProcedure;
use crate::controller::quirk::{PeripheralRequest, Stall};
use crate::host::{
    Attack, BondedStart, DebugKey, HostProcedure, KeyMissing, OwnAddress, ParameterRules, Step,
    Target,
};

/// Version of the schema.
pub const VERSION: u32 = 1;

/// Something of a central that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which part of a central it belongs to.
    pub group: &'static str,
    /// Name, as in files and after `--set central.`.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// Which values it takes.
    pub values: String,
}

/// A key that is there has a value; text after `--set` knows no options.
fn present<'de, D: Deserializer<'de>, T: Text>(from: D) -> Result<Option<Is<T>>, D::Error> {
    Is::deserialize(from).map(Some)
}

macro_rules! keys {
    ($($group:literal { $($(#[doc = $doc:literal])+ $field:ident: $kind:ty = $set:expr;)* })*) => {
        /// A profile file as written; all keys are optional but `version`.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub struct File {
            /// Version of the schema; 1.
            pub version: Option<u32>,
            /// Another name than the file's.
            pub name: Option<String>,
            /// What it is, in a line or two.
            pub about: Option<String>,
            /// The central that it departs from: a built-in name, or a file.
            pub extends: Option<String>,
            /// Quirks that it has besides: built-in names, or files. Only their own keys count.
            pub quirks: Vec<String>,
            /// Where its behaviour is known from.
            pub sources: Vec<String>,
            /// Rules of the oracle that it breaks.
            pub breaks: Vec<String>,
            /// What comes of it, by firmware preset; see docs/CENTRALS.md.
            pub expect: BTreeMap<String, String>,
            /// For an entry of the quirk catalogue: how it shows, and what cures it.
            pub quirk: Option<Quirk>,
            $($($(#[doc = $doc])+
            #[serde(deserialize_with = "present")]
            pub(super) $field: Option<Is<$kind>>,)*)*
        }

        impl File {
            /// Applies the keys that are there, in the order of the table.
            pub(super) fn apply(&self, profile: &mut Profile) {
                $($(if let Some(Is(value)) = &self.$field {
                    let set: fn(&mut Profile, &$kind) = $set;
                    set(profile, value);
                })*)*
            }
        }

        /// Everything that [`Profile::set`] takes.
        #[must_use]
        pub fn keys() -> Vec<Key> {
            vec![$($(Key {
                group: $group,
                name: stringify!($field).replace('_', "-"),
                meaning: concat!($($doc),+).trim().into(),
                values: <$kind>::expects(),
            },)*)*]
        }
    };
}

keys! {
    "Controller" {
        /// Public address.
        address: PublicAddress = |p, v| p.controller.public_address = v.0;
        /// FeatureSet exactly as sent; behaviour follows the bits.
        features: FeatureSet = |p, v| p.controller.features = *v;
        /// Version number of the link layer that LL_VERSION_IND tells (11: 5.2, 12: 5.3).
        ll_version: Number<6, 255> = |p, v| p.controller.version.version = v.octet();
        /// Company identifier that LL_VERSION_IND tells.
        company: Number<0, 65_535> = |p, v| p.controller.version.company = v.short();
        /// Subversion that LL_VERSION_IND tells.
        subversion: Number<0, 65_535> = |p, v| p.controller.version.subversion = v.short();
        /// Sleep clock accuracy that is announced, ppm.
        clock_ppm: Number<0, 500> = |p, v| p.controller.sleep_clock_ppm = v.short();
        /// Largest data PDU, octets.
        max_octets: Number<27, 251> = |p, v| p.controller.max_octets = v.short();
        /// Longest data PDU, µs.
        max_time_us: Number<328, 17_040> = |p, v| p.controller.max_time = v.short();
        /// Events between an instant's PDU and the instant; at least 6, if the rules are kept.
        instant_events: Number<1, 1_000> = |p, v| p.controller.instant_events = v.short();
        /// Changes connection parameters by LL_CONNECTION_PARAM_REQ where the peripheral can.
        request_parameters: bool = |p, v| p.controller.request_parameters = *v;
        /// Procedures that the controller starts by itself, within the rules.
        own_procedures: Vec<OwnProcedure> = |p, v| p.controller.automatic.clone_from(v);
    }
    "Departures of the controller from the rules" {
        /// Answer to LL_PHY_REQ.
        phy_req: Vec<Rule> = |p, v| set_rules(p, PeripheralRequest::Phy, v);
        /// Answer to LL_LENGTH_REQ.
        length_req: Vec<Rule> = |p, v| set_rules(p, PeripheralRequest::DataLength, v);
        /// Answer to LL_CONNECTION_PARAM_REQ.
        param_req: Vec<Rule> = |p, v| set_rules(p, PeripheralRequest::ConnectionParameters, v);
        /// Answer to LL_PERIPHERAL_FEATURE_REQ.
        feature_req: Vec<Rule> = |p, v| set_rules(p, PeripheralRequest::Features, v);
        /// Answer to LL_VERSION_IND.
        version_ind: Vec<Rule> = |p, v| set_rules(p, PeripheralRequest::Version, v);
        /// What comes of LL_UNKNOWN_RSP to an own request.
        on_unknown_rsp: Option<Stall> = |p, v| p.controller.quirks.on_unknown = *v;
        /// Refuses LE Create Connection with Command Disallowed.
        refuses_connections: bool = |p, v| p.controller.quirks.refuses_connections = *v;
        /// Procedures that are started in their event whatever the rules say.
        press: Vec<OwnProcedure> = |p, v| p.controller.quirks.pressed.clone_from(v);
        /// Events to wait for each answer while encryption starts; then the link is left, 0x3D.
        encryption_patience: Option<Number<1, 65_535>> = |p, v| {
            p.controller.quirks.encryption_patience_events = v.map(|n| n.short());
        };
    }
    "Connecting" {
        /// Name of the peripheral to connect to.
        target: Word = |p, v| p.host.target = Target::Name(v.0.clone());
        /// The address that the central shows.
        address_type: OwnAddress = |p, v| p.host.address = *v;
        /// Connection interval, µs; the shortest, if `interval-max-us` is given.
        interval_us: Number<7_500, 4_000_000, 1_250> = |p, v| {
            p.host.parameters.interval_min = v.short();
            p.host.parameters.interval_max = v.short();
        };
        /// Longest connection interval, µs.
        interval_max_us: Number<7_500, 4_000_000, 1_250> = |p, v| {
            p.host.parameters.interval_max = v.short();
        };
        /// Peripheral latency, events.
        latency: Number<0, 499> = |p, v| p.host.parameters.latency = v.short();
        /// Supervision timeout, ms.
        timeout_ms: Number<100, 32_000, 10> = |p, v| p.host.parameters.timeout = v.short();
        /// How long connecting may take, ms.
        connect_timeout_ms: Number<1, 600_000> = |p, v| {
            p.host.connect_timeout = millis(v.steps());
        };
        /// Tries when a connection is never established (0x3E).
        connect_attempts: Number<1, 100> = |p, v| p.host.connect_attempts = v.octet();
        /// Connect again so long after a disconnection, ms.
        reconnect_ms: Option<Number<1, 65_535>> = |p, v| {
            p.host.reconnect = v.map(|ms| millis(ms.steps()));
        };
        /// Most connections.
        connections: Number<1, 1_000> = |p, v| p.host.max_connections = v.steps();
        /// What the host asks of its controller at once on connecting.
        on_connect: Vec<HostProcedure> = |p, v| p.host.on_connect.clone_from(v);
    }
    "What the user and the application do" {
        /// One thing after the other.
        steps: Vec<Step> = |p, v| p.host.steps.clone_from(v);
        /// ATT MTU to ask for.
        mtu: Number<23, 527> = |p, v| p.host.mtu = v.short();
        /// Which connection parameters the peripheral may ask for.
        parameter_rules: ParameterRules = |p, v| p.host.parameter_rules = *v;
    }
    "Pairing and bonds" {
        /// What the host can show and ask.
        io: IoCapability = |p, v| p.host.pairing.io = *v;
        /// Asks for man-in-the-middle protection.
        mitm: bool = |p, v| p.host.pairing.mitm = *v;
        /// Refuses what would give an unauthenticated key.
        require_mitm: bool = |p, v| p.host.pairing.require_mitm = *v;
        /// Stores the keys.
        bonding: bool = |p, v| p.host.pairing.bonding = *v;
        /// Longest encryption key, octets.
        max_key_size: Number<7, 16> = |p, v| p.host.pairing.max_key_size = v.octet();
        /// Shortest encryption key that is accepted, octets.
        min_key_size: Number<7, 16> = |p, v| p.host.pairing.min_key_size = v.octet();
        /// What happens when the peripheral uses the debug key.
        debug_key: DebugKey = |p, v| p.host.pairing.debug_key = *v;
        /// Pairs by itself on an ATT error that asks for security.
        pair_on_att_error: bool = |p, v| p.host.pair_on.att_error = *v;
        /// The same after its user has removed the device.
        pair_when_forgotten: bool = |p, v| p.host.pair_on.forgotten = *v;
        /// Pairs by itself on a Security Request; else refuses it.
        pair_on_security_request: bool = |p, v| p.host.pair_on.security_request = *v;
        /// Refuses a Security Request so soon after power-on, ms.
        refuses_after_boot_ms: Option<Number<1, 600_000>> = |p, v| {
            p.host.refuses_after_boot = v.map(|ms| millis(ms.steps()));
        };
        /// How a bonded reconnection begins.
        bonded_start: BondedStart = |p, v| p.host.bonded_start = *v;
        /// What happens when the peripheral has lost the key.
        key_missing: KeyMissing = |p, v| p.host.key_missing = *v;
        /// Forgetting a device changes the identity behind a resolvable address.
        forgets_itself: bool = |p, v| p.host.forgets_itself = *v;
        /// The host gives up after so much silence while security is set up, ms.
        give_up_ms: Option<Number<1, 65_535>> = |p, v| {
            p.host.give_up = v.map(|ms| millis(ms.steps()));
        };
        /// Time of one P-256 operation, ms.
        p256_ms: Number<0, 10_000> = |p, v| p.host.p256_time = millis(v.steps());
        /// Guesses passkeys instead of asking a user, at most so often.
        attack_attempts: Option<Number<1, 1_000>> = |p, v| {
            p.host.attack = v.map(|n| Attack { max_attempts: n.steps() });
        };
    }
}
