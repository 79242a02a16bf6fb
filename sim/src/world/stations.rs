//! All stations, and which of them may have their receivers on: a packet concerns nobody else.

use super::station::Station;
use crate::node::NodeId;
use crate::radio::State;

/// So many are gone through without a look at whether that can be fewer.
const FEW: usize = 16;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    all: Vec<Station>,
    /// Those that listen or receive, by number, and some that did: a radio is switched on and off
    /// all the time, and a list that follows it costs more than it saves.
    listed: Vec<NodeId>,
    /// How long that list may become until those are taken out.
    most: usize,
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
        let unknown = state.is_receiver() && !std::mem::replace(&mut station.listed, true);
        station.radio.begin(state);
        if unknown {
            self.list(node);
        }
        self.all.get_mut(usize::from(node.0))
    }

    /// The radio of a station ends what it does: that is returned.
    #[inline]
    pub(super) fn end(&mut self, node: NodeId) -> State {
        self.get_mut(node).map_or(State::Off, |station| station.radio.end())
    }

    /// Those that listen or receive.
    pub(super) fn receivers(&self) -> impl Iterator<Item = (NodeId, &Station)> {
        debug_assert!(self.are_known(), "every receiver is in the list");
        let listed = self.listed.iter().filter_map(|node| Some((*node, self.get(*node)?)));
        listed.filter(|(_, station)| station.radio.state().is_receiver())
    }

    /// The one at this place in the list of those that listen or receive, and some that did.
    pub(super) fn listed(&self, place: usize) -> Option<NodeId> {
        self.listed.get(place).copied()
    }

    fn list(&mut self, node: NodeId) {
        if self.listed.len() >= self.most.max(FEW) {
            let all = &mut self.all;
            self.listed.retain(|node| {
                all.get_mut(usize::from(node.0)).is_some_and(|station| {
                    station.listed = station.radio.state().is_receiver();
                    station.listed
                })
            });
            self.most = 2 * self.listed.len();
        }
        if let Err(place) = self.listed.binary_search(&node) {
            self.listed.insert(place, node);
        }
    }

    fn are_known(&self) -> bool {
        let on = (0..).map(NodeId).zip(&self.all).filter(|(_, s)| s.radio.state().is_receiver());
        on.map(|(node, _)| node).all(|node| self.listed.binary_search(&node).is_ok())
    }
}
