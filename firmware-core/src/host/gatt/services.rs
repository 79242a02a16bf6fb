//! The services of this device: GATT, GAP and the LED Button Service, at the handles that
//! Zephyr's linker order gives the course application.

use super::{Access, Attribute, CHARACTERISTIC, CLIENT_CONFIGURATION, PRIMARY_SERVICE, Uuid};

/// Complete local name, also the Device Name characteristic.
pub const DEVICE_NAME: &[u8] = b"Nordic_LBS";

/// 0000xxxx-1212-EFDE-1523-785FEABCD123, least significant octet first.
const fn lbs([low, high]: [u8; 2]) -> [u8; 16] {
    [0x23, 0xD1, 0xBC, 0xEA, 0x5F, 0x78, 0x23, 0x15, 0xDE, 0xEF, 0x12, 0x12, low, high, 0, 0]
}

/// UUID of the LED Button Service, as advertised.
pub const LBS_SERVICE: [u8; 16] = lbs([0x23, 0x15]);
const LBS_BUTTON: [u8; 16] = lbs([0x24, 0x15]);
const LBS_LED: [u8; 16] = lbs([0x25, 0x15]);

/// Handles of values and descriptors that are not constant.
pub mod handle {
    /// Service Changed.
    pub const SERVICE_CHANGED: u16 = 0x0003;
    /// Client Characteristic Configuration of Service Changed.
    pub const SERVICE_CHANGED_CONFIGURATION: u16 = 0x0004;
    /// Client Supported Features.
    pub const CLIENT_FEATURES: u16 = 0x0006;
    /// Database Hash.
    pub const DATABASE_HASH: u16 = 0x0008;
    /// Peripheral Preferred Connection Parameters.
    pub const PREFERRED_PARAMETERS: u16 = 0x000F;
    /// Button characteristic.
    pub const BUTTON: u16 = 0x0012;
    /// Client Characteristic Configuration of the Button.
    pub const BUTTON_CONFIGURATION: u16 = 0x0013;
    /// LED characteristic.
    pub const LED: u16 = 0x0015;
}

const READ: u8 = 0x02;
const WRITE: u8 = 0x08;
const NOTIFY: u8 = 0x10;
const INDICATE: u8 = 0x20;

/// Value of a Characteristic declaration with a 16-bit UUID.
const fn short(properties: u8, handle: u16, uuid: u16) -> [u8; 5] {
    let [h0, h1] = handle.to_le_bytes();
    let [u0, u1] = uuid.to_le_bytes();
    [properties, h0, h1, u0, u1]
}

/// Value of a Characteristic declaration with a 128-bit UUID.
const fn long(properties: u8, handle: u16, uuid: &[u8; 16]) -> [u8; 19] {
    let [h0, h1] = handle.to_le_bytes();
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *uuid;
    [properties, h0, h1, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

const OPEN: Access = Access::Level(1);

const fn service(uuid: &'static [u8]) -> Attribute {
    Attribute::constant(PRIMARY_SERVICE, uuid)
}

const fn characteristic(declaration: &'static [u8]) -> Attribute {
    Attribute::constant(CHARACTERISTIC, declaration)
}

const fn configuration() -> Attribute {
    Attribute::variable(CLIENT_CONFIGURATION, OPEN, OPEN)
}

/// All attributes; the first has handle 0x0001.
pub static TABLE: [Attribute; 21] = [
    // 0x0001 Generic Attribute
    service(&[0x01, 0x18]),
    characteristic(&const { short(INDICATE, handle::SERVICE_CHANGED, 0x2A05) }),
    Attribute::variable(Uuid::short(0x2A05), Access::Never, Access::Never),
    configuration(),
    characteristic(&const { short(READ | WRITE, handle::CLIENT_FEATURES, 0x2B29) }),
    Attribute::variable(Uuid::short(0x2B29), OPEN, OPEN),
    characteristic(&const { short(READ, handle::DATABASE_HASH, 0x2B2A) }),
    Attribute::variable(Uuid::short(0x2B2A), OPEN, Access::Never),
    // 0x0009 Generic Access
    service(&[0x00, 0x18]),
    characteristic(&const { short(READ, 0x000B, 0x2A00) }),
    Attribute::constant(Uuid::short(0x2A00), DEVICE_NAME),
    characteristic(&const { short(READ, 0x000D, 0x2A01) }),
    Attribute::constant(Uuid::short(0x2A01), &[0, 0]),
    characteristic(&const { short(READ, handle::PREFERRED_PARAMETERS, 0x2A04) }),
    Attribute::variable(Uuid::short(0x2A04), OPEN, Access::Never),
    // 0x0010 LED Button Service
    service(&LBS_SERVICE),
    characteristic(&const { long(READ | NOTIFY, handle::BUTTON, &LBS_BUTTON) }),
    Attribute::variable(Uuid::Long(LBS_BUTTON), OPEN, Access::Never),
    configuration(),
    characteristic(&const { long(WRITE, handle::LED, &LBS_LED) }),
    Attribute::variable(Uuid::Long(LBS_LED), Access::Never, Access::Demanded),
];
