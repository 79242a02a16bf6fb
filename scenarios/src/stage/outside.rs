//! A host from outside in the peripheral's place: an endpoint is lent to it, and the result of a
//! run is read from that endpoint's HCI and from the central. The host's storage is not visible.

use bletwin_bridge::node::EndpointNode;
use bletwin_models::host::PairingError;

use super::Stage;
use crate::participant::Participant;

impl Stage {
    /// The endpoint that is lent to a host from outside, if the peripheral is one.
    #[must_use]
    pub fn endpoint(&self) -> Option<&EndpointNode> {
        match self.world.node(self.peripheral) {
            Participant::Endpoint(node) => Some(node),
            _ => None,
        }
    }

    /// The same, to be given another address, or relieved of its octets.
    pub fn endpoint_mut(&mut self) -> Option<&mut EndpointNode> {
        match self.world.node_mut(self.peripheral) {
            Participant::Endpoint(node) => Some(node),
            _ => None,
        }
    }

    /// Takes from the central what HCI does not show: the level of the link, and a failed pairing.
    pub(super) fn ask_central(&mut self) {
        if self.endpoint().is_none() {
            return;
        }
        let Some(status) = self.central_host().map(|host| host.status().clone()) else { return };
        let refused =
            matches!(status.pairing, Some(Err(PairingError::Local(_) | PairingError::Peer(_))));
        self.facts.pairing_failed |= refused;
        if status.level > 0 && self.facts.level.is_some_and(|level| level != status.level) {
            self.facts.set_level(status.level);
        }
    }
}
