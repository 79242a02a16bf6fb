//! The keys of `--set KEY=VALUE` and of peripheral files.

mod air;
mod firmware;
pub mod page;

use bletwin_models::profile;
use bletwin_schema::{Fault, Keys};

pub use air::AIR;
pub use firmware::PERIPHERAL;

use crate::error::BadInput;

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
    [
        rows(firmware, "", PERIPHERAL, 22),
        rows(air, "", AIR, 22),
        rows(central, CENTRAL_PREFIX, profile::KEYS, 32),
    ]
    .join("\n")
}

fn rows<T>(title: &str, prefix: &str, keys: Keys<T>, width: usize) -> String {
    let mut text = format!("{title}\n");
    for key in keys.iter() {
        let name = format!("{prefix}{}", key.name);
        text += &format!("  {name:<width$} {}\n", key.meaning);
        text += &format!("  {:<width$}   {}\n", "", key.values());
    }
    text
}
