//! Channel map update (Vol 6, Part B, 5.1.2) and the minimum number of used channels that a
//! peripheral asks for (5.1.11).

use ble::error::ErrorCode;
use ble::pdu::advertising::CHANNEL_MAP_ALL;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::phy::PhySet;
use ble::trace::Procedure;

use super::ProcedureRow;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

pub(super) const UPDATE: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::CHANNEL_MAP_IND),
    centrals: &[Opcode::CHANNEL_MAP_IND],
    has_instant: true,
    ..ProcedureRow::NONE
};

pub(super) const MINIMUM: ProcedureRow = ProcedureRow {
    requests: &[(Opcode::MIN_USED_CHANNELS_IND, FeatureSet::MIN_USED_CHANNELS)],
    has_answer: false,
    ..ProcedureRow::NONE
};

/// A channel map update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) enum Local {
    /// This map is wanted.
    Wanted(u64),
    /// LL_CHANNEL_MAP_IND is queued or sent.
    Instant,
}

impl Local {
    pub(super) fn start(
        self,
        link: &Link,
        sh: &mut Shared,
    ) -> Result<(Self, ControlPdu), ErrorCode> {
        let Self::Wanted(map) = self else { return Err(sh.started_twice()) };
        let channel_map = with_minimum(link, map & CHANNEL_MAP_ALL);
        Ok((Self::Instant, ControlPdu::ChannelMapInd { channel_map, instant: 0 }))
    }

    pub(super) const fn first_pdu(self) -> Option<ControlPdu> {
        match self {
            Self::Wanted(channel_map) => {
                Some(ControlPdu::ChannelMapInd { channel_map, instant: 0 })
            }
            Self::Instant => None,
        }
    }
}

/// The peripheral's requested minimum.
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

/// A channel map with as many channels as the peripheral needs on its present PHY.
fn with_minimum(link: &Link, map: u64) -> u64 {
    // LL-MAP-3: minimum number of used channels.
    let Minimum { phys, channels } = link.minimum;
    if phys.contains(link.phys.rx()) { widened(map, channels) } else { map }
}

/// The instant is reached.
pub(super) const fn take_effect(link: &mut Link, map: u64) {
    // LL-MAP-1: from the instant on.
    link.channel_map = map;
}

/// Serves LL_MIN_USED_CHANNELS_IND; gives the channel map update that it makes necessary.
pub(super) fn minimum(
    link: &mut Link,
    sh: &mut Shared,
    phys: PhySet,
    channels: u8,
) -> Option<super::Local> {
    link.minimum = Minimum { phys, channels: u32::from(channels) };
    link.served(sh, Procedure::MinUsedChannels);
    missing(link, sh)
}

/// Another map, where the one in force has too few channels: for a minimum that has just been
/// asked for, or a PHY that is new.
pub(super) fn missing(link: &Link, sh: &Shared) -> Option<super::Local> {
    let enough = with_minimum(link, link.channel_map) == link.channel_map;
    (!enough).then_some(super::Local::ChannelMap(Local::Wanted(sh.channel_map)))
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
