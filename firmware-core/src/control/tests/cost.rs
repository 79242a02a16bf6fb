//! The cost that a runner charges: the AES blocks of each call.

use super::encryption::{acl, encrypt, key, up_to_enc_rsp};
use super::script::{HANDLE, LINK, Script};
use crate::link::message::LinkReport;
use ble::crypto::ccm::Cipher;
use ble::error::ErrorCode;
use ble::hci::{Command, Handle};
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::phy::PhySet;
use ble::secret::Secret;
use ble::time::Duration;
use ble::work::{Level, Work};

const fn blocks(aes_blocks: u16) -> Work {
    Work { level: Level::Control, items: 1, aes_blocks }
}

/// The central's LL_PING_REQ.
fn ping(s: &mut Script) -> Work {
    let mut payload = Payload::from_slice(&ControlPdu::PingReq.encode()).unwrap();
    if let Some(cipher) = &mut s.central_tx {
        cipher.encrypt(Llid::Control, &mut payload).unwrap();
    }
    let (event, llid, at) = (s.at, Llid::Control, s.now);
    s.control.report(s.now, LinkReport::Received { link: LINK, event, llid, payload, at })
}

#[test]
fn in_the_clear_nothing_is_charged() {
    let mut s = Script::new();
    assert_eq!(ping(&mut s), blocks(0));
    assert_eq!(s.control.acl(s.now, acl(b"up")), blocks(0));
    assert_eq!(s.control.timer(s.now), blocks(0));
    assert_eq!(s.control.command(s.now, Command::LeReadPhy { handle: HANDLE }), blocks(0));
}

#[test]
fn commands_that_use_no_key_are_free() {
    let (handle, tx, rx) = (HANDLE, PhySet::NONE, PhySet::NONE);
    let (tx_octets, tx_time) = (251, 2_120);
    for command in [
        Command::Reset,
        Command::SetEventMask { mask: 0 },
        Command::LeSetEventMask { mask: 0 },
        Command::ReadBdAddr,
        Command::LeReadBufferSize,
        Command::LeReadLocalFeatures,
        Command::LeReadMaximumDataLength,
        Command::LeRand,
        Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time },
        Command::LeWriteSuggestedDefaultDataLength { tx_octets: 0, tx_time },
        Command::LeSetDefaultPhy { tx, rx },
        Command::LeSetRandomAddress { address: [0xC0; 6] },
        Command::LeReadFilterAcceptListSize,
        Command::LeSetAdvertisingEnable { enable: false },
        Command::LeClearFilterAcceptList,
        Command::LeSetAddressResolutionEnable { enable: true },
        Command::LeClearResolvingList,
        Command::LeCreateConnectionCancel,
        Command::LeReadPhy { handle: Handle(0x0EFF) },
        Command::Disconnect { handle: Handle(0x0EFF), reason: ErrorCode(0x13) },
        Command::ReadRemoteVersion { handle },
        Command::LeSetPhy { handle, tx, rx, coded_options: 0 },
    ] {
        let mut s = Script::new();
        assert_eq!(s.control.command(s.now, command.clone()), blocks(0), "{command:?}");
    }
    let mut s = Script::with(FeatureSet(0));
    assert_eq!(s.control.command(s.now, Command::LeClearResolvingList), blocks(0));
}

#[test]
fn each_pdu_of_an_encrypted_connection_is_charged() {
    let one = Cipher::blocks(1);
    let mut s = Script::new();
    encrypt(&mut s);
    assert_eq!(ping(&mut s), blocks(one + one), "the request and its answer");
    assert_eq!(s.control.acl(s.now, acl(&[7; 20])), blocks(Cipher::blocks(20)));
    s.now += Duration::from_secs(15);
    assert_eq!(s.control.timer(s.now), blocks(one), "the own ping");
}

#[test]
fn keys_are_charged() {
    let mut s = Script::new();
    let _ = up_to_enc_rsp(&mut s);
    assert_eq!(s.control.command(s.now, key()), blocks(1));
    let (key, plaintext) = (Secret::new([0; 16]), Secret::new([0; 16]));
    assert_eq!(s.control.command(s.now, Command::LeEncrypt { key, plaintext }), blocks(1));
}
