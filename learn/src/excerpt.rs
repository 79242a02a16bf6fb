//! A captured connection as text that can be passed on and committed. Of the link layer's control
//! PDUs it has what they say, but for what a key is made of; of hosts only what kind of PDU it
//! was, with handle and error; of advertising nothing. No address, name, value or key is in it.

use std::fmt::Write as _;

use ble::pdu::control::ControlPdu;
use ble::phy::{Phy, TxPhy};
use bletwin_explain::captured::CapturedLink;
use bletwin_explain::why::What;
use bletwin_sim::report::names;

/// The excerpt in its normal form: event, sender, µs since the connection was asked for, PHY,
/// what it says.
#[must_use]
pub fn excerpt(link: &CapturedLink) -> String {
    let pdus = &link.why.account.pdus;
    let mut text = "# event, sender, microseconds, PHY, PDU\n".to_owned();
    let Some(begun) = pdus.first().map(|pdu| pdu.at) else { return text };
    let mut empty = 0_u32;
    for pdu in pdus {
        if pdu.what == What::Empty || pdu.repeated {
            empty += 1;
            continue;
        }
        skipped(&mut text, &mut empty);
        let what = match &pdu.what {
            What::Connect(name, request) => format!(
                "{name} interval {} latency {} timeout {}",
                request.interval, request.latency, request.timeout
            ),
            What::Control(secret @ (ControlPdu::EncReq(_) | ControlPdu::EncRsp(_))) => {
                secret.opcode().name().to_owned()
            }
            What::Control(control) => names::control(control),
            _ => pdu.name(),
        };
        let event = pdu.event.map_or_else(|| "-".to_owned(), |event| event.to_string());
        // It is the central that asks for a connection.
        let central = pdu.from_central || matches!(pdu.what, What::Connect(..));
        let by = if central { "C" } else { "P" };
        let us = pdu.at.since(begun).as_us();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{event} {by} {us} {} {what}", phy(pdu.phy));
    }
    skipped(&mut text, &mut empty);
    text
}

fn skipped(text: &mut String, empty: &mut u32) {
    if *empty > 0 {
        let _ = writeln!(text, "# {empty} empty or repeated");
    }
    *empty = 0;
}

const fn phy(phy: TxPhy) -> &'static str {
    match (phy.phy(), phy) {
        (Phy::Le1M, _) => "1M",
        (Phy::Le2M, _) => "2M",
        (Phy::LeCoded, TxPhy::CodedS2) => "S2",
        (Phy::LeCoded, _) => "S8",
    }
}
