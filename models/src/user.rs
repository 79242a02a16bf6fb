//! The person with both devices in front of them.
//!
//! [`User`] is a node without a radio. It sees what the devices show, copies passkeys from one to
//! the other, compares numbers, and presses buttons at set times, with human delays.

use std::collections::{BTreeMap, BTreeSet};

use ble::armed::{Armed, Tell, What};
use ble::random::{Entropy, Purpose, Stream};
use ble::time::{Duration, Instant};
use ble::ui::Ui;
use bletwin_sim::node::{Act, Node, NodeId, NodeInput, NodeOutput, Outbox};

/// What the person types when a device asks for the passkey that another displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Typing {
    /// The displayed passkey.
    Right,
    /// The displayed passkey with its last digit changed.
    Wrong,
    /// This passkey, 0–999,999, regardless of the displayed one.
    Always(u32),
    /// Nothing: the person is away.
    Nothing,
    /// Nothing: the person dismisses the dialog.
    Dismiss,
}

/// How the person behaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserConfig {
    /// From seeing to acting.
    pub reaction: Duration,
    /// How the person types passkeys.
    pub typing: Typing,
    /// The passkey on the label of a device that cannot show it.
    pub label: Option<u32>,
    /// Whether equal numbers are confirmed as equal (unequal ones never are).
    pub confirms: bool,
    /// Whether the person confirms a number that only one device displays, because the other device
    /// is not in this world.
    pub confirms_alone: bool,
    /// The person's actions with their times after the start, in order.
    pub schedule: Vec<(Duration, NodeId, Act)>,
}

impl Default for UserConfig {
    /// Attentive, three seconds slow, right.
    fn default() -> Self {
        Self {
            reaction: Duration::from_secs(3),
            typing: Typing::Right,
            label: None,
            confirms: true,
            confirms_alone: false,
            schedule: Vec::new(),
        }
    }
}

/// The person as a node, and what the devices show them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    config: UserConfig,
    invention: Option<Stream>,
    /// Passkeys that are on display.
    shown: BTreeMap<NodeId, u32>,
    /// Devices that ask for a passkey.
    asking: BTreeSet<NodeId>,
    /// Numbers to be compared.
    compared: BTreeMap<NodeId, u32>,
    /// Planned actions at devices, in order of time.
    planned: Vec<(Instant, NodeId, Act)>,
}

impl User {
    /// A person with this behaviour.
    #[must_use]
    pub const fn new(config: UserConfig) -> Self {
        Self {
            config,
            invention: None,
            shown: BTreeMap::new(),
            asking: BTreeSet::new(),
            compared: BTreeMap::new(),
            planned: Vec::new(),
        }
    }

    fn act(&mut self, now: Instant, node: NodeId, act: Act) {
        self.planned.push((now + self.config.reaction, node, act));
    }

    fn saw(&mut self, now: Instant, node: NodeId, ui: &Ui) {
        match ui {
            Ui::ShowPasskey(passkey) => {
                self.shown.insert(node, *passkey);
            }
            Ui::AskPasskey => {
                self.asking.insert(node);
            }
            Ui::CompareNumber(number) => {
                self.compared.insert(node, *number);
            }
            Ui::Clear => {
                self.shown.remove(&node);
                self.asking.remove(&node);
                self.compared.remove(&node);
                // The dialog that it was meant for is closed, and the next one asks for something
                // else.
                self.planned.retain(|(_, planned, _)| *planned != node);
            }
            Ui::Output(_) => {}
        }
        self.type_in(now);
        self.compare(now);
    }

    /// Does what is due.
    fn timer(&mut self, now: Instant, out: &mut Outbox) {
        while self.planned.first().is_some_and(|(due, ..)| *due <= now) {
            let (_, node, act) = self.planned.remove(0);
            out.push(NodeOutput::Act { node, after: Duration::ZERO, act });
        }
    }

    /// A device asks for a passkey.
    fn type_in(&mut self, now: Instant) {
        match self.config.typing {
            Typing::Right => self.copy_passkey(now, |passkey| passkey),
            Typing::Wrong => {
                self.copy_passkey(now, |passkey| passkey - passkey % 10 + (passkey + 1) % 10);
            }
            Typing::Always(passkey) => self.answer(now, &Act::TypePasskey(passkey)),
            Typing::Dismiss => self.answer(now, &Act::Cancel),
            Typing::Nothing => {}
        }
    }

    /// What another device shows, or has on its label, is typed; where two ask and none shows, the
    /// person makes a passkey up and types it into both.
    fn copy_passkey(&mut self, now: Instant, as_typed: fn(u32) -> u32) {
        let shown = self.shown.iter().next().map(|(n, p)| (Some(*n), *p));
        if let Some((shower, passkey)) = shown.or_else(|| Some((None, self.config.label?))) {
            let askers: Vec<NodeId> =
                self.asking.iter().copied().filter(|n| Some(*n) != shower).collect();
            for asker in askers {
                self.asking.remove(&asker);
                self.act(now, asker, Act::TypePasskey(as_typed(passkey)));
            }
        } else if self.asking.len() > 1 {
            let passkey = self.invention.as_mut().map_or(0, |stream| stream.below(1_000_000));
            self.answer(now, &Act::TypePasskey(passkey));
        }
    }

    /// The same for every device that asks.
    fn answer(&mut self, now: Instant, act: &Act) {
        for asker in std::mem::take(&mut self.asking) {
            self.act(now, asker, act.clone());
        }
    }

    /// Two devices show a number to be compared.
    fn compare(&mut self, now: Instant) {
        let few = if self.config.confirms_alone { 1 } else { 2 };
        if self.compared.len() < few || self.config.typing == Typing::Nothing {
            return;
        }
        let compared = std::mem::take(&mut self.compared);
        let first = compared.values().next().copied();
        let equal = compared.values().all(|number| Some(*number) == first);
        let act = match self.config.typing {
            Typing::Dismiss => Act::Cancel,
            _ => Act::Confirm(equal && self.config.confirms),
        };
        for node in compared.into_keys() {
            self.act(now, node, act.clone());
        }
    }
}

impl Node for User {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match input {
            NodeInput::Start { entropy } => {
                self.invention = Some(Entropy::new(entropy).stream(Purpose::Pairing));
                for (after, node, act) in self.config.schedule.clone() {
                    out.push(NodeOutput::Act { node, after, act });
                }
            }
            NodeInput::Saw { node, ui } => self.saw(now, node, &ui),
            NodeInput::Timer => self.timer(now, out),
            NodeInput::Radio(_)
            | NodeInput::Act(_)
            | NodeInput::Octets(_)
            | NodeInput::Antenna(_)
            | NodeInput::Resume => {}
        }
    }

    fn armed(&self, report: Tell<'_>) {
        for (due, ..) in &self.planned {
            report(Armed::until(What::Act, *due));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.planned.first().map(|(due, ..)| *due)
    }

    fn watches(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use ble::text::Text;

    use super::*;

    const PHONE: NodeId = NodeId(1);
    const LAMP: NodeId = NodeId(0);

    /// The person's actions after seeing these in turn.
    fn after(config: UserConfig, seen: &[(NodeId, Ui)]) -> Vec<(NodeId, Act)> {
        let mut user = User::new(config);
        let mut out = Outbox::new(None, false);
        user.handle(Instant::ZERO, NodeInput::Start { entropy: [1; 32] }, &mut out);
        for (node, ui) in seen {
            let input = NodeInput::Saw { node: *node, ui: ui.clone() };
            user.handle(Instant::ZERO, input, &mut out);
        }
        while let Some(due) = user.deadline() {
            assert!(due >= Instant::from_us(1_000_000), "people are not that fast");
            user.handle(due, NodeInput::Timer, &mut out);
        }
        out.drain()
            .filter_map(|(output, _)| match output {
                NodeOutput::Act { node, act, .. } => Some((node, act)),
                _ => None,
            })
            .collect()
    }

    /// A passkey that was read off a dialog is not typed into the next one.
    #[test]
    fn an_action_for_a_closed_dialog_is_not_done() {
        let first = [(LAMP, Ui::ShowPasskey(1)), (PHONE, Ui::AskPasskey)];
        let gone = [(PHONE, Ui::Clear), (LAMP, Ui::Clear)];
        assert_eq!(after(types(Typing::Right), &[&first[..], &gone].concat()), []);
        let second = [(LAMP, Ui::ShowPasskey(2)), (PHONE, Ui::AskPasskey)];
        let seen = [&first[..], &gone, &second].concat();
        assert_eq!(after(types(Typing::Right), &seen), [(PHONE, Act::TypePasskey(2))]);
    }

    fn types(typing: Typing) -> UserConfig {
        UserConfig { typing, ..UserConfig::default() }
    }

    #[test]
    fn a_passkey_is_copied_once_whichever_device_is_first() {
        let (show, ask) = ((LAMP, Ui::ShowPasskey(42)), (PHONE, Ui::AskPasskey));
        let typed = vec![(PHONE, Act::TypePasskey(42))];
        for seen in [[show.clone(), ask.clone()], [ask.clone(), show.clone()]] {
            assert_eq!(after(types(Typing::Right), &seen), typed);
        }
        let led = (LAMP, Ui::Output(Text::of("LED 2 on")));
        assert_eq!(after(types(Typing::Right), &[show.clone(), ask.clone(), led]), typed);
        let gone = [show, (LAMP, Ui::Clear), ask];
        assert_eq!(after(types(Typing::Right), &gone), []);
    }

    #[test]
    fn people_can_be_wrong_absent_or_unwilling() {
        let seen = [(LAMP, Ui::ShowPasskey(999_999)), (PHONE, Ui::AskPasskey)];
        assert_eq!(after(types(Typing::Wrong), &seen), [(PHONE, Act::TypePasskey(999_990))]);
        assert_eq!(after(types(Typing::Always(7)), &seen), [(PHONE, Act::TypePasskey(7))]);
        assert_eq!(after(types(Typing::Nothing), &seen), []);
        assert_eq!(after(types(Typing::Dismiss), &seen), [(PHONE, Act::Cancel)]);
    }

    /// Also where no other device shows a passkey, or where numbers are to be compared.
    #[test]
    fn the_unwilling_and_the_stubborn_do_so_in_every_dialog() {
        let one = [(PHONE, Ui::AskPasskey)];
        let two = [(LAMP, Ui::AskPasskey), (PHONE, Ui::AskPasskey)];
        let typed = |node| (node, Act::TypePasskey(7));
        assert_eq!(after(types(Typing::Always(7)), &one), [typed(PHONE)]);
        assert_eq!(after(types(Typing::Always(7)), &two), [typed(LAMP), typed(PHONE)]);
        assert_eq!(after(types(Typing::Dismiss), &one), [(PHONE, Act::Cancel)]);
        assert_eq!(
            after(types(Typing::Dismiss), &two),
            [(LAMP, Act::Cancel), (PHONE, Act::Cancel)]
        );
        assert_eq!(after(types(Typing::Nothing), &two), []);
        assert_eq!(after(types(Typing::Right), &one), [], "there is nothing to copy");
        let compared = [(LAMP, Ui::CompareNumber(5)), (PHONE, Ui::CompareNumber(5))];
        let dismissed = [(LAMP, Act::Cancel), (PHONE, Act::Cancel)];
        assert_eq!(after(types(Typing::Dismiss), &compared), dismissed);
    }

    #[test]
    fn only_equal_numbers_are_confirmed() {
        for (other, equal) in [(5, true), (6, false)] {
            let seen = [(LAMP, Ui::CompareNumber(5)), (PHONE, Ui::CompareNumber(other))];
            let both = [(LAMP, Act::Confirm(equal)), (PHONE, Act::Confirm(equal))];
            assert_eq!(after(UserConfig::default(), &seen), both);
        }
    }

    #[test]
    fn two_keyboards_get_the_same_invention() {
        let seen = [(LAMP, Ui::AskPasskey), (PHONE, Ui::AskPasskey)];
        let acts = after(UserConfig::default(), &seen);
        assert!(matches!(acts[..], [(LAMP, Act::TypePasskey(a)), (PHONE, Act::TypePasskey(b))]
            if a == b && a < 1_000_000));
    }

    #[test]
    fn the_schedule_is_kept() {
        let press = Act::press("pairing");
        let schedule = vec![(Duration::from_secs(2), LAMP, press.clone())];
        let config = UserConfig { schedule, ..UserConfig::default() };
        assert_eq!(after(config, &[]), [(LAMP, press)]);
    }
}
