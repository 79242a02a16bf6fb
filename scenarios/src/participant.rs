//! Everything that can live in a scenario's world.

use ble::armed::Tell;
use ble::time::{Duration, Instant};
use bletwin_bridge::node::EndpointNode;
use bletwin_emulator::node::ChipNode;
use bletwin_firmware_node::PeripheralNode;
use bletwin_models::central::Central;
use bletwin_models::controller::CentralController;
use bletwin_models::user::User;
use bletwin_sim::leap::Idle;
use bletwin_sim::node::{Node, NodeInput, Outbox};

/// A device, or a person in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Participant {
    /// The firmware under test.
    Peripheral(Box<PeripheralNode>),
    /// The chip, with the file that is flashed.
    Chip(Box<ChipNode>),
    /// A controller that is lent to a host from outside, in the peripheral's place.
    Endpoint(Box<EndpointNode>),
    /// The model of a central: controller and host.
    Central(Box<Central>),
    /// The person in front of the devices.
    User(User),
}

impl Participant {
    /// The longest connSupervisionTimeout in force; `None` without a connection.
    #[must_use]
    pub fn supervision_timeout(&self) -> Option<Duration> {
        match self {
            Self::Peripheral(node) => node.device()?.supervision_timeout(),
            Self::Central(node) => node.controller()?.supervision_timeout(),
            Self::Endpoint(node) => node.endpoint()?.supervision_timeout(),
            Self::Chip(_) | Self::User(_) => None,
        }
    }

    /// Whether it does something again and again for as long as a link lives.
    #[must_use]
    pub fn recurs(&self) -> bool {
        match self {
            Self::Central(node) => node.controller().is_some_and(CentralController::recurs),
            Self::Peripheral(_) | Self::Chip(_) | Self::Endpoint(_) | Self::User(_) => false,
        }
    }
}

impl Node for Participant {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Peripheral(node) => node.handle(now, input, out),
            Self::Chip(node) => node.handle(now, input, out),
            Self::Endpoint(node) => node.handle(now, input, out),
            Self::Central(node) => node.handle(now, input, out),
            Self::User(node) => node.handle(now, input, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Peripheral(node) => node.deadline(),
            Self::Chip(node) => node.deadline(),
            Self::Endpoint(node) => node.deadline(),
            Self::Central(node) => node.deadline(),
            Self::User(node) => node.deadline(),
        }
    }

    fn armed(&self, report: Tell<'_>) {
        match self {
            Self::Peripheral(node) => node.armed(report),
            Self::Chip(node) => node.armed(report),
            Self::Endpoint(node) => node.armed(report),
            Self::Central(node) => node.armed(report),
            Self::User(node) => node.armed(report),
        }
    }

    fn idle(&self) -> Option<Idle> {
        match self {
            Self::Peripheral(node) => node.idle(),
            Self::Central(node) => node.idle(),
            Self::Chip(_) | Self::Endpoint(_) | Self::User(_) => None,
        }
    }

    fn leap(&mut self, events: u16, by: Duration) {
        match self {
            Self::Peripheral(node) => node.leap(events, by),
            Self::Central(node) => node.leap(events, by),
            Self::Chip(_) | Self::Endpoint(_) | Self::User(_) => {}
        }
    }

    fn watches(&self) -> bool {
        match self {
            Self::Peripheral(node) => node.watches(),
            Self::Chip(node) => node.watches(),
            Self::Endpoint(node) => node.watches(),
            Self::Central(node) => node.watches(),
            Self::User(node) => node.watches(),
        }
    }

    fn halted(&self) -> bool {
        matches!(self, Self::Chip(node) if node.halted())
    }
}
