//! One meeting of a model central and a user's host, from the start to the verdict.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use bletwin_bridge::serve::{self, Address, Lending, Places, ServeError, Time, Watching};
use bletwin_scenarios::catalogue::Scenario;
use bletwin_scenarios::guest::Guest;
use bletwin_scenarios::meeting::Meeting;
use bletwin_scenarios::stage::Finished;
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

use crate::guest::{self, Ended, Program};

/// Which parts are bletwin's: faults of the user's own controller are not found.
pub(crate) const WHOSE: &str = "host: yours; controller: bletwin's, so that faults of your own \
                                controller do not show";

/// The inputs of a meeting.
pub(crate) struct Invitation<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) setup: &'a Setup,
    pub(crate) guest: Guest,
    /// The address of the host's controller, and its name.
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
    /// Ctrl-C ended it.
    Interrupted,
    /// The program has ended, or did not start, and no host came and advertised: why.
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
    let lending = Lending { endpoints: vec![endpoint], time, watching, keyboard, gdb: None };
    let (presence, end) = (meeting.presence(), Rc::new(Cell::new(None)));
    let begin = |places: &Places| {
        *found = places.endpoints.first().cloned();
        guest::stop(program, places.clone(), presence, Rc::clone(&end))
    };
    let mut served = match serve::lend(meeting, lending, begin, out) {
        Ok(served) => served,
        Err(error) => return Err(failed(error)),
    };
    let ended = end.take();
    if ended == Some(Ended::TimeStandsStill) {
        served.air.play_out();
    }
    Ok(match (ended, served.air.is_finished()) {
        (Some(Ended::NobodyCame(why)), _) => Met::NobodyCame(why),
        (_, false) => Met::Interrupted,
        (_, true) => Met::Played(Box::new(served.air.finish()), served.latest),
    })
}

/// Why it could not begin or go on, and what to do about it.
pub(crate) fn failed(error: ServeError) -> anyhow::Error {
    let what = error.to_string();
    match error {
        ServeError::Bind { address, .. } => BadInput {
            what,
            help: match address {
                Address::Tcp(_) => {
                    "name an address of this machine that is free, or port 0 for any"
                }
                Address::Unix(_) | Address::Pty(_) => {
                    "name a path in a folder that exists, at which there is nothing yet"
                }
            }
            .into(),
        }
        .into(),
        ServeError::Io(error) => error.into(),
    }
}

/// A program that was started and has not come.
pub(crate) fn nobody_came(what: String) -> BadInput {
    BadInput {
        what,
        help: "it has to connect to the address in $BLETWIN_ENDPOINT and speak H4: docs/HCI.md"
            .into(),
    }
}
