//! Captures read back: what a reader finds in a file, against the record that the file was made of.

use std::io::Cursor;
use std::ops::ControlFlow;

use ble::hci::Command;
use ble::phy::PhySet;
use bletwin_evidence::{Beginning, Evidence, Keys, Options, Source, read};
use bletwin_models::host::HostProcedure;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::report::degrade::{self, Directions, Faults};
use bletwin_sniffer::{AirItem, Decoded, Hearing, Reception, sniff};

fn play(scenario: &str, central: &str, set: &[&str], seed: u64) -> Finished {
    let mut setup = Setup::new("recommended", central, seed).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("known"), &setup);
    stage.run(|| false);
    stage.finish()
}

/// The keys that the central's host has given to its controller.
fn keys(run: &Finished) -> Keys {
    let mut keys = Keys::default();
    for record in &run.records {
        if let RecordKind::Note(Note::HciCommand(Command::LeEnableEncryption { ltk, .. })) =
            &record.kind
        {
            keys.give(ltk.clone());
        }
    }
    keys
}

fn import(file: Vec<u8>, keys: Keys) -> Evidence {
    let source = Source::of("capture", Cursor::new(file));
    let options = Options { keys, ..Options::default() };
    read(vec![source], options, &mut |_| ControlFlow::Continue(())).expect("a capture")
}

fn degraded(run: &Finished, faults: &str, seed: u64) -> (Vec<AirItem>, Evidence) {
    let faults: Faults = faults.parse().expect("known faults");
    let ideal = Faults { clock_ppm: 0, directions: Directions::Right, ..faults };
    let truth = degrade::heard(&run.records, &ideal, seed);
    let file = degrade::pcapng(&run.records, "air", -100, &faults, seed);
    (truth, import(file, keys(run)))
}

/// What is right about a packet, whoever looks at it.
type Seen<'a> = (Option<u16>, Option<u8>, u8, &'a [u8], &'a Decoded);

fn seen(item: &AirItem) -> Seen<'_> {
    let direction = item.direction.map(|direction| direction as u8);
    (item.event, direction, item.header, &item.payload, &item.decoded)
}

const RUNS: [(&str, &str, &[&str]); 6] = [
    ("stay", "phone", &["preferred=160,160,0,600", "param-update=3000"]),
    ("pairing", "phone", &[]),
    ("pairing", "android-13", &["phy-update=on-connect"]),
    ("reconnect", "ios", &["param-update=200"]),
    ("stay", "windows-11", &["param-update=200", "loss=3"]),
    ("stay", "phone", &["central.latency=4", "central.timeout-ms=4000", "clock-ppm=40"]),
];

/// Nothing is lost: the view of the file is that of the record, packet by packet.
#[test]
fn a_capture_without_faults_is_the_record() {
    for (scenario, central, set) in RUNS {
        let run = play(scenario, central, set, 3);
        for faults in ["", "direction=unknown", "clock-ppm=-170", "decrypted"] {
            let (truth, evidence) = degraded(&run, faults, 1);
            let items = sniff(&evidence.view);
            assert_eq!(items.len(), truth.len(), "{scenario} {central} {faults}");
            for (item, truth) in items.iter().zip(&truth) {
                assert_eq!(seen(item), seen(truth), "{scenario} {central} {faults} {truth:?}");
                assert_eq!((item.channel, item.phy), (truth.channel, truth.phy));
            }
            let report = &evidence.report;
            assert!(evidence.view.exact_times, "{scenario} {central} {:?}", report.files);
            assert_eq!(report.not_judged, [], "{scenario} {central} {faults}");
            for link in &report.connections {
                assert_eq!((link.beginning, link.sealed), (Beginning::Seen, 0));
                assert_eq!((link.missing, link.channels.1), (0, 0), "{link:?}");
            }
        }
    }
}

/// How much of what was said is right.
#[derive(Debug, Default)]
struct Score {
    packets: usize,
    /// Senders and events that are wrong.
    senders: usize,
    events: usize,
    /// Events that are not told.
    untold: usize,
    /// Payloads that were understood otherwise than they were meant.
    otherwise: usize,
    /// Places at which more is said to be missing than is.
    too_many: usize,
    /// Packets that are said to have been heard, or not, and were not, or were.
    heard: usize,
    /// Packets of which that is not told.
    silent: usize,
    /// Packets that are missing, and how many of them are known to be.
    lost: usize,
    known: usize,
}

impl Score {
    fn add(&mut self, run: &Finished, faults: &str, seed: u64) {
        let (truth, evidence) = degraded(run, faults, seed);
        let all = bletwin_sim::sniffer::sniff(&run.records);
        let items = sniff(&evidence.view);
        let frames = items.iter().zip(&evidence.view.frames);
        let mut before: Option<usize> = None;
        for ((item, frame), place) in frames.zip(&evidence.report.places) {
            let truth = &truth[place.record as usize - 1];
            let Some(followed) = frame.followed else { continue };
            self.packets += 1;
            self.senders += usize::from(Some(followed.direction) != truth.direction);
            self.untold += usize::from(followed.event.is_none());
            self.events += usize::from(followed.event.is_some_and(|n| Some(n) != truth.event));
            let opaque = matches!(item.decoded, Decoded::Opaque);
            self.otherwise += usize::from(!opaque && item.decoded != truth.decoded);
            match &frame.hearing {
                Hearing::Unknown => self.silent += 1,
                Hearing::Known(arrivals) => {
                    let (told, heard) = (!arrivals.is_empty(), truth.reception);
                    self.heard += usize::from(told != (heard == Some(Reception::Ok)));
                }
            }
            let index = all.iter().position(|one| one.record == truth.record).expect("recorded");
            if let Some(before) = before.filter(|at| all[*at].connection == truth.connection) {
                let between = all[before + 1..index].iter();
                let lost = between.filter(|one| one.connection == truth.connection).count();
                let missing = followed.missing as usize;
                self.lost += lost;
                self.known += lost.min(missing);
                self.too_many += usize::from(missing > lost);
            }
            before = Some(index);
        }
    }
}

/// Faults, and how many of ten thousand packets may be given to the wrong sender, to the wrong
/// event, or be said to follow on more missing packets than there are.
const FAULTS: [(&str, [usize; 3]); 13] = [
    ("", [0, 0, 0]),
    ("nordic,clock-ppm=40", [0, 0, 0]),
    ("loss=1", [0, 0, 1]),
    ("loss=2,nordic,decrypted", [2, 0, 5]),
    ("loss=5", [0, 0, 5]),
    ("loss=20", [20, 5, 150]),
    ("loss=20,direction=inverted", [65, 5, 150]),
    ("loss=20,direction=unknown", [65, 5, 150]),
    ("loss=5,direction=inverted,clock-ppm=-170", [10, 1, 10]),
    ("loss=5,direction=unknown,clock-ppm=25", [2, 1, 5]),
    ("loss=1,mid-connection,direction=unknown", [10, 0, 20]),
    ("loss=5,mid-connection", [5, 0, 20]),
    ("loss=2,channels=one-adv,decrypted", [1, 1, 5]),
];

/// Few in the usual test, as everywhere; more with `BLETWIN_ALL_NUMBERS`.
fn seeds() -> u64 {
    if std::env::var_os("BLETWIN_ALL_NUMBERS").is_some() { 20 } else { 2 }
}

/// Each packet that was heard keeps its sender and its event, however many were not; what is
/// missing is known to be, and seldom more than that.
#[test]
fn what_a_sniffer_loses_makes_nothing_wrong() {
    for (faults, most) in FAULTS {
        let mut score = Score::default();
        for (scenario, central, set) in RUNS {
            let run = play(scenario, central, set, 5);
            for seed in 0..seeds() {
                score.add(&run, faults, seed);
            }
        }
        println!("{faults}: {score:?}");
        let wrong = [score.senders, score.events, score.too_many];
        let share = wrong.map(|count| count * 10_000 / score.packets);
        let within = share.iter().zip(most).all(|(share, most)| *share <= most);
        assert!(within, "{faults}: {share:?} {score:?}");
        assert!(score.untold * 8 < score.packets, "{faults}: {score:?}");
        assert!(score.otherwise * 1_000 < score.packets, "{faults}: {score:?}");
        assert!(score.known * 4 >= score.lost * 3, "{faults}: {score:?}");
    }
}

/// Who pairs with the debug key wants to be overheard.
#[test]
fn the_debug_key_opens_what_was_paired_with_it() {
    let set = ["debug-key=true", "central.debug-key=accept"];
    let run = play("pairing", "phone", &set, 2);
    let file = degrade::pcapng(&run.records, "air", -100, &Faults::default(), 1);
    let evidence = import(file, Keys::default());
    let [link] = &evidence.report.connections[..] else { panic!("one connection") };
    assert!(link.opened > 0 && link.sealed == 0, "{link:?}");
}

/// On LE Coded packets are longer, and the octet that says how they are coded is one more.
#[test]
fn le_coded_is_followed_as_well() {
    let mut setup = Setup::new("recommended", "phone", 1).expect("known names");
    setup.set("phy-update=never").expect("a known key");
    setup.central.host.on_connect =
        vec![HostProcedure::Features, HostProcedure::DataLength, HostProcedure::Phy(PhySet::CODED)];
    let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
    stage.run(|| false);
    let run = stage.finish();
    let (truth, evidence) = degraded(&run, "clock-ppm=-100,direction=unknown", 1);
    for (item, truth) in sniff(&evidence.view).iter().zip(&truth) {
        assert_eq!((seen(item), item.phy), (seen(truth), truth.phy), "{truth:?}");
    }
    let mut score = Score::default();
    (0..4).for_each(|seed| score.add(&run, "loss=5,direction=unknown", seed));
    assert!(score.packets > 500 && score.senders <= 2 && score.events == 0, "{score:?}");
}
