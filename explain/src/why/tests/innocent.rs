//! What is innocent is not named: connections as a list of PDUs.

use ble::error::ErrorCode;
use ble::pdu::control::{ConnectionUpdate, ControlPdu, DataLength, EncReq, EncRsp, Opcode};
use ble::phy::{PhySet, TxPhy};
use ble::time::Instant;
use bletwin_sim::record::RecordId;

use crate::why::account::Account;
use crate::why::answer::ranked;
use crate::why::ending::ending;
use crate::why::hosts::{Dialog, Hosts};
use crate::why::pairing::Pairing;
use crate::why::procedures::{announcements, exchanges};
use crate::why::sight::Sight;
use crate::why::transactions::transactions;
use crate::why::{Cause, Confidence, Hypothesis, Pdu, What};

const INTERVAL_US: u64 = 30_000;

fn at(event: u16) -> Instant {
    Instant::from_us(u64::from(event) * INTERVAL_US)
}

fn pdu(event: u16, from_central: bool, what: What) -> Pdu {
    Pdu {
        id: RecordId(u64::from(event)),
        at: at(event),
        event: Some(event),
        from_central,
        phy: TxPhy::Le1M,
        what,
        encrypted: false,
        repeated: false,
        heard: true,
        no_bond: None,
    }
}

fn control(event: u16, from_central: bool, control: ControlPdu) -> Pdu {
    pdu(event, from_central, What::Control(control))
}

/// A connection that its peripheral was told the end of two events after the last PDU.
fn account(pdus: Vec<Pdu>, reason: Option<ErrorCode>) -> Account {
    let until = at(pdus.last().and_then(|pdu| pdu.event).unwrap_or(0) + 2);
    Account {
        exchanges: exchanges(&pdus),
        announcements: announcements(&pdus),
        transactions: transactions(&pdus),
        pairing: Pairing::last_of(&pdus),
        ending: reason.map(|reason| ending(&pdus, until, reason)),
        hosts: Hosts::default(),
        adverts: Vec::new(),
        until,
        security_err: None,
        sight: Sight::whole(),
        pdus,
    }
}

fn first(account: &Account) -> Hypothesis {
    ranked(account).into_iter().next().expect("something is told")
}

const PHY_REQ: ControlPdu = ControlPdu::PhyReq { tx: PhySet::LE_2M, rx: PhySet::LE_2M };
const CENTRAL: bool = true;
const PERIPHERAL: bool = false;

/// Encryption starts; the peripheral has asked for LL_START_ENC_RSP in event 2.
fn starting() -> Vec<Pdu> {
    let request = EncReq { rand: 0, ediv: 0, skd_c: [0; 8], iv_c: [0; 4] };
    vec![
        control(0, CENTRAL, ControlPdu::EncReq(request)),
        control(1, PERIPHERAL, ControlPdu::EncRsp(EncRsp { skd_p: [0; 8], iv_p: [0; 4] })),
        control(2, PERIPHERAL, ControlPdu::StartEncReq),
    ]
}

#[test]
fn keys_differ_if_nothing_was_ever_read_and_else_a_packet_was_damaged() {
    let mut pdus = starting();
    pdus.push(pdu(3, CENTRAL, What::Unreadable));
    let differ = first(&account(pdus.clone(), Some(ErrorCode::MIC_FAILURE)));
    assert_eq!((differ.cause, differ.confidence), (Cause::KeysDiffer, Confidence::Likely));
    let mut pdus = starting();
    pdus.push(control(3, CENTRAL, ControlPdu::StartEncRsp));
    pdus.push(control(3, PERIPHERAL, ControlPdu::StartEncRsp));
    pdus.push(pdu(9, CENTRAL, What::Unreadable));
    let damaged = first(&account(pdus, Some(ErrorCode::MIC_FAILURE)));
    assert_eq!(damaged.cause, Cause::MicFailure);
}

/// A central that has encrypted has not waited too long, whatever it then leaves for.
#[test]
fn encryption_that_has_started_was_not_late() {
    let goodbye = ControlPdu::TerminateInd(ErrorCode::MIC_FAILURE);
    let late = [starting(), vec![control(6, CENTRAL, goodbye)]].concat();
    assert_eq!(first(&account(late, Some(ErrorCode::MIC_FAILURE))).cause, Cause::EncryptionLate);
    let begun = vec![pdu(3, CENTRAL, What::Unreadable), control(6, CENTRAL, goodbye)];
    let begun = [starting(), begun].concat();
    let told = ranked(&account(begun, Some(ErrorCode::MIC_FAILURE)));
    assert!(told.iter().all(|told| told.cause != Cause::EncryptionLate), "{told:?}");
}

/// A link on which nobody has anything to say is idle; who leaves it does so for another reason
/// than a refusal before that.
#[test]
fn a_refusal_is_not_why_an_idle_link_is_left() {
    let mut pdus = vec![
        control(0, CENTRAL, PHY_REQ),
        control(1, PERIPHERAL, ControlPdu::UnknownRsp(Opcode::PHY_REQ)),
    ];
    pdus.extend((2..200).map(|event| pdu(event, CENTRAL, What::Empty)));
    let goodbye = ControlPdu::TerminateInd(ErrorCode::REMOTE_USER_TERMINATED);
    pdus.push(control(200, CENTRAL, goodbye));
    let told = first(&account(pdus, Some(ErrorCode::REMOTE_USER_TERMINATED)));
    assert_eq!((told.cause, told.confidence), (Cause::HostLeft, Confidence::Undecided));
}

/// Two that got out of each other's reach did not part for what one still announced.
#[test]
fn what_is_announced_into_silence_is_no_cause() {
    let update = |instant| {
        ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
            win_size: 1,
            win_offset: 0,
            interval: 40,
            latency: 0,
            timeout: 100,
            instant,
        })
    };
    let lost = |event, what| Pdu { heard: false, ..pdu(event, CENTRAL, what) };
    let told = |instant| {
        let mut pdus = vec![pdu(0, CENTRAL, What::Empty), lost(3, What::Empty)];
        pdus.push(pdu(5, CENTRAL, What::Empty));
        pdus.push(lost(6, What::Control(update(instant))));
        pdus.extend((7..40).map(|event| lost(event, What::Empty)));
        ranked(&account(pdus, Some(ErrorCode::CONNECTION_TIMEOUT)))
    };
    let missed = |all: &[Hypothesis]| all.iter().any(|one| one.cause == Cause::SwitchMissed);
    assert!(missed(&told(7)), "one lost packet was too many");
    assert!(!missed(&told(20)), "fourteen were lost before it");
}

/// An application may refuse (0x08, Insufficient Authorization) whatever the security is.
#[test]
fn who_is_not_authorized_need_not_pair() {
    let told = |code: u8| {
        let request = pdu(1, CENTRAL, What::Att(vec![0x0A, 3, 0]));
        let error = pdu(2, PERIPHERAL, What::Att(vec![0x01, 0x0A, 3, 0, code]));
        ranked(&account(vec![request, error], None))
    };
    let refused = |all: &[Hypothesis]| all.iter().any(|h| h.cause == Cause::AttributeRefused);
    assert!(refused(&told(0x05)) && refused(&told(0x0F)));
    assert!(!refused(&told(0x08)) && !refused(&told(0x03)));
}

/// A dialog that the other side's failure took away had no time to be answered.
#[test]
fn a_person_whose_dialog_went_away_was_not_idle() {
    let told = |over: Option<Instant>, failed: bool| {
        let mut pdus = vec![pdu(0, CENTRAL, What::Smp(0x01)), pdu(1, PERIPHERAL, What::Smp(0x02))];
        if failed {
            pdus.push(pdu(40, PERIPHERAL, What::PairingFailed(0x03)));
        }
        pdus.push(pdu(100, CENTRAL, What::Empty));
        let mut account = account(pdus, None);
        let dialog =
            Dialog { at: at(1), central: true, asks: true, over, acted: false, cancelled: false };
        account.hosts.dialogs.push(dialog);
        ranked(&account)
    };
    let idle = |all: &[Hypothesis]| all.iter().any(|h| h.cause == Cause::PersonIdle);
    assert!(idle(&told(None, false)), "it is still open");
    assert!(!idle(&told(Some(at(40)), true)));
    assert!(!idle(&told(Some(at(40)), false)));
}

/// Who leaves with 0x2A leaves for what has just come. What met an instant long ago and was served,
/// or has no instant itself, is not why.
#[test]
fn what_was_served_long_ago_did_not_collide() {
    let told = |second: ControlPdu, end: u16| {
        let scheduled =
            ControlPdu::PhyUpdateInd { c_to_p: PhySet::LE_2M, p_to_c: PhySet::LE_2M, instant: 8 };
        let mut pdus = vec![
            control(1, PERIPHERAL, PHY_REQ),
            control(2, CENTRAL, scheduled),
            control(3, CENTRAL, second),
        ];
        pdus.extend((4..end).map(|event| pdu(event, CENTRAL, What::Empty)));
        ranked(&account(pdus, Some(ErrorCode::DIFFERENT_TRANSACTION_COLLISION)))
    };
    let collides = |all: &[Hypothesis]| all.iter().any(|h| h.cause == Cause::Collision);
    let length = ControlPdu::LengthReq(DataLength {
        max_rx_octets: 251,
        max_rx_time: 2_120,
        max_tx_octets: 251,
        max_tx_time: 2_120,
    });
    assert!(collides(&told(PHY_REQ, 5)));
    assert!(!collides(&told(PHY_REQ, 100)), "it was served");
    assert!(!collides(&told(length, 5)), "it has no instant");
}
