//! A file that a chip runs in the firmware's place. `BLETWIN_FIRMWARE_TRIAL` names the firmware
//! with the feature `trial` (`.ci/cross.sh` builds it).

use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;

use crate::tools;

fn play(central: &str) -> Option<Finished> {
    let Ok(file) = std::env::var("BLETWIN_FIRMWARE_TRIAL") else {
        tools::say("BLETWIN_FIRMWARE_TRIAL names no firmware (.ci/cross.sh builds it)");
        return None;
    };
    let mut setup = Setup::open(&format!("elf={file}"), central, 1).expect("it can be flashed");
    setup.set("passkey=123456").expect("it is on the label");
    let refused = setup.set("phy-update=never").expect_err("the file has made its choice");
    assert!(refused.what.contains("built already"), "{refused:?}");
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

#[test]
fn files_that_are_none_are_refused() {
    let error = |peripheral: &str| Setup::open(peripheral, "phone", 1).expect_err("no firmware");
    assert!(error("elf=no/such/file").what.contains("cannot read"));
    let manifest = concat!("elf=", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert!(error(manifest).what.contains("cannot be flashed"));
    let error = Setup::new(manifest, "phone", 1).expect_err("not everywhere");
    assert!(error.what.contains("`run`, `demo` and `serve`"), "{error:?}");
}
