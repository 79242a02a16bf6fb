//! The air: 40 channels, path loss, noise, interference; real symbols with real bit errors.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use ble::phy::{Phy, TxPhy};
use ble::radio::{AirPdu, Tuning};
use ble::time::{Duration, Instant};

use crate::node::NodeId;
use crate::random::Stream;
use crate::record::RecordId;

pub use ble::crc;
pub mod fault;
pub mod fec;
pub mod frame;
pub mod power;
pub mod symbols;
pub mod whitening;

use fault::Strike;
use symbols::Symbols;

/// Properties of the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediumConfig {
    /// Noise in a receiver of 1 MHz, its own noise figure included, in dBm.
    pub noise_floor_dbm: i32,
    /// Path loss at 1 m, in dB.
    pub loss_at_1m_db: i32,
    /// Path loss exponent in tenths: 20 = free space.
    pub exponent_tenths: u32,
    /// Whole packets that a receiver loses beside all physics, in parts per million.
    pub loss_ppm: u32,
}

/// Whole packets that are lost beside [`MediumConfig::loss_ppm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MoreLoss {
    /// At this receiver; `None`: at every one.
    pub to: Option<NodeId>,
    /// On this PHY; `None`: on all.
    pub phy: Option<Phy>,
    /// Parts per million.
    pub ppm: u32,
}

impl Default for MediumConfig {
    /// A quiet room: −104 dBm, 40 dB at 1 m, exponent 2.
    fn default() -> Self {
        Self { noise_floor_dbm: -104, loss_at_1m_db: 40, exponent_tenths: 20, loss_ppm: 0 }
    }
}

/// Names a transmission while anybody needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct TxId(u64);

/// A packet on air.
#[derive(Clone, Debug)]
pub(crate) struct Transmission {
    pub(crate) id: TxId,
    pub(crate) from: NodeId,
    pub(crate) tuning: Tuning,
    pub(crate) phy: TxPhy,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) content: Content,
    /// Number of its symbols.
    pub(crate) sent: usize,
    pub(crate) strike: Option<Strike>,
    pub(crate) record: Option<RecordId>,
}

/// What a packet on air consists of.
#[derive(Clone, Debug, Hash)]
pub(crate) enum Content {
    /// This PDU. Its symbols are made where somebody must see them: a packet that nothing disturbs
    /// arrives as what it was sent as.
    Pdu(AirPdu),
    /// Symbols that a node has made which is its own radio.
    Symbols(Symbols),
}

impl Transmission {
    /// Its symbols as sent.
    pub(crate) fn symbols(&self) -> Symbols {
        match &self.content {
            Content::Pdu(pdu) => frame::encode(&self.tuning, self.phy, pdu).0,
            Content::Symbols(symbols) => symbols.clone(),
        }
    }

    /// The PDU that whoever receives these symbols with this CRC preset takes them for, if that can
    /// be told without them.
    pub(crate) fn pdu(&self, crc_init: u32) -> Option<&AirPdu> {
        match &self.content {
            Content::Pdu(pdu) if crc_init == self.tuning.crc_init && is_whole(pdu) => Some(pdu),
            _ => None,
        }
    }

    fn time_of(&self, symbol: usize) -> Instant {
        self.start + Duration::from_ticks(frame::symbol_ticks(self.phy)).times(symbol as u64)
    }
}

impl Hash for Transmission {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.from, self.tuning, self.phy, self.start, self.end).hash(state);
        (&self.content, &self.strike).hash(state);
    }
}

/// Whether it is as long as its second octet says.
fn is_whole(pdu: &AirPdu) -> bool {
    pdu.octets().get(1).copied().map(u16::from) == Some(pdu.payload_len())
}

/// What one node's signal is at another.
#[derive(Clone, Copy, Debug, Default)]
struct Budget {
    dbm: i32,
    /// Error rates without interference: 1M or Coded, 2M.
    rates: [u32; 2],
}

#[derive(Clone, Copy, Debug)]
struct Antenna {
    position_m: (i32, i32),
    tx_power_dbm: i8,
}

/// Where everybody is, and what is on air.
#[derive(Clone, Debug)]
pub(crate) struct Medium {
    config: MediumConfig,
    antennas: Vec<Antenna>,
    fixed_loss: Vec<(NodeId, NodeId, i32)>,
    more_loss: Vec<MoreLoss>,
    /// From row to column.
    budgets: Vec<Vec<Budget>>,
    air: Vec<Transmission>,
    next: u64,
}

impl Medium {
    pub(crate) const fn new(config: MediumConfig) -> Self {
        Self {
            config,
            antennas: Vec::new(),
            fixed_loss: Vec::new(),
            more_loss: Vec::new(),
            budgets: Vec::new(),
            air: Vec::new(),
            next: 0,
        }
    }

    pub(crate) const fn set_loss_ppm(&mut self, loss_ppm: u32) {
        self.config.loss_ppm = loss_ppm;
    }

    pub(crate) fn lose_more(&mut self, more: MoreLoss) {
        self.more_loss.push(more);
    }

    /// Packets that this node loses on this PHY beside all physics, parts per million.
    pub(crate) fn loss_ppm(&self, to: NodeId, phy: Phy) -> u32 {
        let meant = |more: &&MoreLoss| {
            more.to.is_none_or(|node| node == to) && more.phy.is_none_or(|on| on == phy)
        };
        let more = self.more_loss.iter().filter(meant).map(|more| more.ppm);
        more.fold(self.config.loss_ppm, u32::saturating_add)
    }

    pub(crate) fn add(&mut self, position_m: (i32, i32), tx_power_dbm: i8) {
        let antenna = Antenna { position_m, tx_power_dbm };
        // More nodes than numbers would take more memory than there is.
        let id = NodeId(u16::try_from(self.antennas.len()).unwrap_or(u16::MAX));
        self.antennas.push(antenna);
        let nodes = || (0..).map(NodeId).zip(&self.antennas);
        let added = (id, &antenna);
        let row = nodes().map(|to| self.budget(added, to)).collect();
        let column: Vec<Budget> = nodes().map(|from| self.budget(from, added)).collect();
        for (row, budget) in self.budgets.iter_mut().zip(column) {
            row.push(budget);
        }
        self.budgets.push(row);
    }

    pub(crate) fn set_position(&mut self, node: NodeId, position_m: (i32, i32)) {
        if let Some(antenna) = self.antennas.get_mut(usize::from(node.0)) {
            antenna.position_m = position_m;
        }
        self.plan();
    }

    pub(crate) fn set_path_loss(&mut self, a: NodeId, b: NodeId, db: i32) {
        self.fixed_loss.retain(|(x, y, _)| (*x, *y) != (a, b) && (*x, *y) != (b, a));
        self.fixed_loss.push((a, b, db));
        self.plan();
    }

    fn plan(&mut self) {
        let nodes = || (0..).map(NodeId).zip(&self.antennas);
        self.budgets = nodes().map(|a| nodes().map(|b| self.budget(a, b)).collect()).collect();
    }

    fn budget(&self, (from, a): (NodeId, &Antenna), (to, b): (NodeId, &Antenna)) -> Budget {
        let fixed = self
            .fixed_loss
            .iter()
            .find(|(x, y, _)| (*x, *y) == (from, to) || (*x, *y) == (to, from));
        let loss = fixed.map_or_else(
            || {
                let dx = u64::from(a.position_m.0.abs_diff(b.position_m.0));
                let dy = u64::from(a.position_m.1.abs_diff(b.position_m.1));
                let squared = (dx * dx).saturating_add(dy * dy);
                power::path_loss_db(self.config.loss_at_1m_db, self.config.exponent_tenths, squared)
            },
            |(_, _, db)| *db,
        );
        let dbm = i32::from(a.tx_power_dbm).saturating_sub(loss);
        let rate = |phy| {
            let noise = power::linear(power::noise_dbm(self.config.noise_floor_dbm, phy));
            power::error_rate(power::ratio_db(power::linear(dbm), noise))
        };
        Budget { dbm, rates: [rate(Phy::Le1M), rate(Phy::Le2M)] }
    }

    fn link(&self, from: NodeId, to: NodeId) -> Budget {
        self.budgets
            .get(usize::from(from.0))
            .and_then(|row| row.get(usize::from(to.0)))
            .copied()
            .unwrap_or_default()
    }

    /// Strength of a node's signal at another, in dBm.
    pub(crate) fn rssi_dbm(&self, from: NodeId, to: NodeId) -> i8 {
        self.link(from, to).dbm.clamp(-127, 20) as i8
    }

    /// Puts a packet on air. `id`, `sent` and `end` are filled in here.
    pub(crate) fn transmit(
        &mut self,
        mut packet: Transmission,
        needed: impl Fn(TxId) -> bool,
    ) -> TxId {
        self.forget(packet.start, needed);
        packet.id = TxId(self.next);
        self.next += 1;
        packet.sent = match &packet.content {
            Content::Pdu(pdu) => frame::packet_symbols(packet.phy, pdu.payload_len().into()),
            Content::Symbols(symbols) => symbols.len(),
        };
        packet.end = packet.time_of(packet.sent);
        let id = packet.id;
        self.air.push(packet);
        id
    }

    /// Drops what can neither be received any more nor interfere with what is being received.
    fn forget(&mut self, now: Instant, needed: impl Fn(TxId) -> bool) {
        let kept = self.air.iter().filter(|packet| packet.end > now || needed(packet.id));
        let Some(oldest) = kept.map(|packet| packet.start).min() else {
            self.air.clear();
            return;
        };
        self.air.retain(|packet| packet.end > oldest);
    }

    pub(crate) fn get(&self, id: TxId) -> Option<&Transmission> {
        self.air.iter().find(|packet| packet.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: TxId) -> Option<&mut Transmission> {
        self.air.iter_mut().find(|packet| packet.id == id)
    }

    /// What is on air at `now`, in the order of beginning.
    pub(crate) fn on_air(&self, now: Instant) -> impl Iterator<Item = &Transmission> {
        self.air.iter().filter(move |packet| packet.end > now)
    }

    /// What the hash of a world needs of the places and properties.
    pub(crate) fn hash_plan<H: Hasher>(&self, state: &mut H) {
        self.config.hash(state);
        for budget in self.budgets.iter().flatten() {
            budget.dbm.hash(state);
        }
    }

    fn quiet_rate(&self, packet: &Transmission, at: NodeId) -> u32 {
        let clear = self.link(packet.from, at);
        match packet.phy.phy() {
            Phy::Le2M => clear.rates[1],
            Phy::Le1M | Phy::LeCoded => clear.rates[0],
        }
    }

    /// Whether all bits of one node's packets arrive right at another, unless others send.
    pub(crate) fn is_errorless(&self, from: NodeId, to: NodeId, phy: Phy) -> bool {
        let clear = self.link(from, to);
        clear.rates[usize::from(phy == Phy::Le2M)] == 0
    }

    /// Whether there is a packet on a channel at `now`, other than this one.
    pub(crate) fn is_busy(&self, channel: u8, now: Instant, but: Option<TxId>) -> bool {
        let mut others = self.air.iter().filter(|packet| Some(packet.id) != but);
        others.any(|packet| packet.tuning.channel == channel && packet.end > now)
    }

    /// Whether all of a packet that comes after `now` arrives right, unless others begin to send.
    pub(crate) fn is_undisturbed(&self, packet: &Transmission, at: NodeId, now: Instant) -> bool {
        self.quiet_rate(packet, at) == 0
            && !self.is_busy(packet.tuning.channel, now, Some(packet.id))
    }

    /// Which of the symbols in `range` arrive wrong at a node.
    pub(crate) fn errors(
        &self,
        packet: &Transmission,
        at: NodeId,
        range: Range<usize>,
        noise: &mut Stream,
    ) -> Vec<usize> {
        let quiet_rate = self.quiet_rate(packet, at);
        if quiet_rate == 0 && self.air.len() == 1 {
            return Vec::new();
        }
        let clear = self.link(packet.from, at);
        let (from, until) = (packet.time_of(range.start), packet.time_of(range.end));
        let others: Vec<&Transmission> = self
            .air
            .iter()
            .filter(|other| other.id != packet.id)
            .filter(|other| other.tuning.channel == packet.tuning.channel)
            .filter(|other| other.start < until && other.end > from)
            .collect();
        let mut errors = Vec::new();
        if others.is_empty() {
            draw(&mut errors, range, quiet_rate, noise);
            return errors;
        }
        let noise_floor = power::noise_dbm(self.config.noise_floor_dbm, packet.phy.phy());
        for symbol in range {
            let (start, end) = (packet.time_of(symbol), packet.time_of(symbol + 1));
            let interference: u128 = others
                .iter()
                .filter(|other| other.start < end && other.end > start)
                .map(|other| power::linear(self.link(other.from, at).dbm))
                .sum();
            let rate = if interference == 0 {
                quiet_rate
            } else {
                let unwanted = interference + power::linear(noise_floor);
                power::error_rate(power::ratio_db(power::linear(clear.dbm), unwanted))
            };
            draw(&mut errors, symbol..symbol + 1, rate, noise);
        }
        errors
    }
}

fn draw(errors: &mut Vec<usize>, range: Range<usize>, rate: u32, noise: &mut Stream) {
    if rate > 0 {
        errors.extend(range.filter(|_| noise.u32() < rate));
    }
}

#[cfg(test)]
pub(crate) mod vectors {
    /// Octets from hexadecimal digits.
    pub(crate) fn hex(digits: &str) -> Vec<u8> {
        (0..digits.len() / 2)
            .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    }
}
