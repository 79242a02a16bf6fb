//! A learned central plays against a firmware, and what comes of it is held against the capture:
//! both are looked at as a sniffer without keys sees them.

use ble::error::ErrorCode;
use ble::time::Duration;
use bletwin_explain::captured::{CapturedLink, explain};
use bletwin_explain::why::concern::Concern;
use bletwin_explain::why::{Cause, What};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;
use bletwin_sniffer::{Hearing, View};
use serde::Serialize;

/// How long is watched when the scenario is over: longer than supervision timeouts are.
const AFTERWARDS: Duration = Duration::from_secs(7);

/// One connection in short: how it ended and what it turned on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Course {
    /// What went wrong, in words; `None`: nothing that is seen.
    pub concern: Option<String>,
    /// The reason that its end shows.
    pub reason: Option<u8>,
    /// What kind of cause.
    pub cause: Option<Cause>,
    /// PDUs that it turns on.
    pub decisive: Vec<String>,
    /// connEventCount of its last packet.
    pub last_event: Option<u16>,
    /// What was said, in order: whether by the central, what, in which event.
    #[serde(skip)]
    pub said: Vec<(bool, String, u16)>,
}

impl Course {
    /// Of a connection as it was seen.
    #[must_use]
    pub fn of(link: &CapturedLink) -> Self {
        let account = &link.why.account;
        let first = link.why.hypotheses.first().filter(|_| link.concern.is_some());
        let decisive = first.map(|one| one.places.as_slice()).unwrap_or_default();
        let news = account.pdus.iter().filter(|pdu| pdu.is_news());
        let said = news.filter_map(|pdu| Some((pdu.from_central, pdu.name(), pdu.event?)));
        Self {
            concern: link.concern.map(Concern::words),
            reason: account.ending.as_ref().and_then(|ending| ending.reason).map(|ErrorCode(n)| n),
            cause: first.map(|one| one.cause),
            decisive: decisive
                .iter()
                .filter_map(|at| account.pdu(*at))
                .map(|pdu| pdu.name())
                .collect(),
            last_event: account.pdus.iter().filter_map(|pdu| pdu.event).next_back(),
            said: said.collect(),
        }
    }
}

/// Where two courses part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parting {
    /// So many PDUs that say something are the same before.
    pub same: usize,
    /// What comes then in the capture; `None`: nothing more.
    pub captured: Option<String>,
    /// What comes then in the twin.
    pub twin: Option<String>,
}

/// How far a twin comes to the same end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What was captured.
    pub captured: Course,
    /// What the twin did.
    pub twin: Course,
    /// Whether the same went wrong, or nothing in both.
    pub outcome: bool,
    /// Whether the reason of the end is the same.
    pub reason: bool,
    /// Whether both turn on the same, and on the same PDUs.
    pub decisive: bool,
    /// How many events their ends are apart.
    pub events: Option<u16>,
    /// Where they part.
    pub parting: Option<Parting>,
}

impl Comparison {
    /// Of a capture and its twin.
    #[must_use]
    pub fn of(captured: Course, twin: Course) -> Self {
        let events = captured.last_event.zip(twin.last_event).map(|(a, b)| a.abs_diff(b));
        Self {
            outcome: captured.concern == twin.concern,
            reason: captured.reason == twin.reason,
            decisive: (captured.cause, &captured.decisive) == (twin.cause, &twin.decisive),
            events,
            parting: parting(&captured, &twin),
            captured,
            twin,
        }
    }

    /// Whether the twin came to the same end.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.outcome && self.reason && self.decisive
    }
}

fn parting(captured: &Course, twin: &Course) -> Option<Parting> {
    let both = captured.said.iter().zip(&twin.said);
    let same = both.take_while(|(a, b)| (a.0, &a.1) == (b.0, &b.1)).count();
    let told = |course: &Course| {
        course.said.get(same).map(|(central, what, event)| {
            let who = if *central { "the central" } else { "the peripheral" };
            format!("{what} of {who} (event {event})")
        })
    };
    let (captured, twin) = (told(captured), told(twin));
    (captured != twin && (captured.is_some() || twin.is_some())).then_some(Parting {
        same,
        captured,
        twin,
    })
}

/// The scenario that a captured connection is an example of.
#[must_use]
pub fn scenario(link: &CapturedLink) -> &'static str {
    use ble::pdu::control::ControlPdu;
    let says = |wanted: fn(&What) -> bool| {
        link.why.account.pdus.iter().any(|pdu| pdu.is_news() && wanted(&pdu.what))
    };
    if says(|what| matches!(what, What::Smp(0x01 | 0x0B) | What::SmpPart(_))) {
        "pairing"
    } else if says(|what| matches!(what, What::Control(ControlPdu::EncReq(_)))) {
        "reconnect"
    } else {
        "unpaired"
    }
}

/// Plays it and gives the course of its last connection; `None`: there was none.
///
/// # Errors
/// There is no such scenario.
pub fn play(scenario: &str, setup: &Setup) -> Result<Option<Course>, BadInput> {
    let mut stage = Stage::new(catalogue::by_name(scenario)?, setup).unhashed();
    stage.run(|| false);
    let mut world = stage.world;
    world.run_until(world.now() + AFTERWARDS);
    let mut view: View = bletwin_sim::view(world.records());
    (view.hci, view.nodes, view.complete) = (None, None, false);
    view.frames.iter_mut().for_each(|frame| frame.hearing = Hearing::Unknown);
    Ok(explain(&view).links.last().map(Course::of))
}
