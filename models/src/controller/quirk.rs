//! Rules by which a central's controller departs from the specification: plain data, and the
//! little state they need.
//!
//! A rule describes behaviour, never an outcome. It may depend on what the controller can see: HCI,
//! the octets of ACL data that pass, and the air.

use std::collections::VecDeque;

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::random::Stream;

use ble::armed::{Armed, Tell, What};
use ble::trace::Procedure;

use super::config::OwnProcedure;
use super::procedure::Local;
use super::served::HELD;

/// How a controller differs from an honest one. The default is honest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ControllerQuirks {
    /// Answers to the peripheral's requests. The first rule whose request and condition match
    /// decides; without one, the answer is honest.
    pub rules: Vec<AnswerRule>,
    /// Most connection events that the controller waits for each of LL_ENC_RSP and
    /// LL_START_ENC_REQ before it ends the connection with 0x3D (Surface Pro 4: Zephyr #12362).
    pub encryption_patience_events: Option<u16>,
    /// The reaction to LL_UNKNOWN_RSP to a local request; `None`: that procedure is over.
    pub on_unknown: Option<Stall>,
    /// LE Create Connection is refused with Command Disallowed (Intel 9560 with old firmware).
    pub refuses_connections: bool,
    /// Procedures that the controller starts in these events against all rules: a second
    /// LL_VERSION_IND, a request before an instant or while encryption starts.
    pub pressed: Vec<OwnProcedure>,
}

/// How a controller stops to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stall {
    /// As [`Answer::BlockControl`]: receives and acknowledges, but sends empty PDUs alone.
    Block,
    /// As [`Answer::SilentAfterEvents`]: the link layer stops after this many further events.
    SilentAfterEvents(u16),
}

/// One answer under one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnswerRule {
    /// To which request.
    pub request: PeripheralRequest,
    /// What must hold when the request is received.
    pub condition: Condition,
    /// How the request is answered then.
    pub answer: Answer,
    /// Connection events from the reception of the request, when the condition is looked at, until
    /// the answer is given. 0: immediately.
    pub delay_events: u16,
    /// How many more it may take, drawn at random each time.
    pub spread_events: u16,
}

/// A request that a peripheral's link layer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeripheralRequest {
    /// LL_PHY_REQ, for other PHYs.
    Phy,
    /// LL_LENGTH_REQ, for other data lengths.
    DataLength,
    /// LL_CONNECTION_PARAM_REQ, for other connection parameters.
    ConnectionParameters,
    /// LL_PERIPHERAL_FEATURE_REQ, for the central's features.
    Features,
    /// LL_VERSION_IND that was not asked for.
    Version,
}

impl PeripheralRequest {
    /// Every request, in the order of the keys of a profile.
    pub const ALL: [Self; 5] =
        [Self::Phy, Self::DataLength, Self::ConnectionParameters, Self::Features, Self::Version];

    /// The request that a PDU is, if it is one.
    #[must_use]
    pub const fn of(pdu: &ControlPdu) -> Option<Self> {
        match pdu {
            ControlPdu::PhyReq { .. } => Some(Self::Phy),
            ControlPdu::LengthReq(_) => Some(Self::DataLength),
            ControlPdu::ConnectionParamReq(_) => Some(Self::ConnectionParameters),
            ControlPdu::PeripheralFeatureReq(_) => Some(Self::Features),
            ControlPdu::VersionInd(_) => Some(Self::Version),
            _ => None,
        }
    }

    /// The procedure that it starts.
    #[must_use]
    pub const fn procedure(self) -> Procedure {
        match self {
            Self::Phy => Procedure::PhyUpdate,
            Self::DataLength => Procedure::DataLengthUpdate,
            Self::ConnectionParameters => Procedure::ConnectionParametersRequest,
            Self::Features => Procedure::FeatureExchange,
            Self::Version => Procedure::VersionExchange,
        }
    }

    /// The opcode of the request.
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Phy => Opcode::PHY_REQ,
            Self::DataLength => Opcode::LENGTH_REQ,
            Self::ConnectionParameters => Opcode::CONNECTION_PARAM_REQ,
            Self::Features => Opcode::PERIPHERAL_FEATURE_REQ,
            Self::Version => Opcode::VERSION_IND,
        }
    }
}

/// When a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// In every state of the connection.
    Always,
    /// While pairing or encryption is under way, as far as a controller can see (see
    /// [`SmpWatch`](super::smp::SmpWatch)).
    WhileSmpOrEncryptionPending,
    /// From LL_ENC_REQ being queued until encryption runs or was refused.
    WhileEncryptionStarting,
    /// While the connection is not encrypted.
    WhileNotEncrypted,
    /// If the peer's features were learnt in an earlier connection since power-on or reset.
    IfFeaturesCached,
    /// In the first connection since power-on or reset.
    FirstConnection,
}

/// How a request of the peripheral is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// By the rules.
    Honest,
    /// As an honest controller would, but immediately, even where the rules demand to wait.
    Now,
    /// Honestly, but also while another procedure with an instant is open.
    Overlap,
    /// Honestly, once the next encryption start is over (immediately if the link is encrypted).
    AfterEncryption,
    /// Not at all; everything else continues.
    Never,
    /// Not at all, and from here on no control PDU and no ACL data are sent; packets are received
    /// and acknowledged, Empty PDUs are sent. LL_TERMINATE_IND is not sent either: when the host
    /// disconnects, the controller falls silent immediately and reports 0x16.
    BlockControl,
    /// Not at all, and the link layer stops after this many further events: no transmission, no
    /// reception. The host gets a supervision timeout.
    SilentAfterEvents(u16),
    /// LL_UNKNOWN_RSP with the request's opcode, regardless of features.
    Unknown,
    /// LL_REJECT_IND with this code, regardless of features.
    RejectInd(ErrorCode),
    /// LL_REJECT_EXT_IND with this code, regardless of features.
    RejectExt(ErrorCode),
    /// Honestly, and then a local LL_PHY_REQ before the instant.
    UpdateThenOwnPhyReq,
    /// Honestly, and then a local LL_CONNECTION_PARAM_REQ before the instant.
    UpdateThenParamReq,
    /// Honestly, but the change announced for its instant is not made.
    UpdateNoSwitch,
}

/// The inputs of a rule's condition.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkState {
    pub(super) smp_or_encryption: bool,
    pub(super) encryption_starting: bool,
    pub(super) encrypted: bool,
    pub(super) features_cached: bool,
    pub(super) first_connection: bool,
}

impl Condition {
    const fn holds(self, view: &LinkState) -> bool {
        match self {
            Self::Always => true,
            Self::WhileSmpOrEncryptionPending => view.smp_or_encryption,
            Self::WhileEncryptionStarting => view.encryption_starting,
            Self::WhileNotEncrypted => !view.encrypted,
            Self::IfFeaturesCached => view.features_cached,
            Self::FirstConnection => view.first_connection,
        }
    }
}

impl ControllerQuirks {
    /// The answer to this request, and after how many events it is given.
    pub(super) fn answer(
        &self,
        request: PeripheralRequest,
        view: &LinkState,
        answers: &mut Stream,
    ) -> (Answer, u16) {
        let holds = |rule: &&AnswerRule| rule.request == request && rule.condition.holds(view);
        let rule = self.rules.iter().find(holds);
        let Some(rule) = rule else { return (Answer::Honest, 0) };
        let more = match rule.spread_events {
            0 => 0,
            most => u16::try_from(answers.below(u32::from(most) + 1)).unwrap_or(most),
        };
        (rule.answer, rule.delay_events.saturating_add(more))
    }
}

/// What rules have done to one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct QuirkState {
    /// No control PDU, no ACL data are sent.
    pub(super) blocked: bool,
    /// Events until the link layer stops; `Some(0)`: it has.
    silent_after: Option<u16>,
    /// The request being answered is served regardless of other open procedures.
    pub(super) overlap: bool,
    /// The next announced change of PHY or parameters is not done.
    pub(super) no_switch: bool,
    /// The host's answer to a request for parameters is sent although encryption starts.
    pub(super) at_once: bool,
    /// The procedure to be started once that answer has been sent.
    pub(super) afterwards: Option<Local>,
    /// Procedures to start as soon as the local one is over, even against the rules.
    pressing: VecDeque<Local>,
    /// Requests whose answer waits out its delay, with the events left.
    delayed: VecDeque<(u16, ControlPdu, Answer)>,
    /// Requests to be answered after encryption.
    after_encryption: VecDeque<ControlPdu>,
}

impl QuirkState {
    /// Whether the link layer has stopped.
    pub(super) fn silent(&self) -> bool {
        self.silent_after == Some(0)
    }

    /// Reports what rules have under way: see [`ble::armed`].
    pub(super) fn armed(&self, report: Tell<'_>) {
        for local in self.pressing.iter().filter(|local| **local != Local::Ping) {
            report(Armed::open(What::Deferred(local.procedure())));
        }
        if !self.delayed.is_empty() || !self.after_encryption.is_empty() {
            report(Armed::open(What::HeldRequest));
        }
        if self.silent_after.is_some_and(|events| events > 0) {
            report(Armed::open(What::Stopping));
        }
    }

    /// Answers a request this many events later; `false`: too many wait.
    pub(super) fn delay(&mut self, events: u16, pdu: ControlPdu, answer: Answer) -> bool {
        let room = self.delayed.len() < HELD;
        if room {
            self.delayed.push_back((events, pdu, answer));
        }
        room
    }

    /// Answers a request after the next encryption start. One too many is forgotten.
    pub(super) fn hold_until_encrypted(&mut self, pdu: ControlPdu) {
        if self.after_encryption.len() < HELD {
            self.after_encryption.push_back(pdu);
        }
    }

    /// Encryption has started: the requests that waited for it.
    pub(super) fn take_after_encryption(&mut self) -> VecDeque<ControlPdu> {
        std::mem::take(&mut self.after_encryption)
    }

    /// Starts a procedure as soon as no local one is open. Beyond the maximum it is dropped.
    pub(super) fn press_later(&mut self, local: Local) {
        if self.pressing.len() < HELD {
            self.pressing.push_back(local);
        }
    }

    /// The procedure to start now that no local one is open.
    pub(super) fn next_pressed(&mut self) -> Option<Local> {
        self.pressing.pop_front()
    }

    /// Whether the change announced for this instant is not made. The next one is.
    pub(super) const fn keeps_from_switching(&mut self) -> bool {
        std::mem::replace(&mut self.no_switch, false)
    }

    /// Stops to work.
    pub(super) fn stall(&mut self, how: Stall) {
        match how {
            Stall::Block => self.blocked = true,
            Stall::SilentAfterEvents(n) => {
                self.silent_after.get_or_insert_with(|| n.saturating_add(1));
            }
        }
    }

    /// A connection event is over: gives the requests whose answer is due.
    pub(super) fn event_ended(&mut self) -> Vec<(ControlPdu, Answer)> {
        if let Some(events) = &mut self.silent_after {
            *events = events.saturating_sub(1);
        }
        for (left, ..) in &mut self.delayed {
            *left = left.saturating_sub(1);
        }
        let due = self.delayed.iter().filter(|(left, ..)| *left == 0);
        let due = due.map(|(_, pdu, answer)| (*pdu, *answer)).collect();
        self.delayed.retain(|(left, ..)| *left > 0);
        due
    }
}
