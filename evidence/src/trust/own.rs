//! Tools that take part write down their own packets when they queue them: that is not the air.

use std::collections::{BTreeMap, BTreeSet};

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;

use super::decision::{TrustDecision, share};
use super::packets::request;
use crate::air::SniffedPacket;

/// So many packets show that a connection does not hop.
const STAYS: usize = 20;
/// So many requests for connections with one access address are not chance.
const SAME_ADDRESS: usize = 3;
/// Back in time by more than this, in ns.
const BACK: i64 = 1_000_000;

/// Whether a file is the log of a tool that took part, and what shows it.
pub(super) fn decide(packets: &[SniffedPacket]) -> TrustDecision<bool> {
    let mut signs = Vec::new();
    let back = packets.windows(2).filter(|two| match two {
        [from, to] => to.at < from.at.saturating_sub(BACK),
        _ => false,
    });
    let back = back.count();
    if back * 200 > packets.len() {
        signs.push(format!("time runs backwards at {}", share(back, packets.len())));
    }
    let mut requests: BTreeMap<u32, usize> = BTreeMap::new();
    for request in packets.iter().filter_map(request) {
        *requests.entry(request.access_address).or_default() += 1;
    }
    let most = requests.values().max().copied().unwrap_or(0);
    if most >= SAME_ADDRESS {
        signs.push(format!("{most} connections have one access address"));
    }
    let mut channels: BTreeMap<u32, (usize, BTreeSet<u8>)> = BTreeMap::new();
    let data = packets.iter().filter(|p| p.access_address != ADVERTISING_ACCESS_ADDRESS);
    for packet in data {
        let (count, set) = channels.entry(packet.access_address).or_default();
        *count += usize::from(packet.channel.is_some());
        set.extend(packet.channel);
    }
    if let Some((count, _)) = channels.values().find(|(n, set)| *n >= STAYS && set.len() == 1) {
        signs.push(format!("{count} packets of a connection are on one channel"));
    }
    let all: BTreeSet<Option<u8>> = packets.iter().map(|packet| packet.channel).collect();
    if let (true, Some(Some(only @ ..37))) = (packets.len() >= STAYS && all.len() == 1, all.first())
    {
        signs.push(format!("advertising is on channel {only}, as everything else is"));
    }
    let counted: Vec<_> = packets.iter().filter_map(|packet| packet.counted).collect();
    if counted.len() >= STAYS && counted.windows(2).all(|two| two.first() == two.last()) {
        signs.push("the sniffer's counter never moves".to_owned());
    }
    let value = signs.len() >= 2;
    let why = match value {
        true => format!("the log of a tool that took part, not of the air: {}", signs.join("; ")),
        false => "nothing says that its writer took part".to_owned(),
    };
    TrustDecision { value, why }
}
