//! Changes that wait for their instant (Vol 6, Part B, 5.5).

/// Something that takes effect when connEventCount reaches `instant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pending<T> {
    /// connEventCount of the event in which it takes effect.
    pub(super) instant: u16,
    /// The channel map, PHYs or parameters that apply from then on.
    pub(super) change: T,
}

/// Events from `event` until `instant`: zero when it is reached or passed.
pub(super) const fn events_until(instant: u16, event: u16) -> u16 {
    let ahead = instant.wrapping_sub(event);
    // The counter wraps: the nearer half of all values lies ahead.
    if ahead < 0x7FFF { ahead } else { 0 }
}

/// Takes the change out if event `event` is the one it waits for, or a later one.
pub(super) fn take_due<T: Copy>(slot: &mut Option<Pending<T>>, event: u16) -> Option<Pending<T>> {
    slot.take_if(|pending| events_until(pending.instant, event) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_the_very_event() {
        let mut slot = Some(Pending { instant: 7, change: () });
        assert_eq!(take_due(&mut slot, 6), None);
        assert!(take_due(&mut slot, 7).is_some());
        assert_eq!(slot, None);
    }

    #[test]
    fn counts_across_the_wrap() {
        assert_eq!(events_until(2, 0xFFFE), 4);
        assert_eq!(events_until(0xFFFE, 2), 0);
        assert_eq!(events_until(5, 5), 0);
    }

    /// LL-INST-2: less than 32,767 events ahead is the future.
    #[test]
    fn the_nearer_half_of_the_counter_lies_ahead() {
        for event in [0, 5, 40_000, 0xFFFF_u16] {
            assert_eq!(events_until(event.wrapping_add(32_766), event), 32_766);
            assert_eq!(events_until(event.wrapping_add(32_767), event), 0);
            assert_eq!(events_until(event.wrapping_sub(1), event), 0);
        }
    }
}
