//! How the link died, as the air shows it.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;
use ble::time::Instant;

use super::air::{Pdu, What};

/// What the air shows of the end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The central stopped sending; the peripheral waited connSupervisionTimeout.
    Silence {
        /// Index of the central's last PDU that was heard.
        last_heard: usize,
    },
    /// The central went on sending, but nothing of it was heard any more.
    Deaf {
        /// Index of the central's last PDU that was heard.
        last_heard: usize,
        /// Index of its first one that was not.
        first_unheard: usize,
    },
    /// One side sent LL_TERMINATE_IND, and the other heard it.
    Terminated {
        /// Index of LL_TERMINATE_IND.
        pdu: usize,
    },
    /// Anything else: only the reason is known.
    Other,
}

/// The end of a link as the peripheral's host was told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When that host was told, world time.
    pub at: Instant,
    /// The reason that it was told.
    pub reason: ErrorCode,
    /// What the air shows.
    pub how: How,
}

impl Ending {
    /// The PDUs that it is told by.
    pub fn indices(&self) -> impl Iterator<Item = usize> + use<> {
        let of_end = match self.how {
            How::Silence { last_heard } => [Some(last_heard), None],
            How::Deaf { last_heard, first_unheard } => [Some(last_heard), Some(first_unheard)],
            How::Terminated { pdu } => [Some(pdu), None],
            How::Other => [None, None],
        };
        of_end.into_iter().flatten()
    }
}

/// Finds out how a link ended that the peripheral's host was told of at `at` with `reason`.
#[must_use]
pub fn ending(pdus: &[Pdu], at: Instant, reason: ErrorCode) -> Ending {
    Ending { at, reason, how: how(pdus, reason) }
}

fn how(pdus: &[Pdu], reason: ErrorCode) -> How {
    let terminated = pdus
        .iter()
        .rposition(|p| matches!(p.what, What::Control(ControlPdu::TerminateInd(_))) && p.heard);
    match (terminated, reason) {
        (Some(pdu), _) => How::Terminated { pdu },
        (None, ErrorCode::CONNECTION_TIMEOUT) => timed_out(pdus),
        _ => How::Other,
    }
}

fn timed_out(pdus: &[Pdu]) -> How {
    let Some(last_heard) = pdus.iter().rposition(|p| p.from_central && p.heard) else {
        return How::Other;
    };
    let unheard = pdus.iter().enumerate().skip(last_heard + 1).find(|(_, p)| p.from_central);
    match unheard {
        Some((first_unheard, _)) => How::Deaf { last_heard, first_unheard },
        None => How::Silence { last_heard },
    }
}
