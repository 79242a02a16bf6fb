//! The thread: the host, and what takes long.

use core::mem::MaybeUninit;

use ble::effect::{Completion, Effect};
use ble::queue::Queue;
use ble::random::Entropy;
use ble::time::Duration;
use firmware_core::application::Button as _;
use firmware_core::config::Config;
use firmware_core::host::message::HostInput;
use firmware_core::peripheral::{HostLevel, Levels, Output};

use crate::console::Console;
use crate::costs::Stopwatch;
use crate::levels::{self, App, Button, Chip, Core, LINKS, Shown};
use crate::radio::Radio;
use crate::started::Start;
use crate::storage::Storage;
use crate::{board, buttons, clock, effects};

/// Effects that may wait. The core starts one at a time per pairing.
const EFFECTS: usize = 4;

/// Between the end of an operation of flash and what is due then.
const SPARE: Duration = Duration::from_us(300);

/// Where the core lies. Nothing is there before [`Thread::new`], so it costs no flash.
pub type Place = MaybeUninit<Core>;

/// Builds the core where it stays. It is too much to be built on the stack and moved: a function of
/// its own, with the place as its argument, lets the compiler write there at once. `.ci/cross.sh`
/// looks at the stack frames whether it does.
#[inline(never)]
fn build<'a>(place: &'a mut Place, config: &Config, entropy: &Entropy) -> &'a mut Core {
    place.write(Levels::new(config, App::default(), entropy))
}

/// What the host wants of the rest of the chip.
struct Wanted {
    effects: Queue<Effect, EFFECTS>,
    storage: Storage,
    console: Console,
}

impl Wanted {
    /// Takes an output of the host.
    fn output(&mut self, output: Output<Shown>) {
        #[cfg(feature = "trial")]
        crate::trial::keep(&output);
        match output {
            Output::Effect(Effect::Persist { id, slot, record }) => {
                self.storage.want(id, slot, record);
            }
            Output::Effect(effect) => {
                // Full only if the core broke its own limit; it then waits in vain and its
                // timers end what waited.
                let _ = self.effects.push(effect);
            }
            Output::Show(shown) => match application::led(&shown) {
                Some((led, on)) => board::show(led, on),
                None => self.console.shows(clock::now(), &shown),
            },
            Output::Log(log) => self.console.log(clock::now(), &log),
            Output::Said(severity, text) => self.console.said(clock::now(), severity, &text),
            // For records, and a display: the log has the passkey.
            _ => {}
        }
    }
}

/// What the thread owns.
pub struct Thread {
    host: &'static mut HostLevel<App, LINKS>,
    wanted: Wanted,
    /// An input that finds no room, because the host waits for room itself. Nothing further is
    /// begun before it is taken.
    held: Option<HostInput<Button>>,
}

impl Thread {
    /// Starts the clocks and sets up the radio; the core, at its `place`, is handed out to its
    /// levels and does not run yet.
    pub fn new(place: &'static mut Place, config: &Config, entropy: &Entropy) -> Self {
        board::set_up();
        clock::start();
        let Levels { link, control, host, between } = build(place, config, entropy);
        levels::hand_out(link, control, between, Radio::new());
        let (storage, console) = (Storage::open(), Console::new());
        Self { host, wanted: Wanted { effects: Queue::new(), storage, console }, held: None }
    }

    /// Starts the core, with the records that were kept, and says why.
    pub fn start(&mut self, start: &Start) {
        start.tell(clock::now(), &mut self.wanted.console);
        for slot in Storage::slots() {
            if let Some(loaded) = self.wanted.storage.load(slot) {
                self.input(HostInput::Completed(loaded));
            }
        }
        if self.wanted.storage.is_damaged() {
            self.input(HostInput::Completed(Completion::Damaged));
        }
        levels::start();
    }

    /// Gives the host an input; it runs before that if too many wait.
    fn input(&mut self, input: HostInput<Button>) {
        if let Some(input) = levels::input(input) {
            self.run();
            self.held = levels::input(input);
        }
    }

    /// Lets the host do what waits for it; whether there was something.
    fn run(&mut self) -> bool {
        let Self { host, wanted, .. } = self;
        // Every interrupt wakes the thread, and hardly any has something for it.
        if !host.is_held_up() && !levels::host_has_work() {
            return false;
        }
        let watch = Stopwatch::start();
        let work = host.run(clock::now(), &mut Chip(|output| wanted.output(output)));
        levels::host_has_run(work.items > 0, host.deadline());
        if work.items > 0 {
            watch.stop(work);
        }
        work.items > 0
    }

    /// One thing after the other, what somebody waits for first; whether there was something.
    pub fn step(&mut self) -> bool {
        if let Some(input) = self.held.take() {
            let worked = self.run();
            self.held = levels::input(input);
            return worked || self.held.is_none();
        }
        if let Some((number, pressed)) = buttons::next() {
            self.press(number, pressed);
            return true;
        }
        if self.store(false) {
            return true;
        }
        if let Some(completion) = self.wanted.effects.pop().and_then(effects::perform) {
            self.input(HostInput::Completed(completion));
            return true;
        }
        self.run() || self.store(true)
    }

    /// A button of the board was pressed or released.
    fn press(&mut self, number: usize, pressed: bool) {
        #[cfg(feature = "trial")]
        crate::trial::press(number, pressed);
        if let Some(button) = Button::ALL.get(number).copied() {
            self.input(HostInput::Button { button, pressed });
        }
    }

    /// Does one operation of flash, if there is one that is over before anything is due; whether
    /// it did. `at_leisure`: also one that nobody waits for.
    fn store(&mut self, at_leisure: bool) -> bool {
        if let Some(completion) = self.wanted.storage.answer() {
            self.input(HostInput::Completed(completion));
            return true;
        }
        let storage = &mut self.wanted.storage;
        let Some(takes) = storage.next(at_leisure) else { return false };
        levels::stand_still(takes + SPARE, !at_leisure, || storage.execute())
    }
}
