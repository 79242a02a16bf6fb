//! Plays one case from its start state to the end, and judges it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters};
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::PhySet;
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use bletwin_sim::explore::digest::Digest;
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::{Note, Record, RecordId, RecordKind};
use bletwin_sim::sniffer::{AirItem, sniff};

use super::base::{Base, BaseKey, HANDLE, encrypt};
use super::beginning::Beginning;
use super::case::{Case, Procedure, Side, What};
use super::guard::guarded;
use super::live::{Live, Tape, node, side};
use super::node::READ;
use super::watch::{CENTRAL, PERIPHERAL, Watch};
use bletwin_setup::error::BadInput;

/// How long a run with an open procedure continues: beyond LL_RESPONSE_TIMEOUT (40 s).
const LAST_WAIT: Duration = Duration::from_secs(42);
/// Intervals after which the authenticated payload timeout is set back.
const PING_INTERVALS: u64 = 2;
/// Default authenticated payload timeout, units of 10 ms.
const PAYLOAD_TIMEOUT: u16 = 3000;

/// A violation of a rule in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Id of the rule: one of [`bletwin_oracle::Rule`], `HOST-LIVE`, `HOST-DATA` and `HOST-AGREE`
    /// for what only the hosts see, [`PANIC`] or [`INVARIANT`].
    pub rule: String,
    /// The culprit, if known.
    pub culprit: Option<NodeId>,
    /// When, world time.
    pub at: Instant,
    /// What broke it.
    pub record: Option<RecordId>,
    /// What happened, in a sentence.
    pub text: String,
}

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The violations, without those that the case suppresses and those that the central is known
    /// for.
    pub findings: Vec<Found>,
    /// The trace on air in the run proper.
    pub trace: Digest,
    /// Hash of the world at its end.
    pub state: u64,
    /// Everything that happened, from power-on.
    pub records: Vec<Record>,
    /// Where the run proper begins among the records.
    pub start: usize,
    /// Packets of peripheral and central in the run proper.
    pub sent: [u32; 2],
    /// World time at its end.
    pub end: Instant,
}

impl Outcome {
    /// The trace on air in the run proper, as text.
    #[must_use]
    pub fn digest(&self) -> String {
        let [a, b] = self.trace.value();
        format!("{a:016x}{b:016x}")
    }

    /// Control PDUs that were sent in the run proper, repetitions not counted.
    #[must_use]
    pub fn control_pdus(&self) -> u32 {
        let from = self.records.get(self.start).map_or(RecordId(u64::MAX), |record| record.id);
        let control = |item: &AirItem| {
            item.record >= from
                && item.event.is_some()
                && !item.retransmission
                && !item.payload.is_empty()
                && DataHeader::from_octet(item.header).llid == Llid::Control
        };
        let items = sniff(&self.records);
        u32::try_from(items.iter().filter(|item| control(item)).count()).unwrap_or(u32::MAX)
    }
}

/// Plays a case.
///
/// # Errors
/// [`BadInput`] if the case names what does not exist, or its start state cannot be reached.
pub fn run(case: &Case) -> Result<Outcome, BadInput> {
    Ok(Base::new(case)?.run(case))
}

/// Plays cases, and keeps the start states that it has reached.
#[derive(Clone, Debug, Default)]
pub struct Runner {
    bases: BTreeMap<BaseKey, Result<Arc<Base>, BadInput>>,
}

/// Start states that a runner keeps.
const BASES_MAX: usize = 64;

impl Runner {
    /// As [`run()`].
    ///
    /// # Errors
    /// As [`run()`].
    pub fn run(&mut self, case: &Case) -> Result<Outcome, BadInput> {
        Ok(self.base(case)?.run(case))
    }

    /// Where a case begins.
    ///
    /// # Errors
    /// As [`run()`].
    pub fn base(&mut self, case: &Case) -> Result<Arc<Base>, BadInput> {
        let key = BaseKey::of(case);
        if let Some(base) = self.bases.get(&key) {
            return base.clone();
        }
        let base = Base::new(case).map(Arc::new);
        if self.bases.len() >= BASES_MAX {
            self.bases.pop_first();
        }
        self.bases.insert(key, base.clone());
        base
    }
}

impl Base {
    /// A copy of the link with all that the hosts will ask for.
    #[must_use]
    pub fn begin(&self, procedures: &[Procedure]) -> Live {
        let mut live = self.live.clone();
        live.asked_until = self.event(1);
        for procedure in procedures {
            self.ask(&mut live, procedure);
        }
        live
    }

    /// Plays a case that begins here.
    #[must_use]
    pub fn run(&self, case: &Case) -> Outcome {
        let mut tape = self.tape.to_vec();
        let start = tape.len();
        let mut live = self.begin(&case.procedures);
        let end = case.until.map_or(Instant::MAX, |event| self.event(event.into()));
        let cut = |live: &Live| live.next_event().is_some_and(|next| next >= end);
        while !self.is_over(&live) && !cut(&live) {
            let struck = live.next_sender().and_then(|side| {
                let number = live.sent[node(side).0 as usize] + 1;
                case.losses.iter().find(|loss| loss.of == side && loss.packet == number)
            });
            match struck {
                Some(loss) => live.step_losing(loss.how, &mut tape),
                None => live.step(&mut tape),
            }
        }
        let over = !cut(&live);
        if over {
            self.end(&mut live, &mut tape);
        }
        let mut findings = self.judge(&mut self.seen.clone(), &tape, &live, over);
        findings.retain(|found| !case.suppress.contains(&found.rule));
        Outcome {
            findings,
            trace: live.trace.until(live.world.now()),
            state: live.world.canonical_hash(),
            start,
            sent: live.sent,
            end: live.world.now(),
            records: tape,
        }
    }

    /// Judges a run by the air and, if it is over, by the events to its hosts. The central's known
    /// violations are left out.
    pub(super) fn judge(
        &self,
        seen: &mut Beginning,
        tape: &[Record],
        live: &Live,
        over: bool,
    ) -> Vec<Found> {
        let mut findings = judge(seen, tape, live, over);
        let known =
            |found: &Found| found.culprit == Some(CENTRAL) && self.breaks.contains(&found.rule);
        findings.retain(|found| !known(found));
        findings
    }

    /// Whether nothing more is to come.
    pub(super) fn is_over(&self, live: &Live) -> bool {
        live.watch.is_over() || live.is_quiet() || live.watch.mistook().is_some()
    }

    /// Lets time pass to the end of a run: to the end of silence, or, where something is left
    /// open, until it must have ended.
    pub(super) fn end(&self, live: &mut Live, tape: &mut Tape) {
        live.run_until(live.quiet_at().max(live.world.now()), tape);
        if live.watch.is_open() {
            let (now, next) = (live.world.now(), Live::next_event);
            // Procedures begun meanwhile have their time, too; but pings recur forever.
            let latest =
                |live: &Live| (live.watch.active + LAST_WAIT).min(now + LAST_WAIT.times(2));
            while live.watch.is_open() && next(live).is_some_and(|at| at <= latest(live)) {
                live.step(tape);
            }
            let soon = live.quiet_at().max(live.world.now());
            live.run_until(soon, tape);
        }
    }

    /// When a host asks for it.
    pub(super) fn moment(&self, procedure: &Procedure) -> Instant {
        let thousandth = Duration::from_ticks(self.interval.ticks() / 1000);
        self.start.before(self.interval)
            + self.interval.times(procedure.event.into())
            + thousandth.times(procedure.position.into())
    }

    fn ask(&self, live: &mut Live, procedure: &Procedure) {
        let at = self.moment(procedure);
        let upon = node(procedure.who);
        live.asked_until = live.asked_until.max(at);
        match acts(procedure) {
            Acts::One(act) => live.world.act(upon, at, act),
            Acts::Both(first, second) => {
                live.world.act(upon, at, first);
                live.world.act(upon, at, second);
            }
            Acts::Two(act, later) => {
                live.world.act(upon, at, act);
                let back = at + self.interval.times(PING_INTERVALS);
                live.world.act(upon, back, later);
                live.asked_until = live.asked_until.max(back);
            }
        }
    }
}

/// The rule against panics, of devices and of their judge.
pub const PANIC: &str = "PANIC";

/// The rule against broken invariants: a device's assumptions about itself hold.
pub const INVARIANT: &str = "INVARIANT";

/// Faults that devices have noticed in themselves.
fn invariants(tape: &[Record]) -> impl Iterator<Item = Found> + '_ {
    tape.iter().filter_map(|record| {
        let text = record.broken_invariant()?;
        let (culprit, rule) = (Some(record.node), INVARIANT.to_owned());
        Some(Found { rule, culprit, at: record.at, record: Some(record.id), text })
    })
}

fn panicked(tape: &[Record], text: String) -> Vec<Found> {
    let at = tape.last().map_or(Instant::ZERO, |record| record.at);
    vec![Found { rule: PANIC.to_owned(), culprit: None, at, record: None, text }]
}

fn judge(seen: &mut Beginning, tape: &[Record], live: &Live, over: bool) -> Vec<Found> {
    let watch = &live.watch;
    let judged = match &live.panicked {
        Some(text) => Err(text.clone()),
        None => guarded(|| seen.judge(tape)),
    };
    let air = match judged {
        Ok(air) => air,
        Err(text) => return panicked(tape, text),
    };
    let air = air.into_iter().map(|finding| Found {
        rule: finding.rule.to_owned(),
        culprit: Some(finding.culprit),
        at: finding.at,
        record: Some(finding.record),
        text: finding.text,
    });
    let mut findings: Vec<Found> = air.collect();
    // Findings on air say more, if there are any.
    if findings.is_empty() {
        let at_last = || if over && watch.is_open() { left_open(tape, watch) } else { None };
        findings.extend(mistaken(tape, watch).or_else(at_last));
    }
    findings.extend(invariants(tape));
    findings
}

/// A finding from the hosts' events alone.
fn seen_by_hosts(tape: &[Record], rule: &str, culprit: Option<NodeId>, text: String) -> Found {
    let at = tape.last().map_or(Instant::ZERO, |record| record.at);
    Found { rule: rule.to_owned(), culprit, at, record: None, text }
}

fn mistaken(tape: &[Record], watch: &Watch) -> Option<Found> {
    let from = watch.mistook()?;
    let text = format!("what the {}'s host sends arrives as something else", side(from).name());
    Some(seen_by_hosts(tape, "HOST-DATA", Some(carrier(tape, from)), text))
}

const fn other(node: NodeId) -> NodeId {
    if node.0 == CENTRAL.0 { PERIPHERAL } else { CENTRAL }
}

/// The controller that corrupts a host's data: the local one, if they are not on air as sent, else
/// the remote one.
fn carrier(tape: &[Record], from: NodeId) -> NodeId {
    let mut sent: Vec<u8> = Vec::new();
    let mut last = 0;
    for record in tape.iter().filter(|record| record.node == from) {
        match &record.kind {
            RecordKind::Note(Note::AclOut(acl)) => {
                last = sent.len();
                sent.extend(&acl.data);
            }
            RecordKind::Note(Note::Trace(Trace::HostOverrun { .. })) => sent.truncate(last),
            _ => {}
        }
    }
    let items = sniff(tape);
    let connection = items.iter().filter_map(|item| item.connection).max();
    let carries = |item: &&AirItem| {
        item.from == from
            && item.connection == connection
            && item.event.is_some()
            && !item.retransmission
            && DataHeader::from_octet(item.header).llid != Llid::Control
    };
    let aired: Vec<u8> =
        items.iter().filter(carries).flat_map(|item| item.payload.clone()).collect();
    if sent == aired { other(from) } else { from }
}

fn left_open(tape: &[Record], watch: &Watch) -> Option<Found> {
    let found = |rule: &str, culprit, text| Some(seen_by_hosts(tape, rule, culprit, text));
    for (side, end) in [Side::Peripheral, Side::Central].into_iter().zip(&watch.ends) {
        if let Some(asked) = end.open.first() {
            let text = format!("{} was asked for and did not end", asked.name());
            return found("HOST-LIVE", Some(node(side)), text);
        }
    }
    if let Some(from) = watch.misses() {
        let text = format!("what the {}'s host has sent does not arrive", side(from).name());
        return found("HOST-DATA", Some(carrier(tape, from)), text);
    }
    match watch.disagree() {
        Some(text) => found("HOST-AGREE", None, format!("the hosts believe in {text}")),
        None => found("HOST-AGREE", None, "one host has a connection and the other none".into()),
    }
}

enum Acts {
    One(Act),
    /// The second at the same time, after the first.
    Both(Act, Act),
    /// The second a little later.
    Two(Act, Act),
}

fn acts(procedure: &Procedure) -> Acts {
    let handle = HANDLE;
    let ping =
        |timeout| Act::Command(Command::WriteAuthenticatedPayloadTimeout { handle, timeout });
    if let Some(name) = procedure.what.forced_name().filter(|_| procedure.forced) {
        return Acts::One(Act::Ask(name.into()));
    }
    let button = |pressed| Act::Button { button: "user".into(), pressed };
    Acts::One(Act::Command(match (&procedure.what, procedure.who) {
        (What::Features, _) => Command::LeReadRemoteFeatures { handle },
        (What::Version, _) => Command::ReadRemoteVersion { handle },
        (What::DataLength { octets, time }, _) => {
            Command::LeSetDataLength { handle, tx_octets: *octets, tx_time: *time }
        }
        (What::Phy { tx, rx }, _) => {
            Command::LeSetPhy { handle, tx: PhySet(*tx), rx: PhySet(*rx), coded_options: 0 }
        }
        (
            What::ConnectionUpdate { interval, latency, timeout }
            | What::ParameterRequest { interval, latency, timeout },
            _,
        ) => {
            let (latency, timeout) = (*latency, *timeout);
            let parameters = ConnectionParameters {
                interval_min: *interval,
                interval_max: *interval,
                latency,
                timeout,
            };
            Command::LeConnectionUpdate { handle, parameters }
        }
        (What::Ping, _) => return Acts::Two(ping(1), ping(PAYLOAD_TIMEOUT)),
        (What::ChannelMap { map }, _) => {
            Command::LeSetHostChannelClassification { channel_map: *map }
        }
        (What::MinUsedChannels { channels }, _) => {
            let features = Act::Command(Command::LeReadRemoteFeatures { handle });
            return Acts::Both(features, Act::MinUsedChannels(*channels));
        }
        (What::Encryption, _) => encrypt(),
        (What::Terminate, _) => {
            Command::Disconnect { handle, reason: ErrorCode::REMOTE_USER_TERMINATED }
        }
        (What::Data, Side::Central) => return Acts::One(Act::Ask(READ.into())),
        (What::Data, Side::Peripheral) => return Acts::Two(button(true), button(false)),
    }))
}
