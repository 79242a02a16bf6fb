//! What a host does for its application: late answers, indications, storage, time, and misuse that
//! it stops.

use super::*;
use crate::application::{Effects, Nothing, Request};
use crate::host::att::AttError;
use crate::host::gatt::table::{Characteristic, Table};
use crate::host::gatt::{Gatt, Uuid};
use ble::error::PeerMisbehaved;
use ble::work::{Level, Work};
use proptest::prelude::*;
use std::vec;

const SLOW: Uuid = Uuid::short(0xAA01);
const TOLD: Uuid = Uuid::short(0xAA02);

static TABLE: Table<24> = Table::new("Probe", &[0, 0])
    .advertised(Uuid::short(0xAA00))
    .characteristic(Characteristic::new(SLOW).readable().writable().without_response())
    .characteristic(Characteristic::new(TOLD).readable().notifies().indicates());

const SLOW_HANDLE: u16 = TABLE.handle(SLOW);
const TOLD_HANDLE: u16 = TABLE.handle(TOLD);

/// Answers requests for the slow value when its timer expires; counts the events that it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Probe {
    waits: Option<(Request, Instant)>,
    takes: Duration,
    refuses: bool,
    confirmed: Vec<bool>,
    stored: Vec<(u8, bool)>,
    loaded: Vec<(u8, Vec<u8>)>,
    sent: u8,
    timers: u32,
    stuck: Option<Instant>,
    writes: u8,
    busy: u16,
    /// The only client that it notifies, if set.
    whom: Option<Handle>,
}

impl Application for Probe {
    type Button = Nothing;
    type Output = Nothing;
    const NAME: &'static str = "probe";
    const ABOUT: &'static str = "a test's own";
    const GATT: Gatt = TABLE.gatt();

    fn handle(&mut self, now: Instant, event: AppEvent<'_>, out: &mut Effects<Nothing>) -> Work {
        match event {
            crate::application::Event::Read { request, handle }
            | crate::application::Event::Write { request, handle, .. }
                if handle == SLOW_HANDLE =>
            {
                if matches!(event, crate::application::Event::Write { .. }) {
                    self.writes += 1;
                }
                self.waits = Some((request, now + self.takes));
            }
            crate::application::Event::Read { request, .. } => {
                out.answer(request, Ok(&[self.sent]));
            }
            crate::application::Event::Timer => {
                self.timers += 1;
                if let Some((request, _)) = self.waits.take_if(|(_, at)| *at <= now) {
                    let answer = if self.refuses { Err(AttError(0x80)) } else { Ok(&[7][..]) };
                    out.answer(request, answer);
                }
            }
            crate::application::Event::Sent { .. } => self.sent += 1,
            crate::application::Event::Confirmed { ok, .. } => self.confirmed.push(ok),
            crate::application::Event::Stored { key, ok } => self.stored.push((key, ok)),
            crate::application::Event::Loaded { key, octets } => {
                self.loaded.push((key, octets.to_vec()));
            }
            crate::application::Event::Connected { .. } => {
                out.store(3, Some(&[1, 2]));
                out.store(16, Some(&[1]));
            }
            crate::application::Event::Secured { .. } => {
                (0..20).for_each(|_| out.notify(TOLD_HANDLE));
            }
            crate::application::Event::Subscribed { .. } => match self.whom {
                None => out.indicate(TOLD_HANDLE),
                Some(whom) => {
                    out.notify_one(whom, TOLD_HANDLE);
                    out.indicate_one(whom, TOLD_HANDLE);
                }
            },
            _ => {}
        }
        Work { items: self.busy, ..Work::none(Level::Host) }
    }

    fn deadline(&self) -> Option<Instant> {
        self.stuck.or_else(|| self.waits.map(|(_, at)| at))
    }
}

type AppEvent<'a> = crate::application::Event<'a, Nothing>;

const READ: [u8; 3] = [0x0A, 0x12, 0];
const WRITE: [u8; 4] = [0x12, 0x12, 0, 9];

fn probe(takes: Duration) -> RigOf<Probe> {
    let mut rig = RigOf::<Probe>::connected(&Config::recommended());
    assert_eq!((SLOW_HANDLE, TOLD_HANDLE), (0x0012, 0x0014));
    rig.host.application.takes = takes;
    rig
}

#[test]
fn a_request_is_answered_when_the_application_answers() {
    for (request, refuses, answer) in [
        (&READ[..], false, vec![0x0B, 7]),
        (&[0x0C, 0x12, 0, 1, 0], false, vec![0x0D]),
        (&[0x08, 1, 0, 0xFF, 0xFF, 0x01, 0xAA], false, vec![0x09, 3, 0x12, 0, 7]),
        (&[0x0E, 0x12, 0, 0x14, 0], false, vec![0x0F, 7, 0]),
        (&WRITE, false, vec![0x13]),
        (&[&WRITE[..], &[1; 18]].concat(), false, vec![0x13]),
        (&READ, true, vec![0x01, 0x0A, 0x12, 0, 0x80]),
        (&WRITE, true, vec![0x01, 0x12, 0x12, 0, 0x80]),
    ] {
        let mut rig = probe(Duration::from_ms(200));
        rig.host.application.refuses = refuses;
        rig.send(CID_ATT, request);
        rig.pass(Duration::from_ms(199));
        assert_eq!(rig.frames.len(), 0, "too early for {request:02x?}");
        rig.pass(Duration::from_ms(1));
        assert_eq!(rig.received(), (CID_ATT, answer), "to {request:02x?}");
        assert_eq!(rig.host.application.writes, u8::from(request[0] == 0x12), "asked once");
    }
}

#[test]
fn a_long_write_waits_too_and_is_carried_out_once() {
    let mut rig = probe(Duration::from_ms(200));
    assert_eq!(rig.ask(&[0x16, 0x12, 0, 0, 0, 5]), [0x17, 0x12, 0, 0, 0, 5]);
    rig.send(CID_ATT, &[0x18, 1]);
    assert_eq!(rig.frames.len(), 0);
    rig.pass(Duration::from_ms(200));
    assert_eq!(rig.received().1, [0x19]);
    assert_eq!(rig.host.application.writes, 1);
    // Of two the second cannot wait: the first would be written again.
    for offset in [0, 9] {
        let part = [0x16, 0x12, 0, offset, 0, 5];
        assert_eq!(rig.ask(&part)[0], 0x17);
    }
    rig.send(CID_ATT, &[0x18, 1]);
    rig.pass(Duration::from_ms(200));
    // ATT-ERR-1: which handle an error names.
    assert_eq!(rig.received().1, [0x01, 0x18, 0, 0, 0x0E]);
}

#[test]
fn of_several_values_one_may_come_later() {
    let mut rig = probe(Duration::from_ms(200));
    rig.send(CID_ATT, &[0x0E, 0x12, 0, 0x12, 0]);
    rig.pass(Duration::from_ms(200));
    assert_eq!(rig.received().1, [0x01, 0x0E, 0, 0, 0x0E], "Unlikely Error");
    let many = [&[0x0E][..], &[0x12, 0].repeat(11)].concat();
    rig.send(CID_ATT, &[&many[..], &[0x14, 0][..]].concat()[..23]);
    rig.pass(Duration::from_ms(200));
    assert_eq!(rig.received().1[..2], [0x01, 0x0E]);
}

/// Vol 3, Part F, 3.3.2: one request at a time; commands and confirmations do not count.
#[test]
fn who_asks_again_before_the_answer_breaks_a_rule() {
    let mut rig = probe(Duration::from_ms(200));
    rig.send(CID_ATT, &READ);
    rig.send(CID_ATT, &[0x0A, 0x0B, 0]);
    let violation = PeerMisbehaved::TooManyRequests;
    assert_eq!(rig.traces, [Trace::Misbehaved { link: Some(ble::link::LinkId(0)), violation }]);
    rig.send(CID_ATT, &[0x1E]);
    rig.send(CID_ATT, &[0x52, 0x0B, 0, 1]);
    assert_eq!(rig.traces.len(), 1);
    rig.pass(Duration::from_ms(200));
    assert_eq!(rig.received().1, [0x0B, 7], "the first is answered");
    assert_eq!(rig.ask(&[0x0A, 0x0B, 0]), [&[0x0B], &b"Probe"[..]].concat());
}

/// Vol 3, Part F, 3.3.3.
#[test]
fn a_request_without_an_answer_for_30_s_ends_the_bearer() {
    let mut rig = probe(Duration::from_secs(31));
    rig.send(CID_ATT, &READ);
    let mut all = Vec::new();
    rig.host.armed(&mut |armed| all.push(armed));
    let until = rig.now + Duration::from_secs(30);
    assert!(all.contains(&Armed::until(What::Att, until)), "{all:?}");
    rig.pass(Duration::from_secs(40));
    assert!(rig.logs.contains(&String::from("ATT Timeout")), "{:?}", rig.logs);
    rig.send(CID_ATT, &[0x0A, 0x0B, 0]);
    assert_eq!(rig.frames.len(), 0, "neither the late answer nor another");
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.connect(INTEL);
    assert_eq!(rig.ask(&[0x0A, 0x0B, 0])[0], 0x0B, "a new connection has a new bearer");
}

#[test]
fn an_answer_to_a_former_connection_reaches_no_client() {
    let mut rig = probe(Duration::from_ms(200));
    rig.send(CID_ATT, &READ);
    rig.disconnect(ErrorCode::CONNECTION_TIMEOUT);
    rig.connect(INTEL);
    rig.pass(Duration::from_ms(300));
    assert_eq!(rig.frames.len(), 0);
}

#[test]
fn gai_bv_01_indications_wait_for_each_other_and_are_confirmed() {
    let mut rig = probe(Duration::ZERO);
    rig.send(CID_ATT, &[0x12, 0x15, 0, 3, 0]);
    let sent: Vec<_> = rig.frames.drain(..).map(|acl| acl.data[4..].to_vec()).collect();
    assert_eq!(sent, [vec![0x13], vec![0x1D, 0x14, 0, 0]]);
    rig.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 2 });
    rig.send(CID_ATT, &[0x12, 0x15, 0, 2, 0]);
    assert_eq!(rig.received().1, [0x13]);
    assert_eq!(rig.frames.len(), 0, "not confirmed yet");
    rig.send(CID_ATT, &[0x1E]);
    assert_eq!(rig.host.application.confirmed, [true]);
    assert_eq!(rig.received().1, [0x1D, 0x14, 0, 1], "with the value of now");
    rig.pass(Duration::from_secs(31));
    assert_eq!(rig.host.application.confirmed, [true, false]);
    assert_eq!(rig.host.application.sent, 2);
}

#[test]
fn a_single_client_is_notified_and_no_other() {
    let indicated = vec![vec![0x13], vec![0x1B, 0x14, 0, 0], vec![0x1D, 0x14, 0, 1]];
    for (whom, expected) in [(HANDLE, indicated), (Handle(9), vec![vec![0x13]])] {
        let mut rig = probe(Duration::ZERO);
        rig.host.application.whom = Some(whom);
        rig.send(CID_ATT, &[0x12, 0x15, 0, 3, 0]);
        let sent: Vec<_> = rig.frames.drain(..).map(|acl| acl.data[4..].to_vec()).collect();
        assert_eq!(sent, expected, "{whom:?}");
    }
}

#[test]
fn octets_are_stored_under_a_key_and_come_back() {
    let mut rig = probe(Duration::ZERO);
    let Some(Effect::Persist { id, slot, record }) = rig.effects.first().cloned() else {
        panic!("{:?}", rig.effects);
    };
    assert_eq!((slot, record.as_ref().map(|record| record.expose())), (19, Some(&[1, 2][..])));
    assert_eq!(rig.effects.len(), 1, "there is no key 16");
    rig.input(HostInput::Completed(Completion::Persisted { id, ok: true }));
    assert_eq!(rig.host.application.stored, [(3, true)]);
    let mut later = RigOf::<Probe>::new(&Config::recommended());
    let record = record.unwrap();
    later.input(HostInput::Completed(Completion::Loaded { slot, record }));
    assert_eq!(later.host.application.loaded, [(3, vec![1, 2])]);
}

#[test]
fn what_the_application_costs_is_the_host_s_cost() {
    let mut rig = probe(Duration::ZERO);
    rig.host.application.busy = 3_000;
    let data = frame(CID_ATT, &[0x0A, 0x14, 0]).unwrap();
    let acl = Acl { handle: HANDLE, boundary: AclBoundary::First, data };
    let work = rig.host.input(rig.now, HostInput::Acl(acl));
    assert_eq!((work.level, work.items), (Level::Host, 3_001));
}

#[test]
fn more_effects_than_fit_are_noticed() {
    let mut rig = probe(Duration::ZERO);
    rig.forget();
    rig.host.deliver(rig.now, AppEvent::Secured { connection: HANDLE, level: 1 });
    rig.pump();
    assert!(rig.logs[0].starts_with("more effects than one call has room for"), "{:?}", rig.logs);
}

/// A deadline in the past is an application's mistake, which must not stop the world.
#[test]
fn a_deadline_that_does_not_move_costs_a_call_a_tick() {
    let mut rig = probe(Duration::ZERO);
    rig.host.application.stuck = Some(Instant::from_us(1));
    rig.pass(Duration::from_ms(1));
    let timers = rig.host.application.timers;
    assert!((30..=34).contains(&timers), "{timers}");
}

proptest! {
    /// For any input while answers are late: no panic, and no more responses than requests.
    #[test]
    fn late_answers_are_no_more_than_requests(
        pdus in proptest::collection::vec((
            prop_oneof![Just(0x0A_u8), Just(0x0C), Just(0x08), Just(0x0E), Just(0x12), Just(0x16),
                Just(0x18), Just(0x1E), Just(0x52), any::<u8>()],
            proptest::collection::vec(
                prop_oneof![Just(0x12_u8), Just(0x14), 0_u8..3, any::<u8>()],
                0..24,
            ),
            0_u64..300,
        ), 1..20),
    ) {
        let mut rig = probe(Duration::from_ms(200));
        let (mut asked, mut answered) = (0, 0);
        for (code, body, ms) in pdus {
            asked += 1;
            rig.send(CID_ATT, &[&[code][..], &body].concat());
            rig.pass(Duration::from_ms(ms));
            for acl in std::mem::take(&mut rig.frames) {
                answered += usize::from(acl.data[4] != 0x1D && acl.data[4] != 0x1B);
                rig.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 1 });
            }
            prop_assert!(answered <= asked);
        }
    }
}
