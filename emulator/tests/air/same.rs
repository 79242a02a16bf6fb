//! The chip says what the native core says: for the same seed the new, non-empty PDUs of both
//! directions are the same octet for octet, up to the start of encryption.
//!
//! Exceptions. Instants: the chip's crystals take a quarter of a second to start, so it connects
//! later and in another connection event; of an instant only its presence is compared. The request
//! for connection parameters, with what follows on it: it comes 5 s after connecting, by the clock,
//! and where among the PDUs of a pairing that is depends on when the passkey was typed. For the
//! same reason control PDUs and data are compared each on their own: a host that is quicker by some
//! microseconds answers before the link layer asks, or after.

use ble::pdu::data::DataHeader;
use bletwin_models::profile::Profile;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{AirTx, RecordKind};
use firmware_core::config::{Config, Passkey};

use super::stage::{CENTRAL, CHIP, PASSKEY, Stage, image, trial};

/// Advertising channels' access address.
const ADVERTISING: u32 = 0x8E89_BED6;

/// LL_CONNECTION_UPDATE_IND, LL_CONNECTION_PARAM_REQ and _RSP.
const BY_THE_CLOCK: [u8; 3] = [0x00, 0x0F, 0x10];
/// LL_ENC_REQ and LL_START_ENC_REQ: the last of each side that is not encrypted.
const LAST: [u8; 2] = [0x03, 0x05];

/// The new, non-empty PDUs that a node sends in connections before encryption: LLID and payload.
fn said(stage: &Stage, node: NodeId) -> Vec<(u8, Vec<u8>)> {
    let mut said = Vec::new();
    let mut last = None;
    for record in stage.records().iter().filter(|record| record.node == node) {
        let RecordKind::AirTx(AirTx { pdu, access_address, .. }) = &record.kind else { continue };
        if *access_address == ADVERTISING {
            continue;
        }
        let sn = DataHeader::from_octet(pdu.header()).sn;
        if last.replace(sn) == Some(sn) || pdu.payload().is_empty() {
            continue;
        }
        let (llid, mut payload) = (pdu.header() & 3, pdu.payload().to_vec());
        let control = payload.first().copied().filter(|_| llid == 3);
        if control.is_some_and(|opcode| BY_THE_CLOCK.contains(&opcode)) {
            continue;
        }
        // LL_CHANNEL_MAP_IND and LL_PHY_UPDATE_IND end with their instant.
        if matches!(control, Some(0x01 | 0x18)) {
            payload.truncate(payload.len() - 2);
        }
        said.push((llid, payload));
        if control.is_some_and(|opcode| LAST.contains(&opcode)) {
            break;
        }
    }
    said
}

fn compare(chip: &Stage, native: &Stage, encrypted: bool) {
    for node in [CHIP, CENTRAL] {
        let all = [said(chip, node), said(native, node)];
        for control in [true, false] {
            let part = |said: &[(u8, Vec<u8>)]| -> Vec<(u8, Vec<u8>)> {
                said.iter().filter(|(llid, _)| (*llid == 3) == control).cloned().collect()
            };
            let [ours, theirs] = [part(&all[0]), part(&all[1])];
            for (n, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                assert_eq!(ours, theirs, "{node:?}, control {control}, PDU {n}");
            }
            assert_eq!(ours.len(), theirs.len(), "{node:?}, control {control}");
        }
        let [ours, _] = all;
        assert!(ours.len() > 10, "{}", ours.len());
        let started = ours.last().is_some_and(|(llid, pdu)| *llid == 3 && LAST.contains(&pdu[0]));
        assert_eq!(started, encrypted);
    }
}

#[test]
fn a_trial_says_what_the_native_core_says_until_it_encrypts() {
    let Some(image) = trial() else { return };
    let config = Config { passkey: Passkey::Static(PASSKEY), ..Config::zephyr_2024() };
    for seed in 1..4 {
        let mut chip = Stage::new(image.clone(), Profile::phone(), seed);
        let mut native = Stage::native(config.clone(), Profile::phone(), seed);
        for stage in [&mut chip, &mut native] {
            stage.run(12_000);
        }
        compare(&chip, &native, true);
    }
}

#[test]
fn before_encryption_it_says_what_the_native_core_says() {
    let Some(image) = image() else { return };
    let mut chip = Stage::new(image, Profile::phone(), 1);
    let mut native = Stage::native(Config::recommended(), Profile::phone(), 1);
    for stage in [&mut chip, &mut native] {
        stage.run(3_500);
    }
    compare(&chip, &native, false);
}
