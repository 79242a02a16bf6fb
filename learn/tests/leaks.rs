//! What is written to be passed on holds no address, name or key of the capture, in either order of
//! octets; and octets of any kind are read without a panic.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::ControlFlow;

use ble::address::Address;
use ble::hci::Command;
use ble::pdu::advertising::AdvertisingPdu;
use ble::pdu::control::ControlPdu;
use bletwin_evidence::{Keys, Options, Source, read};
use bletwin_explain::captured::{Explained, explain};
use bletwin_learn::{Seen, excerpt, learn, test_file};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::{Firmware, Setup};
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::report::degrade::{self, Faults};
use bletwin_sniffer::{Decoded, sniff};

fn play(scenario: &str, central: &str) -> Finished {
    let mut setup = Setup::new("zephyr-2024", central, 3).expect("both are there");
    // Nothing of it may be in the profiles that come along.
    setup.central.set("address", "A1:B2:C3:D4:E5:F6").expect("a key");
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("it is there"), &setup);
    stage.run(|| false);
    stage.finish()
}

fn told(file: Vec<u8>, keys: Keys) -> Option<Explained> {
    let source = Source::of("air", Cursor::new(file));
    let options = Options { keys, ..Options::default() };
    let read = read(vec![source], options, &mut |_| ControlFlow::Continue(())).ok()?;
    Some(explain(&read.view))
}

/// Octets that must not come out: addresses, key material, values; and names.
fn secrets(run: &Finished) -> (BTreeSet<Vec<u8>>, BTreeSet<String>, Keys) {
    let (mut octets, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut keys = Keys::default();
    for record in &run.records {
        if let RecordKind::Note(Note::HciCommand(Command::LeEnableEncryption { ltk, .. })) =
            &record.kind
        {
            octets.insert(ltk.expose().to_vec());
            keys.give(ltk.clone());
        }
    }
    let mut address = |address: Address| octets.insert(address.octets.to_vec());
    let mut more = BTreeSet::new();
    for item in sniff(&bletwin_sim::view(&run.records)) {
        match &item.decoded {
            Decoded::Advertising(AdvertisingPdu::AdvInd { advertiser, data, .. }) => {
                address(*advertiser);
                let text = String::from_utf8_lossy(data).into_owned();
                names.extend(text.split(|c: char| !c.is_ascii_graphic()).map(str::to_owned));
            }
            Decoded::Advertising(AdvertisingPdu::ConnectInd(request)) => {
                address(request.initiator);
            }
            Decoded::Control(ControlPdu::EncReq(request)) => {
                more.extend([request.skd_c.to_vec(), request.iv_c.to_vec()]);
            }
            Decoded::Control(ControlPdu::EncRsp(response)) => {
                more.extend([response.skd_p.to_vec(), response.iv_p.to_vec()]);
            }
            Decoded::L2cap { cid: 6, bytes, complete: true } if bytes.len() > 16 => {
                more.insert(bytes[1..17].to_vec());
            }
            _ => {}
        }
    }
    octets.extend(more);
    names.retain(|name| name.len() > 4);
    (octets, names, keys)
}

#[test]
fn what_is_passed_on_names_nobody() {
    let mut looked = 0;
    for (scenario, central) in
        [("pairing", "windows-intel"), ("pairing", "phone"), ("reconnect", "ios")]
    {
        let run = play(scenario, central);
        let (octets, names, keys) = secrets(&run);
        let file = degrade::pcapng(&run.records, "air", -100, &Faults::default(), 1);
        let explained = told(file, keys).expect("a capture");
        let mut seen = Seen::default();
        seen.add(&explained, None);
        let learned = learn(&seen);
        let mut all = learned.toml("a central");
        all += &test_file("central", "tests/", scenario, None, &[], None);
        all += &learned.seen.firmware.toml();
        explained.links.iter().for_each(|link| all += &excerpt(link));
        assert!(!names.is_empty() && octets.len() > 1);
        let plain: String = all.to_lowercase().chars().filter(|c| !":- ".contains(*c)).collect();
        for secret in &octets {
            let hex = |octets: &mut dyn Iterator<Item = &u8>| -> String {
                octets.map(|octet| format!("{octet:02x}")).collect()
            };
            for text in [hex(&mut secret.iter()), hex(&mut secret.iter().rev())] {
                assert!(!plain.contains(&text), "{scenario} with {central}: {text}\n{all}");
                looked += 1;
            }
        }
        for name in names {
            assert!(!all.contains(&name), "{scenario} with {central}: {name}\n{all}");
        }
    }
    assert!(looked > 20);
}

/// A small stream of numbers that is the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// A capture with octets changed, cut out and said twice: whatever is learned of it is a profile.
#[test]
fn hostile_captures_are_learned_from_without_a_panic() {
    let run = play("pairing", "windows-intel");
    let whole = degrade::pcapng(&run.records, "air", -100, &Faults::default(), 1);
    let whole = whole[..whole.len().min(20_000)].to_vec();
    let (mut numbers, mut read) = (Numbers(7), 0);
    for _ in 0..60 {
        let mut file = whole.clone();
        for _ in 0..=numbers.below(12) {
            let at = numbers.below(file.len());
            match numbers.below(4) {
                0 => file.truncate(at.max(1_000)),
                1 => {
                    let end = (at + numbers.below(64)).min(file.len());
                    file.drain(at..end);
                }
                _ => file[at] = numbers.below(256) as u8,
            }
        }
        let Some(explained) = told(file, Keys::default()) else { continue };
        read += 1;
        let mut seen = Seen::default();
        seen.add(&explained, None);
        let learned = learn(&seen);
        explained.links.iter().for_each(|link| drop(excerpt(link)));
        if let Err(error) = learned.profile("it") {
            panic!("{error}\n{}", learned.toml("it"));
        }
        let firmware = seen.firmware.toml();
        if let Err(fault) = Firmware::parse("it.toml", &firmware) {
            panic!("{fault}\n{firmware}");
        }
    }
    assert!(read > 10, "{read}");
}
