//! Minimum number of used channels (Vol 6, Part B, 5.1.11): only the peripheral asks, and the
//! procedure is over with the acknowledgement.

use ble::error::ErrorCode;
use ble::link::LinkId;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::phy::PhySet;
use ble::time::Instant;
use ble::trace::Procedure;
use ble::work::{Level, Work};

use super::connection::{Connection, Context};
use super::procedure::Request;
use super::{Control, phy};

/// How many channels the peer is asked to use at least, where the peripheral sends on `phys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MinUsedChannels {
    /// PHYs from the peripheral to the central; those that it does not have are left out.
    pub phys: PhySet,
    /// 2–37.
    pub channels: u8,
}

impl<const LINKS: usize> Control<LINKS> {
    /// Has every central asked for this minimum, once, as soon as it is known to have the
    /// procedure; those to come, too. HCI has no command for it.
    pub fn ask_for_channels(&mut self, now: Instant, wanted: MinUsedChannels) -> Work {
        self.config.min_used_channels = Some(wanted);
        let mut work = Work::one(Level::Control);
        for link in (0..LINKS).filter_map(|place| u8::try_from(place).ok()) {
            let blocks = self.on(now, LinkId(link), |connection, cx| {
                connection.channels_asked = false;
                connection.want_channels(cx);
            });
            work.aes_blocks = work.aes_blocks.saturating_add(blocks);
        }
        work
    }
}

impl Connection {
    /// The peer has told its features: asks once, if it may.
    pub(super) fn want_channels(&mut self, cx: &Context<'_>) {
        // LL-MAP-3.
        let feature = FeatureSet::MIN_USED_CHANNELS;
        if let Some(wanted) = cx.config.min_used_channels
            && !self.channels_asked
            && self.features.common(cx.features(), feature)
        {
            self.channels_asked = self.procedures.request(Request::MinUsedChannels(wanted));
        }
    }

    pub(super) fn start_min_used_channels(
        &mut self,
        cx: &mut Context<'_>,
        wanted: MinUsedChannels,
    ) {
        // There is no answer to wait for.
        if let Some(own) = &mut self.procedures.own {
            own.deadline = None;
        }
        let phys = wanted.phys.intersection(phy::supported(cx.features()));
        let min_used_channels = wanted.channels.clamp(2, 37);
        self.send(cx, ControlPdu::MinUsedChannelsInd { phys, min_used_channels });
    }

    /// A control PDU of ours is acknowledged.
    pub(super) fn channels_acknowledged(&mut self, cx: &mut Context<'_>, opcode: Opcode) {
        if opcode == Opcode::MIN_USED_CHANNELS_IND
            && self.procedures.asked(Procedure::MinUsedChannels).is_some()
        {
            self.end_own(cx, ErrorCode::SUCCESS);
        }
    }
}
