//! Procedures as values: what this central has started on a connection is a [`Local`], what the
//! peripheral has started and one answer does not complete is a [`Remote`], and a change that waits
//! for its instant is an [`Announcement`]. A step consumes the value and returns its successor, a
//! [`Step`].
//!
//! One file a procedure: its states, its steps, its [`ProcedureRow`]. What all have in common
//! (waiting for a turn, deadlines, instants, collisions, refusals) is `served/procedures.rs`. To
//! add one: a file here, its variants, its arms below, a word in `config.rs` for what starts it.

pub(super) mod channels;
pub(super) mod encryption;
pub(super) mod features;
pub(super) mod instants;
pub(super) mod length;
pub(super) mod parameters;
pub(super) mod phy;
pub(super) mod ping;
mod row;
pub(super) mod terminate;
pub(super) mod version;

use ble::error::ErrorCode;
use ble::hci::Command;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::PhySet;
use ble::time::Instant;
use ble::trace::Procedure;

use super::config::{AutomaticProcedure, ControllerConfig};
use super::link::Link;
use super::shared::Shared;
pub(super) use row::{Part, ProcedureRow, has_one_of, part};

/// The table: one row a procedure.
pub(super) const fn row(procedure: Procedure) -> &'static ProcedureRow {
    match procedure {
        Procedure::ConnectionUpdate => &parameters::UPDATE,
        Procedure::ChannelMapUpdate => &channels::UPDATE,
        Procedure::EncryptionStart => &encryption::START,
        Procedure::EncryptionPause => &encryption::PAUSE,
        Procedure::FeatureExchange => &features::ROW,
        Procedure::VersionExchange => &version::ROW,
        Procedure::Termination => &ProcedureRow::NONE,
        Procedure::ConnectionParametersRequest => &parameters::REQUEST,
        Procedure::LePing => &ping::ROW,
        Procedure::DataLengthUpdate => &length::ROW,
        Procedure::PhyUpdate => &phy::ROW,
        Procedure::MinUsedChannels => &channels::MINIMUM,
    }
}

/// What comes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step<S> {
    /// It continues in this state.
    Next(S),
    /// It is over.
    End(ErrorCode),
    /// It is over, and the connection is to be terminated.
    Terminate(ErrorCode),
    /// It is over, and this takes its place immediately.
    Instead(ErrorCode, S),
}

impl<S> Step<S> {
    pub(super) fn map<T>(self, state: impl FnOnce(S) -> T) -> Step<T> {
        match self {
            Self::Next(next) => Step::Next(state(next)),
            Self::End(outcome) => Step::End(outcome),
            Self::Terminate(reason) => Step::Terminate(reason),
            Self::Instead(outcome, other) => Step::Instead(outcome, state(other)),
        }
    }
}

/// A procedure that this central starts, in the state in which it is. As long as it waits for its
/// turn, that is its first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Local {
    Features,
    Version,
    Length,
    Phy(phy::Local),
    Parameters(parameters::Local),
    ChannelMap(channels::Local),
    Encryption(encryption::Local),
    Ping,
}

impl Local {
    pub(super) const fn procedure(&self) -> Procedure {
        match self {
            Self::Features => Procedure::FeatureExchange,
            Self::Version => Procedure::VersionExchange,
            Self::Length => Procedure::DataLengthUpdate,
            Self::Phy(_) => Procedure::PhyUpdate,
            Self::Parameters(local) => local.procedure(),
            Self::ChannelMap(_) => Procedure::ChannelMapUpdate,
            Self::Encryption(_) => Procedure::EncryptionStart,
            Self::Ping => Procedure::LePing,
        }
    }

    /// The procedure as whose end the host hears of it: an encryption start that begins with a
    /// pause is a refresh of the key.
    pub(super) const fn told_as(&self) -> Procedure {
        match self {
            Self::Encryption(local) if local.is_refresh() => Procedure::EncryptionPause,
            _ => self.procedure(),
        }
    }

    /// The local procedure of an automatic one; `None`: no procedure of a central.
    pub(super) fn automatic(procedure: AutomaticProcedure, sh: &Shared) -> Option<Self> {
        Some(match procedure {
            AutomaticProcedure::Features => Self::Features,
            AutomaticProcedure::Version => Self::Version,
            AutomaticProcedure::DataLength => Self::Length,
            AutomaticProcedure::Phy { tx, rx } => {
                let any = |set: PhySet, or| if set.0 == 0 { or } else { set };
                let (tx, rx) = (any(tx, sh.default_tx), any(rx, sh.default_rx));
                Self::Phy(phy::Local::Asked { tx, rx })
            }
            AutomaticProcedure::Ping => Self::Ping,
            AutomaticProcedure::ChannelMap(map) => Self::ChannelMap(channels::Local::Wanted(map)),
            AutomaticProcedure::Parameters(wanted) => {
                Self::Parameters(parameters::Local::wanted(wanted, &sh.config))
            }
            AutomaticProcedure::MinUsedChannels | AutomaticProcedure::Raw(_) => return None,
        })
    }

    /// The procedure that a command of the host asks for, if it asks for one.
    pub(super) fn of_command(command: &Command, config: &ControllerConfig) -> Option<Self> {
        Some(match command {
            Command::ReadRemoteVersion { .. } => Self::Version,
            Command::LeReadRemoteFeatures { .. } => Self::Features,
            Command::LeSetPhy { tx, rx, .. } => Self::Phy(phy::Local::Asked { tx: *tx, rx: *rx }),
            Command::LeConnectionUpdate { parameters, .. } => {
                Self::Parameters(parameters::Local::wanted(*parameters, config))
            }
            Command::LeEnableEncryption { rand, ediv, ltk, .. } => {
                let key = encryption::Key { rand: *rand, ediv: *ediv, ltk: ltk.clone() };
                Self::Encryption(encryption::Local::Wanted(key))
            }
            _ => return None,
        })
    }

    /// Starts the procedure, which both ends may support. Returns its first PDU, and the state in
    /// which it waits for the next.
    ///
    /// # Errors
    /// There is nothing to send, and this is what came of it.
    pub(super) fn start(
        self,
        link: &mut Link,
        sh: &mut Shared,
    ) -> Result<(Self, ControlPdu), ErrorCode> {
        let pdu = match self {
            Self::Features => features::request(sh),
            Self::Version => version::start(link, sh)?,
            Self::Length => length::request(link, sh),
            Self::Ping => ControlPdu::PingReq,
            Self::Phy(local) => {
                let (local, pdu) = local.start(sh)?;
                return Ok((Self::Phy(local), pdu));
            }
            Self::Parameters(local) => {
                let (local, pdu) = local.start(link, sh)?;
                return Ok((Self::Parameters(local), pdu));
            }
            Self::ChannelMap(local) => {
                let (local, pdu) = local.start(link, sh)?;
                return Ok((Self::ChannelMap(local), pdu));
            }
            Self::Encryption(local) => {
                let (local, pdu) = local.start(link, sh)?;
                return Ok((Self::Encryption(local), pdu));
            }
        };
        Ok((self, pdu))
    }

    /// Its first PDU alone, for a controller that sends it even against the rules.
    pub(super) fn first_pdu(&self, link: &mut Link, sh: &Shared) -> Option<ControlPdu> {
        Some(match self {
            Self::Features => features::request(sh),
            Self::Version => version::again(link, sh),
            Self::Length => length::request(link, sh),
            Self::Ping => ControlPdu::PingReq,
            Self::Phy(local) => return local.first_pdu(),
            Self::Parameters(local) => return local.first_pdu(link, sh),
            Self::ChannelMap(local) => return local.first_pdu(),
            Self::Encryption(_) => return None,
        })
    }

    /// The PDU whose answer it awaits.
    pub(super) fn awaits(&self) -> Option<Opcode> {
        match self {
            Self::Encryption(local) => local.last_sent(),
            _ if self.is_announced() => None,
            _ => row(self.procedure()).starts_with,
        }
    }

    /// Whether it waits for nothing but its instant.
    pub(super) const fn is_announced(&self) -> bool {
        matches!(
            self,
            Self::Phy(phy::Local::Instant)
                | Self::Parameters(parameters::Local::Instant { .. })
                | Self::ChannelMap(channels::Local::Instant)
        )
    }

    /// Whether a PDU answers the latest PDU of this procedure.
    pub(super) const fn is_answered_by(&self, pdu: &ControlPdu) -> bool {
        use parameters::Local::Asked;
        match (self, pdu) {
            (Self::Features, ControlPdu::FeatureRsp(_))
            | (Self::Version, ControlPdu::VersionInd(_))
            | (Self::Length, ControlPdu::LengthRsp(_))
            | (Self::Ping, ControlPdu::PingRsp)
            | (Self::Phy(phy::Local::Asked { .. }), ControlPdu::PhyRsp { .. })
            | (Self::Parameters(Asked(_)), ControlPdu::ConnectionParamRsp(_)) => true,
            (Self::Encryption(local), pdu) => local.is_answered_by(pdu),
            _ => false,
        }
    }

    /// The peripheral has answered.
    pub(super) fn answered(
        &self,
        pdu: &ControlPdu,
        link: &mut Link,
        sh: &mut Shared,
        now: Instant,
    ) -> Step<Self> {
        match (self, *pdu) {
            (_, ControlPdu::FeatureRsp(features)) => features::learn(link, sh, features),
            (_, ControlPdu::LengthRsp(lengths)) => length::learn(link, sh, lengths),
            (Self::Phy(local), ControlPdu::PhyRsp { tx, rx }) => {
                return local.response(link, sh, (tx, rx)).map(Self::Phy);
            }
            (Self::Parameters(_), ControlPdu::ConnectionParamRsp(answer)) => {
                return parameters::response(link, sh, &answer).map(Self::Parameters);
            }
            (Self::Encryption(local), pdu) => {
                return local.answered(link, sh, now, &pdu).map(Self::Encryption);
            }
            _ => {}
        }
        Step::End(ErrorCode::SUCCESS)
    }

    /// The peripheral refuses its PDU.
    pub(super) fn refused(&self, link: &mut Link, error: ErrorCode) -> Step<Self> {
        match self {
            Self::Parameters(local) => local.refused(link, error).map(Self::Parameters),
            Self::Encryption(local) => local.refused(error).map(Self::Encryption),
            _ => Step::End(error),
        }
    }
}

/// A procedure of the peripheral that is not over when it has been answered, or whose answer waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Remote {
    /// LL_PHY_UPDATE_IND is queued or sent.
    Phy,
    Parameters(parameters::Remote),
}

impl Remote {
    pub(super) const fn procedure(&self) -> Procedure {
        match self {
            Self::Phy => Procedure::PhyUpdate,
            Self::Parameters(_) => Procedure::ConnectionParametersRequest,
        }
    }

    /// The PDU with which the peripheral has started it.
    pub(super) const fn request(&self) -> Opcode {
        match self {
            Self::Phy => Opcode::PHY_REQ,
            Self::Parameters(_) => Opcode::CONNECTION_PARAM_REQ,
        }
    }

    /// The procedure that a request starts, unless one answer settles it.
    pub(super) const fn opened_by(pdu: &ControlPdu) -> Option<Procedure> {
        match pdu {
            ControlPdu::PhyReq { .. } => Some(Procedure::PhyUpdate),
            ControlPdu::ConnectionParamReq(_) => Some(Procedure::ConnectionParametersRequest),
            _ => None,
        }
    }

    /// Whether a request is valid, regardless of other procedures.
    ///
    /// # Errors
    /// It is rejected for this.
    pub(super) fn check(pdu: &ControlPdu, link: &Link, sh: &mut Shared) -> Result<(), ErrorCode> {
        match pdu {
            ControlPdu::ConnectionParamReq(asked) => parameters::check(link, sh, asked),
            _ => Ok(()),
        }
    }

    /// Whether the host can decide on a request that may be served.
    ///
    /// # Errors
    /// It is rejected for this.
    pub(super) fn accept(pdu: &ControlPdu, link: &Link, sh: &Shared) -> Result<(), ErrorCode> {
        match pdu {
            ControlPdu::ConnectionParamReq(asked) => parameters::accept(link, sh, asked),
            _ => Ok(()),
        }
    }

    /// The peripheral starts it, and may. `None`: the PDU starts nothing.
    pub(super) fn open(pdu: &ControlPdu, link: &mut Link, sh: &mut Shared) -> Option<Self> {
        match *pdu {
            ControlPdu::PhyReq { tx, rx } => {
                phy::answer(link, sh, (tx, rx));
                Some(Self::Phy)
            }
            ControlPdu::ConnectionParamReq(asked) => {
                Some(Self::Parameters(parameters::ask_host(link, sh, asked)))
            }
            _ => None,
        }
    }

    /// Whether it waits for nothing but its instant.
    pub(super) const fn is_announced(&self) -> bool {
        matches!(self, Self::Phy | Self::Parameters(parameters::Remote::Granted))
    }

    /// Whether the peripheral's request waits to be answered.
    pub(super) const fn awaits_answer(&self) -> bool {
        !self.is_announced()
    }

    /// The answer of the host. False: it was not asked.
    pub(super) fn host_answers(&mut self, answer: parameters::Answer) -> bool {
        match self {
            Self::Parameters(remote) => remote.host_answers(answer),
            Self::Phy => false,
        }
    }

    /// The answer to the peripheral, if known, and the next state.
    ///
    /// # Errors
    /// The request is rejected for this.
    pub(super) fn answer(
        &self,
        link: &mut Link,
        sh: &Shared,
    ) -> Option<Result<(Self, ControlPdu), ErrorCode>> {
        let Self::Parameters(remote) = self else { return None };
        let answer = remote.answer(link, sh)?;
        Some(answer.map(|(remote, pdu)| (Self::Parameters(remote), pdu)))
    }
}

/// Serves a request of the peripheral that one answer completes, if it gets one. Returns the local
/// procedure that follows from it.
pub(super) fn serve(pdu: &ControlPdu, link: &mut Link, sh: &mut Shared) -> Option<Local> {
    match *pdu {
        ControlPdu::PeripheralFeatureReq(features) => features::serve(link, sh, features),
        ControlPdu::VersionInd(_) => version::serve(link, sh),
        ControlPdu::PingReq => ping::serve(link, sh),
        ControlPdu::LengthReq(lengths) => length::serve(link, sh, lengths),
        ControlPdu::MinUsedChannelsInd { phys, min_used_channels } => {
            return channels::minimum(link, sh, phys, min_used_channels);
        }
        _ => {}
    }
    None
}

/// A change announced for an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Announcement {
    Parameters(parameters::Announced),
    ChannelMap(u64),
    /// From central to peripheral, and back.
    Phy(PhySet, PhySet),
}

/// What an instant has brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// The host is notified, even if it has not requested the change.
    pub(super) changed: bool,
    /// A local procedure that follows from it.
    pub(super) then: Option<Local>,
}

impl Announcement {
    /// The procedure that it belongs to, or the simpler one of two.
    pub(super) const fn procedure(&self) -> Procedure {
        match self {
            Self::Parameters(_) => Procedure::ConnectionUpdate,
            Self::ChannelMap(_) => Procedure::ChannelMapUpdate,
            Self::Phy(..) => Procedure::PhyUpdate,
        }
    }

    /// The change that a PDU announces, which is first sent now with its instant filled in. `None`:
    /// no change.
    pub(super) fn of(pdu: &mut ControlPdu, link: &mut Link, at: u16) -> Option<Self> {
        match pdu {
            ControlPdu::ConnectionUpdateInd(update) => {
                Some(Self::Parameters(parameters::announce(link, update, at)))
            }
            ControlPdu::ChannelMapInd { channel_map, instant } => {
                *instant = at;
                Some(Self::ChannelMap(*channel_map))
            }
            ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant } => {
                // LL-PHY-5: no change.
                let changes = *c_to_p != PhySet::NONE || *p_to_c != PhySet::NONE;
                *instant = if changes { at } else { 0 };
                Some(Self::Phy(*c_to_p, *p_to_c))
            }
            _ => None,
        }
    }

    /// Whether it changes nothing, and is over when it has been sent.
    pub(super) const fn is_void(&self) -> bool {
        matches!(self, Self::Phy(PhySet::NONE, PhySet::NONE))
    }

    /// Whether it may be the answer to a request of the peripheral.
    pub(super) const fn may_answer(&self) -> bool {
        matches!(self, Self::Parameters(_) | Self::Phy(..))
    }

    /// The instant is reached. Unless `done`, a quirk keeps the controller from making the change.
    pub(super) fn take_effect(self, link: &mut Link, sh: &mut Shared, done: bool) -> Effect {
        match self {
            Self::Parameters(announced) => {
                let changed = parameters::take_effect(link, announced, done);
                Effect { changed, then: None }
            }
            Self::ChannelMap(map) => {
                channels::take_effect(link, map);
                Effect::default()
            }
            Self::Phy(c_to_p, p_to_c) => {
                let changed = done && link.phys.take_effect(c_to_p.single(), p_to_c.single());
                Effect { changed, then: channels::missing(link, sh) }
            }
        }
    }
}
