//! Recorded pairings drive the initiator; a small responder of the tests' own plays the rest.

use std::collections::BTreeMap;

use ble::address::AddressKind;
use ble::random::{Entropy, Purpose};
use ble::security::IoCapability;

use bletwin_sim::effects::{public_key, shared_secret};

use super::recorded::Source;
use super::*;
use crate::host::config::HostConfig;

const NOW: Instant = Instant::from_us(5);

fn hex<const N: usize>(text: &str) -> [u8; N] {
    let octets: Vec<u8> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect();
    octets.try_into().unwrap()
}

/// The values of a transcript by name.
fn read(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, value)| (name, value.split('#').next().unwrap().trim()))
        .collect()
}

fn key(text: &str) -> PublicKey {
    let [x, y]: [&str; 2] = [&text[..64], &text[64..]];
    PublicKey { x: hex(x), y: hex(y) }
}

fn address(kind: &str, octets: &str) -> Address {
    let kind = if kind == "0" { AddressKind::Public } else { AddressKind::Random };
    Address::new(kind, hex(octets))
}

fn drain(smp: &mut Initiator) -> Vec<SmpOutput> {
    std::iter::from_fn(|| smp.poll()).collect()
}

fn sent(outputs: &[SmpOutput]) -> Vec<Pdu> {
    let pdu = |output: &SmpOutput| match output {
        SmpOutput::Send(pdu) => Some(pdu.clone()),
        _ => None,
    };
    outputs.iter().filter_map(pdu).collect()
}

const CAPABILITIES: [IoCapability; 5] = [
    IoCapability::DisplayOnly,
    IoCapability::DisplayYesNo,
    IoCapability::KeyboardOnly,
    IoCapability::NoInputNoOutput,
    IoCapability::KeyboardDisplay,
];

/// Plays the initiator's part of a transcript and compares every octet it sends.
struct Replay<'a> {
    values: BTreeMap<&'a str, &'a str>,
    smp: Initiator,
}

impl<'a> Replay<'a> {
    fn new(text: &'a str) -> Self {
        let values = read(text);
        let request: [u8; 7] = hex(values["pairing_req"]);
        let config = PairingConfig {
            io: CAPABILITIES[usize::from(request[1])],
            mitm: request[3] & pdu::AUTH_MITM != 0,
            max_key_size: request[4],
            initiator_keys: request[5],
            responder_keys: request[6],
            ..HostConfig::default().pairing
        };
        let local = address(values["init_addr_type"], values["init_addr"]);
        let parties = Parties {
            local,
            peer: address(values["resp_addr_type"], values["resp_addr"]),
            identity: local,
            irk: Secret::new([0; 16]),
        };
        let stream = Entropy::new([9; 32]).stream(Purpose::Pairing);
        let rounds: u8 = values["rounds"].parse().unwrap();
        let nonces = (0..rounds).map(|round| hex(values[format!("random_init_{round}").as_str()]));
        let shows = values["passkey"] != "-" && request[1] == 0;
        let passkey = shows.then(|| values["passkey"].parse().unwrap());
        let draws = Draws::new(Source::recorded(stream, nonces, passkey));
        let mut smp = Initiator::start(NOW, config, parties, draws);
        let request = Pdu::parse(&request).unwrap();
        assert_eq!(sent(&drain(&mut smp)), [request]);
        smp.public_key(NOW, Some(key(values["public_key_init"])));
        Self { values, smp }
    }

    fn value(&self, name: &str) -> &'a str {
        self.values[name]
    }

    fn receive(&mut self, pdu: Pdu) -> Vec<SmpOutput> {
        self.smp.received(NOW, Ok(pdu));
        drain(&mut self.smp)
    }

    /// Up to the peer's public key; gives what follows it.
    fn keys(&mut self) -> Vec<SmpOutput> {
        let response: [u8; 7] = hex(self.value("pairing_rsp"));
        let outputs = self.receive(Pdu::parse(&response).unwrap());
        assert_eq!(sent(&outputs), [Pdu::PublicKey(key(self.value("public_key_init")))]);
        self.receive(Pdu::PublicKey(key(self.value("public_key_resp"))))
    }

    /// DHKey, from the private key in the transcript.
    fn dhkey(&self) -> Option<Secret<32>> {
        let private = Secret::new(hex(self.value("our_private_key")));
        let other = if self.value("we_are") == "initiator" { "resp" } else { "init" };
        let own = if other == "resp" { "init" } else { "resp" };
        assert_eq!(public_key(&private), Some(key(self.value(&format!("public_key_{own}")))));
        shared_secret(&private, &key(self.value(&format!("public_key_{other}"))))
    }

    fn rounds(&mut self, mut outputs: Vec<SmpOutput>) -> Vec<SmpOutput> {
        let rounds: u8 = self.value("rounds").parse().unwrap();
        for round in 0..rounds {
            if let Some(confirm) = self.values.get(format!("confirm_init_{round}").as_str()) {
                assert_eq!(sent(&outputs), [Pdu::Confirm(hex(confirm))], "round {round}");
            }
            let confirm = hex(self.value(&format!("confirm_resp_{round}")));
            outputs = self.receive(Pdu::Confirm(confirm));
            let own = hex(self.value(&format!("random_init_{round}")));
            assert_eq!(sent(&outputs), [Pdu::Random(own)], "round {round}");
            outputs = self.receive(Pdu::Random(hex(self.value(&format!("random_resp_{round}")))));
        }
        outputs
    }

    fn run(mut self) {
        let mut outputs = self.keys();
        let secret = self.dhkey();
        self.smp.shared_secret(NOW, secret);
        if outputs.contains(&SmpOutput::Show(Ui::AskPasskey)) {
            self.smp.passkey_typed(NOW, self.value("passkey").parse().unwrap());
            outputs = drain(&mut self.smp);
        }
        outputs = self.rounds(outputs);
        if self.value("method") == "numeric_comparison" {
            let number = self.value("passkey").parse().unwrap();
            assert!(outputs.contains(&SmpOutput::Show(Ui::CompareNumber(number))));
            self.smp.comparison_answered(NOW, true);
            outputs = drain(&mut self.smp);
        }
        assert_eq!(sent(&outputs), [Pdu::DhKeyCheck(hex(self.value("dhkey_check_init")))]);
        let outputs = self.receive(Pdu::DhKeyCheck(hex(self.value("dhkey_check_resp"))));
        assert_eq!(outputs, [SmpOutput::Encrypt(Secret::new(hex(self.value("ltk"))))]);
    }
}

macro_rules! transcripts {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            Replay::new(include_str!(concat!("transcripts/", stringify!($name), ".txt"))).run();
        }
    )*};
}

transcripts! {
    us_jw_iio3_rio4_b1_iat0_rat0_ik7_rk5
    us_nc_iio1_rio4_b1_iat0_rat0_ik7_rk5
    us_pk_iio0_rio4_b1_iat0_rat0_ik7_rk5
    us_pk_iio2_rio4_b1_iat0_rat0_ik7_rk5
    peer_jw_iio3_rio3_b1_iat0_rat0_ik5_rk7
    peer_nc_iio1_rio1_b1_iat0_rat0_ik5_rk7
    peer_pk_iio0_rio2_b1_iat0_rat0_ik5_rk7
    peer_pk_iio2_rio0_b1_iat0_rat0_ik5_rk7
}

#[test]
fn a_reflected_public_key_ends_the_pairing() {
    let text = include_str!("transcripts/us_pk_iio2_rio4_b1_iat0_rat0_ik7_rk5_peer_same_pk.txt");
    let outputs = Replay::new(text).keys();
    let expected = PairingError::Local(reason::DHKEY_CHECK_FAILED);
    assert_eq!(sent(&outputs), [Pdu::Failed(reason::DHKEY_CHECK_FAILED)]);
    assert_eq!(outputs.last(), Some(&SmpOutput::Failed(expected, None)));
}
