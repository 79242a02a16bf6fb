//! The chip says what the native core says: for the same seed the new, non-empty PDUs of both
//! directions are the same octet for octet, up to the start of encryption.
//!
//! Exceptions. Instants: the chip's crystals take a quarter of a second to start, so it connects
//! later and in another connection event; of an instant only its presence is compared. The request
//! for connection parameters, with what follows on it: it comes 5 s after connecting, by the clock,
//! and where among the PDUs of a pairing that is depends on when the passkey was typed. For the
//! same reason control PDUs and data are compared each on their own: a host that is quicker by some
//! microseconds answers before the link layer asks, or after.
//!
//! Counted from the connection's first event, nine PDUs in ten come in the same connection event as
//! with the native core, and those that wait for a shared secret one event later.

use ble::pdu::data::DataHeader;
use ble::time::{Duration, Instant};
use bletwin_models::profile::Profile;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{AirTx, RecordKind};
use firmware_core::config::{Config, Passkey};

use super::stage::{CENTRAL, CHIP, PASSKEY, Stage, image, trial};

/// Advertising channels' access address.
const ADVERTISING: u32 = 0x8E89_BED6;

/// Packets of one connection event follow each other after T_IFS; what comes later begins another.
const WITHIN: Duration = Duration::from_us(160);

/// LL_CONNECTION_UPDATE_IND, LL_CONNECTION_PARAM_REQ and _RSP.
const BY_THE_CLOCK: [u8; 3] = [0x00, 0x0F, 0x10];
/// LL_ENC_REQ and LL_START_ENC_REQ: the last of each side that is not encrypted.
const LAST: [u8; 2] = [0x03, 0x05];

/// A PDU, and the connection event it is first sent in, counted from the connection's first.
struct Said {
    event: i64,
    llid: u8,
    payload: Vec<u8>,
}

impl Said {
    fn words(&self) -> (u8, &[u8]) {
        (self.llid, &self.payload)
    }
}

/// The new, non-empty PDUs that a node sends in connections before encryption.
fn said(stage: &Stage, node: NodeId) -> Vec<Said> {
    let mut said = Vec::new();
    let (mut last, mut event, mut ended) = (None, -1, Instant::ZERO);
    for record in stage.records() {
        let RecordKind::AirTx(AirTx { pdu, access_address, end, .. }) = &record.kind else {
            continue;
        };
        if *access_address == ADVERTISING {
            continue;
        }
        event += i64::from(record.at > ended + WITHIN);
        ended = *end;
        if record.node != node {
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
        said.push(Said { event, llid, payload });
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
            let [ours, theirs] =
                [0, 1].map(|n| all[n].iter().filter(|said| (said.llid == 3) == control));
            for (n, (ours, theirs)) in ours.clone().zip(theirs.clone()).enumerate() {
                assert_eq!(ours.words(), theirs.words(), "{node:?}, control {control}, PDU {n}");
            }
            assert_eq!(ours.count(), theirs.count(), "{node:?}, control {control}");
        }
        let [ours, _] = all;
        assert!(ours.len() > 10, "{}", ours.len());
        let last = ours.last().map(Said::words);
        let started = last.is_some_and(|(llid, pdu)| llid == 3 && LAST.contains(&pdu[0]));
        assert_eq!(started, encrypted);
    }
}

/// How many connection events later than the native core's the chip's PDUs come, of both sides.
fn later(chip: &Stage, native: &Stage) -> Vec<i64> {
    let mut later = Vec::new();
    for node in [CHIP, CENTRAL] {
        let all = [said(chip, node), said(native, node)];
        for control in [true, false] {
            let [ours, theirs] =
                [0, 1].map(|n| all[n].iter().filter(|said| (said.llid == 3) == control));
            later.extend(ours.zip(theirs).map(|(ours, theirs)| ours.event - theirs.event));
        }
    }
    later
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
        let later = later(&chip, &native);
        let (most, least) = (later.iter().max(), later.iter().min());
        assert!(least >= Some(&0) && most <= Some(&1), "seed {seed}: {later:?}");
        let same = later.iter().filter(|later| **later == 0).count();
        assert!(same * 10 >= later.len() * 9, "seed {seed}: {same} of {} events", later.len());
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
