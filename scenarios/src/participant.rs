//! Everything that can live in a scenario's world.

use bletwin_models::central::Central;
use bletwin_models::user::User;
use bletwin_sim::node::{Node, NodeInput, Outbox};
use bletwin_sim::peripheral::PeripheralNode;
use firmware_core::time::Instant;

/// A device, or a person in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Participant {
    /// The firmware under test.
    Peripheral(Box<PeripheralNode>),
    /// A central.
    Central(Box<Central>),
    /// A person.
    User(User),
}

impl Node for Participant {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Peripheral(node) => node.handle(now, input, out),
            Self::Central(node) => node.handle(now, input, out),
            Self::User(node) => node.handle(now, input, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Peripheral(node) => node.deadline(),
            Self::Central(node) => node.deadline(),
            Self::User(node) => node.deadline(),
        }
    }

    fn watches(&self) -> bool {
        match self {
            Self::Peripheral(node) => node.watches(),
            Self::Central(node) => node.watches(),
            Self::User(node) => node.watches(),
        }
    }
}
