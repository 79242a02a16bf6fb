//! For how long the device does what its current depends on ([`bletwin_sim::charge`]).
//!
//! All is told from what passes anyway: the commands to the radio and its events, the work that is
//! charged, what is done to flash. Radio and crystal are used as `targets/nrf52840` uses them: fast
//! ramp-up; a receiver that learns of a packet's end when the chip does; the crystal from the
//! command on that needs it until nothing follows within [`AT_ONCE`].
//!
//! Idealised: what wakes the processor and puts it to sleep costs nothing, nor does starting it;
//! keys are computed while the radio is off.

use ble::phy::{Phy, T_IFS_US, TxPhy};
use ble::radio::{AfterTransmit, RadioCommand, RadioEvent};
use ble::time::{Duration, Instant};
use ble::work::{Level, Work};
use bletwin_sim::charge::{Draw, Phase, Spent};
use bletwin_sim::radio::RAMP_UP_US;

use crate::costs::Costs;
use crate::{CYCLE, CpuConfig, PeripheralNode};

/// From the start of the crystal until it is trusted: as the emulated chip's CLOCK has it.
const CRYSTAL_START: Duration = Duration::from_us(360 + 256);
/// For a pause this short the crystal is not switched off (`targets/nrf52840/src/levels.rs`).
const AT_ONCE: Duration = Duration::from_us(500);
const RAMP_UP: Duration = Duration::from_us(RAMP_UP_US);
/// So much earlier than T_IFS after an own packet the receiver is on.
const EARLY: Duration = Duration::from_us(4);

/// Until the transmitter is off again (product specification 6.20.15).
const fn switch_off(phy: Phy) -> Duration {
    match phy {
        Phy::Le1M | Phy::LeCoded => Duration::from_us(6),
        Phy::Le2M => Duration::from_us(4),
    }
}

/// From the last bit of a packet to the event in the chip, which switches the receiver off: as
/// `radio_regs::time` has it.
const fn decode(phy: Phy) -> Duration {
    match phy {
        Phy::Le1M => Duration::from_ticks(9_400 * 64),
        Phy::Le2M => Duration::from_ticks(5_000 * 64),
        Phy::LeCoded => Duration::from_ticks(29_600 * 64),
    }
}

/// What the radio is armed for.
#[derive(Clone, Copy, Debug, Default)]
enum Radio {
    #[default]
    Off,
    Sends {
        from: Instant,
        phy: TxPhy,
        then: AfterTransmit,
    },
    Listens {
        from: Instant,
        phy: Phy,
    },
}

/// The crystal, since when.
#[derive(Clone, Copy, Debug, Default)]
enum Crystal {
    #[default]
    Off,
    Needed {
        since: Instant,
    },
    /// It stays on if it is needed again soon.
    Idle {
        since: Instant,
        last: Instant,
    },
}

/// The times so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    /// All the time that has passed is in it as sleep.
    spent: Spent,
    phase: Phase,
    /// Until when that time has passed.
    until: Instant,
    powered: bool,
    radio: Radio,
    /// The end of the packet that was received last.
    received: Instant,
    crystal: Crystal,
    /// What was done since the crystal is on, and takes more than it.
    covered: Duration,
}

impl Meter {
    /// Power is there.
    pub(crate) fn power_up(&mut self, now: Instant) {
        *self = Self { spent: self.spent, until: now, powered: true, ..Self::default() };
    }

    /// Power is gone.
    pub(crate) fn power_fails(&mut self, now: Instant) {
        self.finish(now);
        *self = Self { spent: self.spent, ..Self::default() };
    }

    /// The times until now.
    pub(crate) fn spent(mut self, now: Instant) -> Spent {
        self.finish(now);
        for times in [&mut self.spent.advertising, &mut self.spent.connected] {
            // Until here, sleep is all the time that has passed.
            let passed = times.of(Draw::Sleeps);
            let else_done = times.total().saturating_sub(passed);
            times.take(Draw::Sleeps, else_done);
        }
        self.spent
    }

    fn finish(&mut self, now: Instant) {
        self.cut(now);
        self.rest(now);
        self.pass(now);
    }

    /// Time has passed until now.
    fn pass(&mut self, now: Instant) {
        if self.powered {
            self.spent.of_mut(self.phase).add(Draw::Sleeps, now.since(self.until));
            self.until = self.until.max(now);
        }
    }

    fn did(&mut self, what: Draw, span: Duration) {
        self.spent.of_mut(self.phase).add(what, span);
    }

    /// Did that by the crystal.
    fn used(&mut self, what: Draw, span: Duration) {
        self.did(what, span);
        self.covered = self.covered + span;
    }

    /// The radio gets a command.
    pub(crate) fn commanded(&mut self, now: Instant, command: &RadioCommand) {
        self.cut(now);
        let tuning = match command {
            RadioCommand::Transmit { tuning, .. } | RadioCommand::Receive { tuning, .. } => {
                Some(tuning)
            }
            RadioCommand::Reply { .. } | RadioCommand::Stop => None,
        };
        let phase = tuning.map(|tuning| Phase::of(tuning.access_address));
        if let Some(phase) = phase.filter(|phase| *phase != self.phase) {
            self.rest_if_late(now);
            self.pass(now);
            self.phase = phase;
        }
        self.radio = match *command {
            RadioCommand::Transmit { at, phy, then, .. } => {
                self.need(now);
                Radio::Sends { from: at, phy, then }
            }
            RadioCommand::Receive { from, receiver, .. } => {
                self.need(now);
                Radio::Listens { from, phy: receiver.phy }
            }
            RadioCommand::Reply { phy, then, .. } => {
                self.need(now);
                let from = self.received + Duration::from_us(T_IFS_US.into());
                Radio::Sends { from, phy, then }
            }
            RadioCommand::Stop => Radio::Off,
        };
    }

    /// The radio reports.
    pub(crate) fn heard(&mut self, now: Instant, event: &RadioEvent) {
        match (event, self.radio) {
            (&RadioEvent::Transmitted { start, end }, Radio::Sends { phy, then, .. }) => {
                let phy = phy.phy();
                self.used(Draw::SendsSoon, RAMP_UP);
                self.used(Draw::Sends(phy), end.since(start) + switch_off(phy));
                self.radio = match then {
                    AfterTransmit::Receive(receiver) => {
                        let from = (end + Duration::from_us(T_IFS_US.into())).before(EARLY);
                        Radio::Listens { from, phy: receiver.phy }
                    }
                    AfterTransmit::Stop => Radio::Off,
                };
            }
            (&RadioEvent::Received { end, .. }, Radio::Listens { from, phy }) => {
                self.listened(from, end + decode(phy), phy);
                (self.radio, self.received) = (Radio::Off, end);
            }
            (&RadioEvent::Missed { at }, Radio::Listens { from, phy }) => {
                self.listened(from, at, phy);
                self.radio = Radio::Off;
            }
            // One that was called off, and that has ended.
            (RadioEvent::Transmitted { .. }, _) => {}
            _ => self.radio = Radio::Off,
        }
        if let (Radio::Off, Crystal::Needed { since }) = (self.radio, self.crystal) {
            self.crystal = Crystal::Idle { since, last: now };
        }
    }

    fn listened(&mut self, from: Instant, until: Instant, phy: Phy) {
        self.used(Draw::ListensSoon, RAMP_UP);
        self.used(Draw::Listens(phy), until.since(from));
    }

    /// What the radio does is called off. A packet on air is sent to its end all the same, and
    /// then reported.
    fn cut(&mut self, now: Instant) {
        if let Radio::Listens { from, phy } = self.radio
            && from < now
        {
            self.listened(from, now, phy);
        }
        self.radio = Radio::Off;
        if let Crystal::Needed { since } = self.crystal {
            self.crystal = Crystal::Idle { since, last: now };
        }
    }

    /// The crystal is needed from now on.
    fn need(&mut self, now: Instant) {
        self.rest_if_late(now);
        self.crystal = match self.crystal {
            Crystal::Off => {
                self.covered = Duration::ZERO;
                Crystal::Needed { since: now }
            }
            Crystal::Needed { since } | Crystal::Idle { since, .. } => Crystal::Needed { since },
        };
    }

    fn rest_if_late(&mut self, now: Instant) {
        if let Crystal::Idle { last, .. } = self.crystal
            && now > last + AT_ONCE
        {
            self.rest(last);
        }
    }

    /// The crystal was switched off when it was not needed any more, or at `now`.
    fn rest(&mut self, now: Instant) {
        let (since, until) = match self.crystal {
            Crystal::Off => return,
            Crystal::Needed { since } => (since, now),
            Crystal::Idle { since, last } => (since, last),
        };
        self.crystal = Crystal::Off;
        let ran = until.since(since).saturating_sub(self.covered);
        let starts = ran.ticks().min(CRYSTAL_START.ticks());
        self.did(Draw::CrystalStarts, Duration::from_ticks(starts));
        self.did(Draw::CrystalRuns, ran.saturating_sub(CRYSTAL_START));
    }

    /// So much time is left out, in which nothing of it happens: what is armed is armed for later.
    pub(crate) fn leaps(&mut self, by: Duration) {
        match &mut self.radio {
            Radio::Off => {}
            Radio::Sends { from, .. } | Radio::Listens { from, .. } => *from += by,
        }
        self.received += by;
        match &mut self.crystal {
            Crystal::Off => {}
            Crystal::Needed { since } => *since += by,
            Crystal::Idle { since, last } => {
                *since += by;
                *last += by;
            }
        }
    }

    /// The processor works for so long at a level, from then on.
    pub(crate) fn works(&mut self, level: Level, from: Instant, span: Duration) {
        match self.radio {
            Radio::Sends { from: begins, .. } if begins <= from => {
                self.did(Draw::WorksBesideSending, span);
            }
            Radio::Listens { from: begins, .. } if begins <= from => {
                self.did(Draw::WorksBesideListening, span);
            }
            _ => match &mut self.crystal {
                Crystal::Needed { .. } => self.used(Draw::Works, span),
                // The radio's interrupt goes on with it, and switches it off then.
                Crystal::Idle { last, .. } if level == Level::Radio && from <= *last => {
                    *last = from + span;
                    self.used(Draw::Works, span);
                }
                Crystal::Idle { .. } | Crystal::Off => self.did(Draw::Works, span),
            },
        }
    }

    /// The thread computes a key for so long, which the radio comes between.
    pub(crate) fn computes(&mut self, span: Duration) {
        self.did(Draw::Works, span);
    }

    /// Flash was written or erased for so long.
    pub(crate) fn changed_flash(&mut self, what: Draw, span: Duration) {
        self.did(what, span);
    }
}

impl CpuConfig {
    /// How long the processor works at that.
    pub(crate) fn takes(&self, work: Work) -> Duration {
        let Costs { items: [radio, control, host], aes_block, .. } = self.costs;
        let item = match work.level {
            Level::Radio => radio,
            Level::Control => control,
            Level::Host => host,
        };
        let cycles = u64::from(item) * u64::from(work.items)
            + u64::from(aes_block) * u64::from(work.aes_blocks);
        CYCLE.times(cycles)
    }
}

impl PeripheralNode {
    /// For how long it has done what, over all its power-ups.
    #[must_use]
    pub fn spent(&self, now: Instant) -> Spent {
        self.meter.0.spent(now)
    }

    /// Charges what was done to flash since this was called last.
    pub(crate) fn flash_changed(&mut self) {
        for (what, span) in self.storage.changed() {
            self.meter.0.changed_flash(what, span);
        }
    }
}

#[cfg(test)]
mod tests;
