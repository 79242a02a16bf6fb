//! Two centrals that want the same peripheral.

use std::collections::BTreeSet;
use std::process::Command;

use ble::pdu::advertising::AdvertisingPdu;
use ble::time::{Duration, Instant};
use bletwin_explain::report;
use bletwin_explain::why::{Cause, Why};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Party};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_sim::sniffer::{Decoded, sniff};

use super::{play, played};

fn both(scenario: &str, centrals: [&str; 2], set: &[&str], seed: u64) -> Finished {
    let setup = Setup::new("zephyr-2024", centrals[0], seed).expect("known names");
    played(scenario, setup.beside(centrals[1]).expect("a known name"), set)
}

/// When CONNECT_INDs were on air, and the intervals that they ask for.
fn requests(run: &Finished) -> Vec<(Instant, u16)> {
    let items = sniff(&run.records);
    let request = |item: &bletwin_sim::sniffer::AirItem| match &item.decoded {
        Decoded::Advertising(AdvertisingPdu::ConnectInd(request)) => {
            Some((item.at, request.interval))
        }
        _ => None,
    };
    items.iter().filter_map(request).collect()
}

/// Two bonded hosts that both want to come back: where the peripheral knows both keys, each has
/// its turn; where it has loaded one only, the other one is refused (rmk 901, 1131). Both see the
/// same advertisement, so that their CONNECT_INDs meet.
#[test]
fn two_bonded_hosts_race() {
    for central in ["windows-11", "phone"] {
        let run = play("two-hosts", central, &[]);
        assert!(run.passed(), "{central}: {}", report::verdict_line(&run));
        let sent = requests(&run);
        let met = sent.windows(2).any(|two| two[1].0.since(two[0].0) < Duration::from_us(100));
        assert!(met, "{central}: {sent:?}");
        let one = play("two-hosts", central, &["stored-key=newest"]);
        assert!(!one.expected, "{central}: {}", report::verdict_line(&one));
        let why = Why::of(&one);
        let first = why.hypotheses.first().expect("a cause");
        assert_eq!(first.cause, Cause::KeyMissing, "{central}: {}", first.text);
    }
}

/// Each of two hosts has its own verdict and its own cause.
#[test]
fn unlike_hosts_have_a_verdict_each() {
    let run = both("two-hosts", ["phone", "macos"], &["stored-key=newest"], 1);
    let outcomes: Vec<Verdict> = run.parties.iter().map(|party| party.outcome).collect();
    assert_eq!(outcomes, [Verdict::Disconnected, Verdict::Bonded]);
    assert_eq!(run.parties[0].disconnect_reason, Some(0x05));
    let items = sniff(&run.records);
    let why = Why::party(&run, &items, &run.parties[0]);
    assert_eq!(why.hypotheses.first().map(|first| first.cause), Some(Cause::KeyMissing));
    // Who comes last is never late for having been refused before.
    let run = both("two-hosts", ["phone", "macos"], &[], 1);
    assert!(run.passed(), "{}", report::verdict_line(&run));
    assert!(run.parties.iter().all(|party| party.outcome == Verdict::Bonded));
    // What one of them cannot do is not the other one's failure.
    let set = ["central.2.secure-connections=false"];
    let run = both("two-hosts", ["phone", "macos"], &set, 1);
    let of = |run: &Finished, at: usize| run.parties.get(at).map(|party| party.outcome);
    assert_eq!(of(&run, 0), Some(Verdict::Bonded), "{:?}", run.parties);
    assert_ne!(of(&run, 1), Some(Verdict::Bonded), "{:?}", run.parties);
}

/// Two systems on one machine: each connects in its own way, from one address, and the one that
/// bonded first is left with a key that was replaced.
#[test]
fn two_unlike_systems_share_an_address() {
    let run = both("dual-boot", ["windows-11", "bluez"], &[], 1);
    let intervals: BTreeSet<u16> = requests(&run).into_iter().map(|(_, units)| units).collect();
    assert_eq!(intervals.len(), 2, "as each connects: {intervals:?}");
    let outcomes = |party: &Party| (party.outcome, party.disconnect_reason);
    let outcomes: Vec<_> = run.parties.iter().map(outcomes).collect();
    assert_eq!(outcomes, [(Verdict::Disconnected, Some(0x3D)), (Verdict::Bonded, Some(0x13))]);
}

fn bletwin(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    let output = command.args(arguments).output().expect("bletwin starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

/// On the command line: words, ladder, JSON and JUnit say which central, and a scenario with one
/// says so.
#[test]
fn the_command_line_takes_two() {
    let two = ["--central", "phone", "--central", "macos"];
    let (code, printed) = bletwin(&[&["run", "pairing"], &two[..]].concat());
    assert_eq!(code, Some(2));
    assert!(printed.contains("`pairing` is a scenario with one central"), "{printed}");
    let with_two = catalogue::all().iter().filter(|scenario| scenario.story.centrals() > 1);
    let names: Vec<&str> = with_two.map(|scenario| scenario.name).collect();
    assert!(printed.contains(&names.join(", ")), "{printed}");
    let (code, printed) = bletwin(&[&["run", "two-hosts", "--central", "ios"], &two[..]].concat());
    assert_eq!(code, Some(2), "{printed}");
    let newest = [&["run", "two-hosts", "--set", "stored-key=newest"], &two[..]].concat();
    let file = std::env::temp_dir().join("bletwin-two-hosts.xml");
    let name = file.to_str().expect("UTF-8");
    let (code, printed) = bletwin(&[&newest[..], &["--ladder", "--junit", name]].concat());
    assert_eq!(code, Some(1));
    for words in ["with phone and macos", "  macos: bonded", "Why, of phone", "  macos        "] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    let cases = std::fs::read_to_string(&file).expect("written");
    assert_eq!(cases.matches("<testcase").count(), 3, "{cases}");
    assert!(cases.contains("seed 1, stored-key=newest: macos"), "{cases}");
    assert_eq!(cases.matches("<failure").count(), 2, "the run, and phone: {cases}");
    let (_, printed) = bletwin(&[&newest[..], &["--json"]].concat());
    let value: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(value["centrals"][0]["central"], "phone");
    assert_eq!(value["centrals"][0]["outcome"], "disconnected");
    assert!(value["centrals"][0]["why"].as_str().is_some_and(|why| why.contains("LL_ENC_REQ")));
    assert_eq!(value["centrals"][1]["outcome"], "bonded");
    let row = ["matrix", "--scenario", "two-hosts", "--seeds", "1", "--central", "phone+macos"];
    let (code, printed) = bletwin(&[&row[..], &["--peripheral", "recommended"]].concat());
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("phone+macos") && printed.contains("bonded 1/1"), "{printed}");
}
