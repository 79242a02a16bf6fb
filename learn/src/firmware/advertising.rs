//! How it advertises.

use std::collections::BTreeMap;

use ble::pdu::advertising::AdvertisingPdu;
use bletwin_explain::captured::Explained;
use bletwin_sniffer::{AirItem, Decoded, NodeId};

use super::{Fact, SeenFirmware};

/// So many intervals show how long one is.
const ENOUGH: usize = 8;
/// advDelay is at most so long, µs (Vol 6, Part B, 4.4.2.2.1).
const DELAY_US: u64 = 10_000;
/// How well a host's clock stamps a packet, µs.
const JITTER_US: u64 = 300;
/// Directed advertising as often as this is of high duty cycle, µs (Vol 6, Part B, 4.4.2.4.3).
const HIGH_DUTY_US: u64 = 3_750 + JITTER_US;

pub(super) fn look(seen: &mut SeenFirmware, explained: &Explained, peripheral: NodeId) {
    let own = |item: &&AirItem| item.from == peripheral && item.connection.is_none();
    let items: Vec<&AirItem> = explained.items.iter().filter(own).collect();
    let undirected = |pdu: &AdvertisingPdu| matches!(pdu, AdvertisingPdu::AdvInd { .. });
    let all = waits(&items, undirected);
    if let Some(fact) = interval(&all) {
        let place = format!("{} intervals between its ADV_INDs", all.len());
        seen.fact("advertising-interval", fact, place);
    }
    let calls = |pdu: &AdvertisingPdu| matches!(pdu, AdvertisingPdu::AdvDirectInd { .. });
    if let Some(least) = waits(&items, calls).into_iter().min() {
        let word = if least <= HIGH_DUTY_US { "directed-high" } else { "directed-low" };
        seen.word("reconnect-advertising", word, "its ADV_DIRECT_INDs".into());
    }
}

/// From one of such PDUs to the next on the same channel, µs.
fn waits(items: &[&AirItem], which: fn(&AdvertisingPdu) -> bool) -> Vec<u64> {
    let mut last = BTreeMap::new();
    let mut all = Vec::new();
    for item in items {
        if !matches!(&item.decoded, Decoded::Advertising(pdu) if which(pdu)) {
            continue;
        }
        let before = last.insert(item.channel, item.at);
        all.extend(before.map(|before| item.at.since(before).as_us()));
    }
    all
}

/// advInterval in units of 0.625 ms: each time from one event to the next is as long, and up to
/// advDelay longer.
fn interval(all: &[u64]) -> Option<Fact> {
    let least = all.iter().copied().min()?;
    let whole: Vec<u64> =
        all.iter().copied().filter(|us| *us <= least + DELAY_US + JITTER_US).collect();
    let most = whole.iter().copied().max().filter(|_| whole.len() >= ENOUGH)?;
    let low = most.saturating_sub(DELAY_US + JITTER_US).div_ceil(625);
    let high = (least + JITTER_US) / 625;
    let units = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    (low <= high && high >= 32).then(|| Fact::Between(units(low).max(32), units(high).min(16_384)))
}
