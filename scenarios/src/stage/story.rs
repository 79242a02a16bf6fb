//! The stories: actions during a run, its end, and its verdict.

use ble::error::ErrorCode;
use ble::time::{Duration, Instant};
use bletwin_models::host::CentralHost;
use bletwin_sim::node::{Act, NodeId};

use super::Stage;
use super::direction::ATTEMPTS_MAX;
use crate::participant::Participant;
use crate::story::{DELETE_BONDS, PAIRING, Story};
use crate::summary::{Verdict, never_established};

/// When a button is pressed and released, after the central has connected and subscribed.
const PRESS: Duration = Duration::from_secs(5);
const RELEASE: Duration = Duration::from_ms(5_200);
/// For how long any other button is pressed: until a chip with empty flash has started, too.
const HELD: Duration = Duration::from_ms(1_000);

impl Stage {
    /// This many connections are over: performs the story's next action.
    pub(super) fn between_connections(&mut self, over: usize) {
        let now = self.world.now();
        match (self.scenario.story, over) {
            (Story::Forgotten, 1) => {
                self.world.act(self.central, now, Act::Ask("forget".into()));
                self.press_pairing_button();
            }
            (Story::BondLost, 1) => {
                let act = Act::press(DELETE_BONDS);
                self.world.act(self.peripheral, now, act);
                self.release(DELETE_BONDS);
                self.press_pairing_button();
            }
            (Story::Updated, 1) => {
                self.update_firmware();
            }
            (Story::TwoHosts, 1) => {
                self.connect(self.beside);
                self.press_pairing_button();
            }
            (Story::TwoHosts, 2) => {
                self.connect(Some(self.central));
                self.connect(self.beside);
            }
            (Story::DualBoot, 1 | 2) => {
                self.world.act(self.central, now, Act::Ask("other-system".into()));
                if over == 1 {
                    self.press_pairing_button();
                }
            }
            _ => {}
        }
    }

    /// New firmware, with the storage of the old one.
    fn update_firmware(&mut self) {
        let now = self.world.now();
        if let Some(next) = self.update.take()
            && let Participant::Peripheral(node) = self.world.node_mut(self.peripheral)
        {
            node.install(next);
            self.world.act(self.peripheral, now, Act::PowerCycle);
        }
    }

    /// Whether the peripheral still refused requests of the central after an update of its
    /// firmware.
    fn is_unserved(&self) -> bool {
        let refused = |host: &CentralHost| host.status().refused > 0;
        self.scenario.story == Story::Updated && self.central_host().is_some_and(refused)
    }

    fn connect(&mut self, central: Option<NodeId>) {
        let now = self.world.now();
        if let Some(central) = central {
            self.world.act(central, now, Act::Ask("connect".into()));
        }
    }

    /// The first of the bonded reconnections of two hosts that did not end as its user wanted.
    fn first_refused(&self) -> Option<(Instant, ErrorCode)> {
        let bad =
            |(_, reason): &&(Instant, ErrorCode)| *reason != ErrorCode::REMOTE_USER_TERMINATED;
        self.facts.endings.iter().skip(2).find(bad).copied()
    }

    /// The end of the last connection of the story.
    fn last_of_all(&self) -> Option<(Instant, ErrorCode)> {
        let last = self.scenario.story.connections().saturating_sub(1);
        self.facts.endings.get(usize::try_from(last).unwrap_or(usize::MAX)).copied()
    }

    pub(super) fn press_pairing_button(&mut self) {
        if self.needs_button {
            let now = self.world.now();
            self.world.act(self.peripheral, now, Act::press(PAIRING));
            self.release(PAIRING);
        }
    }

    /// The button of a real board has to come up before it can be pressed again.
    fn release(&mut self, button: &str) {
        if self.chip().is_some() {
            let at = self.world.now() + HELD;
            self.world.act(self.peripheral, at, Act::release(button));
        }
    }

    /// In a story without pairing a person presses the first of the application's buttons, so that
    /// there is a value to notify.
    pub(super) fn press_first_button(&mut self, button: Option<&str>) {
        if let (Story::Unpaired, Some(button)) = (self.scenario.story, button) {
            for (act, after) in [(Act::press(button), PRESS), (Act::release(button), RELEASE)] {
                self.world.act(self.peripheral, self.world.now() + after, act);
            }
        }
    }

    /// The disconnection that completes the story.
    pub(super) fn last_ending(&self) -> Option<Instant> {
        let gone = match self.scenario.story {
            Story::Pair | Story::WrongPasskey | Story::Stay | Story::Unpaired => {
                self.facts.disconnected
            }
            story if story.comes_back() => self.last_of_all(),
            _ => None,
        };
        gone.filter(|(_, reason)| !never_established(*reason)).map(|(at, _)| at)
    }

    /// Whether the story itself waits for something.
    pub(super) fn goes_on(&self) -> bool {
        self.scenario.story == Story::Stay
            && self.facts.level.is_some()
            && self.central_host().is_some_and(|host| !host.status().finished)
    }

    /// Whether the outcome that the story is about has been reached.
    pub(super) fn is_settled(&self) -> bool {
        match self.scenario.story {
            Story::Pair | Story::Collision(_) | Story::Links(_) => self.both_bonded(),
            Story::Stay => {
                self.both_bonded() && self.central_host().is_some_and(|host| host.status().finished)
            }
            Story::WrongPasskey => self.facts.pairing_failed || self.both_bonded(),
            Story::Reconnect
            | Story::Forgotten
            | Story::BondLost
            | Story::DualBoot
            | Story::Updated => {
                self.facts.connections >= self.scenario.story.connections()
                    && self.facts.level >= Some(self.required_level)
                    && self.both_bonded()
            }
            Story::TwoHosts => {
                self.facts.connections >= self.scenario.story.connections()
                    && self.facts.level >= Some(self.required_level)
                    && self.first_refused().is_none()
                    && self.both_bonded()
            }
            Story::StaticPasskey => self.attack_is_over(),
            Story::Unpaired => self.has_finished(),
        }
    }

    /// The central's user and application have done all they wanted.
    fn has_finished(&self) -> bool {
        self.central_host().is_some_and(|host| host.status().finished || host.status().left)
    }

    /// The verdict of a story without pairing.
    fn served(&self) -> Verdict {
        let facts = &self.facts;
        let failed = self.central_host().is_none_or(|host| host.status().failed > 0);
        if facts.smp {
            if self.both_bonded() { Verdict::Bonded } else { Verdict::PairingFailed }
        } else if facts.disconnected.is_some_and(|(_, reason)| self.is_loss(reason)) {
            Verdict::Disconnected
        } else if self.has_finished() && !failed {
            Verdict::Served
        } else {
            Verdict::Timeout
        }
    }

    /// The attacker is in, or has left after its last attempt.
    fn attack_is_over(&self) -> bool {
        let gone = self.central_host().is_none_or(|host| host.status().level == 0);
        self.both_bonded() || (self.attempts() >= ATTEMPTS_MAX && gone)
    }

    pub(super) fn attempts(&self) -> u32 {
        self.central_host().map_or(0, |host| host.status().attempts)
    }

    pub(super) fn central_host(&self) -> Option<&CentralHost> {
        match self.world.node(self.central) {
            Participant::Central(central) => central.host(),
            _ => None,
        }
    }

    /// Whether both ends have stored a bond at the demanded level.
    fn both_bonded(&self) -> bool {
        let level = self.required_level;
        let there = self.central_host();
        if !there.is_some_and(|host| host.bonds().iter().any(|bond| bond.level >= level)) {
            return false;
        }
        match self.world.node(self.peripheral) {
            Participant::Peripheral(node) => {
                node.device().is_some_and(|device| device.bonds().any(|bond| bond.level >= level))
            }
            // Its storage is not visible.
            Participant::Chip(_) | Participant::Endpoint(_) => true,
            _ => false,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.scenario.story == Story::Unpaired {
            return self.served();
        }
        let facts = &self.facts;
        let story = self.scenario.story;
        let reached = self.settled.is_some();
        let bonded = self.both_bonded();
        let died = match story {
            Story::Pair | Story::WrongPasskey | Story::Stay if bonded => {
                facts.disconnected.is_some_and(|(_, reason)| self.is_loss(reason))
            }
            Story::Pair | Story::WrongPasskey | Story::Stay => {
                facts.disconnected.is_some() && !facts.failed_before_disconnect
            }
            Story::StaticPasskey | Story::Unpaired | Story::Collision(_) | Story::Links(_) => false,
            Story::TwoHosts => self.first_refused().is_some(),
            // The central disconnects again when its user is done.
            _ => self
                .last_of_all()
                .is_some_and(|(_, reason)| !reached || reason != ErrorCode::REMOTE_USER_TERMINATED),
        };
        let more_to_come = story.comes_back() || story == Story::Stay;
        if bonded && died && (reached || !story.comes_back()) {
            Verdict::BondedThenLost
        } else if bonded && (reached || !more_to_come) {
            if self.is_unserved() { Verdict::Unserved } else { Verdict::Bonded }
        } else if died && !self.is_paired_alone() {
            Verdict::Disconnected
        } else if facts.pairing_failed {
            Verdict::PairingFailed
        } else if self.is_paired_alone() {
            Verdict::Paired
        } else {
            Verdict::Timeout
        }
    }

    /// Whether a pairing went well that left no bond on one side or the other, and no link was
    /// lost.
    fn is_paired_alone(&self) -> bool {
        let facts = &self.facts;
        let kept_there = self.central_host().is_some_and(|host| host.status().bonded);
        // The central disconnects again when its user is done.
        let left = |reason| {
            self.scenario.story.comes_back() && reason == ErrorCode::REMOTE_USER_TERMINATED
        };
        let lost = facts.endings.iter().any(|(_, reason)| !left(*reason) && self.is_loss(*reason));
        let level = self.required_level;
        let secure = level > 1 && facts.last_level >= Some(level);
        let kept = facts.bonded.is_some() && kept_there;
        let failed = lost || facts.pairing_failed;
        secure && !failed && !kept
    }

    /// Whether a bonded link that ended for this reason was lost: neither its users nor the
    /// application of this device have ended it.
    fn is_loss(&self, reason: ErrorCode) -> bool {
        let by_wish = match reason {
            ErrorCode::LOCAL_HOST_TERMINATED => true,
            ErrorCode::REMOTE_USER_TERMINATED => {
                self.central_host().is_some_and(|host| host.status().left)
            }
            reason => never_established(reason),
        };
        !by_wish
    }

    /// The disconnection that decided the story.
    pub(super) fn decisive_ending(&self, outcome: Verdict) -> Option<(Instant, ErrorCode)> {
        let first = self.facts.disconnected;
        let second = match self.scenario.story {
            Story::TwoHosts => self.first_refused().or_else(|| self.last_of_all()),
            _ => self.last_of_all(),
        };
        let failed_later = self.scenario.story.comes_back() && outcome != Verdict::Bonded;
        let meant = |reason| failed_later && reason == ErrorCode::REMOTE_USER_TERMINATED;
        // The first disconnection by the user belongs to the story.
        let first = first.filter(|(_, reason)| !meant(*reason));
        second.filter(|_| failed_later).or(first)
    }
}
