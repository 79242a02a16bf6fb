//! What is lent to hosts: a simulated air that knows nothing of sockets.

use ble::time::Instant;
use ble::ui::Ui;
use bletwin_emulator::node::ChipNode;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::AirItem;

use super::keyboard;
use crate::raw::RawPacket;
use crate::twin::{Port, Twin};

/// A simulated air with endpoints, steered from outside. Synchronous: octets and the passing of
/// time go in, octets and records come out.
pub trait Lent {
    /// World time, from zero.
    fn now(&self) -> Instant;

    /// When something happens next; `None`: never.
    fn next_event(&self) -> Option<Instant>;

    /// Octets of a host reach its endpoint now.
    fn feed(&mut self, port: Port, octets: Vec<u8>);

    /// Octets for a host.
    fn take(&mut self, port: Port) -> Vec<u8>;

    /// A host has connected to an endpoint.
    fn come(&mut self, _: Port) {}

    /// The host of an endpoint has disconnected: its links drop, and the endpoint restarts.
    fn leave(&mut self, port: Port);

    /// Does everything up to and including `until`.
    fn run_until(&mut self, until: Instant);

    /// Does everything up to and including `until`, or to the first instant at which octets wait
    /// for some host. Whether some do.
    fn run_until_octets(&mut self, until: Instant) -> bool;

    /// Records that are settled by now, with their packets parsed.
    fn settled(&mut self) -> Vec<(Record, Option<AirItem>)>;

    /// The name of a node.
    fn name(&self, node: NodeId) -> &str;

    /// The port of a node, if it is an endpoint's.
    fn port_of(&self, node: NodeId) -> Option<Port>;

    /// Gives an endpoint another public address. `false`: there is no such endpoint.
    fn set_address(&mut self, port: Port, address: [u8; 6]) -> bool;

    /// Puts a raw packet on the air later.
    ///
    /// # Errors
    /// Why it cannot be sent.
    fn transmit(&mut self, packet: RawPacket) -> Result<(), &'static str>;

    /// Help on what a person can type while it is lent.
    fn help(&self) -> &'static str;

    /// A person has typed this line.
    ///
    /// # Errors
    /// What to type instead, or why there is no such device.
    fn typed(&mut self, line: &str) -> Result<(), String>;

    /// A text for the person about what a device shows, if they cannot see it otherwise.
    fn shows(&self, _: NodeId, _: &Ui) -> Option<String> {
        None
    }

    /// The chip that a debugger halts, if there is one.
    fn chip(&mut self) -> Option<&mut ChipNode> {
        None
    }

    /// Whether time does not pass yet: it waits for a host.
    fn stands_still(&self) -> bool {
        false
    }

    /// Whether the time of service matters: not while hosts only get ready for the part that is
    /// examined.
    fn is_looked_at(&self) -> bool {
        true
    }

    /// Whether all has been played that was to be: serving ends.
    fn is_over(&self) -> bool {
        false
    }
}

impl Lent for Twin {
    fn now(&self) -> Instant {
        self.now()
    }

    fn next_event(&self) -> Option<Instant> {
        self.next_event()
    }

    fn feed(&mut self, port: Port, octets: Vec<u8>) {
        self.feed(port, octets);
    }

    fn take(&mut self, port: Port) -> Vec<u8> {
        self.take(port)
    }

    fn leave(&mut self, port: Port) {
        self.leave(port);
    }

    fn run_until(&mut self, until: Instant) {
        self.run_until(until);
    }

    fn run_until_octets(&mut self, until: Instant) -> bool {
        self.run_until_octets(until)
    }

    fn settled(&mut self) -> Vec<(Record, Option<AirItem>)> {
        self.settled()
    }

    fn name(&self, node: NodeId) -> &str {
        self.world().name(node)
    }

    fn port_of(&self, node: NodeId) -> Option<Port> {
        self.port_of(node)
    }

    fn set_address(&mut self, port: Port, address: [u8; 6]) -> bool {
        self.set_address(port, address)
    }

    fn transmit(&mut self, packet: RawPacket) -> Result<(), &'static str> {
        self.transmit(packet)
    }

    fn chip(&mut self) -> Option<&mut ChipNode> {
        self.first_chip()
    }

    fn help(&self) -> &'static str {
        keyboard::HELP
    }

    fn typed(&mut self, line: &str) -> Result<(), String> {
        let first = self.first_peripheral().ok_or("there is no --peripheral with buttons")?;
        let act = keyboard::act(line, self.buttons(first).as_deref())?;
        self.act(first, act);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::Owner;

    #[test]
    fn a_button_without_a_peripheral_is_an_error() {
        let mut twin = Twin::new(1, Owner { confirms: true });
        let error = twin.typed("press").expect_err("nobody has a button");
        assert!(error.contains("--peripheral"), "{error}");
    }
}
