//! Values that can have no effect beside others, reported as warnings.

use ble::pdu::control::FeatureSet;
use ble::security::IoCapability;
use bletwin_firmware_node::Build;
use bletwin_models::profile::is_file;
use bletwin_schema::{Conflict, Origins, ValueKind};
use firmware_core::config::{PairingOutsideMode, Passkey};

use super::firmware::FeatureNames;
use crate::error::BadInput;

/// Where a value comes from that was given on the command line.
pub const COMMAND_LINE: &str = "--set";

/// Values of a firmware that can have no effect, or only an unwanted one. A device may be built so,
/// and a run shows the result: none of them is an error.
#[must_use]
pub fn firmware(build: &Build) -> Vec<Conflict> {
    let config = &build.config;
    let mut found = Vec::new();
    let both = FeatureSet(config.lapses.hollow.0 & config.left_out.0);
    if both != FeatureSet(0) {
        found.push(Conflict::warning(
            &["features-hollow", "features-left-out"],
            format!(
                "`{}` is hollow and left out: what is not offered cannot be hollow",
                FeatureNames::write(&both)
            ),
            "name it in one of `features-hollow` and `features-left-out`",
        ));
    }
    let chosen =
        build.update.as_ref().filter(|next| next.gatt().name != build.application.gatt().name);
    if let Some(next) = chosen {
        found.push(Conflict::warning(
            &["updated-app"],
            format!("after the update to `{}` the device has another name", next.name()),
            "a central that looks for the name does not find it any more",
        ));
    }
    if config.io == IoCapability::NoInputNoOutput {
        if config.required_level > 2 {
            found.push(Conflict::warning(
                &["required-level", "io"],
                format!(
                    "nobody reaches `required-level = {}`: with `io = \"none\"` every pairing is \
                     Just Works, level 2",
                    config.required_level
                ),
                "lower `required-level` to 2, or give the device another `io`",
            ));
        }
        if config.pairing_outside_mode == Some(PairingOutsideMode::Authenticated) {
            found.push(Conflict::warning(
                &["pairing-outside-mode", "io"],
                "`pairing-outside-mode = \"authenticated\"` lets nobody in: with `io = \"none\"` \
                 every pairing is Just Works",
                "say `refuse`, which is the same, or give the device another `io`",
            ));
        }
        if matches!(config.passkey, Passkey::Static(_)) {
            found.push(Conflict::warning(
                &["passkey", "io"],
                "`passkey` has no effect: with `io = \"none\"` no passkey is ever asked for",
                "leave `passkey` out, or give the device another `io`",
            ));
        }
    }
    found
}

/// Conflicts as messages, each with the place where the user gave the value, or where it comes
/// from.
#[must_use]
pub fn warnings(conflicts: Vec<Conflict>, origins: &Origins) -> Vec<BadInput> {
    let place = |keys: &[&str]| {
        let from = || keys.iter().filter_map(|key| origins.get(*key));
        let own = from().find(|from| from.place == COMMAND_LINE || is_file(&from.place));
        own.or_else(|| from().next())
    };
    let warning = |conflict: Conflict| {
        let what = match place(&conflict.keys) {
            Some(origin) => format!("{origin}: {}", conflict.what),
            None => conflict.what,
        };
        BadInput { what, help: conflict.help }
    };
    conflicts.into_iter().map(warning).collect()
}
