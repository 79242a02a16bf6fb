//! The keys of `--set KEY=VALUE` and of peripheral files: one table for parsing, help and errors.

use std::str::FromStr;

use firmware_core::config::{
    Accept, Config, DataLengthUpdate, FeatureExchange, IoCapability, ParamUpdate, Passkey,
    PhyUpdate, Refusals,
};
use firmware_core::hci::ConnectionParameters;
use firmware_core::pdu::control::FeatureSet;

use bletwin_models::profile::{self, Profile};

use crate::error::{BadInput, nearest};
use crate::setup::Air;

/// One key: its name, the values it takes, what it means, and how it is applied.
pub struct Key<T> {
    /// As written on the command line.
    pub name: &'static str,
    /// Values it takes, for people.
    pub values: &'static str,
    /// What it means.
    pub meaning: &'static str,
    apply: fn(&mut T, &str) -> Option<()>,
}

/// Keys of the peripheral's firmware configuration.
pub const PERIPHERAL: &[Key<Config>] = &[
    Key {
        name: "phy-update",
        values: "on-connect | after-bonding | never",
        meaning: "when the peripheral asks for the 2M PHY",
        apply: |c, v| {
            c.phy_update = match v {
                "on-connect" => PhyUpdate::OnConnect,
                "after-bonding" => PhyUpdate::AfterBonding,
                "never" => PhyUpdate::Never,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "feature-exchange",
        values: "cached | always",
        meaning: "whether it asks for the central's features although it knows them",
        apply: |c, v| {
            c.feature_exchange = match v {
                "cached" => FeatureExchange::Cached,
                "always" => FeatureExchange::Always,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "data-length",
        values: "on-connect | after-bonding | never",
        meaning: "when it asks for longer data PDUs",
        apply: |c, v| {
            c.data_length = match v {
                "on-connect" => DataLengthUpdate::OnConnect,
                "after-bonding" => DataLengthUpdate::AfterBonding,
                "never" => DataLengthUpdate::Never,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "param-update",
        values: "never | MILLISECONDS | MILLISECONDS:not-while-pairing",
        meaning: "when it asks for its preferred connection parameters",
        apply: |c, v| {
            c.param_update = match v.split_once(':') {
                None if v == "never" => ParamUpdate::Never,
                None => ParamUpdate::AfterMs(number(v, 0, 600_000)?),
                Some((ms, "not-while-pairing")) => {
                    ParamUpdate::AfterMsNotWhilePairing(number(ms, 0, 600_000)?)
                }
                Some(_) => return None,
            };
            Some(())
        },
    },
    Key {
        name: "preferred",
        values: "MIN,MAX,LATENCY,TIMEOUT (1.25 ms, 1.25 ms, events, 10 ms)",
        meaning: "the connection parameters it prefers",
        apply: |c, v| {
            let mut parts = v.split(',').map(str::trim);
            let preferred = ConnectionParameters {
                interval_min: number(parts.next()?, 6, 3200)?,
                interval_max: number(parts.next()?, 6, 3200)?,
                latency: number(parts.next()?, 0, 499)?,
                timeout: number(parts.next()?, 10, 3200)?,
            };
            let needed = (1 + u32::from(preferred.latency)) * u32::from(preferred.interval_max) * 2;
            let valid = preferred.interval_min <= preferred.interval_max
                && u32::from(preferred.timeout) * 8 > needed
                && parts.next().is_none();
            c.preferred = valid.then_some(preferred)?;
            Some(())
        },
    },
    Key {
        name: "passkey",
        values: "random | 000000-999999",
        meaning: "passkey per pairing, or a static one (insecure: 20 attempts reveal it)",
        apply: |c, v| {
            c.passkey = match v {
                "random" => Passkey::Random,
                digits if digits.len() == 6 => Passkey::Static(number(digits, 0, 999_999)?),
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "io",
        values: "display-only | display-yes-no | keyboard-only | none | keyboard-display",
        meaning: "what the device can show and ask while pairing",
        apply: |c, v| {
            c.io = match v {
                "display-only" => IoCapability::DisplayOnly,
                "display-yes-no" => IoCapability::DisplayYesNo,
                "keyboard-only" => IoCapability::KeyboardOnly,
                "none" => IoCapability::NoInputNoOutput,
                "keyboard-display" => IoCapability::KeyboardDisplay,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "required-level",
        values: "1-4",
        meaning: "security level that writing the LED demands",
        apply: |c, v| {
            c.required_level = number(v, 1, 4)?;
            Some(())
        },
    },
    Key {
        name: "accept",
        values: "bonded-only | anyone",
        meaning: "who may connect once there are bonds",
        apply: |c, v| {
            c.accept = match v {
                "bonded-only" => Accept::BondedOnly,
                "anyone" => Accept::Anyone,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "advertising-interval",
        values: "32-16384 (0.625 ms)",
        meaning: "advInterval",
        apply: |c, v| {
            c.advertising_interval = number(v, 32, 16_384)?;
            Some(())
        },
    },
    Key {
        name: "sleep-clock-ppm",
        values: "0-500",
        meaning: "accuracy that the peripheral claims for its sleep clock (window widening)",
        apply: |c, v| {
            c.sleep_clock_ppm = number(v, 0, 500)?;
            Some(())
        },
    },
    Key {
        name: "pairing-back-off",
        values: "on | off",
        meaning: "growing wait after failed pairings; off only for experiments",
        apply: |c, v| {
            c.pairing_back_off = on_off(v)?;
            Some(())
        },
    },
    Key {
        name: "min-used-channels",
        values: "0 | 2 to 37",
        meaning: "channels that the central is asked to use at least; 0: it is not asked",
        apply: |c, v| {
            c.min_used_channels = v.parse().ok().filter(|n| matches!(n, 0 | 2..=37))?;
            Some(())
        },
    },
    Key {
        name: "param-requests",
        values: "accept | refuse",
        meaning: "whether the central gets the connection parameters that it asks for",
        apply: |c, v| {
            c.refuses_parameters = match v {
                "accept" => false,
                "refuse" => true,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "security-request",
        values: "on | off",
        meaning: "whether the peripheral asks for security on connection",
        apply: |c, v| {
            c.security_request = on_off(v)?;
            Some(())
        },
    },
    Key {
        name: "features-left-out",
        values: "none, or a list of 2m, coded, data-length, param-request, extended-reject, \
                 ping, feature-exchange",
        meaning: "link layer features that it does not offer",
        apply: |c, v| {
            c.left_out = features(v)?;
            Some(())
        },
    },
    Key {
        name: "features-hollow",
        values: "as features-left-out",
        meaning: "features that it offers but answers with LL_UNKNOWN_RSP, as old firmware did",
        apply: |c, v| {
            c.lapses.hollow = features(v)?;
            Some(())
        },
    },
    Key {
        name: "refusals",
        values: "all | extended-only",
        meaning: "which refusals it understands; old firmware ignored all but LL_REJECT_EXT_IND",
        apply: |c, v| {
            c.lapses.refusals = match v {
                "all" => Refusals::All,
                "extended-only" => Refusals::ExtendedOnly,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "debug-key",
        values: "on | off",
        meaning: "whether it pairs with the debug key of the specification (insecure)",
        apply: |c, v| {
            c.debug_key = on_off(v)?;
            Some(())
        },
    },
];

/// Keys of the air and the clocks.
pub const AIR: &[Key<Air>] = &[
    Key {
        name: "loss",
        values: "0-100 (percent)",
        meaning: "packets lost at random, beyond what noise does",
        apply: |a, v| {
            let percent: f64 = v.parse().ok().filter(|p| (0.0..=100.0).contains(p))?;
            // Parts per million, so that the simulation itself stays integer.
            a.loss_ppm = (percent * 10_000.0).round() as u32;
            Some(())
        },
    },
    Key {
        name: "clock-ppm",
        values: "-500..500",
        meaning: "error of the peripheral's sleep clock; the central's is off the other way",
        apply: |a, v| {
            a.clock_ppm = i32::from_str(v).ok().filter(|p| (-500..=500).contains(p))?;
            Some(())
        },
    },
    Key {
        name: "distance",
        values: "1-10000 (metres)",
        meaning: "distance between the two devices",
        apply: |a, v| {
            a.distance_m = number(v, 1, 10_000)?;
            Some(())
        },
    },
    Key {
        name: "host-latency",
        values: "0-1000 (ms)",
        meaning: "how late the peripheral's host gets to work; 0: as fast as the chip is",
        apply: |a, v| {
            a.host_latency_ms = number(v, 0, 1_000)?;
            Some(())
        },
    },
];

fn number<T: FromStr + PartialOrd>(text: &str, min: T, max: T) -> Option<T> {
    text.parse().ok().filter(|n| (min..=max).contains(n))
}

fn features(text: &str) -> Option<FeatureSet> {
    let one = |word: &str| {
        Some(match word.trim() {
            "2m" => FeatureSet::LE_2M,
            "coded" => FeatureSet::LE_CODED,
            "data-length" => FeatureSet::DATA_LENGTH_EXTENSION,
            "param-request" => FeatureSet::CONNECTION_PARAMETERS_REQUEST,
            "extended-reject" => FeatureSet::EXTENDED_REJECT,
            "ping" => FeatureSet::PING,
            "feature-exchange" => FeatureSet::PERIPHERAL_FEATURE_EXCHANGE,
            _ => return None,
        })
    };
    let listed = text.split(',').filter(|_| text != "none");
    listed.map(one).try_fold(FeatureSet::default(), |all, one| Some(all.with(one?)))
}

fn on_off(text: &str) -> Option<bool> {
    match text {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// Applies one `KEY=VALUE` from `table`. `None`: the table does not have that key.
///
/// # Errors
/// [`BadInput`] when the key exists but does not take that value.
pub fn apply<T>(
    table: &[Key<T>],
    target: &mut T,
    name: &str,
    value: &str,
) -> Option<Result<(), BadInput>> {
    let key = table.iter().find(|k| k.name == name)?;
    Some((key.apply)(target, value).ok_or_else(|| BadInput {
        what: format!("`{value}` is not a value of `{name}`"),
        help: format!("it takes: {}", key.values),
    }))
}

/// The error for a key that no table has.
#[must_use]
pub fn unknown_key(name: &str, known: &[&str]) -> BadInput {
    BadInput {
        what: format!("there is no key `{name}`"),
        help: match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`? `--set help` lists all keys"),
            None => "`--set help` lists all keys".into(),
        },
    }
}

/// All key names without a prefix.
#[must_use]
pub fn all_names() -> Vec<&'static str> {
    let peripheral = PERIPHERAL.iter().map(|k| k.name);
    peripheral.chain(AIR.iter().map(|k| k.name)).collect()
}

/// What precedes the keys of the central: `central.phy-req=block@pairing`.
pub const CENTRAL_PREFIX: &str = "central.";

/// Applies one `KEY=VALUE` to the central; `name` without the prefix.
///
/// # Errors
/// [`BadInput`] if there is no such key or it does not take that value.
pub fn apply_central(central: &mut Profile, name: &str, value: &str) -> Result<(), BadInput> {
    central.set(name, value).map_err(|error| BadInput {
        what: match error.unknown {
            Some(_) => format!("a central has no key `{name}`"),
            None => format!("`{value}` is not a value of `{CENTRAL_PREFIX}{name}`"),
        },
        help: BadInput::from(error).help,
    })
}

/// The text of `--set help`.
#[must_use]
pub fn help() -> String {
    fn rows<T>(title: &str, table: &[Key<T>]) -> String {
        let rows: String = table
            .iter()
            .map(|k| format!("  {:<22} {}\n  {:<22}   {}\n", k.name, k.meaning, "", k.values))
            .collect();
        format!("{title}\n{rows}")
    }
    let central: String = profile::keys()
        .iter()
        .map(|key| {
            let name = format!("{CENTRAL_PREFIX}{}", key.name);
            format!("  {name:<32} {}\n  {:<32}   {}\n", key.meaning, "", key.values)
        })
        .collect();
    [
        rows("Keys of the peripheral's firmware (also in --peripheral FILE.toml)", PERIPHERAL),
        rows("Keys of the air, the clocks and the processor", AIR),
        format!("Keys of the central (without `central.` also in --central FILE.toml)\n{central}"),
    ]
    .join("\n")
}
