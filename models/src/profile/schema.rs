//! What can be set of a central: one table for files, `--set central.KEY`, help and the table in
//! docs/CENTRALS.md.

use bletwin_schema::{Flag, List, Number, OrNever, keys};

use super::Profile;
use super::convert::{rules_of, set_rules};
use super::values::{
    Allowed, AnswerWhen, ChSel, DebugKeys, Features, Grants, Io, Kept, Millis, MissingKey,
    OnConnect, Picked, Procedures, PublicAddress, Reasons, Shown, Stalls, Start, Steps,
};
use crate::controller::quirk::PeripheralRequest;
use crate::host::Attack;

/// Version of the format of profile files.
pub const VERSION: u32 = 1;

keys! {
    /// What can be set of a central.
    pub static KEYS: Profile;

    "Controller" {
        /// Public device address of the controller.
        "address": PublicAddress = |p| p.controller.public_address;
        /// FeatureSet exactly as sent; behaviour follows the bits.
        "features": Features = |p| p.controller.features;
        /// Version number of the link layer that LL_VERSION_IND tells (11: 5.2, 12: 5.3).
        "ll-version": Number<u8, 6, 255> = |p| p.controller.version.version;
        /// Company identifier that LL_VERSION_IND tells.
        "company": Number<u16, 0, 65_535> = |p| p.controller.version.company;
        /// Subversion that LL_VERSION_IND tells.
        "subversion": Number<u16, 0, 65_535> = |p| p.controller.version.subversion;
        /// Sleep clock accuracy that is announced, ppm.
        "clock-ppm": Number<u16, 0, 500> = |p| p.controller.sleep_clock_ppm;
        /// Largest data PDU, octets.
        "max-octets": Number<u16, 27, 251> = |p| p.controller.max_octets;
        /// Longest data PDU, µs.
        "max-time-us": Number<u16, 328, 17_040> = |p| p.controller.max_time;
        /// Events between an instant's PDU and the instant; at least 6, if the rules are kept.
        "instant-events": Number<u16, 1, 1_000> = |p| p.controller.instant_events;
        /// Changes connection parameters by LL_CONNECTION_PARAM_REQ where the peripheral can.
        "request-parameters": Flag = |p| p.controller.request_parameters;
        /// Starts the data length update in each connection, where the host has suggested another
        /// default data length than 27 octets and 328 µs.
        "length-from-default": Flag = |p| p.controller.length_from_default;
        /// ChSel of CONNECT_IND, without which channels follow Algorithm #1.
        "ch-sel": ChSel = |p| p.controller.ch_sel;
        /// Sends at most one new LL Control PDU in a connection event.
        "one-control-pdu": Flag = |p| p.controller.one_control_pdu;
        /// Procedures that the controller starts by itself, within the rules.
        "own-procedures": List<Procedures> = |p| p.controller.automatic;
    }
    "Departures of the controller from the rules" {
        /// Answer to LL_PHY_REQ.
        "phy-req": List<AnswerWhen> = |p| rules_of(p, PeripheralRequest::Phy),
            |p, v| set_rules(p, PeripheralRequest::Phy, v);
        /// Answer to LL_LENGTH_REQ.
        "length-req": List<AnswerWhen> = |p| rules_of(p, PeripheralRequest::DataLength),
            |p, v| set_rules(p, PeripheralRequest::DataLength, v);
        /// Answer to LL_CONNECTION_PARAM_REQ.
        "param-req": List<AnswerWhen> = |p| rules_of(p, PeripheralRequest::ConnectionParameters),
            |p, v| set_rules(p, PeripheralRequest::ConnectionParameters, v);
        /// Answer to LL_PERIPHERAL_FEATURE_REQ.
        "feature-req": List<AnswerWhen> = |p| rules_of(p, PeripheralRequest::Features),
            |p, v| set_rules(p, PeripheralRequest::Features, v);
        /// Answer to LL_VERSION_IND.
        "version-ind": List<AnswerWhen> = |p| rules_of(p, PeripheralRequest::Version),
            |p, v| set_rules(p, PeripheralRequest::Version, v);
        /// What comes of LL_UNKNOWN_RSP to an own request.
        "on-unknown-rsp": OrNever<Stalls> = |p| p.controller.quirks.on_unknown;
        /// Refuses LE Create Connection with Command Disallowed.
        "refuses-connections": Flag = |p| p.controller.quirks.refuses_connections;
        /// Procedures that are started at their moment whatever the rules say.
        "press": List<Procedures> = |p| p.controller.quirks.pressed;
        /// Events to wait for each answer while encryption starts; then the link is left, 0x3D.
        "encryption-patience": OrNever<Number<u16, 1, 65_535>> =
            |p| p.controller.quirks.encryption_patience_events;
    }
    "Connecting" {
        /// Name of the peripheral to connect to.
        "target": Picked = |p| p.host.target;
        /// The address that the central shows.
        "address-type": Shown = |p| p.host.address;
        /// How long it shows a resolvable private address at most, ms.
        "rpa-timeout-ms": OrNever<Millis<1_000, 3_600_000>> = |p| p.host.rpa_timeout;
        /// Says that it resolves the target of directed advertising (Central Address Resolution),
        /// and does; else a peripheral must not call it by a private address.
        "address-resolution": Flag = |p| p.host.address_resolution;
        /// Connection interval, µs; the shortest, if `interval-max-us` is given.
        "interval-us": Number<u16, 7_500, 4_000_000, 1_250> = |p| p.host.parameters.interval_min,
            |p, v| (p.host.parameters.interval_min, p.host.parameters.interval_max) = (v, v);
        /// Longest connection interval, µs.
        "interval-max-us": Number<u16, 7_500, 4_000_000, 1_250> =
            |p| p.host.parameters.interval_max;
        /// Peripheral latency, events.
        "latency": Number<u16, 0, 499> = |p| p.host.parameters.latency;
        /// Supervision timeout, ms.
        "timeout-ms": Number<u16, 100, 32_000, 10> = |p| p.host.parameters.timeout;
        /// How long connecting may take, ms.
        "connect-timeout-ms": Millis<1, 600_000> = |p| p.host.connect_timeout;
        /// Tries when a connection is never established (0x3E).
        "connect-attempts": Number<u8, 1, 100> = |p| p.host.connect_attempts;
        /// Connect again so long after a disconnection, ms.
        "reconnect-ms": OrNever<Millis<1, 65_535>> = |p| p.host.reconnect;
        /// After so many connections since power-on the central does not reconnect.
        "connections": Number<u32, 1, 1_000> = |p| p.host.max_connections;
        /// Connects with the parameters of the last change on the connection before.
        "remembers-parameters": Flag = |p| p.host.remembers_parameters;
        /// What the host asks of its controller at once on connecting.
        "on-connect": List<OnConnect> = |p| p.host.on_connect;
    }
    "What the user and the application do" {
        /// One thing after the other.
        "steps": List<Steps> = |p| p.host.steps;
        /// Other steps go on while one waits for security; it is tried again behind them.
        "steps-beside-pairing": Flag = |p| p.host.steps_beside_pairing;
        /// Keeps the attributes of a bonded peripheral, and learns that they are others: not at
        /// all (handles), by Service Changed, by the Database Hash, or by robust caching.
        "caching": Kept = |p| p.host.caching;
        /// ATT MTU to ask for.
        "mtu": Number<u16, 23, 527> = |p| p.host.mtu;
        /// Which connection parameters the peripheral may ask for. `apple` are the Accessory Design
        /// Guidelines as of R30 (2026), `apple-2019` as from R11 to R24; `at-most` rejects a
        /// request whose longest interval is above so many µs; `accept-only` accepts by L2CAP and
        /// changes nothing.
        "parameter-rules": Allowed = |p| p.host.parameter_rules;
        /// What is made of connection parameters that the peripheral may have, one after the
        /// other. Of a range the longest interval is taken.
        "grants": List<Grants> = |p| p.host.grants;
        /// Reason with which the host disconnects when it has done, or gives up.
        "disconnect-reason": Reasons = |p| p.host.reasons.done;
        /// Reason with which it disconnects when the peripheral has lost the key.
        "key-missing-reason": Reasons = |p| p.host.reasons.key_missing;
    }
    "Pairing and bonds" {
        /// What the host can show and ask.
        "io": Io = |p| p.host.pairing.io;
        /// Asks for man-in-the-middle protection.
        "mitm": Flag = |p| p.host.pairing.mitm;
        /// Refuses what would give an unauthenticated key.
        "require-mitm": Flag = |p| p.host.pairing.require_mitm;
        /// Offers LE Secure Connections. Without it pairing ends at the response: legacy pairing is
        /// not modelled.
        "secure-connections": Flag = |p| p.host.pairing.secure_connections;
        /// Stores the keys.
        "bonding": Flag = |p| p.host.pairing.bonding;
        /// Longest encryption key, octets.
        "max-key-size": Number<u8, 7, 16> = |p| p.host.pairing.max_key_size;
        /// Shortest encryption key that is accepted, octets.
        "min-key-size": Number<u8, 7, 16> = |p| p.host.pairing.min_key_size;
        /// What happens when the peripheral uses the debug key.
        "debug-key": DebugKeys = |p| p.host.pairing.debug_key;
        /// Pairs by itself on an ATT error that asks for security.
        "pair-on-att-error": Flag = |p| p.host.pair_on.att_error;
        /// The same after its user has removed the device.
        "pair-when-forgotten": Flag = |p| p.host.pair_on.forgotten;
        /// Pairs by itself on a Security Request; else refuses it.
        "pair-on-security-request": Flag = |p| p.host.pair_on.security_request;
        /// Refuses a Security Request so soon after power-on, ms.
        "refuses-after-boot-ms": OrNever<Millis<1, 600_000>> = |p| p.host.refuses_after_boot;
        /// How a bonded reconnection begins.
        "bonded-start": Start = |p| p.host.bonded_start;
        /// How long after connecting that is, where it begins with encryption, ms.
        "encrypt-after-ms": Millis<0, 60_000> = |p| p.host.encrypt_after;
        /// Bonded reconnections that begin so, since power-on; in later ones only what asks for
        /// security brings it about.
        "encrypted-reconnections": Number<u32, 0, 1_000> = |p| p.host.encrypted_reconnections;
        /// Pairings on a connection, as long as each has failed.
        "pair-attempts": Number<u8, 1, 100> = |p| p.host.pair_attempts;
        /// How long after a failure the next one begins, ms.
        "pair-again-ms": Millis<0, 60_000> = |p| p.host.pair_again_after;
        /// What happens when the peripheral has lost the key.
        "key-missing": MissingKey = |p| p.host.key_missing;
        /// Forgetting a device changes the identity behind a resolvable address.
        "forgets-itself": Flag = |p| p.host.forgets_itself;
        /// The host gives up after so much silence while security is set up, ms.
        "give-up-ms": OrNever<Millis<1, 65_535>> = |p| p.host.give_up;
        /// Time of one P-256 operation, ms.
        "p256-ms": Millis<0, 10_000> = |p| p.host.p256_time;
        /// Guesses passkeys instead of asking a user, at most so often.
        "attack-attempts": OrNever<Number<u32, 1, 1_000>> =
            |p| p.host.attack.map(|attack| attack.max_attempts),
            |p, v| p.host.attack = v.map(|max_attempts| Attack { max_attempts });
    }
}
