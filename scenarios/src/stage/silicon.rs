//! A chip in the peripheral's place. It keeps no record of its own: the result of a run is read
//! from its log, if that has lines of a known form, from the central, and from the two words that a
//! firmware with the feature `trial` has in RAM. Without a log and without those, the link is taken
//! to end for the chip when it ends for the central.

use ble::error::ErrorCode;
use ble::hci::{Event, Handle};
use ble::log::Line;
use ble::time::Instant;
use bletwin_emulator::node::ChipNode;
use bletwin_models::host::PairingError;
use bletwin_sim::charge::Regulator;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Note, Record, RecordKind};

use super::Stage;
use crate::participant::Participant;
use crate::summary::{Charge, PeripheralFacts};

/// Symbol of the two words in `targets/nrf52840/src/trial.rs`: `err`, and reason.
const RESULT: &str = "BLETWIN_RESULT";

/// Takes in one more record of a chip and its central (`nodes`, in this order).
pub(super) fn see(
    facts: &mut PeripheralFacts,
    chip: &ChipNode,
    [own, central]: [NodeId; 2],
    record: &Record,
) {
    let logged = match &record.kind {
        RecordKind::Note(Note::Log(log)) if record.node == own => Some(&log.line),
        _ => None,
    };
    facts.logs |= logged == Some(&Line::Connected);
    if let Some(line) = logged {
        facts.add_logged(record.at, line);
    }
    facts.add_other(central, facts.logs || chip.word(RESULT, 1).is_some(), record);
}

impl Stage {
    pub(crate) fn chip(&self) -> Option<&ChipNode> {
        match self.world.node(self.peripheral) {
            Participant::Chip(chip) => Some(chip),
            _ => None,
        }
    }

    /// What the peripheral took of its supply so far. Without a chip it is what a chip would take
    /// that runs `targets/nrf52840`, which leaves the regulator as it is after a reset.
    pub(super) fn charge(&self) -> Option<Charge> {
        let now = self.world.local_now(self.peripheral);
        match self.world.node(self.peripheral) {
            Participant::Peripheral(node) => Some(Charge::of(node.spent(now), Regulator::Ldo)),
            Participant::Chip(chip) => Some(Charge::of(chip.spent(now), chip.regulator())),
            _ => None,
        }
    }

    /// The chip, for a debugger.
    pub fn chip_mut(&mut self) -> Option<&mut ChipNode> {
        match self.world.node_mut(self.peripheral) {
            Participant::Chip(chip) => Some(chip),
            _ => None,
        }
    }

    /// Lets the next event happen. `false`: the scenario is over, and time has passed to its end.
    pub fn step(&mut self) -> bool {
        let goes_on = self.advance(Instant::MAX);
        if !goes_on {
            self.world.run_until(self.end());
        }
        goes_on
    }

    /// Takes from the chip what no record shows.
    pub(super) fn ask_chip(&mut self) {
        let Some(chip) = self.chip() else { return };
        let word = |index| chip.word(RESULT, index).and_then(|word| u8::try_from(word).ok());
        // Zero before the firmware has given its variables their values, or on success.
        let [error, reason] = [word(0), word(1)].map(|word| word.filter(|word| *word != 0));
        let now = self.world.now();
        let (level, failed) = self.central_host().map_or((0, false), |host| {
            let status = host.status();
            // A pairing that dies with its link has not failed before.
            let refused =
                matches!(status.pairing, Some(Err(PairingError::Local(_) | PairingError::Peer(_))));
            (status.level, refused)
        });
        let facts = &mut self.facts;
        facts.pairing_failed |= failed;
        if facts.logs {
            return;
        }
        facts.security_err = error;
        if level > 0 && facts.level != Some(level) {
            facts.set_level(level);
        }
        let open = facts.connections as usize > facts.endings.len();
        if let Some(reason) = reason.map(ErrorCode).filter(|_| open) {
            let handle = Handle(0);
            facts.add_event(now, &Event::DisconnectionComplete { handle, reason });
        }
    }

    /// Whether the link is over for the central and the chip has yet to notice: it does when its
    /// supervision timer has run out.
    pub(super) fn chip_lags(&self) -> bool {
        let has_words = |chip: &ChipNode| chip.word(RESULT, 1).is_some();
        let reports = self.facts.logs || self.chip().is_some_and(has_words);
        let open = self.facts.connections as usize > self.facts.endings.len();
        reports && open && self.central_host().is_some_and(|host| host.status().level == 0)
    }

    /// Why the emulator has given up, if it has.
    pub(super) fn stopped(&self) -> Option<String> {
        let why = self.chip()?.stopped()?;
        Some(format!("The emulator gave up, so that nothing here counts: {why}"))
    }
}
