//! A central, as data.

use crate::controller::ControllerConfig;
use crate::host::HostConfig;

/// A central that can be put into a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// How it is called on the command line.
    pub name: String,
    /// A description, in a line or two.
    pub about: String,
    /// Where its behaviour is known from.
    pub sources: Vec<String>,
    /// Ids of the link layer's rules that it breaks, as the oracle names them
    /// (`bletwin_rules::judged`): found against this central they are no surprise. Plain
    /// data, like everything here; a test proves that each of them is broken in some run.
    pub breaks: Vec<String>,
    /// What may still be under way when a run with it is ended, as
    /// [`What::kind`](ble::armed::What::kind) has it; the run passes all the same.
    pub busy: Vec<String>,
    /// Its link layer.
    pub controller: ControllerConfig,
    /// Its host: addresses, connection parameters, steps, pairing and bonds.
    pub host: HostConfig,
}

impl Default for Profile {
    /// A central that keeps every rule and serves each request immediately.
    fn default() -> Self {
        Self {
            name: "honest".into(),
            about: String::new(),
            sources: Vec::new(),
            breaks: Vec::new(),
            busy: Vec::new(),
            controller: ControllerConfig::default(),
            host: HostConfig::default(),
        }
    }
}
