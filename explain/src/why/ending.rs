//! How the link died, and which exchange is decisive.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;
use ble::time::{Duration, Instant};

use super::air::{Pdu, What};
use super::procedures::Exchange;

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
    /// One side started a procedure that must not be started then.
    Collision {
        /// The procedure that was under way.
        open: Exchange,
        /// Index of the offending request.
        offending: usize,
    },
    /// One side sent LL_TERMINATE_IND, and the other heard it.
    Terminated {
        /// Index of LL_TERMINATE_IND.
        pdu: usize,
    },
    /// A request went unanswered for 40 s.
    NoResponse {
        /// The peripheral's request that got no answer.
        open: Exchange,
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
    /// The exchange on which it turned, if one can be named.
    pub decisive: Option<Exchange>,
}

impl Ending {
    /// The PDUs that it is told by.
    pub fn indices(&self) -> impl Iterator<Item = usize> + use<> {
        let of_end = match self.how {
            How::Silence { last_heard } => [Some(last_heard), None],
            How::Deaf { last_heard, first_unheard } => [Some(last_heard), Some(first_unheard)],
            How::Collision { offending, .. } => [Some(offending), None],
            How::Terminated { pdu } => [Some(pdu), None],
            How::NoResponse { .. } | How::Other => [None, None],
        };
        let decisive = self.decisive.map(|d| [d.request, d.last()]);
        of_end.into_iter().flatten().chain(decisive.into_iter().flatten())
    }
}

/// Finds out how a link ended that the peripheral's host was told of at `at` with `reason`.
#[must_use]
pub fn ending(pdus: &[Pdu], exchanges: &[Exchange], at: Instant, reason: ErrorCode) -> Ending {
    let how = how(pdus, exchanges, reason);
    let decisive = decisive(pdus, exchanges, &how);
    Ending { at, reason, how, decisive }
}

fn how(pdus: &[Pdu], exchanges: &[Exchange], reason: ErrorCode) -> How {
    let terminated = pdus
        .iter()
        .rposition(|p| matches!(p.what, What::Control(ControlPdu::TerminateInd(_))) && p.heard);
    if let Some(pdu) = terminated {
        return How::Terminated { pdu };
    }
    match reason {
        ErrorCode::CONNECTION_TIMEOUT => timed_out(pdus),
        ErrorCode::LL_PROCEDURE_COLLISION | ErrorCode::DIFFERENT_TRANSACTION_COLLISION => {
            collided(pdus, exchanges)
        }
        ErrorCode::LL_RESPONSE_TIMEOUT => exchanges
            .iter()
            .rfind(|e| !e.from_central && e.answer.is_none())
            .map_or(How::Other, |open| How::NoResponse { open: *open }),
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

fn collided(pdus: &[Pdu], exchanges: &[Exchange]) -> How {
    let Some(offending) = exchanges.iter().rfind(|e| e.from_central) else { return How::Other };
    let open = exchanges.iter().rfind(|e| {
        let still_open = match e.instant() {
            Some(instant) => {
                let now = pdus.get(offending.request).and_then(|p| p.event).unwrap_or(instant);
                instant.wrapping_sub(now) < 0x8000 && instant != now
            }
            // Its instant was still to be named.
            None => e.awaits_instant(),
        };
        e.request != offending.request && e.last() < offending.request && still_open
    });
    open.map_or(How::Other, |open| How::Collision { open: *open, offending: offending.request })
}

/// The exchange on which it turned: the one that is named by the end itself; when both sides
/// stopped hearing each other, the last one whose instant came just then; a key that was missing,
/// if the central then left; else the first that was left without an answer, the peripheral's own
/// before the central's.
fn decisive(pdus: &[Pdu], exchanges: &[Exchange], how: &How) -> Option<Exchange> {
    match how {
        How::Collision { open, .. } | How::NoResponse { open } => Some(*open),
        How::Deaf { first_unheard, .. } => {
            let event = pdus.get(*first_unheard)?.event?;
            let by_instant = exchanges
                .iter()
                .rfind(|e| e.instant().is_some_and(|instant| event.wrapping_sub(instant) < 2));
            by_instant.or_else(|| unanswered(exchanges)).copied()
        }
        How::Terminated { pdu } => missing_key(pdus, exchanges, *pdu)
            .or_else(|| unanswered(exchanges).filter(|open| is_overdue(pdus, open, *pdu)))
            .copied(),
        How::Silence { .. } | How::Other => unanswered(exchanges).copied(),
    }
}

/// Peers answer within a few connection events. Where one leaves sooner than this after a request,
/// nothing says that it left because of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a request had been without an answer for long when somebody left.
fn is_overdue(pdus: &[Pdu], open: &Exchange, goodbye: usize) -> bool {
    let age = pdus.get(goodbye).zip(pdus.get(open.request));
    age.is_some_and(|(end, request)| end.at.since(request.at) >= PATIENCE)
}

/// The encryption that the peripheral refused for want of a key, if the central said nothing after
/// that but goodbye.
fn missing_key<'a>(
    pdus: &[Pdu],
    exchanges: &'a [Exchange],
    goodbye: usize,
) -> Option<&'a Exchange> {
    let exchange = exchanges.iter().rfind(|e| e.is_without_key())?;
    let mut after = pdus.iter().enumerate().skip(exchange.last() + 1);
    let next = after.find(|(_, pdu)| pdu.from_central && pdu.is_news());
    next.is_some_and(|(index, _)| index == goodbye).then_some(exchange)
}

fn unanswered(exchanges: &[Exchange]) -> Option<&Exchange> {
    let open = |e: &&Exchange| e.answer.is_none();
    exchanges.iter().filter(open).find(|e| !e.from_central).or_else(|| exchanges.iter().find(open))
}

#[cfg(test)]
mod tests {
    use bletwin_scenarios::catalogue;
    use bletwin_scenarios::stage::Stage;
    use bletwin_setup::Setup;

    use crate::report;

    /// LL_REJECT_IND 0x06 came in the event before the goodbye; a request of the peripheral that
    /// was 60 ms old and not answered yet is no cause.
    #[test]
    fn a_key_that_is_missing_is_the_cause() {
        let setup = Setup::new("zephyr-2024", "honest", 1).unwrap();
        let run = Stage::new(catalogue::by_name("bond-lost").unwrap(), &setup).play();
        let why = report::why(&run).unwrap();
        assert!(why.contains("LL_ENC_REQ") && why.contains("no key"), "{why}");
        assert!(!why.contains("LL_PERIPHERAL_FEATURE_REQ"), "{why}");
    }

    /// A user who leaves in the middle of a procedure does not leave because of it.
    #[test]
    fn a_request_that_is_a_moment_old_is_no_cause() {
        let mut open = 0;
        for stay in (4_300..4_700).step_by(20) {
            let mut setup = Setup::new("zephyr-2024", "phone", 1).unwrap();
            let steps = format!("central.steps=mtu,discover,stay:{stay},disconnect");
            setup.set(&steps).unwrap();
            setup.set("central.param-req=honest+4").unwrap();
            let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
            let why = report::why(&run).unwrap_or_default();
            assert!(!why.contains("never answered"), "{why}");
            let ladder = report::ladder(&run);
            let request = ladder.rfind("LL_CONNECTION_PARAM_REQ");
            open += usize::from(
                request.is_some() && request > ladder.rfind("LL_CONNECTION_UPDATE_IND"),
            );
        }
        assert!(open > 0, "no run ends while the request is open");
    }

    /// What has no instant, or is over, collides with nothing: not a ping that was answered.
    #[test]
    fn a_collision_is_not_put_down_to_what_has_no_instant() {
        let mut setup = Setup::new("recommended", "honest", 1).unwrap();
        setup.set("central.press=channel-map@1300,phy@1301").unwrap();
        let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
        let why = report::why(&run).unwrap();
        assert!(why.contains("42") && !why.contains("LL_PING"), "{why}");
        assert!(!why.contains("after answering a procedure"), "{why}");
    }
}
