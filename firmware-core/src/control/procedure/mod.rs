//! Procedures as values: what this device has started on a connection is a [`Local`], what the peer
//! has started a [`Remote`]. A step consumes the value and returns its successor, a [`Step`].
//!
//! One file a procedure: its states, its steps, its [`ProcedureRow`]. What all have in common
//! (waiting for a turn, deadlines, instants, collisions, refusals) is `procedures.rs`, which knows
//! none by name. To add one: a file here, its variants, its arms below.

mod channel_map;
pub(in crate::control) mod connection_update;
pub(in crate::control) mod data_length;
pub(in crate::control) mod features;
mod min_used_channels;
pub(in crate::control) mod parameters;
pub(in crate::control) mod phy;
pub(in crate::control) mod ping;
mod row;
pub(in crate::control) mod version;

pub use min_used_channels::MinUsedChannels;
pub(in crate::control) use row::ProcedureRow;

use super::connection::{Connection, Context};
use super::{encryption, pause, termination};
use ble::error::ErrorCode;
use ble::hci::Command;
use ble::pdu::control::ControlPdu;
use ble::phy::{Coding, PhySet};
use ble::trace::Procedure;
use connection_update::Timing;
use data_length::Length;

/// The table: one row a procedure.
pub(in crate::control) const fn row(procedure: Procedure) -> &'static ProcedureRow {
    match procedure {
        Procedure::ConnectionUpdate => &connection_update::ROW,
        Procedure::ChannelMapUpdate => &channel_map::ROW,
        Procedure::EncryptionStart => &encryption::ROW,
        Procedure::EncryptionPause => &pause::ROW,
        Procedure::FeatureExchange => &features::ROW,
        Procedure::VersionExchange => &version::ROW,
        Procedure::Termination => &termination::ROW,
        Procedure::ConnectionParametersRequest => &parameters::ROW,
        Procedure::LePing => &ping::ROW,
        Procedure::DataLengthUpdate => &data_length::ROW,
        Procedure::PhyUpdate => &phy::ROW,
        Procedure::MinUsedChannels => &min_used_channels::ROW,
    }
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control) enum Step<S> {
    /// It continues in this state.
    Next(S),
    /// It is over.
    End(ErrorCode),
    /// It is over, and so is the connection, with this reason.
    Disconnect(ErrorCode),
}

impl<S> Step<S> {
    pub(in crate::control) fn map<T>(self, state: impl FnOnce(S) -> T) -> Step<T> {
        match self {
            Self::Next(next) => Step::Next(state(next)),
            Self::End(outcome) => Step::End(outcome),
            Self::Disconnect(reason) => Step::Disconnect(reason),
        }
    }
}

/// What takes effect at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) struct Announced<T> {
    /// connEventCount of the event in which it takes effect.
    pub(in crate::control) instant: u16,
    pub(in crate::control) value: T,
}

/// A procedure that this device starts, in the state in which it is. As long as it waits for its
/// turn, that is its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) enum Local {
    Version,
    Features,
    DataLength,
    Phy(phy::Local),
    Parameters(parameters::Local),
    Ping,
    MinUsedChannels(MinUsedChannels),
}

impl Local {
    pub(in crate::control) const fn procedure(self) -> Procedure {
        match self {
            Self::Version => Procedure::VersionExchange,
            Self::Features => Procedure::FeatureExchange,
            Self::DataLength => Procedure::DataLengthUpdate,
            Self::Phy(_) => Procedure::PhyUpdate,
            Self::Parameters(_) => Procedure::ConnectionParametersRequest,
            Self::Ping => Procedure::LePing,
            Self::MinUsedChannels(_) => Procedure::MinUsedChannels,
        }
    }

    /// The procedure that a command of the host asks for, if it asks for one.
    pub(in crate::control) fn of_command(
        command: &Command,
        c: &mut Connection,
        cx: &mut Context<'_>,
    ) -> Option<Self> {
        Some(match *command {
            Command::ReadRemoteVersion { .. } => Self::Version,
            Command::LeReadRemoteFeatures { .. } => Self::Features,
            Command::LeSetDataLength { tx_octets: octets, tx_time: time, .. } => {
                data_length::set_own(c, cx, Length { octets, time });
                Self::DataLength
            }
            Command::LeSetPhy { tx, rx, coded_options, .. } => {
                let phys = phy::preferences(cx.features(), tx, rx);
                Self::Phy(phy::prefer(c, cx, phys, Coding::preferred(coded_options)))
            }
            Command::LeConnectionUpdate { parameters, .. } => {
                Self::Parameters(parameters::Local::Asked(parameters))
            }
            _ => return None,
        })
    }

    /// Starts the procedure. The peer is not known to lack the feature that it needs.
    pub(in crate::control) fn start(self, c: &mut Connection, cx: &mut Context<'_>) -> Step<Self> {
        match self {
            Self::Version => version::start(c, cx).map(|()| self),
            Self::Features => features::start(c, cx).map(|()| self),
            Self::DataLength => data_length::start(c, cx).map(|()| self),
            Self::Phy(local) => phy::start(local, c, cx).map(Self::Phy),
            Self::Parameters(local) => parameters::start(local, c, cx).map(Self::Parameters),
            Self::Ping => ping::start(c, cx).map(|()| self),
            Self::MinUsedChannels(wanted) => {
                min_used_channels::start(c, cx, wanted);
                Step::Next(self)
            }
        }
    }

    /// Whether a PDU answers the latest PDU of this procedure.
    pub(in crate::control) const fn is_answered_by(self, pdu: &ControlPdu) -> bool {
        matches!(
            (self, pdu),
            (Self::Version, ControlPdu::VersionInd(_))
                | (Self::Features, ControlPdu::FeatureRsp(_))
                | (Self::DataLength, ControlPdu::LengthRsp(_))
                | (Self::Ping, ControlPdu::PingRsp)
                | (Self::Phy(phy::Local::Asked { .. }), ControlPdu::PhyUpdateInd { .. })
                | (
                    Self::Parameters(parameters::Local::Asked(_)),
                    ControlPdu::ConnectionUpdateInd(_)
                )
        )
    }

    /// The peer has answered.
    pub(in crate::control) fn answered(
        self,
        pdu: &ControlPdu,
        c: &mut Connection,
        cx: &mut Context<'_>,
    ) -> Step<Self> {
        match *pdu {
            ControlPdu::VersionInd(version) => {
                c.version.learn(version);
            }
            ControlPdu::FeatureRsp(features) => c.features.learn(features),
            ControlPdu::LengthRsp(length) => data_length::learn(c, cx, length),
            ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant } => {
                let indication = phy::Indication { c_to_p, p_to_c, instant };
                return phy::indication(c, cx, indication)
                    .map(|change| Self::Phy(phy::Local::Instant(change)));
            }
            ControlPdu::ConnectionUpdateInd(update) => {
                return connection_update::indication(c, cx, update)
                    .map(|change| Self::Parameters(parameters::Local::Instant(change)));
            }
            _ => {}
        }
        Step::End(ErrorCode::SUCCESS)
    }

    /// The connection event at which the answer takes effect.
    pub(in crate::control) const fn instant(self) -> Option<u16> {
        match self {
            Self::Phy(phy::Local::Instant(change)) => Some(change.instant),
            Self::Parameters(parameters::Local::Instant(change)) => Some(change.instant),
            _ => None,
        }
    }

    /// The peer's own procedure that a supposed answer belonged to, if it was not an answer.
    pub(in crate::control) const fn as_the_peers(self) -> Option<Remote> {
        match self {
            Self::Parameters(parameters::Local::Instant(change)) => {
                Some(Remote::ConnectionUpdate(change))
            }
            _ => None,
        }
    }

    /// The instant is reached.
    pub(in crate::control) fn take_effect(self, c: &mut Connection) {
        match self {
            Self::Phy(phy::Local::Instant(change)) => {
                c.phy.take_effect(change.value);
            }
            Self::Parameters(parameters::Local::Instant(change)) => {
                c.change_timing(change.value);
            }
            _ => {}
        }
    }
}

/// A procedure of several PDUs that the peer has started, in its present state. A procedure of one
/// request and one answer is served immediately and is never open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) enum Remote {
    ConnectionUpdate(Announced<Timing>),
    ChannelMap(Announced<u64>),
    Parameters(parameters::Remote),
    Phy(phy::Remote),
}

impl Remote {
    pub(in crate::control) const fn procedure(self) -> Procedure {
        match self {
            Self::ConnectionUpdate(_) => Procedure::ConnectionUpdate,
            Self::ChannelMap(_) => Procedure::ChannelMapUpdate,
            Self::Parameters(_) => Procedure::ConnectionParametersRequest,
            Self::Phy(_) => Procedure::PhyUpdate,
        }
    }

    /// The procedure that a PDU starts, unless it continues an open one.
    pub(in crate::control) const fn opened_by(pdu: &ControlPdu) -> Option<Procedure> {
        Some(match pdu {
            ControlPdu::ConnectionUpdateInd(_) => Procedure::ConnectionUpdate,
            ControlPdu::ChannelMapInd { .. } => Procedure::ChannelMapUpdate,
            ControlPdu::ConnectionParamReq(_) => Procedure::ConnectionParametersRequest,
            ControlPdu::PhyReq { .. } => Procedure::PhyUpdate,
            _ => return None,
        })
    }

    /// The peer starts it, and may. `None`: the PDU starts nothing.
    pub(in crate::control) fn open(
        pdu: &ControlPdu,
        c: &mut Connection,
        cx: &mut Context<'_>,
    ) -> Option<Step<Self>> {
        Some(match *pdu {
            ControlPdu::ConnectionUpdateInd(update) => {
                connection_update::indication(c, cx, update).map(Self::ConnectionUpdate)
            }
            ControlPdu::ChannelMapInd { channel_map, instant } => {
                channel_map::indication(c, cx, channel_map, instant).map(Self::ChannelMap)
            }
            ControlPdu::ConnectionParamReq(request) => {
                parameters::request(c, cx, request).map(Self::Parameters)
            }
            ControlPdu::PhyReq { rx, .. } => Step::Next(Self::Phy(phy::request(c, cx, rx))),
            _ => return None,
        })
    }

    /// The peer continues it. `None`: the PDU does not belong to it.
    pub(in crate::control) fn go_on(
        self,
        pdu: &ControlPdu,
        c: &mut Connection,
        cx: &mut Context<'_>,
    ) -> Option<Step<Self>> {
        Some(match (self, *pdu) {
            (
                Self::Parameters(
                    parameters::Remote::Host(_) | parameters::Remote::Indication { .. },
                ),
                ControlPdu::ConnectionUpdateInd(update),
            ) => connection_update::indication(c, cx, update)
                .map(|change| Self::Parameters(parameters::Remote::Instant(change))),
            (Self::Phy(remote), ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant }) => {
                let indication = phy::Indication { c_to_p, p_to_c, instant };
                remote.indication(c, cx, indication).map(Self::Phy)
            }
            _ => return None,
        })
    }

    /// The event at which it takes effect.
    pub(in crate::control) const fn instant(self) -> Option<u16> {
        match self {
            Self::ConnectionUpdate(change)
            | Self::Parameters(parameters::Remote::Instant(change)) => Some(change.instant),
            Self::ChannelMap(change) => Some(change.instant),
            Self::Phy(phy::Remote::Instant(change)) => Some(change.instant),
            _ => None,
        }
    }

    /// Whether the peer's next PDU is awaited.
    pub(in crate::control) const fn awaits_peer(self) -> bool {
        matches!(
            self,
            Self::Parameters(parameters::Remote::Indication { .. })
                | Self::Phy(phy::Remote::Indication { .. })
        )
    }

    /// The instant is reached. What changes by it is reported to the host.
    pub(in crate::control) fn take_effect(self, c: &mut Connection, cx: &mut Context<'_>) {
        match self {
            Self::ConnectionUpdate(change)
            | Self::Parameters(parameters::Remote::Instant(change)) => {
                connection_update::take_effect(c, cx, change.value);
            }
            Self::ChannelMap(change) => c.change_channel_map(change.value),
            Self::Phy(phy::Remote::Instant(change)) => phy::take_effect(c, cx, change.value),
            Self::Parameters(_) | Self::Phy(_) => {}
        }
    }
}

/// Serves a request that one answer completes; `false`: the PDU is not such a request.
pub(in crate::control) fn serve(
    pdu: &ControlPdu,
    c: &mut Connection,
    cx: &mut Context<'_>,
) -> bool {
    match *pdu {
        ControlPdu::FeatureReq(features) => features::serve(c, cx, features),
        ControlPdu::VersionInd(version) => version::serve(c, cx, version),
        ControlPdu::PingReq => ping::serve(c, cx),
        ControlPdu::LengthReq(length) => data_length::serve(c, cx, length),
        _ => return false,
    }
    true
}

/// The transmit PHYs that the open procedures may lead to.
pub(in crate::control) fn may_send_on(local: Option<Local>, remote: Option<Remote>) -> PhySet {
    let local = match local {
        Some(Local::Phy(local)) => local.may_send_on(),
        _ => PhySet::NONE,
    };
    match remote {
        Some(Remote::Phy(remote)) => local.union(remote.may_send_on()),
        _ => local,
    }
}

/// The shortest of the present connInterval and those that the open procedures may lead to, for the
/// length of packets on LE Coded (Vol 6, Part B, 5.1.7.4).
pub(in crate::control) fn shortest_interval(
    c: &Connection,
    local: Option<Local>,
    remote: Option<Remote>,
) -> u16 {
    let local = match local {
        Some(Local::Parameters(local)) => Some(local.shortest()),
        _ => None,
    };
    let remote = match remote {
        Some(Remote::ConnectionUpdate(change)) => Some(change.value.interval),
        Some(Remote::Parameters(remote)) => remote.shortest(),
        _ => None,
    };
    local.into_iter().chain(remote).fold(c.timing.interval, u16::min)
}
