//! A whole passkey pairing over ACL packets, and how the host handles its end.

use super::procedures::automatic;
use super::*;
use crate::host::smp::tests::{public_key, shared_secret};
use ble::crypto::toolbox::{f4, f5, f6, reversed};
use ble::effect::PublicKey;

pub(super) const PRIVATE: [u8; 32] = [0x21; 32];

impl Rig {
    /// Does the slow work that was asked for.
    pub(super) fn complete(&mut self) {
        while !self.effects.is_empty() {
            let completion = match self.effects.remove(0) {
                Effect::P256PublicKey { id, private_key } => {
                    Completion::PublicKey { id, key: public_key(private_key.expose()) }
                }
                Effect::P256SharedSecret { id, private_key, peer } => {
                    let secret = shared_secret(private_key.expose(), &peer);
                    Completion::SharedSecret { id, secret }
                }
                Effect::Persist { id, .. } => Completion::Persisted { id, ok: true },
            };
            self.input(HostInput::Completed(completion));
        }
    }

    /// Sends an SMP command and gives the answers.
    pub(super) fn pair(&mut self, pdu: &[u8]) -> Vec<Vec<u8>> {
        self.send(CID_SMP, pdu);
        self.complete();
        let mut answers = Vec::new();
        while !self.frames.is_empty() {
            let (cid, payload) = split(&self.frames.remove(0).data).map(owned).unwrap();
            self.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 1 });
            assert_eq!(cid, CID_SMP);
            answers.push(payload);
        }
        answers
    }

    /// The one answer to a command, which must have this code, without the code.
    pub(super) fn pair_one(&mut self, pdu: &[u8], code: u8) -> Vec<u8> {
        let answers = self.pair(pdu);
        assert!(answers.len() == 1 && answers[0][0] == code, "{answers:02x?}");
        answers[0][1..].to_vec()
    }
}

fn owned((cid, payload): (u16, &[u8])) -> (u16, Vec<u8>) {
    (cid, payload.to_vec())
}

/// Pairs up to both DHKey checks: all that comes before encryption. The LTK.
fn pair_until_encryption(rig: &mut Rig) -> [u8; 16] {
    let features = rig.pair_one(&PAIRING_REQUEST, 0x02);
    let own = public_key(&PRIVATE).unwrap();
    let theirs = rig.pair_one(&[&[0x0C][..], &own.x, &own.y].concat(), 0x0C);
    let (mut x, mut y) = ([0; 32], [0; 32]);
    x.copy_from_slice(&theirs[..32]);
    y.copy_from_slice(&theirs[32..]);
    let passkey = rig.ui.iter().rev().find_map(|ui| match ui {
        Dialog::ShowPasskey(passkey) => Some(*passkey),
        _ => None,
    });
    let passkey = passkey.expect("a passkey on the display");
    let (mut na, mut nb) = ([0; 16], [0; 16]);
    for round in 0..20 {
        na = [round; 16];
        let z = 0x80 | (passkey >> round & 1) as u8;
        let confirm = reversed(f4(&reversed(own.x), &reversed(x), &reversed(na), z));
        rig.pair_one(&[&[0x03][..], &confirm].concat(), 0x03);
        nb.copy_from_slice(&rig.pair_one(&[&[0x04][..], &na].concat(), 0x04));
    }
    let mut dhkey = *shared_secret(&PRIVATE, &PublicKey { x, y }).unwrap().expose();
    dhkey.reverse();
    let (a, b) = (INTEL.for_smp(), Config::zephyr_2024().address.for_smp());
    let (na, nb) = (reversed(na), reversed(nb));
    let (mac, ltk) = f5(&Secret::new(dhkey), &na, &nb, &a, &b);
    let mut r = [0; 16];
    r[12..].copy_from_slice(&passkey.to_be_bytes());
    let io = |pdu: &[u8]| [pdu[2], pdu[1], pdu[0]];
    let ea = reversed(f6(&mac, &na, &nb, &r, io(&PAIRING_REQUEST[1..]), &a, &b));
    let eb = reversed(f6(&mac, &nb, &na, &r, io(&features), &b, &a));
    assert_eq!(rig.pair_one(&[&[0x0D][..], &ea].concat(), 0x0D), eb);
    reversed(*ltk.expose())
}

/// Encryption, and the central's keys.
fn encrypt_and_distribute(rig: &mut Rig) {
    rig.encrypt();
    rig.frames.clear();
    rig.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 4 });
    rig.pair(&[&[0x08][..], &[0; 16]].concat());
    rig.pair(&[&[0x09, 0x00][..], &INTEL.octets].concat());
}

fn connected(config: &Config) -> Rig {
    let mut rig = Rig::started(config);
    rig.complete();
    rig.connect(INTEL);
    rig.forget();
    rig
}

#[test]
fn gap_sec_sem_bv_22_level_4_then_2m_and_long_packets() {
    let mut rig = connected(&Config::recommended());
    // Something to keep with the bond that is not there yet.
    assert_eq!(rig.ask(&[0x12, 0x13, 0, 1, 0]), [0x13]);
    let ltk = pair_until_encryption(&mut rig);
    rig.pass(Duration::from_secs(8));
    assert_eq!(automatic(&rig), [""; 0], "nothing of its own before security has settled");
    encrypt_and_distribute(&mut rig);
    let reply = Command::LeLongTermKeyRequestReply { handle: HANDLE, ltk: Secret::new(ltk) };
    assert!(rig.commands.contains(&reply));
    let all = ["LeReadRemoteFeatures", "LeSetPhy", "LeSetDataLength", "LeConnectionUpdate"];
    assert_eq!(automatic(&rig), all);
    let bond = rig.host.bonds().next().expect("a bond");
    assert_eq!((bond.identity, bond.level, bond.cccd), (INTEL, 4, 1));
    assert_eq!(rig.host.level(HANDLE), 4);
    let changed = "Security changed: 58:A0:23:A6:35:0A (public) level 4";
    assert!(rig.logs.iter().any(|line| line == changed), "{:?}", rig.logs);
    // GAP/SEC/AUT/BV-18: the request that was refused before is served now.
    assert_eq!(rig.ask(&[0x12, 0x15, 0, 1]), [0x13]);
    rig.forget();
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    assert_eq!(rig.logs[0], "Disconnected (reason 19)", "nothing has failed");
    assert!(rig.commands.contains(&Command::LeAddToFilterAcceptList { address: INTEL }));
}

#[test]
fn zephyr_2024_has_asked_for_all_before_pairing_begins() {
    let mut rig = connected(&Config::zephyr_2024());
    pair_until_encryption(&mut rig);
    encrypt_and_distribute(&mut rig);
    assert_eq!(automatic(&rig), [""; 0]);
    assert_eq!(rig.host.bonds().count(), 1);
}
