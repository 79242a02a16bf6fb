//! A chip in the peripheral's place. It keeps no record of its own: what came of a run is told by
//! the central, and by the two words that a firmware with the feature `trial` has in RAM.

use bletwin_emulator::node::ChipNode;

use super::Stage;
use crate::participant::Participant;

/// See `targets/nrf52840/src/trial.rs`.
const RESULT: &str = "BLETWIN_RESULT";

impl Stage {
    fn chip(&self) -> Option<&ChipNode> {
        match self.world.node(self.peripheral) {
            Participant::Chip(chip) => Some(chip),
            _ => None,
        }
    }

    /// Takes in what no record tells.
    pub(super) fn ask_chip(&mut self) {
        let Some(chip) = self.chip() else { return };
        let error = chip.word(RESULT, 0).and_then(|error| u8::try_from(error).ok());
        let (level, failed) = self.central_host().map_or((0, false), |host| {
            let status = host.status();
            (status.level, matches!(status.pairing, Some(Err(_))))
        });
        let facts = &mut self.facts;
        facts.security_err = error.filter(|error| *error != 0);
        facts.pairing_failed |= failed;
        if level > 0 && facts.level != Some(level) {
            facts.set_level(level);
        }
    }

    /// Why the emulator has given up, if it has.
    pub(super) fn stopped(&self) -> Option<String> {
        let why = self.chip()?.stopped()?;
        Some(format!("The emulator gave up, so that nothing here counts: {why}"))
    }
}
