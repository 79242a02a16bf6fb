//! The scripts X5 and X6 on air: a peripheral with two centrals, of which one has a connection
//! parameters request open when there is another on the other link. One stack serves one such
//! request in all and rejects the second with 0x20; by the rules the links know nothing of each
//! other, and both are served. LL-PROC-1.

use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Port, Twin};
use bletwin_models::controller::ControllerConfig;
use bletwin_sim::oracle::judge;
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::sniff;
use firmware_core::pdu::control::Opcode;
use firmware_core::time::{Duration, Instant};

const PERIPHERAL: Port = Port(0);
const CENTRALS: [Port; 2] = [Port(1), Port(2)];
const EVENT: Duration = Duration::from_ms(30);
const SECOND: Duration = Duration::from_secs(1);

/// Three hosts that speak octets, and what they have heard.
struct Air {
    twin: Twin,
    heard: [Vec<u8>; 3],
    /// Of the first link and the second: the peripheral's handle and the central's.
    handles: Vec<[[u8; 2]; 2]>,
}

impl Air {
    /// Connected with an interval of 30 ms, features exchanged.
    fn new() -> Self {
        let mut twin = Twin::new(5, Owner { confirms: true });
        for name in ["peripheral", "first central", "second central"] {
            let config = ControllerConfig { request_parameters: true, ..Endpoint::full() };
            twin.add_endpoint(name, config);
        }
        twin.run_until(Instant::from_us(10));
        let mut air = Self { twin, heard: Default::default(), handles: Vec::new() };
        for port in [PERIPHERAL, CENTRALS[0], CENTRALS[1]] {
            air.command(port, 0x0C03, &[]);
            air.command(port, 0x0C01, &[0xFF; 8]);
            air.command(port, 0x2001, &[0xFF, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        }
        air.command(PERIPHERAL, 0x1009, &[]);
        let address = air.returned(PERIPHERAL, 0x1009);
        for central in CENTRALS {
            let parameters = [0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0];
            air.command(PERIPHERAL, 0x2006, &parameters);
            air.command(PERIPHERAL, 0x200A, &[1]);
            let (scan, rest) = ([0x10, 0, 0x10, 0, 0, 0], [0, 24, 0, 24, 0, 0, 0, 200, 0]);
            air.command(central, 0x200D, &[&scan[..], &address, &rest, &[0; 4]].concat());
            air.pass(SECOND);
            let handles = [PERIPHERAL, central].map(|port| {
                let complete = air.subevents(port, 0x01).pop().expect("connected");
                [complete[1], complete[2]]
            });
            air.command(central, 0x2016, &handles[1]);
            air.pass(SECOND);
            air.handles.push(handles);
        }
        air.heard = Default::default();
        air
    }

    fn command(&mut self, port: Port, opcode: u16, parameters: &[u8]) {
        let length = u8::try_from(parameters.len()).expect("short");
        let head = [&[1], &opcode.to_le_bytes()[..], &[length]].concat();
        self.twin.feed(port, [&head, parameters].concat());
        self.pass(Duration::from_us(10));
    }

    fn pass(&mut self, time: Duration) {
        self.twin.run_until(self.twin.now() + time);
        for (port, heard) in self.heard.iter_mut().enumerate() {
            heard.extend(self.twin.take(Port(port)));
        }
    }

    fn events(&self, port: Port) -> Vec<(u8, Vec<u8>)> {
        let mut rest = &self.heard[port.0][..];
        let mut events = Vec::new();
        while let [4, code, length, more @ ..] = rest {
            let (parameters, after) = more.split_at(usize::from(*length));
            events.push((*code, parameters.to_vec()));
            rest = after;
        }
        events
    }

    fn returned(&self, port: Port, opcode: u16) -> Vec<u8> {
        let mut events = self.events(port).into_iter();
        let is = |(code, event): &(u8, Vec<u8>)| {
            *code == 0x0E && event.get(1..3) == Some(&opcode.to_le_bytes())
        };
        events.find(is).expect("an answer").1[4..].to_vec()
    }

    fn subevents(&self, port: Port, subevent: u8) -> Vec<Vec<u8>> {
        let events = self.events(port).into_iter();
        let of = events.filter(|(code, event)| *code == 0x3E && event[0] == subevent);
        of.map(|(_, event)| event[1..].to_vec()).collect()
    }

    /// LE Connection Update, asked for by the host at this port.
    fn ask(&mut self, port: Port, link: usize, interval: u8) {
        let handle = self.handles[link][usize::from(port != PERIPHERAL)];
        let timing = [interval, 0, interval, 0, 0, 0, 200, 0, 0, 0, 0, 0];
        self.command(port, 0x2013, &[&handle[..], &timing].concat());
    }

    /// The peripheral's host agrees to what it is asked for on this link.
    fn agree(&mut self, link: usize) {
        let handle = self.handles[link][0];
        let asked = self.subevents(PERIPHERAL, 0x06);
        let wish = asked.iter().find(|asked| asked[..2] == handle).expect("the host is asked");
        let reply = [&wish[..10], &[0; 4]].concat();
        self.command(PERIPHERAL, 0x2020, &reply);
    }

    /// Interval in units of 1.25 ms of every change that a host was told on a link.
    fn changes(&self, port: Port, link: usize) -> Vec<u8> {
        let handle = self.handles[link][usize::from(port != PERIPHERAL)];
        let all = self.subevents(port, 0x03).into_iter();
        all.filter(|change| change[0] == 0 && change[1..3] == handle).map(|c| c[3]).collect()
    }

    /// Nobody has rejected anything, and nobody has broken a rule.
    fn judge(&mut self) {
        let records: Vec<Record> = self.twin.settled().into_iter().map(|(r, _)| r).collect();
        let findings = judge(&records);
        assert!(findings.is_empty(), "{findings:#?}");
        let items = sniff(&records);
        let opcodes: Vec<Opcode> =
            items.iter().filter_map(|item| Some(item.control()?.opcode())).collect();
        let refuses = |opcode: &Opcode| {
            [Opcode::REJECT_IND, Opcode::REJECT_EXT_IND, Opcode::UNKNOWN_RSP].contains(opcode)
        };
        assert!(!opcodes.iter().any(refuses), "{opcodes:?}");
        assert!(opcodes.contains(&Opcode::CONNECTION_PARAM_RSP), "{opcodes:?}");
    }
}

/// X5. The peripheral's own request is open on one link; the central of the other asks meanwhile.
#[test]
fn an_own_request_on_one_link_hinders_none_on_the_other() {
    let mut air = Air::new();
    air.ask(PERIPHERAL, 0, 40);
    air.ask(CENTRALS[1], 1, 48);
    air.pass(EVENT.times(3));
    // The first central's host agrees, too: all hosts here are asked.
    let [_, handle] = air.handles[0];
    let asked = air.subevents(CENTRALS[0], 0x06).pop().expect("the central is asked");
    assert_eq!(asked[..2], handle);
    air.agree(1);
    air.command(CENTRALS[0], 0x2020, &[&asked[..10], &[0; 4]].concat());
    air.pass(SECOND.times(2));
    assert_eq!((air.changes(PERIPHERAL, 0), air.changes(CENTRALS[0], 0)), (vec![40], vec![40]));
    assert_eq!((air.changes(PERIPHERAL, 1), air.changes(CENTRALS[1], 1)), (vec![48], vec![48]));
    air.judge();
}

/// X6. One central has asked and not been answered when the other asks.
#[test]
fn a_request_of_one_central_hinders_none_of_the_other() {
    let mut air = Air::new();
    air.ask(CENTRALS[0], 0, 40);
    air.pass(EVENT.times(3));
    air.ask(CENTRALS[1], 1, 48);
    air.pass(EVENT.times(3));
    air.agree(1);
    air.pass(EVENT);
    air.agree(0);
    air.pass(SECOND.times(2));
    assert_eq!((air.changes(PERIPHERAL, 0), air.changes(CENTRALS[0], 0)), (vec![40], vec![40]));
    assert_eq!((air.changes(PERIPHERAL, 1), air.changes(CENTRALS[1], 1)), (vec![48], vec![48]));
    air.judge();
}
