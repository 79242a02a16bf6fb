//! What the numbers in logs mean: reasons of a disconnection and other HCI errors, Pairing Failed
//! reasons, errors of ATT, and the `err` of Zephyr's security callbacks. With each, what usually
//! causes it.
//!
//! Names are those of the Core Specification (Vol 1, Part F; Vol 3, Part H, 3.5.5; Vol 3, Part F,
//! 3.4.1.1; Core Specification Supplement, Part B) and of Zephyr's headers.

mod att;
mod find;
mod hci;
pub mod lines;
pub mod log;
mod smp;
mod zephyr;

use ble::error::ErrorCode;
use bletwin_sim::report::names;
use serde::Serialize;

pub use find::{Match, find, spoken_of};

/// Whose number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Controller error code: in HCI events, and on air in LL_TERMINATE_IND and LL_REJECT_IND.
    Hci,
    /// Reason of SMP Pairing Failed.
    Smp,
    /// Error code of an ATT Error Response.
    Att,
    /// `err` of Zephyr's `security_changed` and `pairing_failed`, `bt_security_err`.
    Zephyr,
}

impl Layer {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Hci, Self::Smp, Self::Att, Self::Zephyr];

    /// Its word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hci => "hci",
            Self::Smp => "smp",
            Self::Att => "att",
            Self::Zephyr => "zephyr",
        }
    }

    /// What it is, in a line.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Hci => "HCI errors: `reason` of a disconnection, `status`, LL_TERMINATE_IND",
            Self::Smp => "SMP: reasons of Pairing Failed",
            Self::Att => "ATT: errors of reads, writes and subscriptions",
            Self::Zephyr => "Zephyr: `err` of security_changed (Security failed: … err N)",
        }
    }
}

/// A number, its name and what usually causes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// Whose number it is: several layers have the same numbers.
    pub layer: Layer,
    /// The number, as logs and PDUs have it.
    pub code: u8,
    /// Its name in the Core Specification, or in Zephyr's headers.
    pub name: &'static str,
    /// What usually causes it.
    pub causes: &'static str,
}

/// All that are known, by layer and number.
pub fn all() -> impl Iterator<Item = Code> {
    let hci = hci::TABLE.iter().map(|(code, name, causes)| {
        let name = if name.is_empty() { ErrorCode(*code).name() } else { name };
        Code { layer: Layer::Hci, code: *code, name, causes }
    });
    let smp = smp::TABLE.iter().map(|(code, causes)| Code {
        layer: Layer::Smp,
        code: *code,
        name: names::smp_failure(*code),
        causes,
    });
    let att = att::TABLE.iter().map(|(code, causes)| Code {
        layer: Layer::Att,
        code: *code,
        name: names::att_error(*code),
        causes,
    });
    let zephyr = zephyr::TABLE.iter().map(|(code, name, causes)| Code {
        layer: Layer::Zephyr,
        code: *code,
        name,
        causes,
    });
    hci.chain(smp).chain(att).chain(zephyr)
}

/// The code of a layer, if it is known.
#[must_use]
pub fn of(layer: Layer, code: u8) -> Option<Code> {
    all().find(|known| (known.layer, known.code) == (layer, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_layer_is_there_once_named_and_explained() {
        let known: Vec<Code> = all().collect();
        assert!(known.is_sorted_by_key(|code| (code.layer, code.code)));
        for (before, after) in known.iter().zip(&known[1..]) {
            assert_ne!((before.layer, before.code), (after.layer, after.code));
        }
        for code in &known {
            assert!(!code.name.is_empty() && code.name != "Unnamed error", "{code:?}");
            assert!(!code.causes.is_empty(), "{code:?}");
        }
    }

    #[test]
    fn every_code_that_the_simulation_names_is_explained() {
        for code in 0..=u8::MAX {
            let named = [
                (Layer::Hci, ErrorCode(code).name() != "Unnamed error"),
                (Layer::Smp, !names::smp_failure(code).is_empty()),
                (Layer::Att, !names::att_error(code).is_empty()),
            ];
            for (layer, named) in named {
                assert_eq!(
                    of(layer, code).is_some(),
                    named || own(layer, code),
                    "{layer:?} {code}"
                );
            }
        }
    }

    /// Named by the table itself.
    fn own(layer: Layer, code: u8) -> bool {
        layer == Layer::Hci && hci::TABLE.iter().any(|row| row.0 == code && !row.1.is_empty())
    }

    #[test]
    fn the_lines_of_the_founding_case_are_explained() {
        let err = of(Layer::Zephyr, 9).unwrap();
        assert!(err.causes.contains("the link died"), "{err:?}");
        let reason = of(Layer::Hci, 8).unwrap();
        assert_eq!(reason.name, "Connection Timeout");
        assert!(reason.causes.contains("supervision timeout"), "{reason:?}");
    }
}
