//! A phone with private addresses that change: whoever has the key, by whatever way, sees one
//! device.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::ControlFlow;

use ble::hci::Command;
use ble::pdu::advertising::AdvertisingPdu;
use ble::pdu::control::ControlPdu;
use bletwin_evidence::{Evidence, Keys, Options, Source, read};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sim::report::btsnoop::btsnoop;
use bletwin_sim::report::capture::{self, Style};
use bletwin_sniffer::{AirItem, Decoded, NodeId, sniff};

/// A phone that comes back with another address.
fn run() -> Finished {
    let mut setup = Setup::new("recommended", "phone", 4).expect("known names");
    setup.set("central.address-type=resolvable").expect("a key");
    setup.set("central.rpa-timeout-ms=1000").expect("a key");
    let mut stage = Stage::new(catalogue::by_name("reconnect").expect("known"), &setup);
    stage.run(|| false);
    stage.finish()
}

/// The phone's IRK as it is distributed, and the keys of its links.
fn secrets(run: &Finished) -> ([u8; 16], Keys) {
    let view = bletwin_sim::view(&run.records);
    let irk =
        sniff(&view).iter().filter(|item| item.from == run.central).find_map(|item| {
            match item.frame() {
                Some((6, [0x08, irk @ ..])) => <[u8; 16]>::try_from(irk).ok(),
                _ => None,
            }
        });
    let mut keys = Keys::default();
    for record in &run.records {
        if let RecordKind::Note(Note::HciCommand(Command::LeEnableEncryption { ltk, .. })) =
            &record.kind
        {
            keys.give(ltk.clone());
        }
    }
    (irk.expect("it is distributed"), keys)
}

fn hex(octets: impl Iterator<Item = u8>) -> String {
    octets.map(|octet| format!("{octet:02X}")).collect()
}

fn import(files: Vec<Vec<u8>>, keys: Keys) -> Evidence {
    let named = files.into_iter().map(|file| Source::of("file", Cursor::new(file)));
    let options = Options { keys, ..Options::default() };
    read(named.collect(), options, &mut |_| ControlFlow::Continue(())).expect("read")
}

/// Who asked for connections, and by how many addresses.
fn centrals(evidence: &Evidence) -> (BTreeSet<NodeId>, usize) {
    let (mut nodes, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for item in sniff(&evidence.view) {
        if let Decoded::Advertising(AdvertisingPdu::ConnectInd(request)) = &item.decoded {
            nodes.insert(item.from);
            addresses.insert(request.initiator);
        }
    }
    (nodes, addresses.len())
}

#[test]
fn private_addresses_are_one_device_by_their_key() {
    let run = run();
    let air = capture::pcapng(&run.records, &[], "air", -100, Style::OnAir);
    let (irk, ltks) = secrets(&run);
    let alone = import(vec![air.clone()], Keys::default());
    let (nodes, addresses) = centrals(&alone);
    assert_eq!((nodes.len(), addresses, alone.report.joined), (2, 2, (0, 0)), "without a key");

    // Given, either end first.
    for text in [hex(irk.into_iter()), hex(irk.into_iter().rev())] {
        let mut keys = Keys::default();
        keys.give_irk_hex(&text).expect("a key");
        let joined = import(vec![air.clone()], keys);
        let (nodes, addresses) = centrals(&joined);
        assert_eq!((nodes.len(), addresses), (1, 2));
        assert_eq!(joined.report.known, nodes.into_iter().collect::<Vec<_>>());
        let words = "by identity resolving keys 2 addresses are 1 device";
        assert!(joined.report.files[0].notes.iter().any(|note| note == words));
        let told = format!("{:?}", joined.report);
        assert!(!told.to_uppercase().contains(&text), "{told}");
    }

    // Distributed behind encryption that is opened.
    let opened = import(vec![air.clone()], ltks.clone());
    assert_eq!(centrals(&opened).0.len(), 1, "{:?}", opened.report.files);
    assert!(opened.report.known.is_empty(), "nobody gave it");

    // In the log of either host, where the air has not heard it.
    let items = sniff(&bletwin_sim::view(&run.records));
    let encrypts = |item: &&AirItem| matches!(item.control(), Some(ControlPdu::EncReq(_)));
    let from = items.iter().find(encrypts).expect("encryption").at;
    let again =
        |item: &&AirItem| item.at > from && item.connection.is_some_and(|number| number > 0);
    let until = items.iter().find(again).expect("a second connection").at;
    let part: Vec<Record> =
        run.records.iter().filter(|one| one.at < from || one.at >= until).cloned().collect();
    let part = capture::pcapng(&part, &[], "air", -100, Style::OnAir);
    assert_eq!(centrals(&import(vec![part.clone()], ltks)).0.len(), 2);
    for node in [run.central, run.peripheral] {
        let both = import(vec![part.clone(), btsnoop(&run.records, node)], Keys::default());
        assert_eq!(centrals(&both).0.len(), 1, "{:?}", both.report.files);
    }

    // Somebody else's.
    let mut keys = Keys::default();
    keys.give_irk_hex(&"5A".repeat(16)).expect("a key");
    let other = import(vec![air], keys);
    assert_eq!((centrals(&other).0.len(), other.report.known.len()), (2, 0));
    assert!(other.report.files[0].notes.iter().any(|note| note.contains("belongs to no address")));
}
