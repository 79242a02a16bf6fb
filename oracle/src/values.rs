//! Fields of control PDUs that are out of range.

use ble::pdu::control::{ConnectionParam, ConnectionUpdate, ControlPdu};
use ble::phy::PhySet;
use bletwin_rules::control::LL_CTRL_4;

use super::Findings;
use super::link::Link;

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    for packet in link.packets.iter().filter(|packet| packet.new) {
        if let Some(field) = packet.control().and_then(wrong) {
            let text = format!("{} with {field} out of range", packet.name());
            link.report(findings, LL_CTRL_4.id, packet, &[], text);
        }
    }
}

fn wrong(pdu: &ControlPdu) -> Option<&'static str> {
    match pdu {
        ControlPdu::ConnectionUpdateInd(update) => update_field(update),
        ControlPdu::ConnectionParamReq(param) | ControlPdu::ConnectionParamRsp(param) => {
            param_field(param)
        }
        ControlPdu::ChannelMapInd { channel_map, .. } => {
            ((channel_map & 0x1F_FFFF_FFFF).count_ones() < 2).then_some("the channel map")
        }
        ControlPdu::PhyUpdateInd { c_to_p, p_to_c, .. } => {
            let good = |set: &PhySet| set.0 == 0 || set.single().is_some();
            (!good(c_to_p) || !good(p_to_c)).then_some("a PHY")
        }
        ControlPdu::PhyReq { tx, rx } | ControlPdu::PhyRsp { tx, rx } => {
            (tx.0 & 7 == 0 || rx.0 & 7 == 0).then_some("a set of PHYs")
        }
        ControlPdu::MinUsedChannelsInd { phys, min_used_channels } => {
            let good = phys.0 & 7 != 0 && (2..=37).contains(min_used_channels);
            (!good).then_some("PHYs or number")
        }
        _ => None,
    }
}

/// Interval and latency with the supervision timeout that they need; units 1.25 ms and 10 ms.
fn timing(interval: u16, latency: u16, timeout: u16) -> Option<&'static str> {
    let checks = [
        ((6..=3200).contains(&interval), "the interval"),
        (latency <= 499, "the latency"),
        ((10..=3200).contains(&timeout), "the supervision timeout"),
        (
            is_long_enough(interval, latency, timeout),
            "the supervision timeout for interval and latency",
        ),
    ];
    checks.into_iter().find(|(good, _)| !good).map(|(_, name)| name)
}

/// Whether a supervision timeout (units of 10 ms) is more than twice as long as the peripheral may
/// stay silent (intervals of 1.25 ms). Takes whatever the fields hold.
pub(super) fn is_long_enough(interval: u16, latency: u16, timeout: u16) -> bool {
    u64::from(timeout) * 8 > 2 * u64::from(interval) * (u64::from(latency) + 1)
}

fn update_field(update: &ConnectionUpdate) -> Option<&'static str> {
    let size = u16::from(update.win_size);
    let good_size = (1..=8).contains(&size) && size < update.interval;
    // 5.1.1: the offset is within the new interval.
    let good_window = good_size && update.win_offset <= update.interval;
    let window = (!good_window).then_some("the transmit window");
    timing(update.interval, update.latency, update.timeout).or(window)
}

pub(super) fn param_field(param: &ConnectionParam) -> Option<&'static str> {
    let order = (param.interval_min > param.interval_max || param.interval_min < 6)
        .then_some("the intervals");
    let times = order.or_else(|| timing(param.interval_max, param.latency, param.timeout));
    times.or_else(|| anchors(param))
}

/// LL-PAR-8: positions and periodicity lie within the longest interval.
fn anchors(param: &ConnectionParam) -> Option<&'static str> {
    const NO_PREFERENCE: u16 = 0xFFFF;
    let mut positions = param.offsets.iter().filter(|offset| **offset != NO_PREFERENCE);
    let beyond = positions.any(|offset| *offset > param.interval_max);
    let periodicity = u16::from(param.preferred_periodicity) > param.interval_max;
    if beyond {
        return Some("a position of the anchor point");
    }
    periodicity.then_some("the periodicity")
}
