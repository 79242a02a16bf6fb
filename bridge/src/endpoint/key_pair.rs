//! P-256 (Vol 4, Part E, 7.8.36 and 7.8.37): a key pair, and the secret shared with a peer.

use ble::effect::PublicKey;
use ble::error::ErrorCode;
use ble::secret::Secret;
use ble::time::Instant;
use bletwin_sim::effects;

use super::Endpoint;
use super::commands::{Call, Consequence, Parsed, Reply, Verdict};

const P256_PUBLIC_KEY: u8 = 0x08;
const DHKEY: u8 = 0x09;

/// The private key, least significant octet first, once a host has asked for the public one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct KeyPair(Option<Secret<32>>);

/// Of LE Generate DHKey: a point, on the curve or not.
pub(super) fn point(call: &Call<'_>) -> Parsed<PublicKey> {
    let invalid = |_| ErrorCode::INVALID_PARAMETERS;
    let point = <[u8; 64]>::try_from(call.parameters).map_err(invalid)?;
    let (mut x, mut y) = ([0; 32], [0; 32]);
    x.copy_from_slice(&point[..32]);
    y.copy_from_slice(&point[32..]);
    Ok(PublicKey { x, y })
}

impl Endpoint {
    pub(super) fn read_public_key(&mut self, _: Instant) -> Verdict {
        // All but one in 2³² draws are private keys.
        let drawn = (0..8).find_map(|_| {
            let private = Secret::new(self.random.octets());
            effects::public_key(&private).map(|public| (private, public))
        });
        let result = match drawn {
            Some((private, PublicKey { x, y })) => {
                self.key_pair.0 = Some(private);
                [&[ErrorCode::SUCCESS.0], &x[..], &y[..]].concat()
            }
            None => [&[ErrorCode::UNSPECIFIED.0][..], &[0; 64]].concat(),
        };
        Ok(Reply::Then(Consequence::Subevent(P256_PUBLIC_KEY, result)))
    }

    /// A point that is not on the curve is answered with Invalid HCI Command Parameters and the
    /// key that says so: all ones.
    pub(super) fn generate_dhkey(&mut self, _: Instant, point: PublicKey) -> Verdict {
        let private = self.key_pair.0.as_ref().ok_or(ErrorCode::COMMAND_DISALLOWED)?;
        let result = match effects::shared_secret(private, &point) {
            Some(key) => [&[ErrorCode::SUCCESS.0], &key.expose()[..]].concat(),
            None => [&[ErrorCode::INVALID_PARAMETERS.0][..], &[0xFF; 32]].concat(),
        };
        Ok(Reply::Then(Consequence::Subevent(DHKEY, result)))
    }
}
