//! Where Wireshark blames a sender that is right.
//!
//! In its first pass, the only one of `tshark` without `-2`, it takes two requests that cross for
//! a violation by whoever was second: it has not seen the answers yet. A procedure with an instant
//! may be started until something was sent as part of the other side's (Vol 6, Part B, 5.3).

use std::collections::BTreeMap;

use ble::pdu::control::ControlPdu;

use crate::sniffer::{AirItem, Decoded, Direction};

const CROSSES: &str = "a legal crossing: its sender had not answered the other request yet \
                       (tshark without -2 calls it a violation)";
const REJECTS: &str = "a legal answer: LL_REJECT_IND refuses any request whose sender is not known \
                       to have Extended Reject (Wireshark knows it after LL_ENC_REQ only)";

/// A procedure with an instant that one side has started.
#[derive(Clone, Copy, Debug)]
struct OpenProcedure {
    /// It is about connection parameters, which LL_CONNECTION_UPDATE_IND answers.
    parameters: bool,
    /// The other side has sent a PDU as part of it.
    answered: bool,
    /// It is over in the event with this number.
    instant: Option<u16>,
}

/// What is open on each connection, the central's first.
#[derive(Clone, Debug, Default)]
pub(super) struct Crossings(BTreeMap<usize, [Option<OpenProcedure>; 2]>);

impl Crossings {
    /// A remark on the next packet of a capture, if Wireshark is wrong about it.
    pub(super) fn remark(&mut self, item: &AirItem) -> Option<&'static str> {
        let (Some(connection), Decoded::Control(pdu)) = (item.connection, &item.decoded) else {
            return None;
        };
        if item.retransmission {
            return None;
        }
        let own = match item.direction? {
            Direction::CentralToPeripheral => 0,
            Direction::PeripheralToCentral => 1,
        };
        let open = self.0.entry(connection).or_default();
        for side in open.iter_mut() {
            let reached =
                |instant: u16| item.event.is_some_and(|now| now.wrapping_sub(instant) < 0x8000);
            if side.and_then(|open| open.instant).is_some_and(reached) {
                *side = None;
            }
        }
        let other = open[1 - own];
        let crosses = || other.is_some_and(|open| !open.answered).then_some(CROSSES);
        let started =
            |instant, parameters| Some(OpenProcedure { parameters, answered: false, instant });
        match pdu {
            ControlPdu::PhyReq { .. } => {
                let remark = crosses();
                open[own] = started(None, false);
                remark
            }
            ControlPdu::ConnectionParamReq(_) => {
                let remark = crosses();
                open[own] = started(None, true);
                remark
            }
            ControlPdu::ChannelMapInd { instant, .. } => {
                let remark = crosses();
                open[own] = started(Some(*instant), false);
                remark
            }
            ControlPdu::ConnectionUpdateInd(update) => {
                // What nobody has asked for begins a procedure; else it ends one.
                let asked = open.iter().flatten().any(|open| open.parameters);
                let remark = crosses().filter(|_| !asked);
                *open = [started(Some(update.instant), false), None];
                remark
            }
            ControlPdu::PhyUpdateInd { instant, .. } => {
                let pending =
                    OpenProcedure { parameters: false, answered: true, instant: Some(*instant) };
                *open = [Some(pending), None];
                None
            }
            ControlPdu::PhyRsp { .. } | ControlPdu::ConnectionParamRsp(_) => {
                if let Some(open) = &mut open[1 - own] {
                    open.answered = true;
                }
                None
            }
            ControlPdu::RejectInd(_)
            | ControlPdu::RejectExtInd { .. }
            | ControlPdu::UnknownRsp(_) => {
                open[1 - own] = None;
                other.filter(|_| matches!(pdu, ControlPdu::RejectInd(_))).map(|_| REJECTS)
            }
            _ => None,
        }
    }
}
