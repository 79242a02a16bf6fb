//! From instants of the core (1/64 ns) to counts of RTC0 and TIMER0, and back.
//!
//! RTC0 counts 32,768 Hz from the crystal: it is the sleep clock that instants are on. TIMER0
//! counts 16 MHz from HFXO: the active clock. Before an operation RTC0 clears and starts TIMER0
//! through PPI at a tick that is known, its *epoch*; then TIMER0 starts the radio to 1/16 µs.

use ble::divisor::Divisor;
use ble::phy::{Coding, Phy, T_IFS_US, TxPhy};
use ble::time::{Duration, Instant};

/// 1/64 ns in one tick of 32,768 Hz.
pub const RTC_TICK: u64 = 1_953_125;
/// 1/64 ns in one count of 16 MHz.
pub const TIMER_COUNT: u64 = 4_000;
const TICK: Divisor = Divisor::new(RTC_TICK);
const COUNT: Divisor = Divisor::new(TIMER_COUNT);

/// Counts of TIMER0 in a microsecond.
const PER_US: u32 = 16;

/// TXEN or RXEN to READY with fast ramp-up: 40 µs.
const RAMP_UP: u32 = 40 * PER_US;
/// From START to the first bit on air: 0.6 µs, as measured by others on this chip.
const TX_CHAIN: u32 = 10;
/// Between arming and TXEN or RXEN: PPI's clock and an interrupt's worth of margin.
const MARGIN: u32 = 10 * PER_US;
/// RTC ticks between arming and the epoch: a compare value must lie two ticks ahead at least.
const EPOCH_LEAD: u64 = 3;
/// An epoch is good for this long: crystals 100 ppm apart then disagree by 1 µs.
const EPOCH_LIFE: Duration = Duration::from_ms(10);

/// From the end of an access address on air (on LE Coded: of TERM1 after it) to the event in the
/// chip.
const fn address_chain(phy: Phy) -> u32 {
    match phy {
        // 9.4 µs, 5.0 µs and 19.6 µs, as measured by others on this chip.
        Phy::Le1M => 150,
        Phy::Le2M => 80,
        Phy::LeCoded => 314,
    }
}

/// From the last bit of a packet on air to the event in the chip. What is coded more takes longer
/// to decode.
const fn end_chain(phy: TxPhy) -> u32 {
    match phy {
        // 9.4 µs, 5.0 µs, 24.6 µs and 29.6 µs, as measured by others on this chip.
        TxPhy::Le1M => 150,
        TxPhy::Le2M => 80,
        TxPhy::CodedS2 => 394,
        TxPhy::CodedS8 => 474,
    }
}

/// The tick that has begun last at `at`.
#[must_use]
pub const fn tick_at(at: Instant) -> u64 {
    TICK.divide(at.ticks())
}

/// When a tick begins.
#[must_use]
pub const fn instant_of(tick: u64) -> Instant {
    Instant::from_ticks(tick.saturating_mul(RTC_TICK))
}

/// The first tick that does not begin before `at`: for deadlines, which may be late but not
/// early.
#[must_use]
pub const fn tick_after(at: Instant) -> u64 {
    TICK.divide_up(at.ticks())
}

/// COUNTER (24 bits) and the number of its overflows as one number. An overflow that has happened
/// but was not counted yet (`pending`) belongs to small counter values only.
#[must_use]
pub const fn extend(overflows: u32, pending: bool, counter: u32) -> u64 {
    let uncounted = pending && counter < 0x80_0000;
    ((overflows as u64 + uncounted as u64) << 24) | (counter & 0xFF_FFFF) as u64
}

/// When TIMER0 stood at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(pub Instant);

impl Epoch {
    /// The instant of a captured count.
    #[must_use]
    pub fn instant(self, count: u32) -> Instant {
        self.0 + Duration::from_ticks(TIMER_COUNT).times(u64::from(count))
    }

    /// TIMER0's count at `at`, rounded to the nearest.
    fn count(self, at: Instant) -> Option<u32> {
        if at < self.0 {
            return None;
        }
        let counts = COUNT.divide(at.since(self.0).ticks() + TIMER_COUNT / 2);
        u32::try_from(counts).ok()
    }
}

/// How an operation gets started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Tick at which RTC0 restarts TIMER0, unless the epoch at hand is good enough.
    pub restart: Option<u64>,
    /// What TIMER0 counts from.
    pub epoch: Epoch,
    /// TIMER0's count at TXEN or RXEN.
    pub enable: u32,
}

/// Plans a transmission whose first bit is on air at `at`; `None` if it is too late for that.
#[must_use]
pub fn plan_transmit(now: Instant, running: Option<Epoch>, at: Instant) -> Option<Start> {
    plan(now, running, at, RAMP_UP + TX_CHAIN)
}

/// Plans a reception that is ready at `from`; `None` if it is too late for that.
#[must_use]
pub fn plan_receive(now: Instant, running: Option<Epoch>, from: Instant) -> Option<Start> {
    plan(now, running, from, RAMP_UP)
}

/// When the receiver could be ready at the earliest: for a window that has already begun.
#[must_use]
pub fn earliest(now: Instant) -> Instant {
    let counts = u64::from(RAMP_UP + TX_CHAIN + MARGIN);
    instant_of(tick_after(now) + EPOCH_LEAD) + Duration::from_ticks(TIMER_COUNT).times(counts)
}

fn plan(now: Instant, running: Option<Epoch>, at: Instant, lead: u32) -> Option<Start> {
    let fresh = running.filter(|epoch| at.since(epoch.0) < EPOCH_LIFE);
    if let Some(epoch) = fresh
        && let Some(enable) = epoch.count(at).and_then(|count| count.checked_sub(lead))
        && epoch.count(now).is_some_and(|count| enable > count.saturating_add(MARGIN))
    {
        return Some(Start { restart: None, epoch, enable });
    }
    let lead_time = Duration::from_ticks(TIMER_COUNT).times(u64::from(lead + MARGIN));
    let restart = tick_at(at.before(lead_time));
    if restart < tick_after(now) + EPOCH_LEAD {
        return None;
    }
    let epoch = Epoch(instant_of(restart));
    let enable = epoch.count(at)?.checked_sub(lead)?;
    Some(Start { restart: Some(restart), epoch, enable })
}

/// Count at which the receiver is switched off unless an access address was seen: the end of the
/// access address of a packet that starts at `until`, and 2 µs for rounding.
#[must_use]
pub fn window_end(epoch: Epoch, until: Instant, phy: Phy) -> Option<u32> {
    epoch.count(until)?.checked_add(sync_counts(phy) + address_chain(phy) + 2 * PER_US)
}

/// First bit of the preamble, from the count captured at the access address.
#[must_use]
pub fn packet_start(epoch: Epoch, address: u32, phy: Phy) -> Instant {
    epoch.instant(address.saturating_sub(sync_counts(phy) + address_chain(phy)))
}

/// First bit of an own packet, from the count captured at the end of its access address.
#[must_use]
pub fn own_start(epoch: Epoch, address: u32, phy: Phy) -> Instant {
    epoch.instant(address.saturating_sub(sync_counts(phy)) + TX_CHAIN)
}

/// Last bit on air of a received packet, from the count captured at its end.
#[must_use]
pub fn packet_end(epoch: Epoch, end: u32, phy: TxPhy) -> Instant {
    epoch.instant(end.saturating_sub(end_chain(phy)))
}

/// Count at which a packet would have ended that the chip gave up after `taken` of its `length`
/// octets (MAXLEN): replies go by the packet on air.
#[must_use]
pub fn end_on_air(end: u32, phy: TxPhy, length: u8, taken: u8) -> u32 {
    let left = phy.air_time_us(u16::from(length)) - phy.air_time_us(u16::from(taken.min(length)));
    end.saturating_add(left * PER_US)
}

/// TXEN for a reply T_IFS after the end of a received packet.
#[must_use]
pub fn reply_enable(end: u32, phy: TxPhy) -> u32 {
    end.saturating_sub(end_chain(phy)).wrapping_add(T_IFS_US * PER_US - RAMP_UP - TX_CHAIN)
}

/// RXEN and end of the window for the packet that follows an own one: T_IFS after its end, with
/// ±2 µs for the other's clock and 4 µs for ours.
#[must_use]
pub fn follow_window(end: u32, phy: Phy) -> (u32, u32) {
    let start = end.wrapping_add(T_IFS_US * PER_US + TX_CHAIN);
    let open = start.wrapping_sub(4 * PER_US + RAMP_UP);
    (open, start.wrapping_add(sync_counts(phy) + address_chain(phy) + 4 * PER_US))
}

/// From the start of a packet to what the chip calls its address: on LE Coded the coding indicator
/// and TERM1 belong to it.
const fn sync_counts(phy: Phy) -> u32 {
    const CI_AND_TERM1_US: u32 = 16 + 24;
    let more = match phy {
        Phy::Le1M | Phy::Le2M => 0,
        Phy::LeCoded => CI_AND_TERM1_US,
    };
    (phy.sent_with(Coding::S8).sync_time_us() + more) * PER_US
}

#[cfg(test)]
mod tests;
