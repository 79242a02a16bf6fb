//! An endpoint as a node of a world.

use ble::armed::Tell;
use ble::random::Entropy;
use ble::time::Instant;
use bletwin_models::controller::ControllerConfig;
use bletwin_sim::node::{Act, Node, NodeInput, NodeOutput, Outbox, Untracked};

use crate::endpoint::{Endpoint, Output};

/// An [`Endpoint`] with the far end of its serial line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndpointNode {
    config: ControllerConfig,
    /// `None` while it is off.
    endpoint: Option<Endpoint>,
    /// Local time of the last call.
    now: Instant,
    /// Octets that the host has not fetched yet.
    to_host: Untracked<Vec<u8>>,
}

impl EndpointNode {
    /// An endpoint that is off until [`NodeInput::Start`].
    #[must_use]
    pub const fn new(config: ControllerConfig) -> Self {
        Self { config, endpoint: None, now: Instant::ZERO, to_host: Untracked(Vec::new()) }
    }

    /// The configuration of the controller.
    #[must_use]
    pub const fn config(&self) -> &ControllerConfig {
        &self.config
    }

    /// The endpoint, while it is on.
    #[must_use]
    pub const fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// Changes the public address of the device, permanently.
    pub const fn set_public_address(&mut self, address: [u8; 6]) {
        self.config.public_address = address;
        if let Some(endpoint) = &mut self.endpoint {
            endpoint.set_public_address(address);
        }
    }

    /// Whether octets wait for the host.
    #[must_use]
    pub const fn has_octets(&self) -> bool {
        !self.to_host.0.is_empty()
    }

    /// Takes the octets that wait for the host.
    pub fn take_octets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.to_host.0)
    }
}

impl Node for EndpointNode {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        self.now = now;
        match (input, &mut self.endpoint) {
            (NodeInput::Start { entropy }, _) => {
                self.to_host.0.clear();
                let entropy = Entropy::new(entropy);
                self.endpoint = Some(Endpoint::new(self.config.clone(), &entropy));
            }
            (NodeInput::Act(Act::PowerCycle), _) => {
                self.to_host.0.clear();
                self.endpoint = None;
            }
            (NodeInput::Octets(octets), Some(endpoint)) => endpoint.octets(now, &octets),
            (NodeInput::Radio(event), Some(endpoint)) => endpoint.radio(now, event),
            (NodeInput::Timer, Some(endpoint)) => endpoint.timer(now),
            (
                NodeInput::Act(_)
                | NodeInput::Saw { .. }
                | NodeInput::Antenna(_)
                | NodeInput::Resume,
                _,
            )
            | (_, None) => {}
        }
        while let Some(output) = self.endpoint.as_mut().and_then(Endpoint::poll) {
            match output {
                Output::Radio(command) => out.push(NodeOutput::Radio(command)),
                Output::Note(note) => out.note(note),
                Output::Octets(octets) => self.to_host.0.extend_from_slice(&octets),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.endpoint.as_ref()?.deadline(self.now)
    }

    fn armed(&self, report: Tell<'_>) {
        if let Some(endpoint) = &self.endpoint {
            endpoint.armed(report);
        }
    }
}
