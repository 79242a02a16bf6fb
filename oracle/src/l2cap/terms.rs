//! The result of a feature exchange (Vol 3, Part H, 2.3.5.1, 3.6.1), written from the text.

use ble::hci::Role;

/// IO capabilities, as they are numbered.
const DISPLAY_YES_NO: u8 = 1;
const KEYBOARD_ONLY: u8 = 2;
const NO_INPUT_NO_OUTPUT: u8 = 3;
const KEYBOARD_DISPLAY: u8 = 4;

const BONDING_FLAGS: u8 = 0x03;
const MITM: u8 = 0x04;
const SC: u8 = 0x08;

/// Bits of a key distribution field, and the commands that distribute each.
const ENC_KEY: u8 = 0x01;
const ID_KEY: u8 = 0x02;
const SIGN_KEY: u8 = 0x04;

/// Codes of commands.
pub(super) mod code {
    pub(in crate::l2cap) const REQUEST: u8 = 0x01;
    pub(in crate::l2cap) const RESPONSE: u8 = 0x02;
    pub(in crate::l2cap) const CONFIRM: u8 = 0x03;
    pub(in crate::l2cap) const RANDOM: u8 = 0x04;
    pub(in crate::l2cap) const FAILED: u8 = 0x05;
    pub(in crate::l2cap) const LTK: u8 = 0x06;
    pub(in crate::l2cap) const CENTRAL_ID: u8 = 0x07;
    pub(in crate::l2cap) const IRK: u8 = 0x08;
    pub(in crate::l2cap) const ADDRESS: u8 = 0x09;
    pub(in crate::l2cap) const CSRK: u8 = 0x0A;
    pub(in crate::l2cap) const SECURITY: u8 = 0x0B;
    pub(in crate::l2cap) const PUBLIC_KEY: u8 = 0x0C;
    pub(in crate::l2cap) const CHECK: u8 = 0x0D;
    pub(in crate::l2cap) const KEYPRESS: u8 = 0x0E;
}

/// The fields of a Pairing Request or Response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) io: u8,
    pub(super) oob: u8,
    auth: u8,
    pub(super) key_size: u8,
    /// Keys of the central, then of the peripheral.
    pub(super) keys: [u8; 2],
}

impl Features {
    /// Of a command with its code.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let &[_, io, oob, auth, key_size, central, peripheral] = octets else { return None };
        Some(Self { io, oob, auth, key_size, keys: [central, peripheral] })
    }

    /// Whether it has a value that is reserved (SMP-FEAT-1).
    pub(super) const fn is_reserved(&self) -> bool {
        self.io > KEYBOARD_DISPLAY || self.oob > 1 || !matches!(self.key_size, 7..=16)
    }

    const fn has(&self, bit: u8) -> bool {
        self.auth & bit != 0
    }
}

/// Which commands a pairing has after its feature exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) secure: bool,
    pub(super) method: Method,
    /// Octets of the key.
    pub(super) key_size: u8,
    /// Whether each role has set Bonding_Flags.
    pub(super) bonds: [bool; 2],
    /// Commands up to the encryption, in order: sender and code.
    pub(super) stages: Vec<(Role, u8)>,
    /// Commands that distribute keys after it, in order: sender and code.
    pub(super) keys: Vec<(Role, u8)>,
}

impl Terms {
    pub(super) fn of(request: &Features, response: &Features) -> Self {
        let secure = request.has(SC) && response.has(SC);
        let method = method(request, response);
        let stages = if secure { secure_stages(method) } else { LEGACY.to_vec() };
        let keys = [(Role::Peripheral, response.keys[1]), (Role::Central, response.keys[0])];
        let keys = keys.into_iter().flat_map(|(by, keys)| distributed(by, keys, secure)).collect();
        let bonds = [request, response].map(|features| features.auth & BONDING_FLAGS != 0);
        let key_size = request.key_size.min(response.key_size);
        Self { secure, method, key_size, bonds, stages, keys }
    }
}

const LEGACY: [(Role, u8); 4] = [
    (Role::Central, code::CONFIRM),
    (Role::Peripheral, code::CONFIRM),
    (Role::Central, code::RANDOM),
    (Role::Peripheral, code::RANDOM),
];

/// Rounds of a passkey.
const ROUNDS: usize = 20;

fn secure_stages(method: Method) -> Vec<(Role, u8)> {
    const C: Role = Role::Central;
    const P: Role = Role::Peripheral;
    let first: Vec<_> = match method {
        Method::OutOfBand => vec![(C, code::RANDOM), (P, code::RANDOM)],
        Method::Passkey => LEGACY.repeat(ROUNDS),
        Method::Comparison => vec![(P, code::CONFIRM), (C, code::RANDOM), (P, code::RANDOM)],
    };
    let keys = [(C, code::PUBLIC_KEY), (P, code::PUBLIC_KEY)];
    let checks = [(C, code::CHECK), (P, code::CHECK)];
    keys.into_iter().chain(first).chain(checks).collect()
}

/// Methods with Secure Connections, as far as their commands differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Numeric comparison or Just Works.
    Comparison,
    Passkey,
    OutOfBand,
}

/// Tables 2.7 and 2.8.
const fn method(request: &Features, response: &Features) -> Method {
    if request.oob == 1 || response.oob == 1 {
        return Method::OutOfBand;
    }
    let mitm = request.has(MITM) || response.has(MITM);
    let (a, b) = (request.io, response.io);
    if !mitm || a == NO_INPUT_NO_OUTPUT || b == NO_INPUT_NO_OUTPUT {
        return Method::Comparison;
    }
    let both_compare = matches!(a, DISPLAY_YES_NO | KEYBOARD_DISPLAY)
        && matches!(b, DISPLAY_YES_NO | KEYBOARD_DISPLAY);
    let one_types = matches!(a, KEYBOARD_ONLY | KEYBOARD_DISPLAY)
        || matches!(b, KEYBOARD_ONLY | KEYBOARD_DISPLAY);
    if both_compare || !one_types { Method::Comparison } else { Method::Passkey }
}

fn distributed(by: Role, keys: u8, secure: bool) -> Vec<(Role, u8)> {
    let encryption: &[u8] = if secure { &[] } else { &[code::LTK, code::CENTRAL_ID] };
    let groups =
        [(ENC_KEY, encryption), (ID_KEY, &[code::IRK, code::ADDRESS]), (SIGN_KEY, &[code::CSRK])];
    let wanted = groups.into_iter().filter(|(bit, _)| keys & bit != 0);
    wanted.flat_map(|(_, codes)| codes).map(|code| (by, *code)).collect()
}

/// Octets of a command, with its code; `None`: reserved.
pub(super) const fn length(command: u8) -> Option<usize> {
    Some(match command {
        code::REQUEST | code::RESPONSE => 7,
        code::CONFIRM | code::RANDOM | code::LTK | code::IRK | code::CSRK | code::CHECK => 17,
        code::FAILED | code::SECURITY | code::KEYPRESS => 2,
        code::CENTRAL_ID => 11,
        code::ADDRESS => 8,
        code::PUBLIC_KEY => 65,
        _ => return None,
    })
}

/// The name of a command.
pub(super) const fn name(command: u8) -> &'static str {
    match command {
        code::REQUEST => "Pairing Request",
        code::RESPONSE => "Pairing Response",
        code::CONFIRM => "Pairing Confirm",
        code::RANDOM => "Pairing Random",
        code::FAILED => "Pairing Failed",
        code::LTK => "Encryption Information",
        code::CENTRAL_ID => "Central Identification",
        code::IRK => "Identity Information",
        code::ADDRESS => "Identity Address Information",
        code::CSRK => "Signing Information",
        code::SECURITY => "Security Request",
        code::PUBLIC_KEY => "Pairing Public Key",
        code::CHECK => "Pairing DHKey Check",
        code::KEYPRESS => "Pairing Keypress Notification",
        _ => "a reserved command",
    }
}
