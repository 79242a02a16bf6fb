//! One radio for several link layers.
//!
//! The advertising and the scanning half of a device and its advertising set each act as the only
//! user of the radio. The arbiter lends it to one at a time: an operation waits until shortly
//! before it starts, and then [`ble::schedule`] decides whether it gets the radio. Listening for
//! advertising yields to events at a fixed time, a connection that has exchanged packets in its
//! event yields to all others, and of two connections whose events exclude each other the one that
//! waited longest wins. An operation that loses its turn gets the report that nothing was received.

use std::collections::BTreeMap;

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;
use ble::phy::T_IFS_US;
use ble::radio::{AfterTransmit, RadioCommand, RadioEvent};
use ble::schedule::{Claim, Hold, Waited, limit};
use ble::time::{Duration, Instant};

const T_IFS: Duration = Duration::from_us(T_IFS_US as u64);
/// How long before its start an operation gets the radio.
const LEAD: Duration = Duration::from_us(20);
/// By how much a packet that is received may seem to begin before the command to listen: a receiver
/// needs no whole preamble.
const SLACK: Duration = Duration::from_us(10);
/// Connections whose lost events are counted: as many as a device can have.
const COUNTED: usize = 32;

/// One of the link layers of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// Advertising, and connections in the peripheral's role.
    Peripheral,
    /// Scanning, initiating, and connections in the central's role.
    Central,
    /// Extended advertising by the one advertising set.
    Extended,
}

impl Side {
    pub(super) const ALL: [Self; 3] = [Self::Peripheral, Self::Central, Self::Extended];
}

/// The next step.
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
    /// A transmission is planned or under way.
    sends: bool,
    /// A reception follows it.
    then_listens: bool,
    /// The operation is over; only a reply continues it.
    over: bool,
    /// Of a connection, or of advertising.
    access_address: u32,
    /// Events in a row for which this connection did not have the radio, before this one.
    waited: Waited,
    /// The radio came late.
    late: bool,
    sent: bool,
    heard: bool,
}

impl Loan {
    fn go_on(&mut self, command: &RadioCommand) {
        self.scans = scans(command);
        self.sends = sends(command);
        self.then_listens = then_listens(command);
        self.over = false;
    }

    /// Whether a connection has had what its event is for.
    fn served(&self) -> bool {
        self.sent && self.heard && self.access_address != ADVERTISING_ACCESS_ADDRESS
    }

    fn hold(&self) -> Hold {
        match (self.scans, self.served()) {
            (true, _) => Hold::Anybody,
            (false, true) => Hold::Served,
            (false, false) => Hold::Event(self.waited),
        }
    }
}

/// See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Arbiter {
    loan: Option<Loan>,
    /// What each of [`Side::ALL`] wants next.
    waiting: [Option<RadioCommand>; 3],
    /// The side that has lost the radio.
    robbed: Option<Side>,
    /// Consecutive events that connections lost to other users, by access address.
    waited: BTreeMap<u32, Waited>,
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

fn access_address(command: &RadioCommand) -> Option<u32> {
    match command {
        RadioCommand::Transmit { tuning, .. } | RadioCommand::Receive { tuning, .. } => {
            Some(tuning.access_address)
        }
        RadioCommand::Reply { .. } | RadioCommand::Stop => None,
    }
}

/// When the packet has left that is to be sent now, or at its time.
fn sent(now: Instant, command: &RadioCommand) -> Option<Instant> {
    match command {
        RadioCommand::Transmit { at, phy, pdu, .. } => Some(*at + phy.air_time(pdu.payload_len())),
        RadioCommand::Reply { phy, pdu, .. } => Some(now + T_IFS + phy.air_time(pdu.payload_len())),
        RadioCommand::Receive { .. } | RadioCommand::Stop => None,
    }
}

const fn sends(command: &RadioCommand) -> bool {
    matches!(command, RadioCommand::Transmit { .. } | RadioCommand::Reply { .. })
}

fn then_listens(command: &RadioCommand) -> bool {
    let (RadioCommand::Transmit { then, .. } | RadioCommand::Reply { then, .. }) = command else {
        return false;
    };
    matches!(then, AfterTransmit::Receive(_))
}

impl Arbiter {
    /// Takes a half's command. Returns the command for the radio, if it starts immediately.
    pub(super) fn command(
        &mut self,
        now: Instant,
        side: Side,
        command: RadioCommand,
    ) -> Option<RadioCommand> {
        let place = &mut self.waiting[side as usize];
        *place = None;
        let Some(loan) = self.loan.as_mut().filter(|loan| loan.side == side) else {
            // Replies and stops concern an operation under way, and there is none.
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
            _ => {
                // A new transmission does not depend on an earlier reception.
                let hold = if loan.served() { Hold::Served } else { Hold::Event(loan.waited) };
                let ends = self.comes_first(now, side, &command, hold);
                let loan = self.loan.as_mut()?;
                if ends {
                    (loan.late, self.robbed) = (true, Some(side));
                    return None;
                }
                loan.go_on(&command);
            }
        }
        Some(command)
    }

    /// The side that a report of the radio is for; `None`, if its operation was given up. Pass the
    /// report to the half, pass its commands on, then call [`Self::settle`].
    pub(super) fn event(&mut self, event: &RadioEvent) -> Option<Side> {
        let loan = self.loan.as_mut()?;
        let stale = match event {
            // A packet on air is sent to its end, whatever the radio is told meanwhile.
            RadioEvent::Transmitted { start, .. } => !loan.sends || *start < loan.since,
            RadioEvent::Received { start, .. } => *start + SLACK < loan.since,
            RadioEvent::Missed { .. } => false,
        };
        if stale {
            return None;
        }
        (loan.scans, loan.sends) = (false, false);
        loan.sent |= matches!(event, RadioEvent::Transmitted { .. });
        loan.heard |= matches!(event, RadioEvent::Received { .. });
        loan.over = !(loan.then_listens && matches!(event, RadioEvent::Transmitted { .. }));
        Some(loan.side)
    }

    /// Takes the radio back from a half that does not go on.
    pub(super) fn settle(&mut self) {
        if let Some(loan) = self.loan.take_if(|loan| loan.over) {
            self.count(&loan);
        }
    }

    /// Keeps count at the end of a loan. A missing answer of the peer does not count.
    fn count(&mut self, loan: &Loan) {
        if loan.served() {
            self.waited.remove(&loan.access_address);
        } else if loan.late {
            self.lost(loan.access_address);
        }
    }

    /// A connection went without its event.
    fn lost(&mut self, access_address: u32) {
        if access_address == ADVERTISING_ACCESS_ADDRESS {
            return;
        }
        self.waited.entry(access_address).or_default().miss();
        if self.waited.len() > COUNTED {
            self.waited.pop_first();
        }
    }

    fn waited(&self, command: &RadioCommand) -> Waited {
        let known = access_address(command).and_then(|known| self.waited.get(&known));
        known.copied().unwrap_or_default()
    }

    fn claim(&self, command: &RadioCommand) -> Claim {
        if scans(command) { Claim::Anybody } else { Claim::Event(self.waited(command)) }
    }

    /// Whether another half has an appointment that would be lost if this packet were sent, and
    /// that counts for more than what `side` has the radio for.
    fn comes_first(&self, now: Instant, side: Side, command: &RadioCommand, hold: Hold) -> bool {
        let others = Side::ALL.into_iter().filter(|other| *other != side);
        let waiting = others.filter_map(|other| self.waiting[other as usize].as_ref());
        let claims = waiting.map(|other| (start(other).before(LEAD), self.claim(other)));
        sent(now, command).is_some_and(|end| limit(claims, hold) < end)
    }

    /// The step that is due.
    pub(super) fn step(&mut self, now: Instant) -> Option<Step> {
        if let Some(side) = self.robbed.take() {
            return Some(Step::Missed(side));
        }
        let mut due: Vec<(Instant, Side)> = Side::ALL
            .into_iter()
            .filter_map(|side| Some((start(self.waiting[side as usize].as_ref()?), side)))
            .filter(|(start, _)| start.before(LEAD) <= now)
            .collect();
        due.sort_unstable();
        // An event at a fixed time comes before listening for advertising.
        due.sort_by_key(|(_, side)| self.waiting[*side as usize].as_ref().is_some_and(scans));
        due.into_iter().find_map(|(_, side)| self.lend(now, side))
    }

    fn lend(&mut self, now: Instant, side: Side) -> Option<Step> {
        let command = self.waiting[side as usize].as_ref()?;
        let (address, listens) = (access_address(command)?, scans(command));
        let too_late = latest(command) < now;
        let (waited, claim) = (self.waited(command), self.claim(command));
        let gives_way = self.loan.is_some_and(|loan| claim.wins(loan.hold()));
        if !too_late && self.loan.is_some() && !gives_way {
            return None;
        }
        let command = self.waiting[side as usize].take()?;
        let hold = Hold::Event(waited);
        if too_late || (!listens && self.comes_first(now, side, &command, hold)) {
            if !listens {
                self.lost(address);
            }
            return Some(Step::Missed(side));
        }
        if let Some(loan) = self.loan.take() {
            self.robbed = Some(loan.side);
            if !loan.scans {
                self.count(&Loan { late: true, ..loan });
            }
        }
        self.loan = Some(Loan {
            side,
            since: now,
            scans: listens,
            sends: sends(&command),
            then_listens: then_listens(&command),
            over: false,
            access_address: address,
            waited,
            late: start(&command) < now,
            sent: false,
            heard: false,
        });
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
