//! A pairing as one end knows it.

use ble::hci::Role;
use bletwin_rules::smp::{SMP_DIST_2, SMP_DIST_3, SMP_FAIL_1, SMP_FEAT_4, SMP_SEQ_1};

use super::terms::{Features, Terms, code};

/// Where a pairing stands for one end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Pairing {
    /// None has begun.
    #[default]
    None,
    /// A Pairing Request was sent or received.
    Asked(Features),
    /// Features are exchanged; this many commands have passed since.
    Agreed(Terms, usize),
    /// This end has ended it with Pairing Failed.
    Failed,
    /// Undecided: the peer has ended or restarted it, or has sent an unexpected command, while this
    /// end may have had something queued.
    Open,
}

/// Why a command may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation(pub(super) &'static str, pub(super) &'static str);

const SEQ: &str = SMP_SEQ_1.id;

impl Pairing {
    /// Whether this end has agreed to a pairing whose stages are not over.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self, Self::Agreed(terms, passed) if *passed < terms.stages.len())
    }

    /// The agreed terms, if any.
    pub(super) const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Agreed(terms, _) => Some(terms),
            _ => None,
        }
    }

    /// Whether a timer runs for it (3.4).
    pub(super) fn is_timed(&self) -> bool {
        match self {
            Self::Asked(_) => true,
            Self::Agreed(terms, passed) => *passed < terms.stages.len() + terms.keys.len(),
            Self::None | Self::Failed | Self::Open => false,
        }
    }

    /// This end sends a command.
    pub(super) fn sent(&mut self, by: Role, octets: &[u8]) -> Result<(), Violation> {
        let command = octets.first().copied().unwrap_or_default();
        match command {
            code::KEYPRESS | code::SECURITY => Ok(()),
            code::REQUEST => {
                self.ask(octets);
                Ok(())
            }
            code::FAILED => {
                *self = Self::Failed;
                Ok(())
            }
            code::RESPONSE => self.agree(octets),
            _ => self.pass(by, command),
        }
    }

    /// A command of the peer arrives at this end.
    pub(super) fn received(&mut self, by: Role, octets: &[u8]) {
        let command = octets.first().copied().unwrap_or_default();
        match command {
            code::KEYPRESS | code::SECURITY => {}
            code::REQUEST => self.ask(octets),
            code::FAILED => *self = Self::Open,
            code::RESPONSE => {
                let _ = self.agree(octets);
            }
            _ => {
                if self.pass(by, command).is_err() {
                    *self = Self::Open;
                }
            }
        }
    }

    /// A Pairing Request. Where another one is open, or has failed, its response may be under way.
    fn ask(&mut self, octets: &[u8]) {
        let idle = match self {
            Self::None => true,
            Self::Agreed(terms, passed) => *passed >= terms.stages.len(),
            _ => false,
        };
        *self = match Features::read(octets) {
            Some(request) if idle => Self::Asked(request),
            _ => Self::Open,
        };
    }

    fn agree(&mut self, octets: &[u8]) -> Result<(), Violation> {
        let (was, response) = (std::mem::take(self), Features::read(octets));
        let (next, result) = match (was, response) {
            (Self::Asked(request), Some(response))
                if !request.is_reserved() && !response.is_reserved() =>
            {
                (Self::Agreed(Terms::of(&request, &response), 0), Ok(()))
            }
            (Self::None, _) => (Self::Open, Err(Violation(SEQ, "nobody has asked for a pairing"))),
            (Self::Agreed(..), _) => (Self::Open, Err(Violation(SEQ, "it was sent before"))),
            (Self::Failed, _) => {
                (Self::Open, Err(Violation(SMP_FAIL_1.id, "its sender has ended the pairing")))
            }
            _ => (Self::Open, Ok(())),
        };
        *self = next;
        result
    }

    /// A command of a stage, or a key.
    fn pass(&mut self, by: Role, command: u8) -> Result<(), Violation> {
        let wrong = match self {
            Self::Open => return Ok(()),
            Self::Agreed(terms, passed) => {
                let (stages, keys) = (&terms.stages, &terms.keys);
                let mut order = stages.iter().chain(keys);
                if order.nth(*passed) == Some(&(by, command)) {
                    *passed += 1;
                    return Ok(());
                }
                let is_key = (code::LTK..=code::CSRK).contains(&command);
                if is_key && *passed >= stages.len() {
                    if keys.contains(&(by, command)) {
                        Violation(SMP_DIST_2.id, "it is not its turn")
                    } else {
                        Violation(SMP_DIST_3.id, "nobody has agreed to it")
                    }
                } else if terms.secure && *passed == 0 && command == code::CONFIRM {
                    Violation(SMP_FEAT_4.id, "both have Secure Connections")
                } else {
                    Violation(SEQ, "it is not its turn")
                }
            }
            Self::None => Violation(SEQ, "no pairing has begun"),
            Self::Asked(_) => Violation(SEQ, "the Pairing Response is missing"),
            Self::Failed => Violation(SMP_FAIL_1.id, "its sender has ended the pairing"),
        };
        *self = Self::Open;
        Err(wrong)
    }
}
