//! Flash that has lost what it had: the log says what to do, and whoever does it begins anew.

use ble::log::{Line, Log};
use ble::ui::Ui;
use bletwin_models::profile::Profile;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Note, RecordKind};
use firmware_core::config::Config;
use store::Store;

use super::{bond, flash};
use crate::kept::{Kept, STORE};
use crate::stage::{CHIP, Device, Stage, image};

/// Whether the device has said so.
fn says(stage: &Stage, wanted: impl Fn(&Line) -> bool) -> bool {
    stage.records().iter().any(|record| match &record.kind {
        RecordKind::Note(Note::Log(Log { line, .. })) => record.node == CHIP && wanted(line),
        RecordKind::Note(Note::Printed(_)) => false,
        _ => false,
    })
}

/// The line as text, since what is printed is read by people.
fn tells(stage: &Stage) -> bool {
    let text = "Reading bonds (delete all of them to begin anew) failed";
    stage.records().iter().any(|record| match &record.kind {
        RecordKind::Note(Note::Printed(line)) => line.contains(text),
        RecordKind::Note(Note::Log(log)) => log.to_string().contains(text),
        _ => false,
    })
}

fn shows(stage: &Stage, what: &str) -> bool {
    stage.records().iter().any(|record| match &record.kind {
        RecordKind::Shown(Ui::Output(text)) => text.to_string() == what,
        _ => false,
    })
}

fn stages() -> Vec<Stage> {
    let mut central = Profile::phone();
    central.host.autostart = false;
    let mut native = Device::native(Config::recommended());
    let Device::Native(node) = &mut native else { unreachable!("just made") };
    for slot in 0..2 {
        let record = bond(slot, [slot + 1; 6], slot.into()).to_record().expect("short");
        node.storage_mut().put(slot, record);
    }
    node.storage_mut().spoil();
    let mut stages = vec![Stage::beside(native, Device::central(central.clone()))];
    if let Some(mut image) = image() {
        let mut flash = flash(2, false, false);
        for word in [0, 1, 2_048, 2_049] {
            flash.0[word] = 0;
        }
        assert!(image.put(STORE, &flash.octets()));
        stages.push(Stage::beside(Device::chip(image), Device::central(central)));
    }
    stages
}

#[test]
fn deleting_all_bonds_begins_anew_where_flash_is_damaged() {
    for mut stage in stages() {
        stage.run(1_000);
        assert!(tells(&stage) && says(&stage, |line| *line == Line::AdvertisingStarted));
        let at = stage.world.now();
        stage.world.act(CHIP, at, Act::press("delete-bonds"));
        stage.world.act(CHIP, at + ble::time::Duration::from_ms(100), Act::release("delete-bonds"));
        let deleted = |stage: &Stage| says(stage, |line| *line == Line::BondDeleted);
        assert!(!shows(&stage, "LED 4 on"));
        assert!(stage.until(5_000, deleted), "it is erased, and says so");
        println!("erased in {:?}", stage.world.now().since(at));
        stage.run(10);
        assert!(shows(&stage, "LED 4 on"));
        if let Device::Chip(chip) = stage.world.node(CHIP) {
            let store = Store::open(&Kept(chip));
            assert!(store.is_open() && !store.is_damaged());
        }
        stage.drain();
        let now = stage.world.now();
        stage.world.act(CHIP, now, Act::PowerCycle);
        stage.run(1_000);
        assert!(!tells(&stage) && says(&stage, |line| *line == Line::AdvertisingStarted));
    }
}
