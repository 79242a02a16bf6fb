//! The development kit's buttons (P0.11, P0.12, P0.24, P0.25, and P0.18 for a reset, low while
//! pressed) and LEDs (P0.13–P0.16, lit when low).

use ble::text::Text;
use ble::ui::Ui;
use bletwin_sim::node::{NodeOutput, Outbox};

use super::ChipNode;

const FIRST_LED: u32 = 13;
const LEDS: u32 = 4;

impl ChipNode {
    pub(super) fn press(&mut self, button: &str, pressed: bool) {
        let pin = match button {
            "user" | "button-1" => 11,
            "delete-bonds" | "button-2" => 12,
            "pairing" | "button-3" => 24,
            "button-4" => 25,
            // It resets the chip if UICR says so.
            "reset" => 18,
            // The board has no such button.
            _ => return,
        };
        self.held = self.held & !(1 << pin) | u32::from(pressed) << pin;
        if let Some(cpu) = &mut self.cpu {
            cpu.bus_mut().drive(0, pin, pressed.then_some(false));
        }
    }

    /// Shows the LEDs that have changed.
    pub(super) fn show(&mut self, out: &mut Outbox) {
        let Some(cpu) = &self.cpu else { return };
        let (outputs, levels) = (cpu.bus().directions(0), cpu.bus().outputs(0));
        let lit = (outputs & !levels) >> FIRST_LED & ((1 << LEDS) - 1);
        for led in (0..LEDS).filter(|led| (lit ^ self.lit) >> led & 1 == 1) {
            let on = if lit >> led & 1 == 1 { "on" } else { "off" };
            let text = Text::of(format_args!("LED {} {on}", led + 1));
            out.push(NodeOutput::Show(Ui::Output(text)));
        }
        self.lit = lit;
    }
}
