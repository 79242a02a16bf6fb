//! One radio for two link layers.
//!
//! The advertising and the scanning half of a device each believe that the radio is theirs. Here
//! it is lent to one at a time: an operation waits until shortly before it starts; what listens
//! for advertising gives way to what has an appointment; everything else is finished first, and
//! whoever comes too late for its turn is told that it heard nothing.

use firmware_core::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;
use firmware_core::radio::{AfterTransmit, RadioCommand, RadioEvent};
use firmware_core::time::{Duration, Instant};

/// How long before its start an operation gets the radio.
const LEAD: Duration = Duration::from_us(20);
/// By how much an event may seem to come before the command that it answers: a receiver needs no
/// whole preamble.
const SLACK: Duration = Duration::from_us(10);

/// One of the two link layers of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// Advertising, and connections in the peripheral's role.
    Peripheral,
    /// Scanning, initiating, and connections in the central's role.
    Central,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Peripheral, Self::Central];
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// By the radio.
    Radio(RadioCommand),
    /// This half's operation did not take place.
    Missed(Side),
}

/// Whose the radio is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Loan {
    side: Side,
    since: Instant,
    /// Listens for advertising and has heard nothing yet.
    scans: bool,
    /// A packet is to follow the one that is being sent.
    then_listens: bool,
    /// The operation is over; only a reply goes on with it.
    over: bool,
}

impl Loan {
    fn of(side: Side, since: Instant, command: &RadioCommand) -> Self {
        Self {
            side,
            since,
            scans: scans(command),
            then_listens: then_listens(command),
            over: false,
        }
    }
}

/// See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Arbiter {
    loan: Option<Loan>,
    /// What the peripheral's and the central's half want next.
    waiting: [Option<RadioCommand>; 2],
    /// Whom the radio was taken from.
    robbed: Option<Side>,
}

fn start(command: &RadioCommand) -> Instant {
    match command {
        RadioCommand::Transmit { at, .. } => *at,
        RadioCommand::Receive { from, .. } => *from,
        RadioCommand::Reply { .. } | RadioCommand::Stop => Instant::ZERO,
    }
}

/// Until when it makes sense to start.
fn latest(command: &RadioCommand) -> Instant {
    match command {
        RadioCommand::Receive { until, .. } => *until,
        other => start(other),
    }
}

fn scans(command: &RadioCommand) -> bool {
    matches!(command, RadioCommand::Receive { tuning, .. }
        if tuning.access_address == ADVERTISING_ACCESS_ADDRESS)
}

fn then_listens(command: &RadioCommand) -> bool {
    let (RadioCommand::Transmit { then, .. } | RadioCommand::Reply { then, .. }) = command else {
        return false;
    };
    matches!(then, AfterTransmit::Receive(_))
}

impl Arbiter {
    /// What a half wants. The radio's command, if it is to have one at once.
    pub(super) fn command(&mut self, side: Side, command: RadioCommand) -> Option<RadioCommand> {
        let place = &mut self.waiting[side as usize];
        *place = None;
        let Some(loan) = self.loan.as_mut().filter(|loan| loan.side == side) else {
            // Replies and stops concern what is under way, which is nothing.
            let plan = !matches!(command, RadioCommand::Reply { .. } | RadioCommand::Stop);
            *place = plan.then_some(command);
            return None;
        };
        match &command {
            RadioCommand::Stop => self.loan = None,
            RadioCommand::Transmit { .. } | RadioCommand::Receive { .. } if loan.over => {
                *place = Some(command);
                return None;
            }
            _ => *loan = Loan::of(side, loan.since, &command),
        }
        Some(command)
    }

    /// Whom a report of the radio is for; nobody, if what it is about was given up. Tell the half,
    /// pass its commands on, then call [`Self::settle`].
    pub(super) fn event(&mut self, event: &RadioEvent) -> Option<Side> {
        let loan = self.loan.as_mut()?;
        let stale = match event {
            RadioEvent::Transmitted { start, .. } | RadioEvent::Received { start, .. } => {
                *start + SLACK < loan.since
            }
            RadioEvent::Missed { .. } => false,
        };
        if stale {
            return None;
        }
        loan.scans = false;
        loan.over = !(loan.then_listens && matches!(event, RadioEvent::Transmitted { .. }));
        Some(loan.side)
    }

    /// Takes the radio back from a half that does not go on.
    pub(super) fn settle(&mut self) {
        self.loan = self.loan.filter(|loan| !loan.over);
    }

    /// What is due.
    pub(super) fn step(&mut self, now: Instant) -> Option<Step> {
        if let Some(side) = self.robbed.take() {
            return Some(Step::Missed(side));
        }
        let mut due: Vec<(Instant, Side)> = Side::BOTH
            .into_iter()
            .filter_map(|side| Some((start(self.waiting[side as usize].as_ref()?), side)))
            .filter(|(start, _)| start.before(LEAD) <= now)
            .collect();
        due.sort_unstable();
        // An appointment goes before listening for whoever comes.
        due.sort_by_key(|(_, side)| self.waiting[*side as usize].as_ref().is_some_and(scans));
        due.into_iter().find_map(|(_, side)| self.lend(now, side))
    }

    fn lend(&mut self, now: Instant, side: Side) -> Option<Step> {
        let place = &mut self.waiting[side as usize];
        let command = place.as_ref()?;
        let gives_way = self.loan.is_some_and(|loan| loan.scans && !scans(command));
        if latest(command) < now {
            *place = None;
            return Some(Step::Missed(side));
        }
        if self.loan.is_some() && !gives_way {
            return None;
        }
        let command = place.take()?;
        self.robbed = self.loan.map(|loan| loan.side);
        self.loan = Some(Loan::of(side, now, &command));
        Some(Step::Radio(command))
    }

    /// When [`Self::step`] has something to do, as far as time alone decides it.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let next = |command: &RadioCommand| match start(command).before(LEAD) {
            begins if begins > now => begins,
            // It waits for the radio: at the latest until it is of no use any more.
            _ => latest(command) + Duration::from_us(1),
        };
        self.waiting.iter().flatten().map(next).min()
    }
}
