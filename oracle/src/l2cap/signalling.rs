//! GAP-PAR: a peripheral asks for other parameters on the signalling channel.

use ble::hci::Role;
use ble::time::{Duration, Instant};
use bletwin_rules::gatt::{GAP_PAR_1, GAP_PAR_2};

use super::{Court, SentFrame};

const PARAMETER_REQUEST: u8 = 0x12;
const PARAMETER_RESPONSE: u8 = 0x13;
/// T_GAP(conn_param_timeout), less what the peripheral's clock may be fast.
const PAUSE: Duration = Duration::from_ms(29_900);

/// The signalling channel of a connection.
#[derive(Default)]
pub(super) struct Signalling {
    /// When the peripheral had its last response.
    answered: Option<Instant>,
}

impl Signalling {
    pub(super) fn sent(&mut self, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        let &[PARAMETER_REQUEST, _, 8, 0, ref fields @ ..] = frame.octets else { return };
        let (fields, []) = fields.as_chunks::<2>() else { return };
        let fields: Vec<_> = fields.iter().map(|field| u16::from_le_bytes(*field)).collect();
        let &[min, max, latency, timeout] = fields.as_slice() else { return };
        if frame.by == Role::Central {
            court.report(GAP_PAR_2.id, frame, "a central asks for parameters".to_owned());
            return;
        }
        if !is_possible([min, max, latency, timeout].map(u32::from)) {
            let text = format!("interval {min} to {max}, latency {latency}, timeout {timeout}");
            court.report(GAP_PAR_2.id, frame, text);
        }
        // A request queued before the response came is no second attempt.
        if let Some(answered) = self.answered
            && court.was_idle(frame.by, answered)
            && frame.at().since(answered) < PAUSE
        {
            let after = frame.at().since(answered).as_us() / 1_000;
            court.report(GAP_PAR_1.id, frame, format!("{after} ms after a response"));
        }
    }

    pub(super) fn received(&mut self, frame: &SentFrame<'_>) {
        if frame.by == Role::Central && frame.octets.first() == Some(&PARAMETER_RESPONSE) {
            self.answered = Some(frame.at());
        }
    }
}

/// Units of 1.25 ms, events, and units of 10 ms.
fn is_possible([min, max, latency, timeout]: [u32; 4]) -> bool {
    (6..=3200).contains(&min)
        && (min..=3200).contains(&max)
        && latency <= 499
        && (10..=3200).contains(&timeout)
        && timeout * 4 >= (1 + latency) * max
}
