//! The firmware of `targets/nrf52840` beside centrals, judged by the oracle.
//!
//! `BLETWIN_FIRMWARE` names the ELF file, `BLETWIN_FIRMWARE_TRIAL` the one with the feature `trial`
//! (`.ci/cross.sh` builds both); without them there is nothing to run.

mod coded;
mod full;
mod gaps;
mod kept;
mod levels;
mod native;
mod power;
mod same;
mod stage;
mod time;

use ble::error::ErrorCode;
use bletwin_emulator::nrf52840::Revision;
use bletwin_models::profile::Profile;
use bletwin_oracle as oracle;
use bletwin_sim::node::Act;
use bletwin_sim::record::RecordKind;
use firmware_core::config::{Config, Passkey};

use stage::{CENTRAL, CHIP, PASSKEY, Stage, image, trial};

#[test]
fn each_revision_advertises_connects_and_is_discovered() {
    let Some(image) = image() else { return };
    for revision in Revision::ALL {
        let mut stage = Stage::of(revision, image.clone(), Profile::phone(), 1);
        let discovered = |stage: &Stage| {
            let database = stage.host().and_then(|host| host.database());
            database.is_some_and(|database| database.characteristics.len() >= 3)
        };
        assert!(stage.until(5_000, discovered), "{revision:?}: {:?}", stage.status());
        let sent = stage
            .records()
            .iter()
            .filter(|record| record.node == CHIP && matches!(record.kind, RecordKind::AirTx(_)));
        assert!(sent.count() > 15);
        stage.assert_sound();
    }
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let Some(image) = image() else { return };
    let mut one = Stage::new(image, Profile::phone(), 1);
    one.run(500);
    let mut other = one.clone();
    assert!(one.chip() == other.chip());
    one.run(1_000);
    assert!(one.chip() != other.chip(), "a copy goes its own way");
    other.run(1_000);
    assert!(one.chip() == other.chip());
    assert_eq!(one.world.trace_sha256(), other.world.trace_sha256());
}

#[test]
fn it_bonds_with_a_phone() {
    let Some(image) = trial() else { return };
    let mut stage = Stage::new(image, Profile::phone(), 1);
    assert!(stage.until(20_000, |stage| stage.status().bonded), "{:?}", stage.status());
    stage.run(500);
    assert_eq!(stage.host().and_then(|host| host.bonds().first()).map(|bond| bond.level), Some(4));
    assert_eq!(stage.result(), [0, u32::MAX, 1], "encrypted, still connected, and kept");
    stage.assert_sound();
}

/// The founding case on the chip.
#[test]
fn it_loses_a_windows_laptop() {
    let Some(image) = trial() else { return };
    let mut stage = Stage::new(image, Profile::windows_intel(), 1);
    // Zero before the firmware has given its variables their values.
    let over = |stage: &Stage| matches!(stage.result()[1], 1..=0xFF);
    assert!(stage.until(60_000, over), "{:?}", stage.status());
    stage.run(2_000);
    assert_eq!(stage.result()[..2], [9, 8], "err 9, reason 8");
    // Its controller's queue is blocked, so that its host gives up and nothing of that gets on air.
    let seen = stage.status().disconnected;
    assert_eq!(seen, Some(ErrorCode::LOCAL_HOST_TERMINATED), "what the central sees");
    let native = Config { passkey: Passkey::Static(PASSKEY), ..Config::zephyr_2024() };
    let mut native = Stage::native(native, Profile::windows_intel(), 1);
    native.run(60_000);
    assert_eq!(native.status().disconnected, seen, "as with the native core");
    let judged = oracle::examine(&bletwin_sim::view(stage.records()));
    let own: Vec<_> = judged.findings.iter().filter(|found| found.culprit != CENTRAL).collect();
    assert!(own.is_empty(), "{own:?}");
}

#[test]
fn a_brown_out_silences_it_until_the_supply_is_back() {
    let Some(image) = image() else { return };
    let mut stage = Stage::new(image, Profile::phone(), 1);
    let sent = |stage: &mut Stage| {
        stage.run(500);
        let records = stage.drain();
        let sent = records
            .iter()
            .filter(|record| record.node == CHIP && matches!(record.kind, RecordKind::AirTx(_)));
        sent.count()
    };
    let before = sent(&mut stage);
    assert!(before > 5, "{before}");
    for (millivolts, works) in [(1_200, false), (1_700, false), (3_000, true)] {
        stage.world.act(CHIP, stage.world.now(), Act::Supply { millivolts });
        let count = sent(&mut stage);
        assert_eq!(count > 5, works, "{count} packets at {millivolts} mV");
        assert!(works || count == 0, "{count} packets at {millivolts} mV");
    }
    assert_eq!(stage.chip().stopped(), None);
}
