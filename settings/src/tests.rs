//! Pages of all kinds, and values as people write them.

extern crate std;

use std::string::ToString;

use proptest::prelude::*;

use super::*;

fn any_settings() -> impl Strategy<Value = Settings> {
    let preset = prop_oneof![Just(Preset::Zephyr2024), Just(Preset::Recommended)];
    let passkey = prop_oneof![
        Just(Passkeys::Random),
        Just(Passkeys::None),
        (0..1_000_000_u32).prop_map(Passkeys::Fixed)
    ];
    let phy = prop_oneof![
        Just(AskPhy::Preset),
        Just(AskPhy::Own(PhyUpdate::OnConnect)),
        Just(AskPhy::Own(PhyUpdate::AfterBonding)),
        Just(AskPhy::Own(PhyUpdate::Never)),
    ];
    let address = prop_oneof![
        Just(Identity::Factory),
        any::<[u8; 6]>().prop_map(|[a, b, c, d, e, f]| {
            let octets = [a, b, c, d, e, f | 0xC0];
            if keys::is_static_random(octets) { Identity::Given(octets) } else { Identity::Factory }
        }),
    ];
    (preset, passkey, phy, address).prop_map(|(preset, passkey, phy_update, address)| Settings {
        preset,
        passkey,
        phy_update,
        address,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(settings in any_settings()) {
        prop_assert_eq!(Found::read(&settings.page()), Found::Both(settings));
        let mut again = Settings::default();
        for key in KEYS {
            again.set(key.name, &settings.value(key.name).unwrap().to_string()).unwrap();
        }
        prop_assert_eq!(again, settings);
    }

    /// A cut while the page is written, or a bit that flips: the other copy counts, or nothing.
    #[test]
    fn one_bad_bit_leaves_the_other_copy(
        settings in any_settings(),
        bit in 0..COPY * 8,
        second in any::<bool>(),
    ) {
        let mut page = settings.page();
        page[bit / 8 + if second { SECOND } else { 0 }] ^= 1 << (bit % 8);
        prop_assert_eq!(Found::read(&page), Found::One(settings));
        page[bit / 8 + if second { 0 } else { SECOND }] ^= 1 << (bit % 8);
        prop_assert_eq!(Found::read(&page), Found::Damaged);
    }

    #[test]
    fn a_page_that_was_cut_off_is_never_something_else(
        settings in any_settings(),
        words in 0..PAGE / 4,
    ) {
        let mut page = [0xFF; PAGE];
        page[..4 * words].copy_from_slice(&settings.page()[..4 * words]);
        let found = Found::read(&page).settings();
        prop_assert!(found.is_none_or(|found| found == settings));
        prop_assert_eq!(found.is_some(), words >= COPY / 4);
    }

    #[test]
    fn any_octets_are_read(octets in proptest::collection::vec(any::<u8>(), 0..5000)) {
        let _ = Found::read(&octets);
    }

    /// With a valid CRC, too: only what [`Settings::copy`] writes is taken.
    #[test]
    fn a_valid_crc_alone_is_not_enough(octets in any::<[u8; 22]>(), kind in 0..3_u8) {
        let mut copy = [0; COPY];
        copy[..4].copy_from_slice(b"bltw");
        (copy[4], copy[5]) = (kind, 32);
        copy[6..28].copy_from_slice(&octets);
        let crc = crc32(&copy[..28]).to_le_bytes();
        copy[28..].copy_from_slice(&crc);
        let mut page = [0xFF; PAGE];
        page[..COPY].copy_from_slice(&copy);
        match Found::read(&page) {
            Found::One(settings) => prop_assert_eq!((settings.copy(), kind), (copy, 1)),
            Found::Newer(version) => prop_assert_eq!((version, kind), (2, 2)),
            found => prop_assert_eq!(found, Found::Damaged),
        }
    }
}

/// The check value of the catalogue of CRCs, for the nine digits.
#[test]
fn the_crc_is_the_one_of_ethernet() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}

#[test]
fn what_is_no_value_is_refused() {
    let mut settings = Settings::default();
    assert_eq!(settings.set("colour", "red"), Err(Refused::UnknownKey));
    for (name, value) in [
        ("preset", "zephyr"),
        ("passkey", "12345"),
        ("passkey", "1234567"),
        ("passkey", "+12345"),
        ("passkey", "１２"),
        ("phy-update", ""),
        ("address", "C0:1D:B0:0B:1E"),
        ("address", "C0:1D:B0:0B:1E:55:00"),
        ("address", "40:1D:B0:0B:1E:55"),
        ("address", "C0:00:00:00:00:00"),
        ("address", "FF:FF:FF:FF:FF:FF"),
        ("address", "C0:+1:B0:0B:1E:55"),
    ] {
        let refused = settings.set(name, value);
        assert!(matches!(refused, Err(Refused::BadValue(key)) if key.name == name), "{value}");
    }
    assert_eq!(settings, Settings::default());
}

#[test]
fn the_core_gets_what_was_chosen() {
    let factory = [1, 2, 3, 4, 5, 6];
    let config = Settings::default().config(factory);
    assert_eq!(config.address, Address::static_random([0xC6, 5, 4, 3, 2, 1]));
    assert_eq!(Config { address: Config::recommended().address, ..config }, Config::recommended());
    let mut settings = Settings::default();
    let chosen = [
        ("preset", "zephyr-2024"),
        ("passkey", "000042"),
        ("phy-update", "never"),
        ("address", "C0:1D:B0:0B:1E:55"),
    ];
    chosen.iter().for_each(|(name, value)| settings.set(name, value).unwrap());
    let expected = Config {
        passkey: Passkey::Static(42),
        phy_update: PhyUpdate::Never,
        ..Config::zephyr_2024()
    };
    assert_eq!(settings.config(factory), expected);
    settings.set("passkey", "none").unwrap();
    let config = settings.config(factory);
    assert_eq!((config.io, config.required_level), (IoCapability::NoInputNoOutput, 2));
}
