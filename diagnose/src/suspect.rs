//! The peripheral's own procedures, to be removed, put back and moved.
//!
//! A run's [`schedule`] is when its host asked for which procedure. It can be played again by an
//! application above a firmware that asks for nothing by itself, with one procedure more, less or
//! elsewhere and all others in their order.

use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::time::{Duration, Instant};
use bletwin_setup::Build;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Note, RecordKind};
use firmware_core::config::{
    DataLengthUpdate, FeatureExchange, ParamUpdate, PhyUpdate, VersionExchange,
};
use firmware_core::host::procedures::Request;

use bletwin_scenarios::prompt::{Milestone, Prompt, Target};
use bletwin_scenarios::stage::Finished;

/// A procedure that a host asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRequest {
    /// In which connection, from 1.
    pub connection: u32,
    /// How long after connecting.
    pub after: Duration,
    /// The procedure that it asked for.
    pub request: Request,
}

/// The requests of the peripheral's host until then, in order.
#[must_use]
pub fn schedule(run: &Finished, until: Instant) -> Vec<HostRequest> {
    let mut connection = 0;
    let mut connected = None;
    let mut asked = Vec::new();
    let own = run.records.iter().filter(|record| record.node == run.peripheral);
    for record in own.take_while(|record| record.at <= until) {
        match &record.kind {
            RecordKind::Note(Note::HciEvent(Event::LeConnectionComplete(complete)))
                if complete.status == ErrorCode::SUCCESS =>
            {
                connection += 1;
                connected = Some(record.at);
            }
            RecordKind::Note(Note::HciCommand(command)) => {
                if let (Some(request), Some(from)) = (starts(command), connected) {
                    asked.push(HostRequest { connection, after: record.at.since(from), request });
                }
            }
            _ => {}
        }
    }
    asked
}

/// The procedure that an HCI command starts.
const fn starts(command: &Command) -> Option<Request> {
    match command {
        Command::LeReadRemoteFeatures { .. } => Some(Request::Features),
        Command::ReadRemoteVersion { .. } => Some(Request::Version),
        Command::LeSetPhy { .. } => Some(Request::Phy),
        Command::LeSetDataLength { .. } => Some(Request::DataLength),
        Command::LeConnectionUpdate { .. } => Some(Request::Parameters),
        _ => None,
    }
}

/// Prompts that ask for all of these at their times, in order of time.
#[must_use]
pub fn replay(mut schedule: Vec<HostRequest>) -> Vec<Prompt> {
    schedule.sort_by_key(|asked| (asked.connection, asked.after));
    schedule
        .into_iter()
        .map(|asked| Prompt {
            connection: Some(asked.connection),
            ..ask(asked.request, Milestone::Connected, asked.after)
        })
        .collect()
}

/// An application that asks for it at this moment, in every connection.
#[must_use]
pub fn ask(request: Request, since: Milestone, after: Duration) -> Prompt {
    let act = Act::Ask(request.name().into());
    Prompt { target: Target::Peripheral, act, connection: None, since, after }
}

/// A firmware that never starts this procedure by itself; all else is as it was.
#[must_use]
pub fn without(config: &Build, request: Request) -> Build {
    let mut build = config.clone();
    let config = &mut build.config;
    match request {
        Request::Phy => config.phy_update = PhyUpdate::Never,
        Request::DataLength => config.data_length = DataLengthUpdate::Never,
        Request::Parameters => config.param_update = ParamUpdate::Never,
        Request::Features => config.feature_exchange = FeatureExchange::Cached,
        Request::Version => config.version_exchange = VersionExchange::Never,
    }
    build
}

/// A firmware that starts no procedure by itself, on which a schedule is played.
#[must_use]
pub fn mute(config: &Build) -> Build {
    Request::ALL.into_iter().fold(config.clone(), |config, request| without(&config, request))
}

/// The name of the request on air.
#[must_use]
pub const fn on_air(request: Request) -> &'static str {
    match request {
        Request::Features => "LL_PERIPHERAL_FEATURE_REQ",
        Request::Version => "LL_VERSION_IND",
        Request::Phy => "LL_PHY_REQ",
        Request::DataLength => "LL_LENGTH_REQ",
        Request::Parameters => "LL_CONNECTION_PARAM_REQ",
    }
}
