//! Air and HCI of one session, read together: the keys are in the log of the host, and a connection
//! that is in both gives both one time.

use std::io::Cursor;
use std::ops::ControlFlow;

use ble::hci::codec::{ConnectionEvent, encode_command, encode_event};
use ble::hci::{Event, Role};
use ble::time::{Duration, Instant};
use bletwin_evidence::{Evidence, Format, Options, Source, read};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::report::btsnoop::btsnoop;
use bletwin_sim::report::capture::{self, Style};
use bletwin_sniffer::{Said, sniff};

fn run() -> Finished {
    let setup = Setup::new("recommended", "phone", 4).expect("known names");
    let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
    stage.run(|| false);
    stage.finish()
}

/// The HCI of the central, as a pcapng of its own with DLT 201, by a clock that is so much later.
fn log(run: &Finished, late: Duration) -> Vec<u8> {
    let mut file = capture::head("no air", &["central".to_owned()]);
    for record in run.records.iter().filter(|record| record.node == run.central) {
        let RecordKind::Note(note) = &record.kind else { continue };
        let (to_host, indicator, octets) = match note {
            Note::HciCommand(command) => match encode_command(command) {
                Ok(octets) => (false, 1, octets.to_vec()),
                Err(_) => continue,
            },
            Note::HciEvent(event) => match encode_event(event, ConnectionEvent::Enhanced) {
                Ok(octets) => (true, 4, octets.to_vec()),
                Err(_) => continue,
            },
            _ => continue,
        };
        let h4 = [&[indicator], octets.as_slice()].concat();
        file.extend(capture::hci_packet(1, record.at + late, to_host, &h4));
    }
    file
}

fn import(files: Vec<Vec<u8>>) -> Evidence {
    let named = files.into_iter().map(|file| Source::of("file", Cursor::new(file)));
    read(named.collect(), Options::default(), &mut |_| ControlFlow::Continue(())).expect("read")
}

/// When the host was told of its connection, and when the central asked for it.
fn times(evidence: &Evidence) -> (Instant, Instant) {
    let told = evidence.view.hci().iter().find_map(|hci| match &hci.said {
        Said::Event(Event::LeConnectionComplete(complete)) => {
            assert_eq!(complete.role, Role::Central);
            Some((hci.at, hci.node))
        }
        _ => None,
    });
    let items = sniff(&evidence.view);
    let request = items.iter().find(|item| item.connection.is_some()).expect("a connection");
    let (told, node) = told.expect("told");
    assert_eq!(node, request.from, "the log is that of the central");
    (told, request.at)
}

#[test]
fn a_log_of_the_host_opens_what_was_on_air() {
    let run = run();
    let air = capture::pcapng(&run.records, &[], "air", -100, Style::OnAir);
    let alone = import(vec![air.clone()]);
    assert!(alone.view.hci.is_none());
    let [link] = &alone.report.connections[..] else { panic!("{:?}", alone.report.connections) };
    assert!(link.sealed > 0 && link.opened == 0, "Secure Connections: {link:?}");
    assert_eq!(alone.report.not_judged.len(), 1);
    for late in [Duration::ZERO, Duration::from_secs(3_600), Duration::from_secs(9 * 86_400)] {
        let both = import(vec![air.clone(), log(&run, late)]);
        let [link] = &both.report.connections[..] else { panic!("one connection") };
        assert!(link.sealed == 0 && link.opened > 0, "{link:?}");
        assert_eq!(both.report.not_judged, []);
        let (told, asked) = times(&both);
        assert!(told.since(asked) < Duration::from_ms(5), "{told:?} {asked:?}");
        let file = &both.report.files[1];
        assert!(file.hci > 10, "{file:?}");
        for words in ["a connection in both", "as central: interval 30.00 ms"] {
            assert!(file.notes.iter().any(|note| note.contains(words)), "{words}: {file:?}");
        }
        assert_eq!(both.hci.len() as u64, file.hci);
        let places = both.report.places.iter().filter(|place| place.file == 1).count();
        assert_eq!(places, both.view.hci().len());
    }
}

/// What `--btsnoop` writes is read: both hosts' logs, data and all, and the keys in them.
#[test]
fn the_btsnoop_of_each_host_is_read_and_opens_the_air() {
    let run = run();
    let air = capture::pcapng(&run.records, &[], "air", -100, Style::OnAir);
    for node in [run.central, run.peripheral] {
        let file = btsnoop(&run.records, node);
        let both = import(vec![air.clone(), file]);
        let [link] = &both.report.connections[..] else { panic!("one connection") };
        assert!(link.sealed == 0 && link.opened > 0, "{link:?}");
        let log = &both.report.files[1];
        assert_eq!((log.format, log.unread, &log.stop), (Format::Btsnoop, 0, &None), "{log:?}");
        let data = both.hci.iter().filter(|packet| packet.indicator == 2).count();
        let sent = run.records.iter().filter(|record| {
            let data = matches!(&record.kind, RecordKind::Note(Note::AclOut(_) | Note::AclIn(_)));
            record.node == node && data
        });
        assert!(data > 10 && data == sent.count(), "{data}");
    }
}

#[test]
fn a_log_alone_has_no_air() {
    let evidence = import(vec![log(&run(), Duration::ZERO)]);
    assert!(evidence.view.frames.is_empty() && !evidence.view.complete);
    assert!(evidence.view.hci().len() > 10);
    assert_eq!(sniff(&evidence.view).len(), 0);
    let notes = &evidence.report.files[0].notes;
    assert!(notes.iter().any(|note| note.starts_with("HCI alone")), "{notes:?}");
}
