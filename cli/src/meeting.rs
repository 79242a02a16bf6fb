//! One meeting of a model central and somebody's host, from the first word to the verdict.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use bletwin_bridge::serve::{self, Address, Lending, Time, Watching};
use bletwin_scenarios::catalogue::Scenario;
use bletwin_scenarios::meeting::{Guest, Meeting};
use bletwin_scenarios::stage::Finished;
use bletwin_setup::Setup;

use crate::guest::{self, Program};

/// What a meeting needs.
pub(crate) struct Invitation<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) setup: &'a Setup,
    pub(crate) guest: Guest,
    /// Where the host finds its controller, and what the controller is called.
    pub(crate) endpoint: (Address, String),
    pub(crate) time: Time,
    pub(crate) watching: Watching,
    pub(crate) keyboard: bool,
    /// Started when everything is in place; `None`: the host comes by itself.
    pub(crate) program: Option<Program>,
}

/// What came of it.
pub(crate) enum Met {
    /// It was played to its end; how late the host was served at most.
    Played(Box<Finished>, Duration),
    /// Ctrl-C.
    Interrupted,
    /// The program has ended, or did not start, and no host came: why.
    NobodyCame(String),
}

/// Plays it. `found`: where the endpoint is, once that is known.
pub(crate) fn meet(
    invitation: Invitation<'_>,
    found: &mut Option<Address>,
    out: &mut dyn Write,
) -> anyhow::Result<Met> {
    let Invitation { scenario, setup, guest, endpoint, time, watching, keyboard, program } =
        invitation;
    let meeting = Meeting::new(scenario, setup, guest)?;
    let lending = Lending { endpoints: vec![endpoint], time, watching, keyboard };
    let (come, told) = (meeting.has_come(), Rc::new(Cell::new(None)));
    let begin = |addresses: &[Address]| {
        *found = addresses.first().cloned();
        guest::stop(program, found.clone(), come, Rc::clone(&told))
    };
    let served = match serve::lend(meeting, lending, begin, out) {
        Ok(served) => served,
        Err(error) => return Err(crate::commands::serving_failed(error)),
    };
    Ok(match (told.take(), served.air.is_finished()) {
        (Some(why), _) => Met::NobodyCame(why),
        (None, false) => Met::Interrupted,
        (None, true) => Met::Played(Box::new(served.air.finish()), served.latest),
    })
}
