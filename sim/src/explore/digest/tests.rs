use ble::radio::AirPdu;
use proptest::prelude::*;

use super::*;

fn packet(channel: u8, octets: &[u8]) -> AirTx {
    AirTx {
        channel,
        phy: TxPhy::Le1M,
        access_address: 0x8E89_BED6,
        crc_init: 0,
        pdu: AirPdu::new(1, octets).unwrap(),
        crc: 7,
        end: Instant::ZERO,
        tag: 0,
    }
}

/// Silence of so many ticks, and perhaps a packet after it.
type Part = (u16, Option<(u8, Vec<u8>)>);

fn digest(parts: &[Part]) -> Digest {
    parts.iter().fold(Digest::default(), |sum, (silence, sent)| {
        let sum = sum.then(&Digest::silence(Duration::from_ticks(u64::from(*silence))));
        match sent {
            Some((channel, octets)) => sum.then(&Digest::packet(&packet(*channel, octets))),
            None => sum,
        }
    })
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let sent = (0..40u8, proptest::collection::vec(any::<u8>(), 0..20));
    proptest::collection::vec((any::<u16>(), proptest::option::of(sent)), 0..8)
}

proptest! {
    #[test]
    fn a_whole_is_the_sum_of_its_parts_however_it_is_cut(parts in parts(), cut in 0..9usize) {
        let (a, b) = parts.split_at(cut.min(parts.len()));
        prop_assert_eq!(digest(a).then(&digest(b)), digest(&parts));
        prop_assert_eq!(digest(a).then(&digest(b)).value(), digest(&parts).value());
    }

    #[test]
    fn a_silence_may_be_cut_anywhere(before in parts(), after in parts(), a: u16, b: u16) {
        let silence = |ticks: u64| Digest::silence(Duration::from_ticks(ticks));
        let whole = digest(&before).then(&silence(u64::from(a) + u64::from(b)));
        let left = digest(&before).then(&silence(a.into()));
        let right = silence(b.into()).then(&digest(&after));
        prop_assert_eq!(whole.then(&digest(&after)), left.then(&right));
    }

    #[test]
    fn order_matters(a in 0..40u8, b in 0..40u8, gap: u16, before in parts(), after in parts()) {
        prop_assume!(a != b);
        let sent = |channel| (gap, Some((channel, vec![1])));
        let whole = |middle: [Part; 2]| {
            let parts = before.iter().cloned().chain(middle).chain(after.iter().cloned());
            digest(&parts.collect::<Vec<_>>()).value()
        };
        prop_assert_ne!(whole([sent(a), sent(b)]), whole([sent(b), sent(a)]));
    }
}

#[test]
fn every_property_of_a_packet_counts() {
    let whole = packet(3, &[1, 2, 3]);
    let others = [
        packet(4, &[1, 2, 3]),
        packet(3, &[1, 2, 4]),
        packet(3, &[1, 2, 3, 0]),
        AirTx { phy: TxPhy::Le2M, ..whole.clone() },
        AirTx { access_address: 1, ..whole.clone() },
        AirTx { crc: 8, ..whole.clone() },
    ];
    for other in others {
        assert_ne!(Digest::packet(&whole).value(), Digest::packet(&other).value(), "{other:?}");
    }
}

#[test]
fn times_between_and_around_packets_count() {
    let sent = Some((3, vec![1]));
    let base = [(5, sent.clone()), (6, sent.clone()), (7, None)];
    for index in 0..3 {
        let mut later = base.clone();
        later[index].0 += 1;
        assert_ne!(digest(&base).value(), digest(&later).value());
    }
    let swapped = [(6, sent.clone()), (5, sent), (7, None)];
    assert_ne!(digest(&base).value(), digest(&swapped).value());
}
