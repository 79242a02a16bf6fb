//! Channel map update (Vol 6, Part B, 5.1.2) and the minimum number of used channels that a
//! peripheral asks for (5.1.11).

use ble::pdu::advertising::CHANNEL_MAP_ALL;
use ble::pdu::control::ControlPdu;
use ble::phy::PhySet;
use ble::time::Instant;
use ble::trace::Procedure;

use crate::controller::control::Request;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// What the peripheral has asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Minimum {
    /// PHYs from the peripheral on which it counts.
    phys: PhySet,
    channels: u32,
}

/// `map` with the lowest of the other channels, as far as there are fewer than `channels`.
fn widened(map: u64, channels: u32) -> u64 {
    let missing = channels.min(37).saturating_sub(map.count_ones());
    let others = (0..37).map(|channel| 1 << channel).filter(|bit| map & bit == 0);
    others.take(missing as usize).fold(map, |map, bit| map | bit)
}

impl Link {
    /// A channel map with as many channels as the peripheral needs on its present PHY.
    fn with_minimum(&self, map: u64) -> u64 {
        // LL-MAP-3: minimum number of used channels.
        if self.minimum.phys.contains(self.rx) { widened(map, self.minimum.channels) } else { map }
    }

    pub(in crate::controller) fn start_channel_map(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        map: u64,
    ) {
        let channel_map = self.with_minimum(map & CHANNEL_MAP_ALL);
        let pdu = ControlPdu::ChannelMapInd { channel_map, instant: 0 };
        self.begin(sh, now, Request::ChannelMap(map), pdu);
        self.await_instant();
    }

    /// LL_MIN_USED_CHANNELS_IND.
    pub(in crate::controller) fn receive_min_used_channels(
        &mut self,
        sh: &mut Shared,
        phys: PhySet,
        channels: u8,
    ) {
        self.minimum = Minimum { phys, channels: u32::from(channels) };
        self.served(sh, Procedure::MinUsedChannels);
        self.keep_minimum(sh);
    }

    /// Wants another map where the one in force has too few channels: for a minimum that has
    /// just been asked for, or a PHY that is new.
    pub(in crate::controller) fn keep_minimum(&mut self, sh: &Shared) {
        let waits = self.control.queue.iter().any(|r| matches!(r, Request::ChannelMap(_)));
        if !waits && self.with_minimum(self.channel_map) != self.channel_map {
            self.control.queue.push_back(Request::ChannelMap(sh.channel_map));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_channels_are_added() {
        assert_eq!(widened(0b1010, 2), 0b1010);
        assert_eq!(widened(0b1010, 5), 0b1_1111);
        assert_eq!(widened(1 << 36, 3), 1 << 36 | 0b11);
        assert_eq!(widened(0, u32::MAX), CHANNEL_MAP_ALL);
    }
}
