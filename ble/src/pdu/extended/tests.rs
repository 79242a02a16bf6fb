use super::*;
use proptest::prelude::*;

const ADVERTISER: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);

fn octets(pdu: &ExtendedPdu) -> std::vec::Vec<u8> {
    pdu.encode().unwrap().octets().to_vec()
}

/// Written down from Vol 6, Part B, 2.3.4: header, length of the extended header and AdvMode,
/// flags, ADI with the SID in its upper four bits, AuxPtr.
#[test]
fn adv_ext_ind_has_the_octets_of_the_specification() {
    let aux = AuxPtr::to(12, true, Phy::Le2M, Duration::from_us(900)).unwrap();
    assert_eq!((aux.offset, aux.long), (30, false));
    let pdu = ExtendedPdu {
        mode: AdvMode::Connectable,
        adi: Some(Adi { did: 0x123, sid: 0xA }),
        aux: Some(aux),
        ..ExtendedPdu::default()
    };
    let expected = [0x07, 0x07, 0x46, 0b0001_1000, 0x23, 0xA1, 12 | 0x40, 30, 0b001_00000];
    assert_eq!(octets(&pdu), expected);
    assert_eq!(ExtendedPdu::parse(&pdu.encode().unwrap()), Some(pdu));
}

#[test]
fn aux_adv_ind_has_the_octets_of_the_specification() {
    let pdu = ExtendedPdu {
        mode: AdvMode::Scannable,
        advertiser: Some(ADVERTISER),
        target: Some(Address::public([6, 5, 4, 3, 2, 1])),
        adi: Some(Adi { did: 1, sid: 0 }),
        tx_power: Some(-8),
        data: ExtendedData::from_slice(&[2, 1, 6]).unwrap(),
        ..ExtendedPdu::default()
    };
    let expected = [
        0x47,
        20,
        0x80 | 16,
        0b0100_1011,
        5,
        4,
        3,
        2,
        1,
        0xC0,
        1,
        2,
        3,
        4,
        5,
        6,
        1,
        0,
        0xF8,
        2,
        1,
        6,
    ];
    assert_eq!(octets(&pdu), expected);
    assert_eq!(pdu.overhead(), 17);
}

#[test]
fn aux_connect_rsp_names_both_ends() {
    let pdu = ExtendedPdu {
        connect_rsp: true,
        advertiser: Some(Address::public([6; 6])),
        target: Some(ADVERTISER),
        ..ExtendedPdu::default()
    };
    let octets = octets(&pdu);
    assert_eq!(octets[..4], [0x88, 14, 13, 0b11]);
    assert_eq!(octets[4..], [6, 6, 6, 6, 6, 6, 5, 4, 3, 2, 1, 0xC0]);
}

/// A chain's last PDU without ADI: no extended header at all.
#[test]
fn an_extended_header_may_be_empty() {
    let pdu =
        ExtendedPdu { data: ExtendedData::from_slice(&[1, 2]).unwrap(), ..ExtendedPdu::default() };
    assert_eq!(octets(&pdu), [0x07, 3, 0, 1, 2]);
    assert_eq!(ExtendedPdu::parse(&pdu.encode().unwrap()), Some(pdu));
}

#[test]
fn cte_info_and_sync_info_are_passed_over() {
    let mut octets = std::vec![0x07, 0, 1 + 1 + 18 + 1, 0b0110_0100, 0xEE];
    octets.extend([0x5A; 18]);
    octets.extend([4, 7, 8]);
    octets[1] = u8::try_from(octets.len() - 2).unwrap();
    let parsed = ExtendedPdu::parse(&AirPdu::from_octets(&octets).unwrap()).unwrap();
    assert_eq!((parsed.tx_power, &parsed.data[..]), (Some(4), &[7, 8][..]));
}

#[test]
fn far_packets_are_named_in_units_of_300_us() {
    let to = |us| AuxPtr::to(0, false, Phy::Le1M, Duration::from_us(us));
    assert_eq!(to(245_699).map(|aux| (aux.offset, aux.long)), Some((8_189, false)));
    assert_eq!(to(245_700).map(|aux| (aux.offset, aux.long)), Some((819, true)));
    assert_eq!(to(8_191 * 300).map(|aux| aux.offset), Some(8_191));
    assert_eq!(to(8_192 * 300), None);
    let aux = to(1_000).unwrap();
    assert_eq!((aux.earliest(), aux.unit()), (Duration::from_us(990), Duration::from_us(30)));
}

#[test]
fn reserved_values_are_no_pdu() {
    let good = [0x07, 0x07, 0x06, 0b0001_1000, 0x23, 0xA1, 12, 30, 0];
    let parse = |octets: &[u8]| ExtendedPdu::parse(&AirPdu::from_octets(octets).unwrap());
    assert!(parse(&good).is_some());
    for (at, value) in [(0, 0x09), (1, 6), (2, 0xC6), (2, 5), (2, 8), (6, 37), (8, 0x60)] {
        let mut bad = good;
        bad[at] = value;
        assert_eq!(parse(&bad), None, "octet {at} = {value:#x}");
    }
}

#[test]
fn what_does_not_fit_is_not_sent() {
    let data = ExtendedData::from_slice(&[0; 254]).unwrap();
    let mut pdu = ExtendedPdu { data, ..ExtendedPdu::default() };
    assert_eq!(octets(&pdu).len(), 257);
    pdu.tx_power = Some(0);
    assert_eq!(pdu.encode(), None);
    pdu.data.clear();
    pdu.acad = heapless::Vec::from_slice(&[1; 62]).unwrap();
    assert_eq!(pdu.encode(), None);
}

proptest! {
    #[test]
    fn any_octets_parse_or_not_but_never_panic(
        kind in prop_oneof![Just(7_u8), Just(8), any::<u8>()],
        payload in proptest::collection::vec(any::<u8>(), 0..256),
    ) {
        let air = AirPdu::new(kind, &payload).unwrap();
        if let Some(pdu) = ExtendedPdu::parse(&air) {
            let again = pdu.encode().expect("what was on air fits");
            prop_assert_eq!(ExtendedPdu::parse(&again), Some(pdu));
        }
    }

    #[test]
    fn every_field_comes_back(
        mode in prop_oneof![
            Just(AdvMode::None), Just(AdvMode::Connectable), Just(AdvMode::Scannable)
        ],
        addresses in any::<[Option<(bool, [u8; 6])>; 2]>(),
        adi in any::<Option<(u16, u8)>>(),
        aux in any::<Option<(u8, bool, u16, bool)>>(),
        tx_power in any::<Option<i8>>(),
        acad in proptest::collection::vec(any::<u8>(), 0..30),
        data in proptest::collection::vec(any::<u8>(), 0..190),
    ) {
        let [advertiser, target] = addresses
            .map(|address| address.map(|(random, octets)| Address::new(kind(random), octets)));
        let pdu = ExtendedPdu {
            connect_rsp: false,
            mode,
            advertiser,
            target,
            adi: adi.map(|(did, sid)| Adi { did: did & 0xFFF, sid: sid & 0xF }),
            aux: aux.map(|(channel, accurate, offset, long)| AuxPtr {
                channel: channel % 37, accurate, offset: offset & 0x1FFF, long, phy: Phy::LeCoded,
            }),
            tx_power,
            acad: heapless::Vec::from_slice(&acad).unwrap(),
            data: ExtendedData::from_slice(&data).unwrap(),
        };
        prop_assert_eq!(ExtendedPdu::parse(&pdu.encode().unwrap()), Some(pdu));
    }
}
