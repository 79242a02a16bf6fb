//! The core with the hardware around it.

use core::mem::MaybeUninit;

use ble::effect::{Completion, Effect};
use ble::queue::Queue;
use ble::radio::RadioCommand;
use ble::random::Entropy;
use ble::time::Duration;
use ble::work::Level;
use cortex_m::peripheral::NVIC;
use firmware_core::config::Config;
use firmware_core::host::message::HostInput;
use firmware_core::peripheral::{Input, Output, Peripheral};
use led_button::{LedButton, Press};
use nrf_pac::Interrupt;

use crate::board;
use crate::clock::Clock;
use crate::costs::Stopwatch;
use crate::radio::Radio;
use crate::storage::Storage;

/// Effects that may wait for the thread. The core starts one at a time per pairing.
const EFFECTS: usize = 4;

/// Between the end of an operation of flash and what is due then.
const SPARE: Duration = Duration::from_us(300);

/// The core with the application that this firmware is for.
type Core = Peripheral<LedButton>;

/// Where the core lies. Nothing is there before [`Device::new`], so it costs no flash.
pub type Place = MaybeUninit<Core>;

/// Builds the core where it stays. Half of the RAM is too much to be built on the stack and moved:
/// a function of its own, with the place as its argument, lets the compiler write there at once.
/// `.ci/cross.sh` looks at the stack frames whether it does.
#[inline(never)]
fn build<'a>(place: &'a mut Place, config: Config, entropy: &Entropy) -> &'a mut Core {
    place.write(Peripheral::new(config, LedButton::default(), entropy))
}

/// Everything that the three levels share.
pub struct Device {
    peripheral: &'static mut Core,
    radio: Radio,
    clock: Clock,
    effects: Queue<Effect, EFFECTS>,
    storage: Storage,
}

impl Device {
    /// Starts the clocks and sets up the radio; the core, at its `place`, does not run yet.
    pub fn new(place: &'static mut Place, config: Config, entropy: &Entropy) -> Self {
        board::set_up();
        let clock = Clock::start();
        let radio = Radio::new();
        let peripheral = build(place, config, entropy);
        Self { peripheral, radio, clock, effects: Queue::new(), storage: Storage::open() }
    }

    /// Starts the core, with the records that were kept.
    pub fn start(&mut self) {
        for slot in Storage::slots() {
            if let Some(loaded) = self.storage.load(slot) {
                self.handle(Input::Host(HostInput::Completed(loaded)));
            }
        }
        self.handle(Input::Start);
    }

    /// The radio has switched itself off.
    pub fn radio_interrupt(&mut self) {
        let watch = Stopwatch::start();
        if let Some(event) = self.radio.disabled(self.clock.now()) {
            let work = self.peripheral.radio(self.clock.now(), event);
            self.settle();
            watch.stop(work);
        }
    }

    /// The clock overflowed, or the core's deadline may have come.
    pub fn clock_interrupt(&mut self) {
        self.clock.acknowledge();
        let now = self.clock.now();
        if self.peripheral.deadline().is_some_and(|deadline| deadline <= now) {
            self.handle(Input::Timer);
        } else {
            self.clock.set_deadline(self.peripheral.deadline());
        }
    }

    /// Slow work for the thread.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop()
    }

    /// Slow work is done.
    pub fn complete(&mut self, completion: Completion) {
        self.handle(Input::Host(HostInput::Completed(completion)));
    }

    /// Runs one step of a level, if it has work and no event is on the air; whether it did. A step
    /// holds off the radio's interrupt, and the answer would come after T_IFS; the interrupt that
    /// ends the event asks again.
    pub fn run(&mut self, level: Level) -> bool {
        if self.peripheral.pending() != Some(level) || self.radio.is_on_air(self.clock.now()) {
            return false;
        }
        let watch = Stopwatch::start();
        let work = self.peripheral.run(self.clock.now(), level);
        self.settle();
        watch.stop(work);
        true
    }

    /// Does one operation of flash, if there is one that is over before anything is due; whether
    /// it did. `at_leisure`: also one that nobody waits for.
    pub fn store(&mut self, at_leisure: bool) -> bool {
        if let Some(completion) = self.storage.answer() {
            self.complete(completion);
            return true;
        }
        let Some(takes) = self.storage.next(at_leisure) else { return false };
        let until = self.clock.now() + takes + SPARE;
        let due = self.peripheral.deadline();
        if due.is_some_and(|due| due <= until) || !self.radio.is_free_until(until) {
            return false;
        }
        self.storage.execute();
        true
    }

    fn handle(&mut self, input: Input<Press>) {
        let watch = Stopwatch::start();
        let work = self.peripheral.handle(self.clock.now(), input);
        self.settle();
        watch.stop(work);
    }

    fn order(&mut self, command: &RadioCommand) {
        let now = self.clock.now();
        if let Some(event) = self.radio.execute(now, command) {
            let _ = self.peripheral.radio(now, event);
        }
    }

    /// Does what the core wants done, until it wants nothing more.
    fn settle(&mut self) {
        // Before all else, and without a copy: T_IFS is running.
        while let Some(command) = self.peripheral.command() {
            self.order(&command);
        }
        while let Some(output) = self.peripheral.poll() {
            #[cfg(feature = "trial")]
            crate::trial::keep(&output);
            match output {
                Output::Radio(ref command) => self.order(command),
                Output::Effect(Effect::Persist { id, slot, record }) => {
                    self.storage.want(id, slot, record);
                }
                Output::Effect(effect) => {
                    // Full only if the core broke its own limit; it then waits in vain and its
                    // timers end what waited.
                    let _ = self.effects.push(effect);
                }
                Output::Show(light) => board::show(light),
                // For records, logs and a display, which this firmware does not have.
                _ => {}
            }
        }
        self.clock.set_deadline(self.peripheral.deadline());
        if self.peripheral.pending() == Some(Level::Control) {
            NVIC::pend(Interrupt::EGU0_SWI0);
        }
    }
}
