//! Hosts that speak octets, on endpoints in one air.

use std::collections::VecDeque;

use ble::time::{Duration, Instant};
use bletwin_firmware_node::Build;
use bletwin_models::controller::ControllerConfig;
use firmware_core::config::Config;
use led_button::LedButton;

use crate::endpoint::Endpoint;
use crate::twin::{Owner, Port, Twin};

pub(super) const A: Port = Port(0);
pub(super) const B: Port = Port(1);
/// Own address types and peers of the rig are public.
pub(super) const PUBLIC: u8 = 0;

/// A whole air.
pub(super) struct Rig {
    pub(super) twin: Twin,
    /// Packets that a host has not looked at, with their indicator.
    packets: Vec<VecDeque<Vec<u8>>>,
    partial: Vec<Vec<u8>>,
}

impl Rig {
    /// As many endpoints as given, all masks open.
    pub(super) fn with(configs: Vec<ControllerConfig>) -> Self {
        let mut twin = Twin::new(7, Owner { confirms: true });
        let count = configs.len();
        for (number, config) in configs.into_iter().enumerate() {
            twin.add_endpoint(&format!("endpoint {number}"), config);
        }
        twin.run_until(Instant::from_us(10));
        let mut rig =
            Self { twin, packets: vec![VecDeque::new(); count], partial: vec![Vec::new(); count] };
        for port in rig.twin.ports() {
            rig.ok(port, 0x0C03, &[]);
            rig.ok(port, 0x0C01, &[0xFF; 8]);
            rig.ok(port, 0x0C63, &[0xFF; 8]);
            // Plain connection events.
            rig.ok(port, 0x2001, &[0xFF, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        }
        rig
    }

    pub(super) fn new(count: usize) -> Self {
        Self::with(vec![Endpoint::full(); count])
    }

    pub(super) fn with_peripheral(mut self, config: Config) -> Self {
        self.twin.add_peripheral("firmware", Build::new(config, LedButton::default()));
        self
    }

    pub(super) fn raw(&mut self, port: Port, octets: &[u8]) {
        self.twin.feed(port, octets.to_vec());
        self.collect();
    }

    fn collect(&mut self) {
        for port in self.twin.ports() {
            let partial = &mut self.partial[port.0];
            partial.extend(self.twin.take(port));
            loop {
                let length = match partial.as_slice() {
                    [4, _, length, ..] => 3 + usize::from(*length),
                    [2, _, _, low, high, ..] => 5 + usize::from(u16::from_le_bytes([*low, *high])),
                    _ => break,
                };
                let rest = partial.split_off(length);
                self.packets[port.0].push_back(std::mem::replace(partial, rest));
            }
        }
    }

    pub(super) fn send(&mut self, port: Port, opcode: u16, parameters: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        let length = u8::try_from(parameters.len()).unwrap();
        self.raw(port, &[&[1, low, high, length], parameters].concat());
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        self.twin.run_until(self.twin.now() + time);
        self.collect();
    }

    /// The next packet that `wanted` approves of, within ten seconds; those before it are gone.
    pub(super) fn expect<T>(
        &mut self,
        port: Port,
        mut wanted: impl FnMut(&[u8]) -> Option<T>,
    ) -> T {
        let end = self.twin.now() + Duration::from_secs(10);
        let mut seen = Vec::new();
        loop {
            while let Some(packet) = self.packets[port.0].pop_front() {
                if let Some(found) = wanted(&packet) {
                    return found;
                }
                seen.push(packet);
            }
            assert!(self.twin.now() < end, "nothing such came; but {seen:02x?}");
            self.pass(Duration::from_ms(1));
        }
    }

    /// Status and return parameters of a command's answer.
    pub(super) fn ask(&mut self, port: Port, opcode: u16, parameters: &[u8]) -> (u8, Vec<u8>) {
        self.send(port, opcode, parameters);
        let [low, high] = opcode.to_le_bytes();
        self.expect(port, |packet| match packet {
            [4, 0x0E, _, _, l, h, status, rest @ ..] if [*l, *h] == [low, high] => {
                Some((*status, rest.to_vec()))
            }
            [4, 0x0F, 4, status, _, l, h] if [*l, *h] == [low, high] => Some((*status, vec![])),
            _ => None,
        })
    }

    /// A command that succeeds.
    pub(super) fn ok(&mut self, port: Port, opcode: u16, parameters: &[u8]) -> Vec<u8> {
        let (status, returned) = self.ask(port, opcode, parameters);
        assert_eq!(status, 0, "{opcode:04x}");
        returned
    }

    /// A command that fails with this status.
    pub(super) fn fails(&mut self, port: Port, opcode: u16, parameters: &[u8], error: u8) {
        let (status, _) = self.ask(port, opcode, parameters);
        assert_eq!(status, error, "{opcode:04x} {parameters:02x?}");
    }

    /// Parameters of the next event of this code.
    pub(super) fn event(&mut self, port: Port, code: u8) -> Vec<u8> {
        self.expect(port, |packet| match packet {
            [4, found, _, rest @ ..] if *found == code => Some(rest.to_vec()),
            _ => None,
        })
    }

    /// Parameters of the next LE event of this subevent code.
    pub(super) fn subevent(&mut self, port: Port, code: u8) -> Vec<u8> {
        self.expect(port, |packet| match packet {
            [4, 0x3E, _, found, rest @ ..] if *found == code => Some(rest.to_vec()),
            _ => None,
        })
    }

    /// Data of the next ACL packet.
    pub(super) fn data(&mut self, port: Port) -> Vec<u8> {
        self.expect(port, |packet| match packet {
            [2, _, _, _, _, rest @ ..] => Some(rest.to_vec()),
            _ => None,
        })
    }

    /// What waits for a host now.
    pub(super) fn waiting(&mut self, port: Port) -> Vec<Vec<u8>> {
        self.collect();
        self.packets[port.0].drain(..).collect()
    }

    pub(super) fn address(&mut self, port: Port) -> Vec<u8> {
        self.ok(port, 0x1009, &[])
    }

    /// Advertises connectably from the public address, every 20 ms.
    pub(super) fn advertise(&mut self, port: Port) {
        let parameters = [0x20, 0, 0x20, 0, 0, PUBLIC, 0, 0, 0, 0, 0, 0, 0, 7, 0];
        self.ok(port, 0x2006, &parameters);
        self.ok(port, 0x200A, &[1]);
    }

    /// LE Create Connection to a public address.
    pub(super) fn create(peer: &[u8]) -> Vec<u8> {
        let (scan, own, interval) = ([0x10, 0, 0x10, 0, 0], [PUBLIC], [24, 0, 24, 0]);
        let rest = [0, 0, 100, 0, 0, 0, 0, 0];
        [&scan[..], &[PUBLIC], peer, &own, &interval, &rest].concat()
    }

    /// Connects `central` to `peripheral`, which advertises: their handles.
    pub(super) fn connect(&mut self, central: Port, peripheral: Port) -> [[u8; 2]; 2] {
        let address = self.address(peripheral);
        self.advertise(peripheral);
        self.ok(central, 0x200D, &Self::create(&address));
        [central, peripheral].map(|port| {
            let complete = self.subevent(port, 0x01);
            assert_eq!(complete[0], 0);
            [complete[1], complete[2]]
        })
    }

    pub(super) fn acl(&mut self, port: Port, handle: [u8; 2], data: &[u8]) {
        let length = u16::try_from(data.len()).unwrap().to_le_bytes();
        self.raw(port, &[&[2], &handle[..], &length, data].concat());
    }
}
