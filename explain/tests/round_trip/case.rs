//! A run, the file that a sniffer makes of it, and what is told of that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::ops::ControlFlow;

use ble::time::{Duration, Instant};
use bletwin_evidence::{Evidence, Options, Source, pack};
use bletwin_explain::captured::{self, CapturedLink, Explained, explain, in_pieces};
use bletwin_explain::why::Pdu;
use bletwin_oracle::Examined;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::{Record, RecordId};
use bletwin_sim::report::degrade::{self, Faults};
use bletwin_sniffer::{Hearing, sniff};

use super::one_in;

/// How long the sniffer goes on when the scenario is over.
const AFTERWARDS: Duration = Duration::from_secs(7);

/// A run, and everything that happened until some seconds later.
pub(crate) struct Played {
    pub(crate) name: String,
    pub(crate) run: Finished,
    pub(crate) records: Vec<Record>,
    /// What an ideal sniffer without a key tells.
    pub(crate) ideal: Explained,
    /// Every rule that was broken or not followed, with the packet that shows it.
    pub(crate) broken: BTreeSet<(&'static str, RecordId)>,
}

pub(crate) fn played(scenario: usize, central: &str, preset: &str) -> Played {
    let scenario = &catalogue::all()[scenario];
    let setup = Setup::new(preset, central, 1).expect("both are there");
    let mut stage = Stage::new(scenario, &setup);
    stage.run_until(Instant::MAX);
    let mut world = stage.world.clone();
    let run = stage.play();
    world.run_until(run.records.last().map_or(Instant::ZERO, |last| last.at) + AFTERWARDS);
    let records = world.records().to_vec();
    let mut view = bletwin_sim::view(&records);
    let Examined { findings, observations, .. } = bletwin_oracle::examine(&view);
    let all = findings.iter().chain(&observations);
    let mut broken: BTreeSet<_> = all.map(|found| (found.rule, found.record)).collect();
    // Where the first copy of a packet was lost, another one shows it.
    let mut first = BTreeMap::new();
    for item in sniff(&view) {
        let copies = first.entry((item.connection, item.from)).or_insert(item.record);
        if !item.retransmission {
            *copies = item.record;
        }
        let copied = broken.iter().filter(|(_, record)| record == copies);
        let again: Vec<_> = copied.map(|(rule, _)| (*rule, item.record)).collect();
        broken.extend(again);
    }
    (view.hci, view.nodes, view.complete) = (None, None, false);
    view.frames.iter_mut().for_each(|frame| frame.hearing = Hearing::Unknown);
    let name = format!("{} of {preset} with {central}", scenario.name);
    Played { name, run, records, ideal: explain(&view), broken }
}

/// A file, read back: what is told of it, and which packet of the world each of its records is.
pub(crate) fn read_back(
    records: &[Record],
    faults: &Faults,
    seed: u64,
) -> (Explained, Vec<RecordId>) {
    let heard = degrade::heard(records, faults, seed);
    let file = degrade::pcapng(records, "air", -100, faults, seed);
    let source = Source::of("air.pcapng", Cursor::new(file));
    let packed = pack(vec![source], Options::default(), &mut |_| ControlFlow::Continue(()));
    let packed = packed.expect("a capture");
    // Told in pieces as well, where time allows it.
    let pieces = (seed.is_multiple_of(3) || one_in() == 1)
        .then(|| in_pieces(&packed.outline(), packed.pieces(), &[]));
    let Evidence { view, report, .. } = packed.unpack();
    let original = |place: &bletwin_evidence::Place| {
        let index = usize::try_from(place.record).ok().and_then(|n| n.checked_sub(1));
        heard.get(index.expect("records count from 1")).expect("all are of the file").record
    };
    let told = explain(&view);
    if let Some(pieces) = pieces {
        assert_eq!(all_of(&pieces), all_of(&told), "in pieces and as a whole: {faults:?}, {seed}");
    }
    (told, report.places.iter().map(original).collect())
}

/// Everything that is printed of a capture.
pub(crate) fn all_of(told: &Explained) -> (String, String) {
    let names = told.names(false);
    let data = serde_json::to_string(&captured::json(told, &names)).expect("it is data");
    (format!("{}\n{}", told.connections(&names), told.judged()), data)
}

/// Which packet of the world one of a file is.
pub(crate) fn record_of(pdu: &Pdu, original: &[RecordId]) -> Option<RecordId> {
    let index = usize::try_from(pdu.id.0).ok()?.checked_sub(1)?;
    original.get(index).copied()
}

/// What the packets of a connection are in the world.
pub(crate) fn packets(link: &CapturedLink, original: &[RecordId]) -> BTreeSet<RecordId> {
    link.why.account.pdus.iter().filter_map(|pdu| record_of(pdu, original)).collect()
}
