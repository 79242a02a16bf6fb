//! The whole application.

use core::fmt;

use ble::time::Instant;
use ble::work::{Level, Work};
use firmware_core::application::{Application, Button, Effects, Event};
use firmware_core::host::att::AttError;
use firmware_core::host::gatt::table::{Characteristic, Table};
use firmware_core::host::gatt::{Access, Gatt, Uuid};

/// LED Button Service, as advertised.
pub const SERVICE: Uuid = lbs(0x1523);
/// Button characteristic: one octet, 1 while the button is pressed; read and notified.
pub const BUTTON: Uuid = lbs(0x1524);
/// LED characteristic: one octet, 0 off, 1 on; written on the demanded security level.
pub const LED: Uuid = lbs(0x1525);

/// 0000xxxx-1212-EFDE-1523-785FEABCD123 with `number` as xxxx.
const fn lbs(number: u16) -> Uuid {
    Uuid::printed(0x1212_EFDE_1523_785F_EABC_D123 | (number as u128) << 96)
}

/// All attributes, at the handles that Zephyr's linker order gives the course application.
pub static TABLE: Table<21> = Table::new("Nordic_LBS", &[0, 0])
    .advertised(SERVICE)
    .characteristic(Characteristic::new(BUTTON).readable().notifies())
    .characteristic(Characteristic::new(LED).writable_by(Access::Demanded));

/// Handle of the Button's value.
pub const BUTTON_HANDLE: u16 = TABLE.handle(BUTTON);
/// Handle of the LED's value.
pub const LED_HANDLE: u16 = TABLE.handle(LED);

/// Battery Service, which the second edition has before the LED Button Service.
const BATTERY: Uuid = Uuid::short(0x180F);
/// Battery Level: one octet, percent; read and notified.
const BATTERY_LEVEL: Uuid = Uuid::short(0x2A19);
/// Battery level until the first measurement, in percent.
const FULL: u8 = 100;

/// The attributes of the second edition: handles cached from the first one name other attributes.
pub static SECOND_TABLE: Table<25> = Table::new("Nordic_LBS", &[0, 0])
    .service(BATTERY)
    .characteristic(Characteristic::new(BATTERY_LEVEL).readable().notifies())
    .advertised(SERVICE)
    .characteristic(Characteristic::new(BUTTON).readable().notifies())
    .characteristic(Characteristic::new(LED).writable_by(Access::Demanded));

/// LED of the main loop.
const LED_RUN: u8 = 1;
/// LED that is lit while there is a connection.
const LED_CONNECTED: u8 = 2;
/// LED that the characteristic switches.
const LED_USER: u8 = 3;
/// LED that is lit once all bonds are deleted, until a central bonds.
const LED_DELETED: u8 = 4;

/// Buttons of the development kit, as the course application uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Press {
    /// BTN1: value of the Button characteristic.
    User,
    /// BTN2: delete all bonds.
    DeleteBonds,
    /// BTN3: pairing mode: clear the accept list and advertise openly once.
    Pairing,
}

impl Button for Press {
    const ALL: &'static [Self] = &[Self::User, Self::DeleteBonds, Self::Pairing];

    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::DeleteBonds => "delete-bonds",
            Self::Pairing => "pairing",
        }
    }
}

/// LED 1–4 on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Light {
    /// Number of the LED on the development kit, 1–4.
    pub led: u8,
    /// Whether it is lit from now on.
    pub on: bool,
}

impl fmt::Display for Light {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LED {} {}", self.led, if self.on { "on" } else { "off" })
    }
}

/// The LED Button as it is sold.
pub type LedButton = Edition<1>;

/// The LED Button after a firmware update: it also has a battery level.
pub type SecondLedButton = Edition<2>;

/// The LED Button, of this edition: its button, its LED, how many centrals are
/// connected, and whether all bonds were deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Edition<const NUMBER: u8> {
    button: bool,
    led: bool,
    connections: u8,
    deleted: bool,
}

impl<const NUMBER: u8> Edition<NUMBER> {
    const BUTTON_HANDLE: u16 = match NUMBER {
        1 => BUTTON_HANDLE,
        _ => SECOND_TABLE.handle(BUTTON),
    };
    const LED_HANDLE: u16 = match NUMBER {
        1 => LED_HANDLE,
        _ => SECOND_TABLE.handle(LED),
    };

    /// Whether the LED characteristic is on.
    #[must_use]
    pub const fn led(&self) -> bool {
        self.led
    }

    fn press(&mut self, button: Press, pressed: bool, out: &mut Effects<Light>) {
        match button {
            Press::User if self.button != pressed => {
                self.button = pressed;
                out.notify(Self::BUTTON_HANDLE);
            }
            Press::DeleteBonds if pressed => out.delete_bonds(),
            Press::Pairing if pressed => out.open_pairing(),
            Press::User | Press::DeleteBonds | Press::Pairing => {}
        }
    }

    fn show_deleted(&mut self, on: bool, out: &mut Effects<Light>) {
        if core::mem::replace(&mut self.deleted, on) != on {
            out.show(Light { led: LED_DELETED, on });
        }
    }

    fn switch(
        &mut self,
        offset: u16,
        value: &[u8],
        out: &mut Effects<Light>,
    ) -> Result<(), AttError> {
        let [led] = value else { return Err(AttError::INVALID_LENGTH) };
        if offset != 0 {
            return Err(AttError::INVALID_OFFSET);
        }
        if *led > 1 {
            return Err(AttError::VALUE_NOT_ALLOWED);
        }
        let on = *led == 1;
        if core::mem::replace(&mut self.led, on) != on {
            out.show(Light { led: LED_USER, on });
        }
        Ok(())
    }
}

impl<const NUMBER: u8> Application for Edition<NUMBER> {
    type Button = Press;
    type Output = Light;

    const NAME: &'static str = match NUMBER {
        1 => "led-button",
        _ => "led-button-2",
    };
    const ABOUT: &'static str = match NUMBER {
        1 => "LED Button Service; writing the LED needs `required-level`",
        _ => "the same after an update: Battery Service before it, so all handles are others",
    };
    const GATT: Gatt = match NUMBER {
        1 => TABLE.gatt(),
        _ => SECOND_TABLE.gatt(),
    };

    fn handle(&mut self, _: Instant, event: Event<'_, Press>, out: &mut Effects<Light>) -> Work {
        match event {
            Event::Started => out.show(Light { led: LED_RUN, on: true }),
            Event::Connected { .. } => {
                self.connections = self.connections.saturating_add(1);
                out.show(Light { led: LED_CONNECTED, on: true });
            }
            Event::Disconnected { .. } => {
                self.connections = self.connections.saturating_sub(1);
                if self.connections == 0 {
                    out.show(Light { led: LED_CONNECTED, on: false });
                }
            }
            Event::Button { button, pressed } => self.press(button, pressed, out),
            Event::BondsDeleted => self.show_deleted(true, out),
            Event::Bonded { .. } => self.show_deleted(false, out),
            Event::Read { request, handle } if handle == Self::BUTTON_HANDLE => {
                out.answer(request, Ok(&[u8::from(self.button)]));
            }
            // The only other readable value.
            Event::Read { request, .. } => out.answer(request, Ok(&[FULL])),
            Event::Write { request, handle, offset, value } if handle == Self::LED_HANDLE => {
                let switched = self.switch(offset, value, out);
                out.answer(request, switched.map(|()| &[][..]));
            }
            _ => {}
        }
        Work::none(Level::Host)
    }
}
