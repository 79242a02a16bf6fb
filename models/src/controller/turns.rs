//! When local procedures have their turn: a moment, a delay after it, a period.

use ble::hci::AclBoundary;
use ble::time::{Duration, Instant};
use ble::trace::Procedure;

use super::config::OwnProcedure;
use super::smp::Way;

/// The moment after which a controller's procedure is started, as far as a controller can see it.
/// Each occurs once per connection: of recurring ones the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartMoment {
    /// The connection event with this number.
    Event(u16),
    /// The procedure that stands before it in the list has ended, or has been left out.
    After,
    /// An instant is reached, regardless of who requested the change.
    Instant,
    /// The peripheral has asked for the same: by its link layer, for parameters also by L2CAP.
    Asked,
    /// The host's first ATT request of discovery.
    Discovering,
    /// Its first ATT request after discovery that does not belong to discovery.
    Discovered,
    /// The host's Pairing Request.
    Pairing,
    /// The first PDU with which keys are distributed, from either side.
    Distributing,
    /// Pairing has ended, well or not.
    Paired,
    /// LL_ENC_REQ is queued.
    Encrypting,
    /// Encryption runs on the link.
    Encrypted,
    /// The host shows a dialog of a pairing: a passkey to type or to show, a number to compare.
    Dialog,
}

impl StartMoment {
    /// All but [`Self::Event`], with their names in profiles.
    pub const NAMED: [(&'static str, Self); 11] = [
        ("after", Self::After),
        ("instant", Self::Instant),
        ("asked", Self::Asked),
        ("discovering", Self::Discovering),
        ("discovered", Self::Discovered),
        ("pairing", Self::Pairing),
        ("distributing", Self::Distributing),
        ("paired", Self::Paired),
        ("encrypting", Self::Encrypting),
        ("encrypted", Self::Encrypted),
        ("dialog", Self::Dialog),
    ];
}

/// A stretch of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// This many connection events.
    Events(u16),
    /// This many milliseconds; it ends with the first event after them.
    Ms(u32),
}

impl Span {
    /// No time at all.
    pub const NONE: Self = Self::Events(0);
}

/// A connection event: its number since the connection was made, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    pub(super) event: u32,
    pub(super) at: Instant,
}

impl Mark {
    fn is_behind(self, since: Self, by: Span) -> bool {
        match by {
            Span::Events(events) => self.event >= since.event.saturating_add(events.into()),
            Span::Ms(ms) => self.at >= since.at + Duration::from_ms(ms.into()),
        }
    }
}

/// The start moments that have occurred on a connection and are not stored elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Happened {
    any_instant: bool,
    discovering: bool,
    discovered: bool,
    pairing_begun: bool,
    distributing: bool,
    paired: bool,
    encrypting: bool,
    encrypted_once: bool,
    dialog: bool,
    /// Procedures that the peripheral has asked for, a bit each.
    asked: u16,
}

const CID_ATT: u16 = 4;
const CID_SIGNALLING: u16 = 5;
const CID_SMP: u16 = 6;
const PARAMETER_REQUEST: u8 = 0x12;
const PAIRING_REQUEST: u8 = 0x01;
/// Encryption Information to Signing Information.
const KEYS: std::ops::RangeInclusive<u8> = 0x06..=0x0A;
/// Find Information, Find By Type Value, Read By Type, Read By Group Type.
const DISCOVERY: [u8; 4] = [0x04, 0x06, 0x08, 0x10];
/// Exchange MTU, which hosts do when they like.
const MTU: u8 = 0x02;
/// Handle Value Confirmation.
const CONFIRMATION: u8 = 0x1E;

const fn bit(procedure: Procedure) -> u16 {
    match procedure {
        // Whichever way parameters are asked for.
        Procedure::ConnectionUpdate => 1 << Procedure::ConnectionParametersRequest as u16,
        other => 1 << other as u16,
    }
}

impl Happened {
    /// The peripheral asks for a procedure.
    pub(super) const fn ask(&mut self, procedure: Procedure) {
        self.asked |= bit(procedure);
    }

    /// Whether it has asked for this one.
    pub(super) const fn is_asked(&self, procedure: Procedure) -> bool {
        self.asked & bit(procedure) != 0
    }

    /// Notes that an instant is reached.
    pub(super) const fn instant(&mut self) {
        self.any_instant = true;
    }

    /// The host shows a dialog.
    pub(super) const fn dialog(&mut self) {
        self.dialog = true;
    }

    /// How things stand before an event: whether pairing is under way, and encryption starts or
    /// runs.
    pub(super) const fn stands(&mut self, pairing: bool, starting: bool, encrypted: bool) {
        self.paired |= self.pairing_begun && !pairing;
        self.encrypting |= starting;
        self.encrypted_once |= encrypted;
    }

    /// ACL data pass.
    pub(super) fn pass(&mut self, way: Way, boundary: AclBoundary, data: &[u8]) {
        let &[_, _, cid0, cid1, code, ..] = data else { return };
        if boundary != AclBoundary::First {
            return;
        }
        match (way, u16::from_le_bytes([cid0, cid1]), code) {
            (Way::Out, CID_ATT, MTU | CONFIRMATION) => {}
            (Way::Out, CID_ATT, code) if DISCOVERY.contains(&code) => self.discovering = true,
            (Way::Out, CID_ATT, _) => self.discovered |= self.discovering,
            (Way::Out, CID_SMP, PAIRING_REQUEST) => self.pairing_begun = true,
            (_, CID_SMP, code) if KEYS.contains(&code) => self.distributing = true,
            (Way::In, CID_SIGNALLING, PARAMETER_REQUEST) => {
                self.ask(Procedure::ConnectionParametersRequest);
            }
            _ => {}
        }
    }

    /// Whether the moment of a procedure is reached in this event.
    fn has(&self, own: &OwnProcedure, before: Option<&Turn>, event: u32) -> bool {
        match own.moment {
            StartMoment::Event(number) => event == u32::from(number),
            StartMoment::After => before.is_some_and(|before| before.ended),
            StartMoment::Instant => self.any_instant,
            StartMoment::Asked => own.procedure.procedure().is_some_and(|p| self.is_asked(p)),
            StartMoment::Discovering => self.discovering,
            StartMoment::Discovered => self.discovered,
            StartMoment::Pairing => self.pairing_begun,
            StartMoment::Distributing => self.distributing,
            StartMoment::Paired => self.paired,
            StartMoment::Encrypting => self.encrypting,
            StartMoment::Encrypted => self.encrypted_once,
            StartMoment::Dialog => self.dialog,
        }
    }
}

/// The state of one procedure of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Turn {
    /// Since when its delay or its period counts.
    since: Option<Mark>,
    started: bool,
    /// It has a period, and was started a second time.
    again: bool,
    ended: bool,
}

impl Turn {
    /// Whether its turn is in the coming event.
    fn has_come(&mut self, own: &OwnProcedure, come: bool, here: Mark) -> bool {
        if self.since.is_none() && !self.started && come {
            self.since = Some(here);
        }
        let by = match (self.started, own.period) {
            (false, _) => own.delay,
            (true, Some(period)) => period,
            (true, None) => return false,
        };
        if !self.since.is_some_and(|since| here.is_behind(since, by)) {
            return false;
        }
        self.again = self.started;
        self.started = true;
        self.since = own.period.map(|_| here);
        true
    }
}

/// How far the procedures of a list have come on a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Turns(Vec<Turn>);

impl Turns {
    /// Places in the list of those whose turn is in the coming event.
    pub(super) fn due(
        &mut self,
        list: &[OwnProcedure],
        happened: &Happened,
        here: Mark,
    ) -> Vec<usize> {
        self.0.resize(list.len(), Turn::default());
        let mut due = Vec::new();
        for (at, own) in list.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| self.0.get(before).copied());
            let come = happened.has(own, before.as_ref(), here.event);
            if let Some(turn) = self.0.get_mut(at)
                && turn.has_come(own, come, here)
            {
                due.push(at);
            }
        }
        due
    }

    /// The procedure at this place is over, or is not started at all.
    pub(super) fn ended(&mut self, at: usize) {
        if let Some(turn) = self.0.get_mut(at) {
            turn.ended = true;
        }
    }

    /// Whether one of them has recurred: from then on it does so for as long as the link lives.
    pub(super) fn recur(&self) -> bool {
        self.0.iter().any(|turn| turn.again)
    }

    /// Whether none of them has a turn any more, unless something happens.
    pub(super) fn are_over(&self, list: &[OwnProcedure], happened: &Happened, event: u32) -> bool {
        list.iter().enumerate().all(|(at, own)| {
            let turn = self.0.get(at).copied().unwrap_or_default();
            let before = at.checked_sub(1).and_then(|before| self.0.get(before));
            let ahead =
                matches!(own.moment, StartMoment::Event(number) if u32::from(number) >= event);
            let comes = ahead || turn.since.is_some() || happened.has(own, before, event);
            if turn.started { own.period.is_none() } else { !comes }
        })
    }

    /// Whether the first turn of the procedure at this place is sure to come.
    pub(super) fn waits(&self, at: usize, own: &OwnProcedure, event: u32) -> bool {
        let turn = self.0.get(at).copied().unwrap_or_default();
        let ahead = matches!(own.moment, StartMoment::Event(number) if u32::from(number) >= event);
        !turn.started && (ahead || turn.since.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::AutomaticProcedure;

    fn at(event: u32) -> Mark {
        Mark { event, at: Instant::from_us(u64::from(event) * 10_000) }
    }

    #[test]
    fn a_chain_goes_on_when_one_has_ended() {
        let ping = OwnProcedure::at(AutomaticProcedure::Ping, 2);
        let then = OwnProcedure { moment: StartMoment::After, delay: Span::Events(3), ..ping };
        let (list, happened) = ([ping, then], Happened::default());
        let mut turns = Turns::default();
        let due = |turns: &mut Turns, event| turns.due(&list, &happened, at(event));
        assert_eq!(
            [0, 1, 2, 3].map(|event| due(&mut turns, event)),
            [vec![], vec![], vec![0], vec![]]
        );
        turns.ended(0);
        let later = [4, 5, 6, 7, 8].map(|event| due(&mut turns, event).len());
        assert_eq!(later, [0, 0, 0, 1, 0], "three events behind the first that knows of it");
    }

    #[test]
    fn a_period_counts_in_events_or_in_time() {
        let own = OwnProcedure::at(AutomaticProcedure::Ping, 1);
        let turns = |period| {
            let list = [OwnProcedure { period: Some(period), ..own }];
            let mut turns = Turns::default();
            let come = |event: &u32| !turns.due(&list, &Happened::default(), at(*event)).is_empty();
            (0..12).filter(come).collect::<Vec<_>>()
        };
        assert_eq!(turns(Span::Events(4)), [1, 5, 9]);
        assert_eq!(turns(Span::Ms(25)), [1, 4, 7, 10]);
    }

    #[test]
    fn discovery_ends_with_another_request() {
        let mut happened = Happened::default();
        let mut out = |code| {
            happened.pass(Way::Out, AclBoundary::First, &[1, 0, 4, 0, code]);
            (happened.discovering, happened.discovered)
        };
        assert_eq!(
            [0x02, 0x0A, 0x10, 0x08, 0x1E, 0x12].map(&mut out),
            [
                (false, false),
                (false, false),
                (true, false),
                (true, false),
                (true, false),
                (true, true)
            ]
        );
        happened.pass(Way::In, AclBoundary::First, &[12, 0, 5, 0, 0x12, 1]);
        assert!(happened.is_asked(Procedure::ConnectionUpdate));
        assert!(!happened.is_asked(Procedure::PhyUpdate));
    }
}
