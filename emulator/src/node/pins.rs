//! The development kit's buttons (P0.11, P0.12, P0.24, low while pressed) and LEDs (P0.13–P0.16,
//! lit when low).

use ble::ui::{Button, Ui};
use bletwin_sim::node::{NodeOutput, Outbox};

use super::ChipNode;

const FIRST_LED: u32 = 13;
const LEDS: u32 = 4;

impl ChipNode {
    pub(super) fn press(&mut self, button: Button, pressed: bool) {
        let pin = match button {
            Button::User => 11,
            Button::DeleteBonds => 12,
            Button::Pairing => 24,
        };
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
            let on = lit >> led & 1 == 1;
            out.push(NodeOutput::Show(Ui::Led { led: led as u8 + 1, on }));
        }
        self.lit = lit;
    }
}
