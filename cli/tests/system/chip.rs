//! A file that a chip runs in the firmware's place. `BLETWIN_FIRMWARE_TRIAL` names the firmware
//! with the feature `trial` (`.ci/cross.sh` builds it).

use std::process::{Command, Output};

use bletwin_firmware_node::costs::{Costs, NRF52840};
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_scenarios::{catalogue, costs};
use bletwin_setup::Setup;

use crate::tools;

fn play(central: &str) -> Option<Finished> {
    let Ok(file) = std::env::var("BLETWIN_FIRMWARE_TRIAL") else {
        tools::say("BLETWIN_FIRMWARE_TRIAL names no firmware (.ci/cross.sh builds it)");
        return None;
    };
    let mut setup = Setup::open(&format!("elf={file}"), central, 1).expect("it can be flashed");
    setup.set("passkey=123456").expect("it is on the label");
    let refused = setup.set("data-length=never").expect_err("the file has made its choice");
    assert!(refused.what.contains("built already"), "{refused:?}");
    assert!(refused.help.contains("its configuration page has preset, passkey"), "{refused:?}");
    Some(Stage::new(catalogue::by_name("pairing").expect("known"), &setup).play())
}

#[test]
fn a_chip_plays_the_founding_case() {
    let Some(phone) = play("phone") else { return };
    assert_eq!((phone.summary.outcome, phone.summary.security_level), (Verdict::Bonded, Some(4)));
    let Some(laptop) = play("windows-intel") else { return };
    assert_eq!(laptop.summary.outcome, Verdict::Disconnected);
    let codes = (laptop.summary.security_err, laptop.summary.disconnect_reason);
    assert_eq!(codes, (Some(9), Some(8)));
}

fn bletwin(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.args(arguments).current_dir(folder.path()).output().expect("it runs")
}

fn refused(arguments: &[&str]) -> String {
    let output = bletwin(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a program makes of its processor, of a chip of any revision.
#[test]
fn a_chip_reports_its_processor_use() {
    let Ok(file) = std::env::var("BLETWIN_FIRMWARE_TRIAL") else {
        return tools::say("BLETWIN_FIRMWARE_TRIAL names no firmware (.ci/cross.sh builds it)");
    };
    let peripheral = format!("elf={file}");
    let known = ["--set", "passkey=123456", "--set", "chip=rev1"];
    let run = ["run", "pairing", "--peripheral", &peripheral];
    let json = bletwin(&[&run, &known[..], &["--json"]].concat()).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("one object");
    let cpu = &json["cpu"];
    let number = |name: &str| cpu[name].as_f64().expect(name);
    assert!((0.1..50.0).contains(&number("awake_percent")), "{cpu}");
    assert!((10.0..100_000.0).contains(&number("longest_interrupt_us")), "{cpu}");
    assert!(cpu["longest_interrupt"].as_str().is_some_and(|name| !name.is_empty()), "{cpu}");
    assert!((1_000.0..65_536.0).contains(&number("stack_octets")), "{cpu}");
    assert!(number("missed_events") < 20.0, "{cpu}");
    let text = bletwin(&[&run, &known[..], &["--cpu"]].concat()).stdout;
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("Processor\nawake ") && text.contains("longest interrupt"), "{text}");
}

/// The committed table is one that the command has written, and says what the emulator measures, to
/// a tenth: another compiler builds another firmware.
#[test]
fn the_native_core_charges_what_the_chip_is_measured_to_take() {
    let committed = include_str!("../../../firmware-node/src/costs/nrf52840.rs");
    assert_eq!(committed, costs::file(&NRF52840), "`bletwin chip costs --write` writes it");
    let Ok(file) = std::env::var("BLETWIN_FIRMWARE_TRIAL") else {
        return tools::say("BLETWIN_FIRMWARE_TRIAL names no firmware (.ci/cross.sh builds it)");
    };
    let measured = costs::measure(&file).expect("it counts").costs;
    let numbers = |costs: &Costs| {
        let [radio, control, host] = costs.items;
        [radio, control, host, costs.aes_block, costs.key_pair, costs.shared_secret]
    };
    for (table, now) in numbers(&NRF52840).into_iter().zip(numbers(&measured)) {
        assert!(table.abs_diff(now) <= table / 10, "{NRF52840:?}\n{measured:?}");
    }
}

#[test]
fn what_needs_a_chip_or_its_sources_says_so() {
    let printed = refused(&["run", "pairing", "--gdb", "0"]);
    assert!(printed.contains("runs on none") && printed.contains("chip build"), "{printed}");
    let serve = ["serve", "--endpoint", "tcp:0", "--gdb", "0"];
    let printed = refused(&[&serve[..], &["--peripheral", "recommended"]].concat());
    assert!(printed.contains("there is none") && printed.contains("chip build"), "{printed}");
    let printed = refused(&["chip", "build"]);
    assert!(printed.contains("targets/nrf52840") && printed.contains("--sources"), "{printed}");
    let printed = refused(&["chip", "costs"]);
    assert!(printed.contains("targets/nrf52840") && printed.contains("--sources"), "{printed}");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let printed = refused(&["chip", "costs", "--elf", manifest]);
    assert!(printed.contains("cannot be flashed"), "{printed}");
    let printed = refused(&["chip", "build", "--sources", "/"]);
    assert!(printed.contains("has no targets/nrf52840"), "{printed}");
    let printed = refused(&["run", "pairing", "--set", "chip=rev4"]);
    assert!(printed.contains("rev1") && printed.contains("rev3"), "{printed}");
}

/// The page alone, for a chip that has its firmware: nothing else is touched.
#[test]
fn a_configuration_page_is_written_shown_and_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.hex");
    let page = page.to_str().expect("a name");
    let configure = ["chip", "configure"];
    let set = ["--set", "passkey=000042", "--set", "preset=zephyr-2024", "-o", page, "--json"];
    let written = bletwin(&[&configure[..], &set].concat());
    assert!(written.status.success(), "{written:?}");
    let json: serde_json::Value = serde_json::from_slice(&written.stdout).expect("one object");
    assert_eq!(json["settings"]["passkey"], "000042");
    assert_eq!((&json["address"], &json["page"]), (&0x3B000.into(), &"two copies".into()));
    let shown = bletwin(&["chip", "configure", page, "--show"]).stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(shown.contains("passkey     000042") && shown.contains("zephyr-2024"), "{shown}");
    let dry = bletwin(&["chip", "configure", page, "--probe", "--dry-run"]).stdout;
    let dry = String::from_utf8_lossy(&dry).into_owned();
    let command = "probe-rs download --chip nRF52840_xxAA --binary-format hex ";
    let file = dry.lines().find_map(|line| line.strip_prefix(command)).expect("a command");
    assert_eq!(std::fs::read(file).expect("it is there"), std::fs::read(page).expect("and this"));
    std::fs::remove_file(file).expect("a temporary file");
    for (words, what) in [
        (&[][..], "nothing is to be done"),
        (&["--set", "passkey=1", "--show"], "`passkey` does not take `1`"),
        (&["--set", "colour=red", "--show"], "has no `colour`"),
        (&["--set", "passkey", "--show"], "is not KEY=VALUE"),
        (&["no/such/file", "--show"], "cannot read no/such/file"),
        (&[page, "-o", page], "would overwrite"),
        (&["--dry-run", "--show"], "--probe"),
    ] {
        let printed = refused(&[&configure[..], words].concat());
        assert!(printed.contains(what), "{words:?}: {printed}");
    }
    let help = bletwin(&["chip", "configure", "--set", "help"]).stdout;
    let help = String::from_utf8_lossy(&help).into_owned();
    assert!(settings::KEYS.iter().all(|key| help.contains(key.name)), "{help}");
}

/// One file, without the feature `trial`: what was configured is what it does.
#[test]
fn a_file_that_was_configured_pairs_by_its_passkey() {
    let Some(file) = crate::same_log::firmware() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own.elf");
    let own = own.to_str().expect("a name");
    let set = ["--set", "passkey=000042", "--set", "preset=zephyr-2024", "-o", own];
    assert!(bletwin(&[&["chip", "configure", &file][..], &set].concat()).status.success());
    let peripheral = format!("elf={own}");
    let run = bletwin(&["run", "pairing", "--peripheral", &peripheral, "--log"]);
    let log = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{log}");
    let page = "<inf> nrf52840: configuration page: two valid copies";
    assert!(log.contains(page) && log.contains("(random): 000042"), "{log}");
    assert!(log.contains("bonded: 1"), "{log}");
}

#[test]
fn files_that_are_none_are_refused() {
    let error = |peripheral: &str| Setup::open(peripheral, "phone", 1).expect_err("no firmware");
    assert!(error("elf=no/such/file").what.contains("cannot read"));
    let manifest = concat!("elf=", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert!(error(manifest).what.contains("cannot be flashed"));
    let error = Setup::new(manifest, "phone", 1).expect_err("not everywhere");
    assert!(error.what.contains("`run`, `demo` and `serve`"), "{error:?}");
}
