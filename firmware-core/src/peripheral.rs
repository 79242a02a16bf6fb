//! Link, Control and Host composed: the whole peripheral.
//!
//! ```text
//!            radio events            reports              events, ACL
//!   radio ──────────────▶ Link ──────────────▶ Control ──────────────▶ Host ◀── people, storage
//!         ◀──────────────      ◀──────────────         ◀──────────────
//!            radio commands          orders             commands, ACL
//! ```
//!
//! A radio event runs [`Link`] only. The rest waits in queues until the runner runs control and
//! then the host, each with the time that it costs on a chip. Every queue is bounded. While one is
//! full, the part that feeds it is not run, so that work waits and nothing is lost. The two queues
//! between Control and Host cannot block each other, because HCI flow control (one command,
//! `ACL_BUFFERS` packets) keeps the downward one below its size.
//!
//! A runner that does one thing at a time has a [`Peripheral`]. On a chip the levels interrupt each
//! other: it has [`Levels`], lends each level its part and joins them by a [`Joint`] of its own,
//! which holds the others off while a message moves. What a level does is the same code.

mod between;
mod levels;

#[cfg(test)]
mod tests;

use crate::application::Application;
use crate::config::Config;
use crate::host::Host;
use crate::host::message::HostInput;
use crate::link::message::{LinkOrder, LinkReport};
use crate::link::{IdleLink, Link};
use ble::armed::{Armed, Tell, What};
use ble::effect::Effect;
use ble::hci::{Acl, Command, Event};
use ble::invariant::{Broken, Invariant};
use ble::log::{Log, Severity};
use ble::pdu::control::VersionInd;
use ble::queue::Queue;
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::Entropy;
use ble::text::Text;
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use ble::ui::Dialog;
use ble::work::{Level, Work};

pub use between::{Between, Joint};
pub use levels::{ControlLevel, HostLevel, Levels};

/// Outputs that wait for [`Peripheral::poll`].
const OUTPUTS: usize = 6;

/// LL_VERSION_IND: Core 5.4, Nordic Semiconductor.
const VERSION: VersionInd = VersionInd { version: 13, company: 0x0059, subversion: 0 };

/// What reaches a peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<B> {
    /// Power is on, and the records in storage have been given.
    Start,
    /// From the radio.
    Radio(RadioEvent),
    /// [`Peripheral::deadline`] is reached.
    Timer,
    /// From people and from those who do slow work.
    Host(HostInput<B>),
    /// The minimum number of used channels that an application wants, 2–37: see
    /// [`crate::control::Control::ask_for_channels`].
    MinUsedChannels(u8),
}

/// An output of a peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output<O> {
    /// To the radio.
    Radio(RadioCommand),
    /// Slow work to be done outside.
    Effect(Effect),
    /// To the log.
    Log(Log),
    /// To the log: a line of the application's.
    Said(Severity, Text),
    /// To the display: dialogs of pairing.
    Dialog(Dialog),
    /// To the application's outputs.
    Show(O),
    /// To the record.
    Trace(Trace),
    /// Copy for the record: host to controller.
    HciCommand(Command),
    /// Copy for the record: controller to host.
    HciEvent(Event),
    /// Copy for the record: host to controller.
    AclOut(Acl),
    /// Copy for the record: controller to host.
    AclIn(Acl),
}

/// A whole peripheral with its application and room for `LINKS` connections.
///
/// After each call: [`Peripheral::poll`] until `None`, then [`Peripheral::run`] while
/// [`Peripheral::pending`] names a level.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peripheral<A: Application, const LINKS: usize = 1> {
    levels: Levels<A, LINKS>,
    outputs: Queue<Output<A::Output>, OUTPUTS>,
    /// Faults beside those of the levels.
    broken: Broken,
}

/// The levels of a [`Peripheral`] are joined by plain calls: one runs at a time.
struct Joined<'a, B, O, const LINKS: usize> {
    link: &'a mut Link<LINKS>,
    between: &'a mut Between<B>,
    outputs: &'a mut Queue<Output<O>, OUTPUTS>,
    broken: &'a mut Broken,
}

impl<B, O, const LINKS: usize> Joint<B, O> for Joined<'_, B, O, LINKS> {
    fn report(&mut self) -> Option<LinkReport> {
        self.link.report()
    }

    fn takes_order(&self) -> bool {
        true
    }

    fn order(&mut self, now: Instant, order: LinkOrder) {
        // Control counts what it orders as its own.
        let _ = self.link.order(now, order);
    }

    fn between<R>(&mut self, f: impl FnOnce(&mut Between<B>) -> R) -> R {
        f(self.between)
    }

    fn has_room(&self) -> bool {
        !self.outputs.is_full()
    }

    fn output(&mut self, output: Output<O>) {
        let kept = self.outputs.push(output);
        self.broken.check(Invariant::QueuesBetweenLevelsFit, kept.is_ok());
    }
}

impl<A: Application, const LINKS: usize> Peripheral<A, LINKS> {
    /// A peripheral as after power-on. Give it the records in storage as
    /// [`HostInput::Completed`], then [`Input::Start`].
    #[must_use]
    pub fn new(config: Config, application: A, entropy: &Entropy) -> Self {
        Self {
            levels: Levels::new(&config, application, entropy),
            outputs: Queue::new(),
            broken: Broken::NONE,
        }
    }

    /// Takes an input. A radio event or a timer of the link runs [`Link`] and nothing else; all
    /// other work is left pending.
    pub fn handle(&mut self, now: Instant, input: Input<A::Button>) -> Work {
        match input {
            Input::Start => self.levels.between.start(),
            Input::Radio(event) => return self.radio(now, event),
            Input::Timer => return self.timer(now),
            Input::MinUsedChannels(channels) => self.levels.between.ask_for_channels(channels),
            Input::Host(input) => {
                if let Some(input) = self.levels.between.input(input) {
                    // The world does not wait: the host has its turn now, and then there is room.
                    let work = self.run(now, Level::Host);
                    let left = self.levels.between.input(input);
                    self.broken.check(Invariant::InputFits, left.is_none());
                    return work;
                }
            }
        }
        Work::none(Level::Host)
    }

    fn timer(&mut self, now: Instant) -> Work {
        let come = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        let Levels { link, control, host, between } = &mut self.levels;
        if come(control.deadline()) {
            between.control_is_due();
        }
        if come(host.host.deadline()) {
            between.host_is_due();
        }
        if come(link.deadline()) { link.timer(now) } else { Work::none(Level::Radio) }
    }

    /// The most urgent level at which work waits and can be done.
    #[must_use]
    pub fn pending(&self) -> Option<Level> {
        let Levels { link, control, host, between } = &self.levels;
        if control.waits(link.has_reports(), between) {
            return Some(Level::Control);
        }
        host.waits(between).then_some(Level::Host)
    }

    /// Does the work that waits at a level, as far as there is room for what follows from it.
    pub fn run(&mut self, now: Instant, level: Level) -> Work {
        let (control, host, mut joined) = self.join();
        match level {
            Level::Radio => Work::none(Level::Radio),
            Level::Control => control.run(now, &mut joined),
            Level::Host => {
                let work = host.run(now, &mut joined);
                // There may be room now.
                control.drain(&mut joined);
                work
            }
        }
    }

    /// When [`Input::Timer`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.link_deadline().into_iter().chain(self.upper_deadline()).min()
    }

    /// The part of [`Self::deadline`] that a radio event changes.
    #[must_use]
    pub fn link_deadline(&self) -> Option<Instant> {
        self.levels.link.deadline()
    }

    /// The rest: it stands until something else than a radio event is handled, a level is run, or
    /// [`Self::poll`] has given something other than a radio command.
    #[must_use]
    pub fn upper_deadline(&self) -> Option<Instant> {
        let Levels { control, host, between, .. } = &self.levels;
        // A part whose deadline is past already only waits to be run.
        let control = control.deadline().filter(|_| !between.awaits_control());
        let host = host.deadline().filter(|_| !between.awaits_host());
        control.into_iter().chain(host).min()
    }

    /// Its only connection, if nothing happens in it, and nothing waits but for its time; for a
    /// simulator that does not play every event.
    #[must_use]
    pub fn idle(&self) -> Option<IdleLink> {
        let mut rests = self.pending().is_none() && self.outputs.is_empty();
        self.armed(&mut |armed| rests &= armed.what.only_waits());
        self.levels.link.idle().filter(|_| rests)
    }

    /// The next events of the [idle](Self::idle) connection are over; see [`Link::leap`].
    pub fn leap(&mut self, events: u16, by: Duration) {
        self.levels.link.leap(events, by);
    }

    /// Reports what host and link layer have under way; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        self.levels.host.host.armed(report);
        self.levels.control.control.armed(report);
        // These parts run soon.
        if !self.levels.between.is_empty() {
            report(Armed::open(What::Work));
        }
    }

    /// The longest connSupervisionTimeout in force; `None` without a connection.
    #[must_use]
    pub fn supervision_timeout(&self) -> Option<Duration> {
        self.levels.control.control.supervision_timeout()
    }

    /// Somebody waits for a gap between operations of the radio, or waits no more; as
    /// [`Link::wait_for_gap`].
    pub fn wait_for_gap(&mut self, now: Instant, waits: bool) {
        self.levels.link.wait_for_gap(now, waits);
    }

    /// [`Input::Radio`], without being made an input: most of what reaches a device is that.
    pub fn radio(&mut self, now: Instant, event: RadioEvent) -> Work {
        self.levels.link.radio(now, &event)
    }

    /// The next command for the radio, which [`Self::poll`] gives before all else; likewise.
    pub fn command(&mut self) -> Option<RadioCommand> {
        self.levels.link.command()
    }

    /// The next output; radio commands come first.
    pub fn poll(&mut self) -> Option<Output<A::Output>> {
        if let Some(command) = self.command() {
            return Some(Output::Radio(command));
        }
        if let Some((invariant, count)) = self.broken() {
            return Some(Output::Trace(Trace::Invariant { invariant, count }));
        }
        if self.outputs.is_empty() {
            let (control, host, mut joined) = self.join();
            control.drain(&mut joined);
            host.drain(&mut joined);
        }
        self.outputs.pop()
    }

    fn broken(&mut self) -> Option<(Invariant, u16)> {
        let Levels { link, control, host, .. } = &mut self.levels;
        let lower = link.broken().or_else(|| control.broken());
        lower.or_else(|| host.broken()).or_else(|| self.broken.take())
    }

    /// The host, for its bonds and levels.
    #[must_use]
    pub const fn host(&self) -> &Host<A, LINKS> {
        &self.levels.host.host
    }

    fn join(&mut self) -> Parts<'_, A, LINKS> {
        let Levels { link, control, host, between } = &mut self.levels;
        let (outputs, broken) = (&mut self.outputs, &mut self.broken);
        (control, host, Joined { link, between, outputs, broken })
    }
}

type Parts<'a, A, const LINKS: usize> = (
    &'a mut ControlLevel<LINKS>,
    &'a mut HostLevel<A, LINKS>,
    Joined<'a, <A as Application>::Button, <A as Application>::Output, LINKS>,
);
