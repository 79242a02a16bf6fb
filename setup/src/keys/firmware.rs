//! The keys of the peripheral's firmware: one table for `--set`, peripheral files, help, and the
//! search of a diagnosis.

use ble::hci::ConnectionParameters;
use ble::pdu::control::FeatureSet;
use bletwin_firmware_node::Build;
use bletwin_models::profile::Io;
use bletwin_schema::{Flag, Number, OrNever, Shape, ValueKind, Written, keys, words};
use firmware_core::config::{
    Accept, BeforeInstant, BondOverwrite, BondTableFull, CheckAddress, DataLengthUpdate,
    FeatureExchange, NotGranted, PairingOutsideMode, ParamUpdate, Passkey, PhyUpdate,
    ReconnectAdvertising, Refusals, SecondUnknown, ServiceChanged, StoredKey, Unanswered,
    VersionExchange,
};

use crate::applications::{Applications, Updates};

keys! {
    /// What can be set of the peripheral's firmware.
    pub static PERIPHERAL: Build;

    "What it is" {
        /// The application: services, buttons, outputs.
        "app": Applications = |b| b.application;
        /// The application after an update of its firmware; next: that with -2 behind its name.
        "updated-app": Updates = |b| b.update;
    }

    "What it asks for" {
        /// When the peripheral asks for the 2M PHY.
        "phy-update": AskPhy = |b| b.config.phy_update;
        /// Whether it asks for the central's features although it knows them.
        "feature-exchange": AskFeatures = |b| b.config.feature_exchange;
        /// Whether it asks for the central's version.
        "version-exchange": AskVersion = |b| b.config.version_exchange;
        /// When it asks for longer data PDUs.
        "data-length": AskLength = |b| b.config.data_length;
        /// When it asks for its preferred connection parameters.
        "param-update": AskParameters = |b| b.config.param_update;
        /// The connection parameters it prefers.
        "preferred": Preferred = |b| b.config.preferred;
        /// How often it asks for them, until they are in force.
        "param-tries": Number<u8, 1, 100> = |b| b.config.insistence.tries;
        /// From one try to the next, and from the last one to giving up, ms; by L2CAP 30 s at
        /// least.
        "param-period": Number<u32, 100, 600_000> = |b| b.config.insistence.period_ms;
        /// What it does when they are not in force after the last try; leave: with reason 0x3B.
        "param-not-granted": Missed = |b| b.config.insistence.not_granted;
        /// Leaves (0x13) when no attribute was read, written or notified for so long, and nothing
        /// of pairing has come, ms.
        "leave-when-idle": OrNever<Number<u32, 100, 3_600_000>> = |b| b.config.leaves_idle_ms;
    }
    "Pairing and bonds" {
        /// Passkey per pairing, or a static one (insecure: 20 attempts reveal it).
        "passkey": Passkeys = |b| b.config.passkey;
        /// What the device can show and ask while pairing.
        "io": Io = |b| b.config.io;
        /// Security level that attributes demand which leave it to the device: writing the LED.
        "required-level": Number<u8, 1, 4> = |b| b.config.required_level;
        /// Whether a pairing may leave a bond; off: it pairs anew in each connection.
        "bonding": Flag = |b| b.config.bonding;
        /// Who may connect once there are bonds.
        "accept": Accepted = |b| b.config.accept;
        /// A Pairing Request while nobody has pressed the pairing button; by-level: refuse up to
        /// required-level 2, else authenticated.
        "pairing-outside-mode": OutsideMode = |b| b.config.pairing_outside_mode;
        /// Which keys replace that of a bond; those of Just Works only after a proof of the old
        /// key, or in pairing mode.
        "bond-overwrite": Overwrite = |b| b.config.bond_overwrite;
        /// One more central when the table of bonds is full.
        "bond-table-full": TableFull = |b| b.config.bond_table_full;
        /// Growing wait after failed pairings; off only for experiments.
        "pairing-back-off": Flag = |b| b.config.pairing_back_off;
        /// Whether the peripheral asks for security on connection.
        "security-request": Flag = |b| b.config.security_request;
        /// Whether it pairs with the debug key of the specification (insecure).
        "debug-key": Flag = |b| b.config.debug_key;
    }
    "Link layer" {
        /// Shows resolvable private addresses, each for so many seconds at most; never: its
        /// identity address.
        "rpa-timeout": OrNever<Number<u16, 1, 3_600>> = |b| b.config.rpa_timeout_s;
        /// How it advertises when a bonded central has left: to all, or calling that one alone, for
        /// 1.28 s without a pause (directed-high) or for 30 s, and then to all. It calls by a
        /// private address only who says to resolve that (Central Address Resolution).
        "reconnect-advertising": Reconnecting = |b| b.config.reconnect_advertising;
        /// advInterval, units of 0.625 ms.
        "advertising-interval": Number<u16, 32, 16_384> = |b| b.config.advertising_interval;
        /// Accuracy that the peripheral claims for its sleep clock (window widening), ppm.
        "sleep-clock-ppm": Number<u16, 0, 500> = |b| b.config.sleep_clock_ppm;
        /// Channels that the central is asked to use at least; 0: it is not asked.
        "min-used-channels": Channels = |b| b.config.min_used_channels;
        /// Whether the central gets the connection parameters that it asks for.
        "param-requests": Requests = |b| b.config.refuses_parameters;
        /// Link layer features that it does not offer.
        "features-left-out": FeatureNames = |b| b.config.left_out;
    }
    "Mistakes of other firmware" {
        /// Features that it offers but answers with LL_UNKNOWN_RSP, as old firmware did.
        "features-hollow": FeatureNames = |b| b.config.lapses.hollow;
        /// Which refusals it understands; old firmware ignored all but LL_REJECT_EXT_IND.
        "refusals": Understood = |b| b.config.lapses.refusals;
        /// Requests of the central that get no answer at all; pairing: no SMP command does.
        "never-answers": NeverAnswered = |b| b.config.lapses.unanswered;
        /// A second LL Control PDU that is not known, before the first has its LL_UNKNOWN_RSP;
        /// leave: with reason 0x2A.
        "second-unknown": Second = |b| b.config.lapses.second_unknown;
        /// A request that the rules forbid the central before an instant; serve: as any other.
        "before-instant": Before = |b| b.config.lapses.before_instant;
        /// Which address of the central goes into the DHKey checks; identity: of one that is
        /// known, so that whoever has a resolvable address bonds only once.
        "check-address": Checked = |b| b.config.lapses.check_address;
        /// The key of a bond when it is read again; reversed: the two sides have different keys;
        /// newest: only the newest bond has one.
        "stored-key": Kept = |b| b.config.lapses.stored_key;
        /// What bonded centrals are told of another table of attributes, after an update; untold:
        /// neither Service Changed nor Database Out Of Sync.
        "service-changed": Changed = |b| b.config.lapses.service_changed;
    }
}

words! {
    Reconnecting: ReconnectAdvertising {
        "undirected" => ReconnectAdvertising::Undirected,
        "directed-low" => ReconnectAdvertising::DirectedLow,
        "directed-high" => ReconnectAdvertising::DirectedHigh,
    }
    AskPhy: PhyUpdate {
        "on-connect" => PhyUpdate::OnConnect,
        "after-bonding" => PhyUpdate::AfterBonding,
        "never" => PhyUpdate::Never,
    }
    AskFeatures: FeatureExchange {
        "cached" => FeatureExchange::Cached,
        "always" => FeatureExchange::Always,
    }
    AskVersion: VersionExchange {
        "on-connect" => VersionExchange::OnConnect,
        "never" => VersionExchange::Never,
    }
    AskLength: DataLengthUpdate {
        "on-connect" => DataLengthUpdate::OnConnect,
        "after-bonding" => DataLengthUpdate::AfterBonding,
        "never" => DataLengthUpdate::Never,
    }
    Missed: NotGranted {
        "stay" => NotGranted::Stay,
        "leave" => NotGranted::Leave,
    }
    Accepted: Accept {
        "bonded-only" => Accept::BondedOnly,
        "anyone" => Accept::Anyone,
    }
    OutsideMode: Option<PairingOutsideMode> {
        "by-level" => None,
        "refuse" => Some(PairingOutsideMode::Refuse),
        "without-bonding" => Some(PairingOutsideMode::WithoutBonding),
        "authenticated" => Some(PairingOutsideMode::Authenticated),
    }
    Overwrite: BondOverwrite {
        "authenticated" => BondOverwrite::Authenticated,
        "unauthenticated" => BondOverwrite::Unauthenticated,
    }
    TableFull: BondTableFull {
        "refuse" => BondTableFull::Refuse,
        "replace-oldest" => BondTableFull::ReplaceOldest,
    }
    Requests: bool {
        "accept" => false,
        "refuse" => true,
    }
    Understood: Refusals {
        "all" => Refusals::All,
        "extended-only" => Refusals::ExtendedOnly,
    }
    Second: SecondUnknown {
        "answer" => SecondUnknown::Answered,
        "leave" => SecondUnknown::Leave,
    }
    Before: BeforeInstant {
        "leave" => BeforeInstant::Leave,
        "serve" => BeforeInstant::Serve,
    }
    Checked: CheckAddress {
        "on-air" => CheckAddress::OnAir,
        "identity" => CheckAddress::Identity,
    }
    Kept: StoredKey {
        "kept" => StoredKey::Kept,
        "reversed" => StoredKey::Reversed,
        "newest" => StoredKey::Newest,
    }
    Changed: ServiceChanged {
        "told" => ServiceChanged::Told,
        "untold" => ServiceChanged::Untold,
    }
    Request: Unanswered {
        "features" => Unanswered::FEATURES,
        "version" => Unanswered::VERSION,
        "length" => Unanswered::LENGTH,
        "phy" => Unanswered::PHY,
        "parameters" => Unanswered::PARAMETERS,
        "ping" => Unanswered::PING,
        "encryption" => Unanswered::ENCRYPTION,
        "pairing" => Unanswered::PAIRING,
    }
    FeatureName: FeatureSet {
        "2m" => FeatureSet::LE_2M,
        "coded" => FeatureSet::LE_CODED,
        "data-length" => FeatureSet::DATA_LENGTH_EXTENSION,
        "param-request" => FeatureSet::CONNECTION_PARAMETERS_REQUEST,
        "extended-reject" => FeatureSet::EXTENDED_REJECT,
        "ping" => FeatureSet::PING,
        "feature-exchange" => FeatureSet::PERIPHERAL_FEATURE_EXCHANGE,
    }
}

/// Features by their names.
#[derive(Debug)]
pub(super) enum FeatureNames {}

type Names = bletwin_schema::List<FeatureName>;

impl ValueKind for FeatureNames {
    type Value = FeatureSet;

    fn shape() -> Shape {
        Names::shape()
    }

    fn parse(text: &str) -> Option<FeatureSet> {
        Names::parse(text).map(together)
    }

    fn list(words: &[String]) -> Option<FeatureSet> {
        Names::list(words).map(together)
    }

    fn write(value: &FeatureSet) -> Written {
        let named = FeatureName::shape()
            .words()
            .into_iter()
            .filter(|word| FeatureName::parse(word).is_some_and(|feature| value.has(feature)));
        Written::List(named.map(|word| Written::Text(word.into())).collect())
    }
}

/// Requests by their names.
#[derive(Debug)]
enum NeverAnswered {}

type Unheard = bletwin_schema::List<Request>;

impl ValueKind for NeverAnswered {
    type Value = Unanswered;

    fn shape() -> Shape {
        Unheard::shape()
    }

    fn parse(text: &str) -> Option<Unanswered> {
        Unheard::parse(text).map(all)
    }

    fn list(words: &[String]) -> Option<Unanswered> {
        Unheard::list(words).map(all)
    }

    fn write(value: &Unanswered) -> Written {
        let named = Request::shape()
            .words()
            .into_iter()
            .filter(|word| Request::parse(word).is_some_and(|request| value.has(request)));
        Written::List(named.map(|word| Written::Text(word.into())).collect())
    }
}

fn all(requests: Vec<Unanswered>) -> Unanswered {
    requests.into_iter().fold(Unanswered::default(), Unanswered::with)
}

fn together(features: Vec<FeatureSet>) -> FeatureSet {
    features.into_iter().fold(FeatureSet::default(), FeatureSet::with)
}

fn form(how: &str, words: &[&'static str], examples: &[&str]) -> Shape {
    Shape::Form {
        how: how.into(),
        words: words.to_vec(),
        examples: examples.iter().map(ToString::to_string).collect(),
    }
}

/// When connection parameters are asked for.
#[derive(Debug)]
enum AskParameters {}

type AfterMs = Number<u32, 0, 600_000>;

impl ValueKind for AskParameters {
    type Value = ParamUpdate;

    fn shape() -> Shape {
        let how = "never, MILLISECONDS (at most 600000) or MILLISECONDS:not-while-pairing";
        form(how, &["never", "not-while-pairing"], &["never", "5000", "5000:not-while-pairing"])
    }

    fn parse(text: &str) -> Option<ParamUpdate> {
        Some(match text.split_once(':') {
            None if text == "never" => ParamUpdate::Never,
            None => ParamUpdate::AfterMs(AfterMs::parse(text)?),
            Some((ms, "not-while-pairing")) => {
                ParamUpdate::AfterMsNotWhilePairing(AfterMs::parse(ms)?)
            }
            Some(_) => return None,
        })
    }

    fn write(value: &ParamUpdate) -> Written {
        match value {
            ParamUpdate::Never => Written::Text("never".into()),
            ParamUpdate::AfterMs(ms) => Written::Number((*ms).into()),
            ParamUpdate::AfterMsNotWhilePairing(ms) => {
                Written::Text(format!("{ms}:not-while-pairing"))
            }
        }
    }
}

/// Connection parameters that the peripheral prefers: intervals, latency, timeout.
#[derive(Debug)]
enum Preferred {}

impl ValueKind for Preferred {
    type Value = ConnectionParameters;

    fn shape() -> Shape {
        let how = "MIN,MAX,LATENCY,TIMEOUT (1.25 ms, 1.25 ms, events, 10 ms); TIMEOUT must exceed \
                   twice (1 + LATENCY) connection intervals";
        form(how, &[], &["24,36,0,400"])
    }

    fn parse(text: &str) -> Option<ConnectionParameters> {
        let parts: Vec<String> = text.split(',').map(|part| part.trim().to_owned()).collect();
        Self::list(&parts)
    }

    fn list(parts: &[String]) -> Option<ConnectionParameters> {
        let [min, max, latency, timeout] = parts else { return None };
        let preferred = ConnectionParameters {
            interval_min: Number::<u16, 6, 3_200>::parse(min)?,
            interval_max: Number::<u16, 6, 3_200>::parse(max)?,
            latency: Number::<u16, 0, 499>::parse(latency)?,
            timeout: Number::<u16, 10, 3_200>::parse(timeout)?,
        };
        let needed = (1 + u32::from(preferred.latency)) * u32::from(preferred.interval_max) * 2;
        let valid = preferred.interval_min <= preferred.interval_max
            && u32::from(preferred.timeout) * 8 > needed;
        valid.then_some(preferred)
    }

    fn write(p: &ConnectionParameters) -> Written {
        let (min, max) = (p.interval_min, p.interval_max);
        Written::Text(format!("{min},{max},{},{}", p.latency, p.timeout))
    }
}

/// Where passkeys come from.
#[derive(Debug)]
enum Passkeys {}

impl ValueKind for Passkeys {
    type Value = Passkey;

    fn shape() -> Shape {
        form("random, or six digits: 000000 to 999999", &["random"], &["random", "123456"])
    }

    fn parse(text: &str) -> Option<Passkey> {
        match text {
            "random" => Some(Passkey::Random),
            digits if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().map(Passkey::Static)
            }
            _ => None,
        }
    }

    fn write(value: &Passkey) -> Written {
        Written::Text(match value {
            Passkey::Random => "random".into(),
            Passkey::Static(passkey) => format!("{passkey:06}"),
        })
    }
}

/// A number of channels.
#[derive(Debug)]
enum Channels {}

impl ValueKind for Channels {
    type Value = u8;

    fn shape() -> Shape {
        form("0, or 2 to 37", &[], &["0", "2", "37"])
    }

    fn parse(text: &str) -> Option<u8> {
        Number::<u8, 0, 37>::parse(text).filter(|channels| *channels != 1)
    }

    fn write(value: &u8) -> Written {
        Written::Number((*value).into())
    }
}
