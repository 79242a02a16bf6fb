//! For any configuration of the firmware and any pretence of a stranger, an owner never loses the
//! bond, except where the configuration permits it.
//!
//! `BLETWIN_STRANGERS=N` plays this many combinations instead of a few.

use super::*;

/// What a stranger who neither shows nor types anything tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attack {
    /// Its own address, the owner's identity.
    Claim,
    /// The owner's address; its own keys after it.
    Spoof,
    /// The owner's address, and no identity at all.
    SpoofUnnamed,
    /// The owner's address, no bond wanted.
    SpoofUnbonded,
    /// The owner's address, another identity.
    SpoofOther,
    /// Its own address, and nothing more.
    Plain,
}

impl Attack {
    const ALL: [Self; 6] = [
        Self::Claim,
        Self::Spoof,
        Self::SpoofUnnamed,
        Self::SpoofUnbonded,
        Self::SpoofOther,
        Self::Plain,
    ];

    fn stranger(self, size: u8) -> Profile {
        let spoofs = !matches!(self, Self::Claim | Self::Plain);
        stranger(if spoofs { OWNER } else { STRANGER }, |profile| {
            let host = &mut profile.host;
            (host.pairing.io, host.pairing.mitm) = (IoCapability::NoInputNoOutput, false);
            host.pairing.max_key_size = size;
            host.steps.insert(0, Step::Secure);
            match self {
                Self::Claim => host.claims = Some(Address::public(OWNER)),
                Self::SpoofOther => host.claims = Some(Address::public(STRANGER)),
                Self::SpoofUnnamed => host.pairing.initiator_keys = 0,
                Self::SpoofUnbonded => host.pairing.bonding = false,
                Self::Spoof | Self::Plain => {}
            }
        })
    }

    /// Whether it tries to take the owner's bond with its own key.
    const fn wants_the_bond(self) -> bool {
        matches!(self, Self::Claim | Self::Spoof | Self::SpoofUnnamed)
    }
}

/// Draws from a list, by a number that is used up.
fn pick<T: Copy>(number: &mut u64, from: &[T]) -> T {
    let at = (*number % from.len() as u64) as usize;
    *number /= from.len() as u64;
    from[at]
}

/// Combinations that there are.
const ALL: u64 = 5 * 4 * 4 * 2 * 2 * 2 * 2 * 2 * 6;

fn plays(mut number: u64) {
    use IoCapability::{DisplayOnly, DisplayYesNo, KeyboardDisplay, KeyboardOnly, NoInputNoOutput};
    use PairingOutsideMode::{Authenticated, Refuse, WithoutBonding};
    let n = &mut number;
    let io = pick(n, &[NoInputNoOutput, DisplayOnly, DisplayYesNo, KeyboardOnly, KeyboardDisplay]);
    let config = Config {
        io,
        required_level: pick(n, &[1, 2, 3, 4]),
        pairing_outside_mode: pick(
            n,
            &[None, Some(Refuse), Some(WithoutBonding), Some(Authenticated)],
        ),
        bond_overwrite: pick(n, &[BondOverwrite::Authenticated, BondOverwrite::Unauthenticated]),
        bond_table_full: pick(n, &[BondTableFull::Refuse, BondTableFull::ReplaceOldest]),
        accept: pick(n, &[Accept::Anyone, Accept::BondedOnly]),
        ..lamp()
    };
    let (pressed, size, attack) =
        (pick(n, &[false, true]), pick(n, &[16, 7]), pick(n, &Attack::ALL));
    if io == NoInputNoOutput && config.required_level > 2 {
        return;
    }
    let what = format!("{config:?}, pressed {pressed}, {size} octets, {attack:?}");
    let mut owner = phone(OWNER);
    owner.host.steps.insert(0, Step::Secure);
    let mut room = Room::after(20, config.clone(), owner, attack.stranger(size));
    let before = room.bonds();
    if pressed {
        room.press("pairing");
    }
    room.come(room.stranger);
    let after = room.bonds();
    let owners = |bonds: &[Bond]| {
        let owner = bonds.iter().find(|bond| bond.identity == Address::public(OWNER));
        owner.map(|bond| (bond.ltk.clone(), bond.level, bond.key_size))
    };
    let gives_way = io == NoInputNoOutput
        && config.bond_overwrite == BondOverwrite::Unauthenticated
        && pressed
        && size == 16
        && attack.wants_the_bond();
    assert_eq!(owners(&before) != owners(&after), gives_way, "{what}");
    // An uninvited central leaves no bond.
    if !pressed {
        assert_eq!(before, after, "{what}");
    }
    if !gives_way {
        room.owner_returns();
    }
}

#[test]
fn an_owner_loses_the_bond_only_where_the_configuration_says_so() {
    let count = std::env::var("BLETWIN_STRANGERS").ok().and_then(|text| text.parse().ok());
    for n in 0..count.unwrap_or(60) {
        // A stride that shares no factor with their number meets each once.
        let number = n * 7919 % ALL;
        plays(number);
    }
}
