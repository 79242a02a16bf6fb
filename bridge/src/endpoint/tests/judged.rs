//! The oracle, which knows nothing of endpoints, on what they do on air.

use ble::time::Duration;
use bletwin_oracle::judge;
use bletwin_sim::record::Record;
use firmware_core::config::Config;

use super::rig::{A, B, Rig};
use crate::twin::Port;

const SECOND: Duration = Duration::from_secs(1);
const LTK: [u8; 16] = [7; 16];

fn records(rig: &mut Rig) -> Vec<Record> {
    rig.twin.settled().into_iter().map(|(record, _)| record).collect()
}

/// Encryption, a longer PDU, another PHY, other parameters, other channels, data, the end.
fn everything(rig: &mut Rig, central: Port, peripheral: Port) {
    let [c, p] = rig.connect(central, peripheral);
    rig.ok(central, 0x2016, &c);
    rig.subevent(central, 0x04);
    rig.ok(central, 0x2019, &[&c[..], &[0; 10], &LTK].concat());
    rig.subevent(peripheral, 0x05);
    rig.ok(peripheral, 0x201A, &[&p[..], &LTK].concat());
    rig.event(central, 0x08);
    rig.ok(peripheral, 0x2022, &[&p[..], &[251, 0, 0x48, 8]].concat());
    rig.ok(central, 0x2032, &[&c[..], &[0, 2, 2, 0, 0]].concat());
    rig.subevent(central, 0x0C);
    let parameters = [40, 0, 40, 0, 1, 0, 200, 0, 0, 0, 0, 0];
    rig.ok(central, 0x2013, &[&c[..], &parameters].concat());
    rig.subevent(peripheral, 0x06);
    rig.ok(peripheral, 0x2020, &[&p[..], &parameters].concat());
    rig.subevent(central, 0x03);
    rig.ok(central, 0x2014, &[0xFF, 0xFF, 0, 0, 0]);
    for _ in 0..20 {
        rig.acl(central, c, &[&[60, 0, 0x40, 0][..], &[1; 60]].concat());
        rig.acl(peripheral, p, &[&[60, 0, 0x40, 0][..], &[2; 60]].concat());
        rig.pass(SECOND.divided_by(4));
    }
    rig.ok(central, 0x0406, &[&c[..], &[0x13]].concat());
    rig.event(peripheral, 0x05);
}

#[test]
fn nothing_is_found_against_two_endpoints() {
    let mut rig = Rig::new(2);
    everything(&mut rig, A, B);
    everything(&mut rig, B, A);
    let records = records(&mut rig);
    let findings = judge(&bletwin_sim::view(&records));
    assert!(findings.is_empty(), "{findings:#?}");
}

/// A radio that is lent to both roles keeps the rules in each of its connections.
#[test]
fn nothing_is_found_against_an_endpoint_in_both_roles() {
    let mut rig = Rig::new(3);
    let c = Port(2);
    rig.connect(A, B);
    everything(&mut rig, B, c);
    let records = records(&mut rig);
    let findings = judge(&bletwin_sim::view(&records));
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn nothing_is_found_against_an_endpoint_and_the_firmware() {
    let config = Config::zephyr_2024();
    let mut create = Rig::create(&config.address.octets);
    create[5] = 1;
    let mut rig = Rig::new(1).with_peripheral(config);
    rig.ok(A, 0x200D, &create);
    rig.subevent(A, 0x01);
    rig.pass(SECOND.times(8));
    let records = records(&mut rig);
    let findings = judge(&bletwin_sim::view(&records));
    assert!(findings.is_empty(), "{findings:#?}");
}
