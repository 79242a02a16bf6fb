//! All stations, and which of them have their receivers on: a packet concerns nobody else.

use super::station::Station;
use crate::node::NodeId;
use crate::radio::State;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    all: Vec<Station>,
    /// Those that listen or receive, by number.
    receivers: Vec<NodeId>,
}

impl Stations {
    /// Adds one, which has the next number.
    pub(super) fn push(&mut self, station: Station) {
        debug_assert!(!station.radio.state().is_receiver(), "a radio begins switched off");
        self.all.push(station);
    }

    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Station> {
        self.all.iter()
    }

    pub(super) fn get(&self, node: NodeId) -> Option<&Station> {
        self.all.get(usize::from(node.0))
    }

    pub(super) fn get_mut(&mut self, node: NodeId) -> Option<&mut Station> {
        self.all.get_mut(usize::from(node.0))
    }

    /// The radio of a station begins something.
    #[inline]
    pub(super) fn begin(&mut self, node: NodeId, state: State) -> Option<&mut Station> {
        let station = self.all.get_mut(usize::from(node.0))?;
        if state.is_receiver() != station.radio.state().is_receiver() {
            turned(&mut self.receivers, node);
        }
        station.radio.begin(state);
        Some(station)
    }

    /// The radio of a station ends what it does: that is returned.
    #[inline]
    pub(super) fn end(&mut self, node: NodeId) -> State {
        let Some(station) = self.all.get_mut(usize::from(node.0)) else { return State::Off };
        if station.radio.state().is_receiver() {
            turned(&mut self.receivers, node);
        }
        station.radio.end()
    }

    /// Those that listen or receive.
    pub(super) fn receivers(&self) -> impl Iterator<Item = (NodeId, &Station)> {
        debug_assert!(self.are_known(), "every receiver is in the list");
        self.receivers.iter().filter_map(|node| Some((*node, self.get(*node)?)))
    }

    /// The number of the one at this place among them.
    pub(super) fn receiver(&self, place: usize) -> Option<NodeId> {
        self.receivers.get(place).copied()
    }

    fn are_known(&self) -> bool {
        let on = (0..).map(NodeId).zip(&self.all).filter(|(_, s)| s.radio.state().is_receiver());
        on.map(|(node, _)| node).eq(self.receivers.iter().copied())
    }
}

/// A receiver is switched on or off.
fn turned(receivers: &mut Vec<NodeId>, node: NodeId) {
    match receivers.binary_search(&node) {
        Ok(place) => drop(receivers.remove(place)),
        Err(place) => receivers.insert(place, node),
    }
}
