//! Requests of the peripheral's host to its link layer, and whether they were granted.

use std::collections::BTreeSet;

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::time::{Duration, Instant};
use bletwin_sim::record::{Note, RecordKind};
use firmware_core::host::procedures::Request;

use super::divergence::spots;
use super::suspect::schedule;
use bletwin_scenarios::stage::Finished;

/// A later request is not waited for.
const TOO_LATE: Duration = Duration::from_secs(1);

/// The requests of the last connection, made in time to be granted.
#[must_use]
pub fn asked(run: &Finished) -> Vec<Request> {
    let asked = schedule(run, end(run).before(TOO_LATE));
    let last = asked.iter().map(|asked| asked.connection).max();
    let all = asked.iter().filter(|asked| Some(asked.connection) == last);
    let all: BTreeSet<&str> = all.map(|asked| asked.request.name()).collect();
    Request::ALL.into_iter().filter(|request| all.contains(request.name())).collect()
}

/// The PDU that the peripheral sends for this request, by link layer or by L2CAP, by its name on
/// air.
#[must_use]
pub fn on_air(run: &Finished, wish: Request) -> Option<String> {
    let spots = spots(run);
    let spot = spots.iter().flatten().rev().find(|spot| spot.request == Some(wish))?;
    Some(spot.name.clone())
}

/// The requests that were not granted, by the final state of the link.
#[must_use]
pub fn unmet(run: &Finished) -> Vec<Request> {
    let mut granted = BTreeSet::new();
    for record in run.records.iter().filter(|record| record.node == run.peripheral) {
        let RecordKind::Note(Note::HciEvent(event)) = &record.kind else { continue };
        let news = match event {
            Event::LeConnectionComplete(_) => {
                granted.clear();
                continue;
            }
            Event::LeRemoteFeatures { status: ErrorCode::SUCCESS, .. } => Request::Features,
            Event::RemoteVersion { status: ErrorCode::SUCCESS, .. } => Request::Version,
            Event::LePhyUpdateComplete { status: ErrorCode::SUCCESS, tx, .. } if *tx as u8 == 2 => {
                Request::Phy
            }
            Event::LeDataLengthChange { tx_octets, .. } if *tx_octets > 27 => Request::DataLength,
            Event::LeConnectionUpdateComplete { status: ErrorCode::SUCCESS, .. } => {
                Request::Parameters
            }
            _ => continue,
        };
        granted.insert(news.name());
    }
    asked(run).into_iter().filter(|request| !granted.contains(request.name())).collect()
}

fn end(run: &Finished) -> Instant {
    run.records.last().map_or(Instant::ZERO, |record| record.at)
}
