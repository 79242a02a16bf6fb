//! When the central's next packet is to be expected, and how far off it may be (Vol 6, Part B,
//! 4.2.4 and 4.5.3).

use ble::phy::{Phy, T_IFS_US};
use ble::time::{Duration, Instant};

/// Unit of connInterval, transmitWindowOffset and transmitWindowSize.
pub(super) const UNIT: Duration = Duration::from_us(1_250);

/// transmitWindowDelay after a legacy CONNECT_IND.
const TRANSMIT_WINDOW_DELAY: Duration = Duration::from_us(1_250);

/// What transmitWindowDelay after an AUX_CONNECT_REQ has beyond that after a CONNECT_IND.
pub(super) const fn further_delay(phy: Phy) -> Duration {
    match phy {
        Phy::Le1M | Phy::Le2M => UNIT,
        Phy::LeCoded => UNIT.times(2),
    }
}

/// How far an anchor may be off apart from drift (Vol 6, Part B, 4.2.2).
const JITTER: Duration = Duration::from_us(16);

/// Sleep clock accuracy field → worst case in ppm (Vol 6, Part B, 2.3.3.1).
// LL-WIDE-3: sleep clock accuracy.
const SCA_PPM: [u32; 8] = [500, 250, 150, 100, 75, 50, 30, 20];

/// Both clocks together: the local one in ppm and the central's SCA field.
pub(super) fn both_ppm(own: u16, sca: u8) -> u32 {
    let central = SCA_PPM.get(usize::from(sca)).copied().unwrap_or(500);
    central.saturating_add(u32::from(own))
}

/// connInterval as a duration. Never zero: what reaches this was checked when it was parsed, but
/// the arithmetic below must hold for anything.
pub(super) fn interval(units: u16) -> Duration {
    UNIT.times(u64::from(units.max(6)))
}

/// The anchor points of a connection, past and expected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Timeline {
    /// connInterval, from the event at hand on.
    interval: Duration,
    /// Worst case of both clocks.
    ppm: u32,
    /// When the central's clock was heard last: an anchor, or the end of CONNECT_IND.
    heard: Instant,
    /// Anchor of the event at hand, or the start of its transmit window.
    expected: Instant,
    /// transmitWindowSize until the first packet in such a window; zero afterwards.
    window: Duration,
}

impl Timeline {
    /// The first event after a CONNECT_IND that ended at `end`. Offset and size in units of
    /// 1.25 ms.
    pub(super) fn new(end: Instant, interval: Duration, offset: u16, size: u8, ppm: u32) -> Self {
        Self {
            interval,
            ppm,
            heard: end,
            expected: end + TRANSMIT_WINDOW_DELAY + UNIT.times(u64::from(offset)),
            window: UNIT.times(u64::from(size)),
        }
    }

    /// The same with a transmit window that comes later.
    pub(super) fn later(mut self, by: Duration) -> Self {
        self.expected += by;
        self
    }

    pub(super) const fn interval(&self) -> Duration {
        self.interval
    }

    /// Best known anchor of the present event: the start of its transmit window, or the expected
    /// anchor without widening.
    pub(super) const fn expected(&self) -> Instant {
        self.expected
    }

    /// Start of listening, `ahead` events after the one at hand.
    pub(super) fn opens(&self, ahead: u16) -> Instant {
        self.anchor(ahead).before(self.widening(ahead))
    }

    /// Latest start of the central's first packet, `ahead` events after the one at hand.
    pub(super) fn closes(&self, ahead: u16) -> Instant {
        self.anchor(ahead) + self.window + self.widening(ahead)
    }

    /// The first packet of the event at hand has started at `anchor`.
    pub(super) fn synchronise(&mut self, anchor: Instant) {
        self.heard = anchor;
        self.expected = anchor;
        self.window = Duration::ZERO;
    }

    /// All has been so much later.
    pub(super) fn shift(&mut self, by: Duration) {
        self.heard += by;
        self.expected += by;
    }

    /// Advances by `events` intervals.
    pub(super) fn advance(&mut self, events: u16) {
        self.expected = self.anchor(events);
    }

    /// A connection update takes effect in the event at hand, whose anchor by the old schedule
    /// begins the count of WinOffset.
    pub(super) fn update(&mut self, interval: Duration, offset: u16, size: u8) {
        self.interval = interval;
        self.expected += UNIT.times(u64::from(offset));
        self.window = UNIT.times(u64::from(size));
    }

    /// A connection update was first received in its very instant: the anchor of that event is
    /// the new one. The event at hand is `passed` events after it.
    pub(super) fn update_from_anchor(&mut self, interval: Duration, passed: u16) {
        let passed = u64::from(passed);
        self.expected = self.expected.before(self.interval.times(passed)) + interval.times(passed);
        self.interval = interval;
    }

    fn anchor(&self, ahead: u16) -> Instant {
        self.expected + self.interval.times(u64::from(ahead))
    }

    /// windowWidening: drift of both clocks since the central was heard, and jitter. It never
    /// reaches the middle between two anchors: a packet there could belong to either.
    fn widening(&self, ahead: u16) -> Duration {
        // LL-WIDE-1: window widening.
        // LL-WIDE-2: synchronisation.
        let since = (self.anchor(ahead) + self.window).since(self.heard);
        let most = self.interval.divided_by(2) - Duration::from_us(u64::from(T_IFS_US));
        (since.ppm(self.ppm) + JITTER).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_SECOND: Duration = Duration::from_ms(500);

    fn us(us: u64) -> Instant {
        Instant::from_us(us)
    }

    /// 100 ppm in all, interval 500 ms, synchronised at 1 s.
    fn synchronised() -> Timeline {
        let mut t = Timeline::new(Instant::ZERO, HALF_SECOND, 0, 1, both_ppm(50, 5));
        t.synchronise(us(1_000_000));
        t
    }

    /// LL-WIDE-3: sleep clock accuracy.
    #[test]
    fn clock_accuracies_add_up() {
        assert_eq!(both_ppm(50, 5), 100);
        assert_eq!(both_ppm(20, 0), 520);
        assert_eq!(both_ppm(20, 7), 40);
    }

    #[test]
    fn first_window_follows_the_request() {
        // 1.25 ms delay, offset 2 · 1.25 ms, size 3 · 1.25 ms, 100 ppm of at most 7.5 ms.
        let t = Timeline::new(us(1_000), HALF_SECOND, 2, 3, 100);
        let widening = Duration::from_us(7_500).ppm(100) + Duration::from_us(16);
        assert_eq!(t.opens(0), us(1_000 + 1_250 + 2_500).before(widening));
        assert_eq!(t.closes(0), us(1_000 + 1_250 + 2_500 + 3_750) + widening);
    }

    /// LL-WIDE-1: window widening.
    #[test]
    fn window_widens_by_both_clocks_and_jitter() {
        let t = synchronised();
        // 100 ppm of 500 ms is 50 µs.
        assert_eq!(t.opens(1), us(1_500_000 - 50 - 16));
        assert_eq!(t.closes(1), us(1_500_000 + 50 + 16));
    }

    #[test]
    fn widening_grows_with_events_not_heard() {
        let mut t = synchronised();
        assert_eq!(t.opens(4), us(3_000_000 - 200 - 16));
        t.advance(3);
        assert_eq!(t.opens(1), us(3_000_000 - 200 - 16));
        t.advance(1);
        t.synchronise(us(3_000_100));
        assert_eq!(t.opens(1), us(3_500_100 - 50 - 16));
    }

    #[test]
    fn widening_stops_short_of_the_next_anchor() {
        let mut t = Timeline::new(Instant::ZERO, interval(6), 0, 1, 1_000);
        t.synchronise(us(1_000_000));
        t.advance(4_000);
        let anchor = us(1_000_000 + 4_000 * 7_500);
        assert_eq!(t.opens(0), anchor.before(Duration::from_us(3_750 - 150)));
    }

    #[test]
    fn an_update_opens_a_window_from_the_old_anchor() {
        let mut t = synchronised();
        t.advance(1);
        t.update(interval(24), 4, 2);
        // No transmitWindowDelay here. 100 ppm of 500 + 5 + 2.5 ms is 50.75 µs.
        let widening = Duration::from_ticks(50_750 * 64 + 16 * 64_000);
        assert_eq!(t.opens(0), us(1_500_000 + 5_000).before(widening));
        assert_eq!(t.closes(0), us(1_500_000 + 5_000 + 2_500) + widening);
        t.synchronise(us(1_506_000));
        t.advance(1);
        assert_eq!(t.expected(), us(1_536_000));
    }

    #[test]
    fn an_update_received_in_its_instant_keeps_the_anchor() {
        let mut during = synchronised();
        let mut after = during.clone();
        during.update_from_anchor(interval(24), 0);
        during.advance(1);
        after.advance(1);
        after.update_from_anchor(interval(24), 1);
        assert_eq!(during.expected(), us(1_030_000));
        assert_eq!(after, during);
    }
}
