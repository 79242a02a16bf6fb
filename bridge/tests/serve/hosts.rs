//! Hosts of our own above endpoints, over sockets, in controlled time: a central and firmware's
//! host that bond with a passkey.

use std::cell::Cell;
use std::net::TcpStream;
use std::rc::Rc;

use ble::address::{Address, AddressKind};
use ble::hci::codec::{encode_acl, encode_command, parse_acl, parse_event};
use ble::random::Entropy;
use ble::time::Instant;
use ble::ui::{Dialog, Ui};
use bletwin_bridge::endpoint::Endpoint;
use bletwin_models::host::{CentralHost, HostConfig, HostOutput as CentralOutput, Step};
use bletwin_sim::effects::{self, Storage};
use bletwin_sim::node::Act;
use bletwin_sim::remembered::Remembered;
use firmware_core::config::Config;
use firmware_core::host::Host as FirmwareHost;
use firmware_core::host::message::{HostInput, HostOutput};
use led_button::LedButton;

use super::rig::{Client, Control, Server};

/// What a display shows, and a person sees who types.
pub(super) type Display = Rc<Cell<Option<u32>>>;

/// A host: packets with their indicators go in and come out.
pub(super) trait Host {
    fn take(&mut self, now: Instant, packet: &[u8]);
    fn poll(&mut self, now: Instant) -> Option<Vec<u8>>;
    fn deadline(&self) -> Option<Instant>;
    fn timer(&mut self, now: Instant);
    fn is_connected(&self) -> bool;
    /// Whether it has bonded.
    fn is_bonded(&self) -> bool;
}

/// The public address of the first endpoint; events do not say it.
fn own() -> Address {
    Address::new(AddressKind::Public, Endpoint::full().public_address)
}

pub(super) struct Central {
    host: CentralHost,
    display: Display,
    asks: bool,
}

impl Central {
    pub(super) fn new(now: Instant, display: &Display) -> Self {
        let steps = vec![Step::ExchangeMtu, Step::Discover, Step::Secure];
        let config = HostConfig { steps, ..HostConfig::default() };
        let mut host = CentralHost::new(config, &Entropy::new([9; 32]));
        host.start(now);
        Self { host, display: Rc::clone(display), asks: false }
    }
}

impl Host for Central {
    fn take(&mut self, now: Instant, packet: &[u8]) {
        match packet {
            [4, event @ ..] => self.host.event(now, parse_event(event, own()).unwrap()),
            [2, acl @ ..] => self.host.acl(now, &parse_acl(acl).unwrap()),
            _ => panic!("{packet:02x?}"),
        }
    }

    fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        loop {
            if self.asks
                && let Some(shown) = self.display.take()
            {
                self.asks = false;
                self.host.act(now, &Act::TypePasskey(shown));
            }
            match self.host.poll()? {
                CentralOutput::Command(command) => {
                    return Some([&[1], &encode_command(&command).unwrap()[..]].concat());
                }
                CentralOutput::Acl(acl) => {
                    return Some([&[2], &encode_acl(&acl, true).unwrap()[..]].concat());
                }
                CentralOutput::Show(Ui::AskPasskey) => self.asks = true,
                CentralOutput::Show(_) | CentralOutput::Note(_) => {}
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.host.deadline()
    }

    fn timer(&mut self, now: Instant) {
        self.host.timer(now, &mut Remembered::default());
    }

    fn is_connected(&self) -> bool {
        self.host.status().level > 0
    }

    fn is_bonded(&self) -> bool {
        let status = self.host.status();
        status.bonded && status.level == 4 && status.finished
    }
}

pub(super) struct Peripheral {
    host: Box<FirmwareHost<LedButton, 1>>,
    /// What it advertises with.
    own: Address,
    storage: Storage,
    display: Display,
}

impl Peripheral {
    pub(super) fn new(now: Instant, display: &Display) -> Self {
        let config = Config::recommended();
        let entropy = Entropy::new([7; 32]);
        let mut host = Box::new(FirmwareHost::new(&config, LedButton::default(), &entropy));
        // Work takes no time here.
        let _ = host.start(now);
        display.set(None);
        let (own, storage) = (config.address, Storage::default());
        Self { host, own, storage, display: Rc::clone(display) }
    }
}

impl Host for Peripheral {
    fn take(&mut self, now: Instant, packet: &[u8]) {
        let input = match packet {
            [4, event @ ..] => HostInput::Event(parse_event(event, self.own).unwrap()),
            [2, acl @ ..] => HostInput::Acl(parse_acl(acl).unwrap()),
            _ => panic!("{packet:02x?}"),
        };
        let _ = self.host.input(now, input);
    }

    fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        loop {
            match self.host.poll()? {
                HostOutput::Command(command) => {
                    return Some([&[1], &encode_command(&command).unwrap()[..]].concat());
                }
                HostOutput::Acl(acl) => {
                    return Some([&[2], &encode_acl(&acl, true).unwrap()[..]].concat());
                }
                HostOutput::Effect(effect) => {
                    let done = effects::perform(effect, &mut self.storage);
                    let _ = self.host.input(now, HostInput::Completed(done));
                }
                HostOutput::Dialog(Dialog::ShowPasskey(shown)) => self.display.set(Some(shown)),
                _ => {}
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.host.deadline()
    }

    fn timer(&mut self, now: Instant) {
        let _ = self.host.timer(now);
    }

    fn is_connected(&self) -> bool {
        self.host.handles().next().is_some()
    }

    fn is_bonded(&self) -> bool {
        self.host.bonds().next().is_some()
    }
}

/// Who sits at an endpoint.
struct Seat {
    host: Box<dyn Host>,
    line: Client<TcpStream>,
    /// Octets of what was received that were taken.
    read: usize,
    /// Packets in both directions, and with how many it is killed.
    packets: usize,
    dies_after: usize,
}

impl Seat {
    /// The next packet that has come.
    fn cut(&mut self) -> Option<Vec<u8>> {
        let octets = self.line.received.get(self.read..)?;
        let length = match *octets {
            [4, _, length, ..] => 3 + usize::from(length),
            [2, _, _, low, high, ..] => 5 + usize::from(u16::from_le_bytes([low, high])),
            _ => return None,
        };
        let packet = octets.get(..length)?.to_vec();
        self.read += length;
        Some(packet)
    }

    fn dies(&mut self) -> bool {
        self.packets += 1;
        self.packets >= self.dies_after
    }
}

/// Hosts at the first endpoints of a server, and the hand on its clock.
pub(super) struct Table {
    pub(super) server: Server,
    pub(super) control: Control,
    seats: Vec<Option<Seat>>,
    pub(super) now: Instant,
}

impl Table {
    pub(super) fn new(server: Server, seats: usize) -> Self {
        let control = server.control();
        let seats = (0..seats).map(|_| None).collect();
        Self { server, control, seats, now: Instant::ZERO }
    }

    /// A host comes to its endpoint, in the place of who was there. It is killed with its
    /// `dies_after`-th packet.
    pub(super) fn come(&mut self, seat: usize, host: Box<dyn Host>, dies_after: usize) {
        self.leave(seat);
        let line = self.server.endpoint(seat + 1);
        self.seats[seat] = Some(Seat { host, line, read: 0, packets: 0, dies_after });
    }

    /// It is killed, if it is there.
    pub(super) fn leave(&mut self, seat: usize) {
        if self.seats[seat].take().is_some() {
            let now = self.now.as_us();
            self.control.ask(&format!("RUN {now} 0"));
        }
    }

    pub(super) fn is_here(&self, seat: usize) -> bool {
        self.seats[seat].is_some()
    }

    pub(super) fn is_connected(&self, seat: usize) -> bool {
        self.seats[seat].as_ref().is_some_and(|seat| seat.host.is_connected())
    }

    pub(super) fn is_bonded(&self, seat: usize) -> bool {
        self.seats[seat].as_ref().is_some_and(|seat| seat.host.is_bonded())
    }

    /// All octets sent to a host, and the number of packets.
    pub(super) fn received(&self, seat: usize) -> (Vec<u8>, usize) {
        let seat = self.seats[seat].as_ref().unwrap();
        (seat.line.received.clone(), seat.packets)
    }

    /// Hosts say what they have to say, and time passes to the next news for one of them, or to
    /// `until`.
    pub(super) fn step(&mut self, until: Instant) {
        for place in &mut self.seats {
            while let Some(seat) = place
                && let Some(packet) = seat.host.poll(self.now)
            {
                seat.line.send(&packet);
                if seat.dies() {
                    *place = None;
                }
            }
        }
        let hosts = || self.seats.iter().flatten();
        let due = hosts().filter_map(|seat| seat.host.deadline()).min().unwrap_or(until);
        // A microsecond is the least that passes: what is due is due then.
        let until = due.min(until).as_us().max(self.now.as_us() + 1);
        let mut request = format!("RUN {until} 1");
        for (number, seat) in (1..).zip(&self.seats) {
            if let Some(seat) = seat {
                request += &format!(" {number}={}", seat.line.sent);
            }
        }
        let reply = self.control.ask(&request);
        let mut words = reply.split(' ');
        assert_eq!(words.next(), Some("AT"), "{reply}");
        self.now = Instant::from_us(words.next().unwrap().parse().unwrap());
        for (place, word) in self.seats.iter_mut().zip(words) {
            let (_, octets) = word.split_once('=').unwrap();
            if let Some(seat) = place {
                seat.line.take_up_to(octets.parse().unwrap());
            }
            while let Some(seat) = place
                && let Some(packet) = seat.cut()
            {
                seat.host.take(self.now, &packet);
                if seat.dies() {
                    *place = None;
                }
            }
            if let Some(seat) = place
                .as_mut()
                .filter(|seat| seat.host.deadline().is_some_and(|due| due <= self.now))
            {
                seat.host.timer(self.now);
            }
        }
    }

    /// Lets time pass for so long at most, until this is so; whether it is.
    pub(super) fn until(&mut self, seconds: u64, is_so: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::from_us(self.now.as_us() + seconds * 1_000_000);
        while self.now < end && !is_so(self) {
            self.step(end);
        }
        is_so(self)
    }
}
