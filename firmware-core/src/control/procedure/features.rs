//! Feature exchange (Vol 6, Part B, 5.1.4), started by either side.

use super::{ProcedureRow, Step};
use crate::control::connection::{Connection, Context};
use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::trace::Procedure;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::PERIPHERAL_FEATURE_REQ),
    hears: &[
        (Opcode::FEATURE_REQ, FeatureSet(0)),
        (Opcode::FEATURE_RSP, FeatureSet::PERIPHERAL_FEATURE_EXCHANGE),
    ],
    peripherals: &[Opcode::PERIPHERAL_FEATURE_REQ],
    started_by: |command| matches!(command, Command::LeReadRemoteFeatures { .. }),
    report: Some(report),
    ..ProcedureRow::NONE
};

/// Bits that a device keeps to itself (Vol 6, Part B, 4.6); the last is Periodic Advertising.
const NOT_EXCHANGED: FeatureSet = FeatureSet::PRIVACY
    .with(FeatureSet::EXTENDED_SCANNING_FILTER)
    .with(FeatureSet::EXTENDED_ADVERTISING)
    .with(FeatureSet(0x2000));

/// Octet 0: in a response the features that both sides have.
const OCTET_0: FeatureSet = FeatureSet(0xFF);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(in crate::control) struct Features {
    /// The peer's features; `None` before the exchange.
    pub(in crate::control) peer: Option<FeatureSet>,
}

impl Features {
    /// Stores the peer's features.
    pub(super) const fn learn(&mut self, peer: FeatureSet) {
        self.peer = Some(peer);
    }

    /// Whether the peer is known to have none of these features. Of no features: no.
    pub(in crate::control) fn lacks(self, features: FeatureSet) -> bool {
        let none = |peer: FeatureSet| peer.and(features) == FeatureSet(0);
        features != FeatureSet(0) && self.peer.is_some_and(none)
    }

    /// Whether both sides are known to have a feature.
    pub(in crate::control) fn common(self, own: FeatureSet, feature: FeatureSet) -> bool {
        // LL-FEAT-6: for rejects only; requests are answered by own capability.
        own.has(feature) && self.peer.is_some_and(|peer| peer.has(feature))
    }
}

pub(super) fn start(c: &mut Connection, cx: &mut Context<'_>) -> Step<()> {
    if c.features.peer.is_some() {
        return Step::End(ErrorCode::SUCCESS);
    }
    // LL-FEAT-4: features of the device.
    // LL-FEAT-7: each role has its request.
    let own = cx.features().without(NOT_EXCHANGED);
    c.send(cx, ControlPdu::PeripheralFeatureReq(own));
    Step::Next(())
}

/// Answers the peer's LL_FEATURE_REQ and learns its features.
pub(super) fn serve(c: &mut Connection, cx: &mut Context<'_>, peer: FeatureSet) {
    c.features.learn(peer);
    c.trace_served(cx, Procedure::FeatureExchange);
    let own = cx.features().without(NOT_EXCHANGED);
    // LL-FEAT-1: octet 0 of the feature response.
    // LL-FEAT-5: octets beyond the first.
    let answer = own.without(OCTET_0).with(own.and(peer).and(OCTET_0));
    c.send(cx, ControlPdu::FeatureRsp(answer));
}

fn report(c: &Connection, cx: &mut Context<'_>, status: ErrorCode) {
    let features = c.features.peer.unwrap_or_default();
    cx.out.event(Event::LeRemoteFeatures { handle: c.handle, status, features });
}
