//! The samples of `vectors/p256.txt` through the runner that the other tests use.

use ble::security::DEBUG_KEY_X;

use super::*;

const VECTORS: &str = include_str!("vectors/p256.txt");

/// A value of a set, turned into the order of the air.
pub(super) fn value(set: &str, name: &str) -> [u8; 32] {
    let block = VECTORS.split("set = ").find(|block| block.lines().next() == Some(set)).unwrap();
    let text = block
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .find_map(|(key, text)| (key == name).then_some(text.trim()))
        .unwrap();
    let mut octets = transcripts::octets(text);
    octets.reverse();
    octets.try_into().unwrap()
}

#[test]
fn key_pairs_and_shared_secrets() {
    for set in ["core_p256_data_set_1", "core_p256_data_set_2"] {
        let point = |side: &str| PublicKey {
            x: value(set, &std::format!("pub_{side}_x")),
            y: value(set, &std::format!("pub_{side}_y")),
        };
        let (a, b) = (value(set, "priv_a"), value(set, "priv_b"));
        assert_eq!(public_key(&a), Some(point("a")));
        assert_eq!(public_key(&b), Some(point("b")));
        let dhkey = Some(Secret::new(value(set, "dhkey")));
        assert_eq!(shared_secret(&a, &point("b")), dhkey);
        assert_eq!(shared_secret(&b, &point("a")), dhkey);
    }
}

#[test]
fn debug_key_is_the_published_one() {
    assert_eq!(DEBUG_KEY_X, value("debug_key", "pub_a_x"));
}

#[test]
fn the_debug_key_is_used_where_it_is_wanted_and_only_there() {
    for debug_key in [false, true] {
        let config = SmpConfig { debug_key, ..config(IoCapability::DisplayOnly, 4) };
        let mut smp = SecurityManager::<1, 1>::new(config, &Entropy::new([1; 32]));
        smp.start(Instant::ZERO);
        let private = core::iter::from_fn(|| smp.poll()).find_map(|output| match output {
            SmpOutput::Effect(Effect::P256PublicKey { private_key, .. }) => Some(private_key),
            _ => None,
        });
        let public = public_key(private.unwrap().expose()).unwrap();
        assert_eq!(public.x == DEBUG_KEY_X, debug_key);
    }
}

#[test]
fn invalid_points_are_refused_by_the_runner() {
    for set in ["invalid_point_y42", "invalid_point_y0"] {
        let point = PublicKey { x: value(set, "peer_x"), y: value(set, "peer_y") };
        assert_eq!(shared_secret(&value(set, "priv_a"), &point), None);
    }
}
