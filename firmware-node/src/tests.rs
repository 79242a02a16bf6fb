//! The whole peripheral in a world of its own, and with a scanner beside it.

use ble::pdu::advertising::AdvertisingPdu;

use super::*;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Record, RecordKind};
use bletwin_sim::sniffer::{Decoded, sniff};
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::config::Config;
use led_button::LedButton;

fn build() -> Build {
    Build::new(Config::zephyr_2024(), LedButton::default())
}

fn world() -> (World<PeripheralNode>, NodeId) {
    let mut world = World::new(WorldConfig { seed: 1, recording: true, ..WorldConfig::default() });
    let node = PeripheralNode::new(build(), CpuConfig::default());
    let id = world.add("peripheral", node, Placement::default());
    (world, id)
}

fn boots(records: &[Record]) -> usize {
    records.iter().filter(|record| record.kind == RecordKind::Started).count()
}

#[test]
fn it_advertises_on_three_channels_by_its_interval() {
    let (mut world, id) = world();
    world.run_until(Instant::from_us(1_000_000));
    let items = sniff(world.records());
    assert!(items.iter().all(|item| matches!(
        &item.decoded,
        Decoded::Advertising(AdvertisingPdu::AdvInd { advertiser, .. })
            if *advertiser == Config::zephyr_2024().address
    )));
    // 100 ms and up to 10 ms of advDelay: nine or ten events of three packets.
    assert!((27..=30).contains(&items.len()), "{}", items.len());
    let log = bletwin_sim::report::log::log(world.records(), id);
    assert!(log.contains("<inf> BLE_Main: Advertising successfully started"), "{log}");
}

#[test]
fn a_power_cycle_boots_it_again() {
    let (mut world, id) = world();
    world.act(id, Instant::from_us(500_000), Act::PowerCycle);
    world.run_until(Instant::from_us(1_000_000));
    assert_eq!(boots(world.records()), 2);
    let after = |record: &&Record| record.at > Instant::from_us(600_000);
    let sent = world.records().iter().filter(after);
    assert!(sent.filter(|r| matches!(r.kind, RecordKind::AirTx(_))).count() > 9);
}

#[test]
fn work_costs_time_and_carries_its_causes() {
    let (mut world, _) = world();
    world.run_until(Instant::from_us(100_000));
    let command = |record: &&Record| matches!(record.kind, RecordKind::Note(Note::HciCommand(_)));
    let commands = world.records().iter().filter(command);
    let commands: Vec<&Record> = commands.collect();
    assert!(commands.len() > 10);
    assert!(commands.iter().all(|record| !record.causes.is_empty()));
    assert!(commands.windows(2).all(|pair| pair[0].at < pair[1].at));
}
