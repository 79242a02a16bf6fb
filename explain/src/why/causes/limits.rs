//! Times that are waited, and what counts as having waited.

use ble::time::Duration;

/// Peers answer within a few connection events. Where one leaves sooner than this after a request,
/// nothing says that it left because of it.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a timer of `timeout` may have run out in this time: what starts it is queued before it
/// is on air, and what ends it takes some events.
pub(super) fn ran_out(timeout: Duration, age: Duration) -> bool {
    const EARLY: Duration = Duration::from_ms(100);
    const LATE: Duration = Duration::from_secs(3);
    age + EARLY >= timeout && age <= timeout + LATE
}

/// SMP's timer (Vol 3, Part H, 3.4).
pub(in crate::why) const SMP_TIMEOUT: Duration = Duration::from_secs(30);

/// The procedure response timeout (Vol 6, Part B, 5.2).
pub(in crate::why) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);

/// ATT's transaction timeout (Vol 3, Part F, 3.3.3).
pub(in crate::why) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);
