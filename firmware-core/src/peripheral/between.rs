//! What is under way between control and host, and the trait that joins the levels.

use crate::control::ACL_BUFFERS;
use crate::host::message::HostInput;
use crate::link::message::{LinkOrder, LinkReport};
use crate::peripheral::Output;
use ble::hci::{Acl, Command, Event};
use ble::queue::Queue;
use ble::time::Instant;

/// Events and ACL packets from the controller to the host.
const UP: usize = 3;
/// Commands and ACL packets from the host to the controller.
const DOWN: usize = ACL_BUFFERS + 2;
/// Inputs from people and storage to the host.
const INPUTS: usize = 4;

/// From the controller to the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Up {
    Event(Event),
    Acl(Acl),
}

/// From the host to the controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Down {
    Command(Command),
    Acl(Acl),
}

/// Inputs of parts that have not run yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
struct Due {
    start: bool,
    control_timer: bool,
    host_timer: bool,
    channels: Option<u8>,
}

/// The queues between control and host, and what is due. All of it is moved in and out by whole
/// messages, so that levels that interrupt each other need it for no longer than that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Between<B> {
    pub(super) up: Queue<Up, UP>,
    pub(super) down: Queue<Down, DOWN>,
    pub(super) inputs: Queue<HostInput<B>, INPUTS>,
    due: Due,
}

impl<B> Default for Between<B> {
    fn default() -> Self {
        Self { up: Queue::new(), down: Queue::new(), inputs: Queue::new(), due: Due::default() }
    }
}

impl<B> Between<B> {
    /// An input for the host from people, storage, or who does slow work. It is given back while
    /// four wait: the host has to run first.
    #[must_use]
    pub fn input(&mut self, input: HostInput<B>) -> Option<HostInput<B>> {
        self.inputs.push(input).err()
    }

    /// Power is on, and all records that were kept have been given.
    pub const fn start(&mut self) {
        self.due.start = true;
    }

    /// The deadline of control has come.
    pub const fn control_is_due(&mut self) {
        self.due.control_timer = true;
    }

    /// The deadline of the host has come.
    pub const fn host_is_due(&mut self) {
        self.due.host_timer = true;
    }

    /// Whether commands or data of the host wait for control.
    #[must_use]
    pub fn has_down(&self) -> bool {
        !self.down.is_empty()
    }

    pub(super) const fn ask_for_channels(&mut self, channels: u8) {
        self.due.channels = Some(channels);
    }

    pub(super) fn take_start(&mut self) -> bool {
        core::mem::take(&mut self.due.start)
    }

    pub(super) fn take_control_timer(&mut self) -> bool {
        core::mem::take(&mut self.due.control_timer)
    }

    pub(super) fn take_host_timer(&mut self) -> bool {
        core::mem::take(&mut self.due.host_timer)
    }

    pub(super) const fn take_channels(&mut self) -> Option<u8> {
        self.due.channels.take()
    }

    /// Whether [`Self::control_is_due`] was called and control has not run since.
    pub(super) const fn awaits_control(&self) -> bool {
        self.due.control_timer
    }

    /// Whether [`Self::host_is_due`] was called and the host has not run since.
    pub(super) const fn awaits_host(&self) -> bool {
        self.due.host_timer
    }

    /// Whether control has something to do, beside the link's reports.
    #[must_use]
    pub fn has_control_work(&self) -> bool {
        self.due.control_timer || self.due.channels.is_some() || !self.down.is_empty()
    }

    /// Whether the host has something to do.
    #[must_use]
    pub fn has_host_work(&self) -> bool {
        let due = self.due.start || self.due.host_timer;
        due || !self.up.is_empty() || !self.inputs.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.due.start && self.up.is_empty() && self.down.is_empty() && self.inputs.is_empty()
    }
}

/// What joins the levels. Where they interrupt each other, as on a chip, each call holds the others
/// off for as long as a message moves, and no longer.
pub trait Joint<B, O> {
    /// The next report of the link layer's lower half: [`Link::report`](crate::link::Link::report).
    fn report(&mut self) -> Option<LinkReport>;
    /// Whether an order can be taken. If not, control has to run again once it can.
    fn takes_order(&self) -> bool;
    /// An order for [`Link::order`](crate::link::Link::order): given at once, or queued for the
    /// level that has the link.
    fn order(&mut self, now: Instant, order: LinkOrder);
    /// What is between control and host, for a moment.
    fn between<R>(&mut self, f: impl FnOnce(&mut Between<B>) -> R) -> R;
    /// Whether an output can be taken. If not, the level has to be drained again once it can.
    fn has_room(&self) -> bool;
    /// An output, for which there is room.
    fn output(&mut self, output: Output<O>);
}
