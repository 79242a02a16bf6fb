//! Peripherals without pairing: thermometers, meters, and the LED Button on level 1.

use ble::time::{Duration, Instant};
use bletwin_models::host::{Step, Uuid};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::prompt::{Milestone, Prompt, Target};
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};

const CID_ATT: u16 = 4;
const CID_SMP: u16 = 6;

fn setup(peripheral: &str, central: &str, set: &[&str]) -> Setup {
    let mut setup = Setup::new(peripheral, central, 1).expect("known names");
    for set in set {
        setup.set(set).expect("a key and a value");
    }
    setup
}

fn stage(setup: &Setup) -> Stage {
    Stage::new(catalogue::by_name("unpaired").expect("known"), setup)
}

/// Plays it; `play` fails if either end breaks a rule of the link layer.
fn served(setup: &Setup) -> (Finished, Vec<AirItem>) {
    let run = stage(setup).play();
    let log = bletwin::report::log(&run);
    assert_eq!(run.summary.outcome, Verdict::Served, "{log}");
    assert!(run.passed(), "{:?}\n{log}", run.busy);
    let air = sniff(&run.records);
    let smp = air.iter().any(|item| matches!(item.decoded, Decoded::L2cap { cid: CID_SMP, .. }));
    assert!(!smp, "nobody pairs");
    (run, air)
}

/// ATT PDUs with this opcode, each once: when, and their octets.
fn att(air: &[AirItem], opcode: u8) -> Vec<(Instant, Vec<u8>)> {
    let of = |item: &AirItem| match &item.decoded {
        Decoded::L2cap { cid: CID_ATT, bytes, complete: true }
            if bytes.first() == Some(&opcode) && !item.retransmission =>
        {
            Some((item.at, bytes.clone()))
        }
        _ => None,
    };
    air.iter().filter_map(of).collect()
}

#[test]
fn a_thermometer_is_read_notifies_and_indicates() {
    for peripheral in ["recommended", "zephyr-2024"] {
        for central in ["phone", "ios", "bluez", "windows-11"] {
            let (run, air) = served(&setup(peripheral, central, &["app=thermometer"]));
            let (read, notified) = (att(&air, 0x0B), att(&air, 0x1B));
            assert_eq!(read.len(), 2, "Temperature Type and Measurement Interval: {read:02x?}");
            assert!((10..=14).contains(&notified.len()), "each second: {}", notified.len());
            let (indicated, confirmed) = (att(&air, 0x1D), att(&air, 0x1E));
            assert_eq!((indicated.len(), confirmed.len()), (2, 2), "each five seconds");
            let log = bletwin::report::log(&run);
            assert_eq!(log.matches("<inf> app: Measurement confirmed").count(), 2, "{log}");
            assert_eq!(run.summary.security_level, Some(1));
        }
    }
}

/// What a reader of `required-level=1` wants to see.
#[test]
fn an_open_led_button_is_used_without_pairing() {
    let (_, air) = served(&setup("zephyr-2024", "phone", &["required-level=1"]));
    assert_eq!(att(&air, 0x1B).len(), 2, "the button was pressed and released");
    let mut setup = setup("zephyr-2024", "phone", &["required-level=1"]);
    setup.set("central.steps=discover,write:led:01,stay:1000,disconnect").expect("steps");
    let (run, air) = served(&setup);
    assert_eq!(att(&air, 0x13).len(), 1);
    let lit = run.records.iter().any(|record| match &record.kind {
        RecordKind::Shown(ble::ui::Ui::Output(text)) => text.as_str() == "LED 3 on",
        _ => false,
    });
    assert!(lit);
}

/// The proof can fail: a central that has to pair is not served in this story.
#[test]
fn a_device_that_wants_pairing_is_not_served_without() {
    let mut setup = setup("zephyr-2024", "phone", &[]);
    setup.set("central.steps=discover,write:led:01,stay:1000,disconnect").expect("steps");
    let run = stage(&setup).play();
    assert_ne!(run.summary.outcome, Verdict::Served);
    let mut setup = self::setup("zephyr-2024", "phone", &["app=thermometer"]);
    setup.set("central.steps=discover,subscribe:0x2a00,disconnect").expect("steps");
    assert_eq!(stage(&setup).play().summary.outcome, Verdict::Timeout, "no such configuration");
}

#[test]
fn a_valve_is_written_and_the_answer_comes_200_ms_later() {
    let mut setup = setup("recommended", "phone", &["app=water-meter"]);
    let valve = Uuid::printed(0x6d65_7465_0000_4000_8000_7761_7465_7203);
    setup.set("central.steps=discover").expect("steps");
    setup.central.host.steps.extend([
        Step::Write(valve.clone(), vec![1]),
        Step::Read(valve),
        Step::Disconnect,
    ]);
    let (_, air) = served(&setup);
    let [(asked, _)] = att(&air, 0x12)[..] else { panic!("one write") };
    let [(answered, _)] = att(&air, 0x13)[..] else { panic!("one answer") };
    let took = answered.since(asked);
    // A connection event each 30 ms.
    assert!((Duration::from_ms(200)..Duration::from_ms(290)).contains(&took), "{took:?}");
    assert_eq!(att(&air, 0x0B)[0].1, [0x0B, 1], "open");
}

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_ms(ms)
}

/// Litres pass, the count is written to flash, the power fails: a reader gets the same value.
#[test]
fn a_count_survives_a_power_cycle() {
    let mut setup = setup("recommended", "phone", &["app=water-meter"]);
    setup.set("central.reconnect-ms=1000").expect("a key of the central");
    setup.set("central.connections=2").expect("a key of the central");
    let mut stage = stage(&setup);
    for n in 0..5 {
        stage.world.act(stage.peripheral, at(10 + n), Act::press("litre"));
    }
    let litres = |stage: &Stage| {
        let Participant::Peripheral(node) = stage.world.node(stage.peripheral) else {
            panic!("the peripheral is the peripheral");
        };
        (node.storage().len(), node.device().is_some())
    };
    stage.world.run_until(at(900));
    assert_eq!(litres(&stage), (0, true), "flash wears: not at once");
    stage.world.run_until(at(1_500));
    assert_eq!(litres(&stage), (1, true));
    stage.world.act(stage.peripheral, at(1_500), Act::PowerCycle);
    stage.run(|| false);
    let run = stage.finish();
    let air = sniff(&run.records);
    let reads = att(&air, 0x0B).into_iter().filter(|(at, _)| *at > self::at(1_500));
    let values: Vec<_> =
        reads.map(|(_, octets)| octets).filter(|octets| octets.len() == 5).collect();
    assert_eq!(values, [[0x0B, 6, 0, 0, 0]], "those before the reset, and the story's");
}

/// Where nothing asks for pairing there is no failure to be explained, and none is made up.
#[test]
fn a_pairing_that_nothing_asks_for_is_an_error() {
    let level_1 = setup("zephyr-2024", "phone", &["required-level=1"]);
    assert!(level_1.nobody_pairs().expect("nothing asks").help.contains("`bletwin run unpaired`"));
    assert!(setup("recommended", "bluez", &["app=thermometer"]).nobody_pairs().is_none(), "secure");
    for set in ["required-level=2", "central.steps=discover,secure", "security-request=true"] {
        let asks = setup("zephyr-2024", "phone", &["required-level=1", set]);
        assert_eq!(asks.nobody_pairs(), None, "{set}");
    }
}

/// The thermometer has no button with which its bonds could be lost.
#[test]
fn a_story_that_needs_a_button_is_refused_without_it() {
    let bond_lost = catalogue::by_name("bond-lost").expect("known");
    assert!(bond_lost.fits(&setup("recommended", "bluez", &[])).is_ok());
    let thermometer = setup("recommended", "bluez", &["app=thermometer"]);
    let refused = bond_lost.fits(&thermometer).expect_err("no such button");
    assert!(refused.what.contains("`delete-bonds`"), "{}", refused.what);
    assert!(catalogue::by_name("reconnect").expect("known").fits(&thermometer).is_ok());
    for command in ["run", "diagnose"] {
        let given = ["bond-lost", "--peripheral", "recommended", "--set", "app=thermometer"];
        let central = ["--central", "bluez"];
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_bletwin"))
            .arg(command)
            .args(given.iter().chain(&central))
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("`delete-bonds`"), "{command}");
    }
}

/// Found by a newcomer: `pairing` failed without a message about the missing button.
#[test]
fn who_bonds_by_a_button_must_have_it() {
    let pairing = catalogue::by_name("pairing").expect("known");
    let by_button = ["io=none", "required-level=2"];
    assert!(pairing.fits(&setup("recommended", "bluez", &by_button)).is_ok(), "the LED Button has");
    let mut thermometer = setup("recommended", "bluez", &["app=thermometer"]);
    assert!(pairing.fits(&thermometer).is_ok(), "the passkey is all that it takes");
    for set in by_button {
        thermometer.set(set).expect("a key");
    }
    let refused = pairing.fits(&thermometer).expect_err("nobody could bond");
    assert!(refused.what.contains("`pairing` is pressed, which `thermometer`"), "{}", refused.what);
    assert!(catalogue::by_name("unpaired").expect("known").fits(&thermometer).is_ok());
}

/// A test that presses a button by a wrong name fails with the list of existing ones; it sees the
/// outputs of the application.
#[test]
fn a_test_sees_what_the_application_shows_says_and_sends() {
    let press = |button: &str, after| {
        let after = Duration::from_secs(after);
        Prompt::new(Target::Peripheral, Act::press(button), Milestone::Connected, after)
    };
    let meter = setup("recommended", "phone", &["app=thermometer"]);
    let played = |setup: &Setup| {
        let mut stage = stage(setup).prompted(&[press("bell", 2).in_connection(1)]);
        stage.run(|| false);
        stage.finish()
    };
    let run = played(&meter);
    assert!(run.said().contains(&"no button `bell`, so nothing happens"), "{:?}", run.said());
    let difference = run.difference.as_deref().expect("the run does not count");
    assert!(
        !run.passed() && difference.contains("`bell`") && difference.contains("no button"),
        "{difference}"
    );
    let other = played(&setup("recommended", "phone", &[]));
    let difference = other.difference.as_deref().expect("the run does not count");
    assert!(difference.contains("`led-button` has user, delete-bonds, pairing"), "{difference}");
    assert!(run.said().contains(&"Measurement confirmed"), "{:?}", run.said());
    let led = setup("zephyr-2024", "phone", &["required-level=1"]);
    let run = stage(&led).play();
    let sent: Vec<Vec<u8>> = (1..64).flat_map(|handle| run.sent(handle)).collect();
    assert_eq!(sent, [[1], [0]], "pressed and released");
    let mut led = led;
    led.set("central.steps=discover,write:led:01,stay:1000,disconnect").expect("steps");
    assert_eq!(
        stage(&led).play().shown(),
        ["LED 1 on", "LED 2 on", "LED 3 on"],
        "runs, connected, lit"
    );
}

/// Found by a newcomer: a central that read what is not there got "no bond" and a false cure.
#[test]
fn steps_about_what_is_not_there_are_refused() {
    let pairing = catalogue::by_name("pairing").expect("known");
    let given = |steps| setup("recommended", "phone", &["app=thermometer", steps]);
    let refused = pairing.fits(&given("central.steps=discover,write:led:01")).expect_err("no LED");
    assert!(refused.what.contains("01 to the LED characteristic"), "{}", refused.what);
    assert!(refused.help.contains("characteristic 0x2A1C"), "{}", refused.help);
    assert!(pairing.fits(&given("central.steps=discover,read:0x2a1d,stay:100")).is_ok());
    // The temperature type (0x2A1D) is only read.
    let refused = pairing.fits(&given("central.steps=discover,subscribe:0x2a1d")).expect_err("no");
    assert!(refused.what.contains("neither notifies nor indicates it"), "{}", refused.what);
    assert!(pairing.fits(&given("central.steps=discover,subscribe:0x2a1c")).is_ok());
}

/// A built-in central that has been written for the LED Button suits any peripheral.
#[test]
fn a_built_in_central_does_with_any_peripheral_what_it_has() {
    for central in ["phone", "ios", "bluez", "honest"] {
        let meter = setup("recommended", central, &["app=thermometer", "security-request=true"]);
        let pairing = catalogue::by_name("pairing").expect("known");
        pairing.fits(&meter).expect("fits");
        let run = Stage::new(pairing, &meter).play();
        assert_eq!(run.summary.outcome, Verdict::Bonded, "{}", bletwin::report::log(&run));
        assert!(bletwin::report::ladder(&run).contains("ATT Read Response"), "{central}");
        let failed = run.records.iter().any(|record| match &record.kind {
            RecordKind::Note(Note::Host(text)) => text.contains(" failed: "),
            _ => false,
        });
        assert!(!failed, "{central}: each step is possible");
    }
}

/// Found by a newcomer: a visitor that should disconnect at the end did so in the middle of `stay`.
#[test]
fn a_visitor_stays_as_long_as_its_step_says() {
    let set = "central.steps=mtu,discover,write:led:01,disconnect";
    let leaver = setup("recommended", "phone", &[set]);
    let stay = Stage::new(catalogue::by_name("stay").expect("known"), &leaver).play();
    assert_eq!(stay.summary.outcome, Verdict::Bonded, "{}", bletwin::report::log(&stay));
    assert!(stay.passed());
}

#[test]
fn an_unknown_application_is_reported_with_the_nearest() {
    let mut setup = setup("recommended", "phone", &[]);
    let error = setup.set("app=thermometr").expect_err("no such application");
    assert!(error.help.starts_with("did you mean `thermometer`?"), "{error:?}");
}
