//! Named centrals, as plain data.
//!
//! A profile's name means nothing: two profiles that differ in name only behave the same.

mod keys;
mod quirks;
#[cfg(test)]
mod tests;

use firmware_core::error::ErrorCode;
use firmware_core::hci::ConnectionParameters;
use firmware_core::pdu::control::{FeatureSet, VersionInd};
use firmware_core::time::Duration;

use crate::controller::quirk::{Answer, AnswerRule, Condition, PeripheralRequest};
use crate::controller::{ControllerConfig, ControllerQuirks};
use crate::host::{
    Attack, BondedStart, DebugKey, HostConfig, HostProcedure, OwnAddress, PairOn, Step, Uuid,
};
pub use keys::{KEYS, Key, SetError};

/// A central that can be put into a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// How it is called on the command line.
    pub name: String,
    /// What it is, in a line or two.
    pub about: String,
    /// Where its behaviour is known from.
    pub sources: Vec<String>,
    /// Ids of the link layer's rules that it breaks, as the oracle names them
    /// (`bletwin_sim::oracle::RULES`): found against this central they are no surprise. Plain
    /// data, like everything here; a test proves that each of them is broken in some run.
    pub breaks: Vec<String>,
    /// Its link layer.
    pub controller: ControllerConfig,
    /// Its host.
    pub host: HostConfig,
}

/// The laptop of the founding case.
const INTEL_ADDRESS: [u8; 6] = [0x0A, 0x35, 0xA6, 0x23, 0xA0, 0x58];
/// LL_FEATURE_REQ of a Windows laptop: little endian `ff 59` (bleak PR 1100).
const INTEL_FEATURES: u64 = 0x59FF;

fn owned(sources: &[&str]) -> Vec<String> {
    sources.iter().map(ToString::to_string).collect()
}

impl Profile {
    /// All named centrals, attackers excepted.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![
            Self::phone(),
            Self::windows_intel(),
            Self::windows_intel_m1(),
            Self::windows_intel_m3(),
            Self::windows_intel_restart(),
            Self::honest(),
        ]
    }

    /// The central of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|profile| profile.name == name)
    }

    /// A central without particularities that does what it is asked at once.
    #[must_use]
    pub fn honest() -> Self {
        Self {
            name: "honest".into(),
            about: "A central that keeps every rule; the measure for all others".into(),
            sources: Vec::new(),
            breaks: Vec::new(),
            controller: ControllerConfig::default(),
            host: HostConfig::default(),
        }
    }

    /// nRF Connect on a phone. Interval 30 ms and supervision timeout 5 s are in the range of what
    /// phones choose; the address is static random instead of a private one, so that runs compare.
    #[must_use]
    pub fn phone() -> Self {
        let honest = Self::honest();
        Self {
            name: "phone".into(),
            about: "nRF Connect on a phone: long PDUs and MTU at once, pairs when the protected \
                    write is refused, the user types the passkey"
                .into(),
            sources: owned(&[
                "https://devzone.nordicsemi.com/f/nordic-q-a/114341",
                "https://developer.android.com/reference/android/bluetooth/BluetoothGatt",
            ]),
            breaks: Vec::new(),
            controller: ControllerConfig {
                public_address: [0x22, 0x11, 0x00, 0x5E, 0x00, 0x00],
                ..honest.controller
            },
            host: HostConfig {
                address: OwnAddress::StaticRandom([0xF0, 0x0D, 0xCA, 0xFE, 0x12, 0x34]),
                on_connect: vec![
                    HostProcedure::Features,
                    HostProcedure::Version,
                    HostProcedure::DataLength,
                ],
                ..honest.host
            },
        }
    }

    /// A Windows laptop with an Intel controller, but with the controller's quirk left out.
    ///
    /// That the host gives up 13 s after the last sign of life is inferred: the log of the case
    /// shows the end some 15 s after connecting, and its supervision timeout is taken to be the
    /// 2 s that Windows is known to use.
    fn windows_intel_without_quirk() -> Self {
        let honest = Self::honest();
        let mut pairing = honest.host.pairing;
        pairing.debug_key = DebugKey::Reject;
        Self {
            name: "windows".into(),
            about: "Windows laptop: the user pairs from the Settings page".into(),
            sources: owned(&[
                "https://devzone.nordicsemi.com/f/nordic-q-a/114341",
                "https://github.com/zephyrproject-rtos/zephyr/issues/12362",
                "https://github.com/zephyrproject-rtos/zephyr/issues/109217",
                "https://github.com/hbldh/bleak/pull/1100",
            ]),
            breaks: Vec::new(),
            controller: ControllerConfig {
                public_address: INTEL_ADDRESS,
                features: FeatureSet(INTEL_FEATURES),
                version: VersionInd { version: 11, company: 0x0002, subversion: 0 },
                ..honest.controller
            },
            host: HostConfig {
                address: OwnAddress::Public,
                parameters: ConnectionParameters {
                    interval_min: 12,
                    interval_max: 12,
                    latency: 0,
                    timeout: 200,
                },
                on_connect: vec![HostProcedure::Features],
                steps: vec![
                    Step::Secure,
                    Step::ExchangeMtu,
                    Step::Discover,
                    Step::Stay(Duration::from_secs(8)),
                ],
                mtu: 527,
                pair_on: PairOn { att_error: false, security_request: true },
                pairing,
                give_up: Some(Duration::from_secs(13)),
                bonded_start: BondedStart::EncryptFirst,
                ..honest.host
            },
        }
    }

    /// The laptop of the founding case, mechanism 2.
    #[must_use]
    pub fn windows_intel() -> Self {
        Self::windows_intel_without_quirk()
            .with_phy_rule(
                "windows-intel",
                "Windows/Intel laptop of the founding case: a PHY request while pairing blocks the \
             controller's queue for good, until the host gives up",
                Condition::WhileSmpOrEncryptionPending,
                Answer::BlockControl,
            )
            .that_breaks(&["LL-END-1", "LL-LIVE-2"])
    }

    /// The laptop of the founding case, mechanism 1.
    #[must_use]
    pub fn windows_intel_m1() -> Self {
        Self::windows_intel_without_quirk().with_phy_rule(
            "windows-intel-m1",
            "As windows-intel, but the controller falls silent a few events after a PHY request \
             while pairing",
            Condition::WhileSmpOrEncryptionPending,
            Answer::SilentAfterEvents(6),
        )
        .that_breaks(&["LL-LIVE-3"])
    }

    /// The laptop of the founding case, mechanism 3.
    #[must_use]
    pub fn windows_intel_m3() -> Self {
        Self::windows_intel_without_quirk()
            .with_phy_rule(
                "windows-intel-m3",
                "As windows-intel, but the controller answers a PHY request while pairing and then \
             does not switch at the instant",
                Condition::WhileSmpOrEncryptionPending,
                Answer::UpdateNoSwitch,
            )
            .that_breaks(&["LL-AGREE-1", "LL-PHY-1"])
    }

    /// Intel "Meteor Lake": restarts the PHY procedure before its instant.
    #[must_use]
    pub fn windows_intel_restart() -> Self {
        let mut profile = Self::windows_intel_without_quirk().with_phy_rule(
            "windows-intel-restart",
            "Windows/Intel laptop whose controller answers a PHY request and then starts its own \
             before the instant",
            Condition::Always,
            Answer::UpdateThenOwnPhyReq,
        )
        .that_breaks(&["LL-COLL-1"]);
        profile.sources.push("https://github.com/zephyrproject-rtos/zephyr/pull/81088".into());
        profile
    }

    /// A central that guesses a static passkey bit by bit; see [`crate::attacker`].
    #[must_use]
    pub fn attacker() -> Self {
        let honest = Self::honest();
        Self {
            name: "static-passkey-attacker".into(),
            about: "Guesses the passkey: each failed attempt tells one bit".into(),
            sources: owned(&["https://github.com/zephyrproject-rtos/zephyr/issues/36005"]),
            breaks: Vec::new(),
            controller: honest.controller,
            host: HostConfig {
                parameters: ConnectionParameters {
                    interval_min: 6,
                    interval_max: 6,
                    latency: 0,
                    timeout: 200,
                },
                steps: vec![Step::Secure, Step::Discover, Step::Write(Uuid::LED, vec![1])],
                attack: Some(Attack { max_attempts: 40 }),
                ..honest.host
            },
        }
    }

    fn with_phy_rule(
        mut self,
        name: &str,
        about: &str,
        condition: Condition,
        answer: Answer,
    ) -> Self {
        self.name = name.into();
        self.about = about.into();
        self.controller.quirks.rules.push(AnswerRule {
            request: PeripheralRequest::Phy,
            condition,
            answer,
            delay_events: 0,
        });
        self
    }

    fn that_breaks(mut self, rules: &[&str]) -> Self {
        self.breaks = owned(rules);
        self
    }

    /// The same central without its controller's quirks.
    #[must_use]
    pub fn without_quirks(mut self) -> Self {
        self.controller.quirks = ControllerQuirks::default();
        self.breaks.clear();
        self
    }

    /// Changes one thing; see [`KEYS`].
    ///
    /// # Errors
    /// If there is no such key, or its value makes no sense.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SetError> {
        keys::set(self, key, value)
    }
}

/// An error code as users write it: decimal, or hexadecimal after `0x`.
fn error_code(text: &str) -> Option<ErrorCode> {
    let code = match text.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok()?,
        None => text.parse().ok()?,
    };
    (code != 0).then_some(ErrorCode(code))
}
