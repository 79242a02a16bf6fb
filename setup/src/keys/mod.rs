//! The keys of `--set KEY=VALUE` and of peripheral files.

mod air;
pub mod conflict;
mod firmware;
pub mod page;

use bletwin_firmware_node::Build;
use bletwin_models::profile::{self, Profile};
use bletwin_schema::{Fault, Key, Keys};

pub use air::AIR;
pub use firmware::PERIPHERAL;

use crate::Air;
use crate::PRESETS;
use crate::error::BadInput;
use crate::preset;

/// What precedes the keys of the central: `central.phy-req=block@pairing`.
pub const CENTRAL_PREFIX: &str = "central.";

impl From<Fault> for BadInput {
    fn from(fault: Fault) -> Self {
        Self { what: fault.what, help: fault.help }
    }
}

/// The text of `--set help`.
#[must_use]
pub fn help() -> String {
    let firmware = "Keys of the peripheral's firmware (also in --peripheral FILE.toml)";
    let air = "Keys of the air, the clocks and the processor";
    let central = "Keys of the central (without `central.` also in --central FILE.toml)";
    let presets: Vec<(&str, Build)> =
        PRESETS.iter().filter_map(|name| Some((*name, preset(name)?))).collect();
    let honest = Profile::honest();
    [
        rows(firmware, "", PERIPHERAL, 22, &presets),
        rows(air, "", AIR, 22, &[("default", Air::default())]),
        rows(central, CENTRAL_PREFIX, profile::KEYS, 32, &[(honest.name.clone().as_str(), honest)]),
    ]
    .join("\n")
}

/// With the value that each key has in these.
fn rows<T>(title: &str, prefix: &str, keys: Keys<T>, width: usize, of: &[(&str, T)]) -> String {
    let mut text = format!("{title}\n");
    for key in keys.iter() {
        let name = format!("{prefix}{}", key.name);
        text += &format!("  {name:<width$} {}\n", key.meaning);
        text += &format!("  {:<width$}   {}\n", "", key.values());
        text += &format!("  {:<width$}   ({})\n", "", defaults(key, of));
    }
    text
}

/// `default 5`, or which of them has which value.
fn defaults<T>(key: &Key<T>, of: &[(&str, T)]) -> String {
    let values: Vec<(&str, String)> =
        of.iter().map(|(name, of)| (*name, key.get(of).to_string())).collect();
    match values.as_slice() {
        [(_, first), others @ ..] if others.iter().all(|(_, other)| other == first) => {
            format!("default {first}")
        }
        differ => {
            let each = differ.iter().map(|(name, value)| format!("{name}: {value}"));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}
