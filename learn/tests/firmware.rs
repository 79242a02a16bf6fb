//! The peripheral's side of captures: what a firmware was seen to do are its keys.

use std::io::Cursor;
use std::ops::ControlFlow;

use ble::hci::Command;
use ble::time::Duration;
use bletwin_evidence::{Keys, Options, Source, read};
use bletwin_explain::captured::explain;
use bletwin_learn::{Seen, SeenFirmware};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::keys::PERIPHERAL;
use bletwin_setup::{Build, Firmware, Setup};
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sim::report::degrade::{self, Faults};

/// How long the sniffer goes on when the scenario is over.
const AFTERWARDS: Duration = Duration::from_secs(7);

/// Who meets whom, and what is set of the firmware.
#[derive(Clone, Copy, Debug)]
struct Case<'a> {
    scenario: &'a str,
    central: &'a str,
    preset: &'a str,
    set: &'a [&'a str],
    /// Whether the key of the link is given.
    keyed: bool,
    faults: &'a str,
}

impl Case<'_> {
    fn play(&self, seed: u64) -> (Build, Vec<Record>) {
        let mut setup = Setup::new(self.preset, self.central, seed).expect("both are there");
        for assignment in self.set {
            setup.set(assignment).expect("a key");
        }
        let scenario = catalogue::by_name(self.scenario).expect("it is there");
        let mut stage = Stage::new(scenario, &setup);
        stage.run(|| false);
        let mut world = stage.world.clone();
        world.run_until(world.now() + AFTERWARDS);
        (setup.peripheral, world.records().to_vec())
    }

    /// What captures with these seeds show, and the firmware as it is.
    fn seen(&self, seeds: std::ops::Range<u64>) -> (SeenFirmware, Build) {
        let faults: Faults = self.faults.parse().expect("faults");
        let mut seen = Seen::default();
        let mut truth = None;
        for seed in seeds {
            let (build, records) = self.play(seed);
            let file = degrade::pcapng(&records, "air", -100, &faults, seed);
            let source = Source::of("air.pcapng", Cursor::new(file));
            let keys = if self.keyed { keys(&records) } else { Keys::default() };
            let options = Options { keys, ..Options::default() };
            let read = read(vec![source], options, &mut |_| ControlFlow::Continue(()));
            seen.add(&explain(&read.expect("a capture").view), None);
            truth = Some(build);
        }
        (seen.firmware, truth.expect("a seed"))
    }
}

fn keys(records: &[Record]) -> Keys {
    let mut keys = Keys::default();
    for record in records {
        if let RecordKind::Note(Note::HciCommand(Command::LeEnableEncryption { ltk, .. })) =
            &record.kind
        {
            keys.give(ltk.clone());
        }
    }
    keys
}

fn value(seen: &SeenFirmware, key: &str) -> Option<String> {
    let all = seen.keys("zephyr-2024");
    // Of a range the roundest number is taken; of words nothing is decided.
    let decided = |range: &Option<String>| range.as_ref().is_none_or(|all| all.contains(" to "));
    all.into_iter().find(|one| one.key == key && decided(&one.range)).map(|one| one.value)
}

/// What is written of a firmware is what it is, and its file can be used; what is not decided has
/// the truth among what is left.
fn is_true(case: &Case<'_>, seen: &SeenFirmware, truth: &Build) {
    for key in PERIPHERAL.iter() {
        let right = key.get(truth).to_string();
        assert!(seen.admits(key.name, &right), "{case:?}: {} = {right}\n{}", key.name, seen.toml());
    }
    let file = seen.toml();
    let read = Firmware::parse("it.toml", &file);
    let read = read.unwrap_or_else(|fault| panic!("{case:?}: {fault}\n{file}")).build;
    for written in seen.keys(seen.nearest()).iter().filter(|one| one.range.is_none()) {
        let key = PERIPHERAL.find(written.key).expect("a key");
        // Of lists what was not asked for is not known.
        if !matches!(written.key, "features-left-out" | "never-answers" | "features-hollow") {
            assert_eq!(key.get(&read), key.get(truth), "{case:?}: {}\n{file}", written.key);
        }
    }
}

const PLAIN: Case<'_> = Case {
    scenario: "pairing",
    central: "honest",
    preset: "recommended",
    set: &[],
    keyed: true,
    faults: "",
};

/// Each setting, where its behaviour is in evidence.
#[test]
fn what_a_firmware_does_are_its_keys() {
    let stays = Case { scenario: "stay", ..PLAIN };
    let returns = Case { scenario: "reconnect", ..PLAIN };
    for (case, set, key, wanted) in [
        (PLAIN, &["phy-update=on-connect"][..], "phy-update", "on-connect"),
        (PLAIN, &["phy-update=after-bonding"], "phy-update", "after-bonding"),
        (PLAIN, &["phy-update=never"], "phy-update", "never"),
        (PLAIN, &["data-length=on-connect"], "data-length", "on-connect"),
        (PLAIN, &["data-length=after-bonding"], "data-length", "after-bonding"),
        (PLAIN, &["data-length=never"], "data-length", "never"),
        (PLAIN, &["feature-exchange=always"], "feature-exchange", "always"),
        (
            PLAIN,
            &["feature-exchange=cached", "central.on-connect=none"],
            "feature-exchange",
            "cached",
        ),
        (PLAIN, &["version-exchange=on-connect"], "version-exchange", "on-connect"),
        (
            PLAIN,
            &["version-exchange=never", "central.on-connect=none"],
            "version-exchange",
            "never",
        ),
        (PLAIN, &["io=keyboard-only"], "io", "keyboard-only"),
        (PLAIN, &["io=display-yes-no"], "io", "display-yes-no"),
        (PLAIN, &["bonding=false"], "bonding", "false"),
        (PLAIN, &["bonding=true"], "bonding", "true"),
        (PLAIN, &["security-request=true"], "security-request", "true"),
        (PLAIN, &["security-request=false"], "security-request", "false"),
        (PLAIN, &["debug-key=true"], "debug-key", "true"),
        (PLAIN, &["debug-key=false"], "debug-key", "false"),
        (PLAIN, &["features-left-out=2m,coded"], "features-left-out", "2m,coded"),
        (PLAIN, &["rpa-timeout=never"], "rpa-timeout", "never"),
        (PLAIN, &["io=none", "required-level=2"], "required-level", "2"),
        (stays, &["preferred=12,24,2,400", "param-update=1000"], "preferred", "12,24,2,400"),
        (stays, &["preferred=12,24,2,400", "param-update=1000"], "param-update", "1000"),
        (returns, &["phy-update=on-connect"], "phy-update", "on-connect"),
    ] {
        let case = Case { set, ..case };
        let (seen, truth) = case.seen(11..13);
        is_true(&case, &seen, &truth);
        assert_eq!(value(&seen, key).as_deref(), Some(wanted), "{case:?}\n{}", seen.toml());
    }
}

/// What waits behind encryption that nobody can read is not decided, and what no capture shows is
/// not seen.
#[test]
fn what_was_not_seen_is_not_told() {
    let case = Case { set: &["phy-update=after-bonding"], keyed: false, ..PLAIN };
    let (seen, truth) = case.seen(11..12);
    is_true(&case, &seen, &truth);
    assert_eq!(value(&seen, "phy-update"), None);
    assert!(seen.admits("phy-update", "after-bonding") && seen.admits("phy-update", "never"));
    assert!(!seen.admits("phy-update", "on-connect"), "{}", seen.toml());
    let unseen = seen.not_seen();
    for key in ["passkey", "accept", "stored-key", "preferred", "never-answers"] {
        assert!(unseen.contains(&key), "{key}: {}", seen.toml());
    }
    // What the central lacks, a response does not tell of the peripheral.
    let case = Case { set: &["central.features=0x101"], ..PLAIN };
    let (seen, truth) = case.seen(11..12);
    is_true(&case, &seen, &truth);
    let told = seen.keys("recommended").into_iter().find(|one| one.key == "features-left-out");
    assert!(told.and_then(|one| one.range).is_some_and(|range| range.contains("ping")));
    let nothing = SeenFirmware::default();
    assert_eq!(nothing.not_seen(), PERIPHERAL.names());
    assert!(Firmware::parse("it.toml", &nothing.toml()).is_ok());
}

/// The preset that agrees with the most is the base.
#[test]
fn the_nearest_preset_is_the_base() {
    for preset in ["recommended", "zephyr-2024"] {
        assert_eq!(Case { preset, ..PLAIN }.seen(11..12).0.nearest(), preset);
    }
}

/// Whatever is set, met and lost: nothing is told that is not so.
#[test]
fn nothing_is_told_of_a_firmware_that_is_not_so() {
    let settings: [&[&str]; 12] = [
        &[],
        &["phy-update=on-connect", "data-length=on-connect"],
        &["phy-update=never", "data-length=never"],
        &["feature-exchange=always", "version-exchange=on-connect"],
        &["feature-exchange=cached", "security-request=true"],
        &["param-update=500", "preferred=80,80,0,300"],
        &["param-update=never", "bonding=false"],
        &["io=none", "required-level=2", "pairing-outside-mode=authenticated"],
        &["io=keyboard-display", "debug-key=true", "advertising-interval=300"],
        &["rpa-timeout=30", "min-used-channels=10", "param-requests=refuse"],
        &["features-left-out=data-length,ping", "never-answers=version"],
        &["never-answers=pairing", "leave-when-idle=3000", "advertising-interval=32"],
    ];
    let all = std::env::var_os("BLETWIN_LEARN").is_some();
    let centrals = ["honest", "phone", "windows-intel", "ios", "android-13"];
    let (mut cases, mut decided) = (0, 0);
    for scenario in ["pairing", "stay", "reconnect", "bond-lost", "wrong-passkey", "unpaired"] {
        for (place, central) in centrals.iter().enumerate() {
            for (number, set) in settings.iter().enumerate() {
                for (step, faults) in ["", "loss=5", "mid-connection"].into_iter().enumerate() {
                    for preset in ["recommended", "zephyr-2024"] {
                        cases += 1;
                        if !all && (place + number + step + cases) % 29 != 0 {
                            continue;
                        }
                        let keyed = cases % 4 != 0;
                        let case = Case { scenario, central, preset, set, keyed, faults };
                        let (seen, truth) = case.seen(11..12);
                        is_true(&case, &seen, &truth);
                        let keys = seen.keys(preset);
                        decided += keys.iter().filter(|key| key.range.is_none()).count();
                    }
                }
            }
        }
    }
    println!("{cases} cases, {decided} keys decided");
    assert!(decided > 100, "{decided}");
}
