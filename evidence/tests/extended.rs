//! Connections that begin with AUX_CONNECT_REQ, on each PHY.

use std::io::Cursor;
use std::ops::ControlFlow;

use ble::time::Duration;
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Port, Twin};
use bletwin_evidence::{Beginning, Counting, Options, Source, read};
use bletwin_sim::record::Record;
use bletwin_sim::report::capture::{Style, pcapng};
use bletwin_sniffer::sniff;

fn send(twin: &mut Twin, port: usize, opcode: u16, parameters: &[u8]) {
    let [low, high] = opcode.to_le_bytes();
    let packet = [&[1, low, high, parameters.len() as u8], parameters].concat();
    twin.feed(Port(port), packet);
    twin.run_until(twin.now() + Duration::from_ms(1));
}

/// A connectable advertising set, and who connects to it.
fn records(primary: u8, secondary: u8) -> Vec<Record> {
    let mut twin = Twin::new(5, Owner { confirms: true });
    for name in ["central", "advertiser"] {
        twin.add_endpoint(name, Endpoint::full());
    }
    let head = [1, 0x01, 0, 0xA0, 0, 0, 0, 4, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    send(&mut twin, 1, 0x2036, &[&head[..], &[primary, 0, secondary, 3, 0]].concat());
    send(&mut twin, 1, 0x2037, &[1, 3, 0, 3, 2, 1, 6]);
    send(&mut twin, 1, 0x2039, &[1, 1, 1, 0, 0, 0]);
    let phy = [0x40, 0, 0x40, 0, 40, 0, 40, 0, 0, 0, 200, 0, 0, 0, 0, 0];
    let address = twin.endpoint(Port(1)).expect("an endpoint").config().public_address;
    let set = if primary == 1 { 0b111 } else { 0b110 };
    let phys = phy.repeat(if primary == 1 { 3 } else { 2 });
    send(&mut twin, 0, 0x2043, &[&[0, 0, 0], &address[..], &[set], &phys].concat());
    twin.run_until(twin.now() + Duration::from_secs(1));
    twin.settled().into_iter().map(|(record, _)| record).collect()
}

#[test]
fn connections_of_extended_advertising_are_followed() {
    for (primary, secondary) in [(1, 1), (1, 2), (1, 3), (3, 2), (3, 3)] {
        let records = records(primary, secondary);
        let file = pcapng(&records, &[], "air", -100, Style::OnAir);
        let source = Source::of("capture", Cursor::new(file));
        let read = read(vec![source], Options::default(), &mut |_| ControlFlow::Continue(()));
        let evidence = read.expect("a capture");
        let [link] = &evidence.report.connections[..] else { panic!("{primary} {secondary}") };
        assert_eq!((link.beginning, link.counting), (Beginning::Seen, Counting::FromBeginning));
        assert!(link.packets > 30 && link.channels == (link.packets, 0), "{link:?}");
        assert_eq!((link.missing, &evidence.report.not_judged[..]), (0, &[][..]), "{link:?}");
        let (items, truth) = (sniff(&evidence.view), bletwin_sim::sniffer::sniff(&records));
        assert_eq!(items.len(), truth.len());
        for (item, truth) in items.iter().zip(&truth) {
            let told = (item.event, item.direction, item.phy, item.advertising_name());
            let known = (truth.event, truth.direction, truth.phy, truth.advertising_name());
            assert_eq!(told, known, "{primary} {secondary} {truth:?}");
        }
    }
}
