//! Minimum number of used channels (Vol 6, Part B, 5.1.11): only the peripheral asks, and the
//! procedure is over with the acknowledgement.

use super::{ProcedureRow, phy};
use crate::control::connection::{Connection, Context};
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::PhySet;

/// It is asked for only once the peer is known to have the procedure.
pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::MIN_USED_CHANNELS_IND),
    peripherals: &[Opcode::MIN_USED_CHANNELS_IND],
    has_answer: false,
    ..ProcedureRow::NONE
};

/// How many channels the peer is asked to use at least, where the peripheral sends on `phys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MinUsedChannels {
    /// PHYs from the peripheral to the central; those that it does not have are left out.
    pub phys: PhySet,
    /// Fewest data channels that the peer is to use, 2–37; other values are clamped.
    pub channels: u8,
}

pub(super) fn start(c: &mut Connection, cx: &mut Context<'_>, wanted: MinUsedChannels) {
    let phys = wanted.phys.intersection(phy::supported(cx.features()));
    let min_used_channels = wanted.channels.clamp(2, 37);
    c.send(cx, ControlPdu::MinUsedChannelsInd { phys, min_used_channels });
}
