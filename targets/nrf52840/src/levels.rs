//! The three levels, which preempt each other, and what joins them.
//!
//! | level | runs in | owns |
//! |---|---|---|
//! | [`Lower`] | interrupts of RADIO and RTC0 | link, radio |
//! | control | EGU0_SWI0, below them | control |
//! | [`Thread`](crate::thread::Thread) | the thread | host, storage, slow work |
//!
//! Whatever crosses from one level to another is a message in a bounded queue. Interrupts are held
//! off for as long as one of them moves, some microseconds, and never for a step of a level.

use core::cell::RefCell;

use ble::crypto::aes::Aes;
use ble::queue::Queue;
use ble::time::{Duration, Instant};
use ble::work::{Level, Work};
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use firmware_core::application::Application;
use firmware_core::host::message::HostInput;
use firmware_core::link::Link;
use firmware_core::link::message::{LinkOrder, LinkReport};
use firmware_core::peripheral::{Between, ControlLevel, Joint, Levels, Output};
use nrf_pac::Interrupt;

use crate::clock::{self, Alarm};
use crate::costs::Stopwatch;
use crate::ecb;
use crate::radio::Radio;

/// Connections at a time.
pub const LINKS: usize = 1;
/// Orders that wait for the link's level: control waits while there are so many.
const ORDERS: usize = 4;

/// For a pause this short the crystal is not switched off.
const AT_ONCE: Duration = Duration::from_us(500);

/// The application that this firmware is for.
pub use application::App;
/// The buttons of that application.
pub type Button = <App as Application>::Button;
/// What it shows.
pub type Shown = <App as Application>::Output;

/// The core, in parts.
pub type Core = Levels<App, LINKS>;

static LOWER: Mutex<RefCell<Option<Lower>>> = Mutex::new(RefCell::new(None));
static CONTROL: Mutex<RefCell<Option<&'static mut ControlLevel<LINKS>>>> =
    Mutex::new(RefCell::new(None));
static MIDDLE: Mutex<RefCell<Option<Middle>>> = Mutex::new(RefCell::new(None));

/// Has something alone for a moment, if it is there yet.
fn with<T, R>(what: &Mutex<RefCell<Option<T>>>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
    critical_section::with(|cs| what.borrow(cs).borrow_mut().as_mut().map(f))
}

/// Gives each level but the thread its part.
pub fn hand_out(
    link: &'static mut Link<LINKS>,
    control: &'static mut ControlLevel<LINKS>,
    between: &'static mut Between<Button>,
    radio: Radio,
) {
    control.lend_aes(Aes::lent(ecb::encrypt));
    critical_section::with(|cs| {
        let lower = Lower { link, radio, orders: Queue::new(), due: None };
        LOWER.borrow(cs).replace(Some(lower));
        CONTROL.borrow(cs).replace(Some(control));
        let middle = Middle { between, control_due: None, host_due: None };
        MIDDLE.borrow(cs).replace(Some(middle));
    });
}

/// What the interrupts of the radio and of the clock have: decisions within T_IFS.
struct Lower {
    link: &'static mut Link<LINKS>,
    radio: Radio,
    orders: Queue<LinkOrder, ORDERS>,
    /// The link's deadline.
    due: Option<Instant>,
}

/// The radio has switched itself off.
pub fn radio_interrupt() {
    with(&LOWER, |lower| {
        let watch = Stopwatch::start();
        let now = clock::now();
        let Lower { link, radio, .. } = lower;
        if let Some(work) = radio.disabled(now, |event| link.radio(now, event)) {
            lower.execute();
            lower.settle();
            watch.stop(work);
        }
        // An own packet goes on air now, or one of the peer: there is time.
        lower.take_orders();
    });
}

/// The clock overflowed, a deadline may have come, or orders wait. A packet may end meanwhile, and
/// its answer waits for the end of this: what is not due is not looked at.
pub fn clock_interrupt() {
    let [link, upper] = clock::acknowledge();
    let now = clock::now();
    with(&LOWER, |lower| {
        if lower.due.is_some_and(|due| due <= now) {
            let watch = Stopwatch::start();
            let work = lower.link.timer(now);
            lower.execute();
            lower.settle();
            watch.stop(work);
        } else if link {
            // Too far away for one round of the counter.
            clock::set(Alarm::Link, lower.due);
        }
        // What is ordered while a packet may end waits until that is answered.
        if !lower.radio.is_on_air(now) {
            lower.take_orders();
        }
    });
    with(&MIDDLE, |middle| middle.pass_time(now, upper));
}

impl Lower {
    /// Does what the link wants done, until it wants nothing more.
    fn execute(&mut self) {
        let now = clock::now();
        while let Some(command) = self.link.waiting_command() {
            let event = self.radio.execute(now, command);
            self.link.command_taken();
            if let Some(event) = event {
                let _ = self.link.radio(now, &event);
            }
        }
    }

    fn settle(&mut self) {
        let due = self.link.deadline();
        if due != self.due {
            self.due = due;
            clock::set(Alarm::Link, due);
        }
        if self.link.has_reports() {
            NVIC::pend(Interrupt::EGU0_SWI0);
        }
        if due.is_none_or(|due| due > clock::now() + AT_ONCE) {
            self.radio.rest();
        }
    }

    fn take_orders(&mut self) {
        if self.orders.is_empty() {
            return;
        }
        let watch = Stopwatch::start();
        let now = clock::now();
        while let Some(order) = self.orders.pop() {
            // Control has counted it as its own.
            let _ = self.link.order(now, order);
            self.execute();
        }
        self.settle();
        // It may have waited for room.
        NVIC::pend(Interrupt::EGU0_SWI0);
        watch.stop(Work::none(Level::Control));
    }
}

/// What is between control and thread, and when they are due.
struct Middle {
    between: &'static mut Between<Button>,
    control_due: Option<Instant>,
    host_due: Option<Instant>,
}

impl Middle {
    fn due(&self) -> Option<Instant> {
        Instant::earlier(self.control_due, self.host_due)
    }

    /// Whose deadline has come has its turn; the end of this interrupt wakes the thread.
    fn pass_time(&mut self, now: Instant, alarm: bool) {
        let control = self.control_due.take_if(|due| *due <= now).is_some();
        let host = self.host_due.take_if(|due| *due <= now).is_some();
        if control {
            self.between.control_is_due();
            NVIC::pend(Interrupt::EGU0_SWI0);
        }
        if host {
            self.between.host_is_due();
        }
        if alarm || control || host {
            clock::set(Alarm::Upper, self.due());
        }
    }

    /// A level has run and is due then.
    fn plan(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.due();
        change(self);
        let due = self.due();
        if due != before {
            clock::set(Alarm::Upper, due);
        }
    }
}

/// Runs control until nothing waits for it.
pub fn control_interrupt() {
    // Nobody else takes it: it is only away while this interrupt runs.
    let Some(control) = critical_section::with(|cs| CONTROL.borrow(cs).take()) else { return };
    let mut joint = Chip(|output: Output<Shown>| control_says(&output));
    control.drain(&mut joint);
    loop {
        let watch = Stopwatch::start();
        let work = control.run(clock::now(), &mut joint);
        let due = control.deadline();
        let more = with(&MIDDLE, |middle| {
            middle.plan(|middle| middle.control_due = due);
            middle.between.has_control_work()
        });
        if work.items > 0 {
            watch.stop(work);
        }
        // It stops early where there was no room for what follows; what comes from here on pends
        // this interrupt again.
        let reports = with(&LOWER, |lower| lower.link.has_reports()) == Some(true);
        if work.items == 0 || !(reports || more == Some(true)) {
            break;
        }
    }
    critical_section::with(|cs| CONTROL.borrow(cs).replace(Some(control)));
}

/// For the record: copies of what passes between controller and host, and traces.
fn control_says(output: &Output<Shown>) {
    #[cfg(feature = "trial")]
    crate::trial::keep(output);
    let _ = output;
}

/// An input for the host, from any level. It is given back if too many wait: the host has to run
/// first.
#[must_use]
pub fn input(input: HostInput<Button>) -> Option<HostInput<Button>> {
    critical_section::with(|cs| match MIDDLE.borrow(cs).borrow_mut().as_mut() {
        Some(middle) => middle.between.input(input),
        None => Some(input),
    })
}

/// Power is on, and all records have been given.
pub fn start() {
    with(&MIDDLE, |middle| middle.between.start());
}

/// Whether something waits for the host.
pub fn host_has_work() -> bool {
    with(&MIDDLE, |middle| middle.between.has_host_work()) == Some(true)
}

/// The host has run and is due then; control does what follows from it, if there is something.
pub fn host_has_run(worked: bool, due: Option<Instant>) {
    with(&MIDDLE, |middle| {
        middle.plan(|middle| middle.host_due = due);
        if worked || middle.between.has_down() {
            NVIC::pend(Interrupt::EGU0_SWI0);
        }
    });
}

/// Does something that makes the processor stand still for so long, if it is over before anything
/// is due; whether it did. If somebody waits for it and it is not done, the link knows.
pub fn stand_still(span: Duration, awaited: bool, what: impl FnOnce()) -> bool {
    critical_section::with(|cs| {
        let mut lower = LOWER.borrow(cs).borrow_mut();
        let upper = MIDDLE.borrow(cs).borrow().as_ref().and_then(Middle::due);
        let now = clock::now();
        let until = now + span;
        let is_free = lower.as_mut().is_some_and(|lower| {
            let is_free = Instant::earlier(lower.due, upper).is_none_or(|due| due > until)
                && lower.orders.is_empty()
                && lower.radio.is_free_until(until);
            lower.link.wait_for_gap(now, awaited && !is_free);
            is_free
        });
        if is_free {
            what();
        }
        is_free
    })
}

/// The joint of a level whose outputs a function takes.
pub struct Chip<F>(pub F);

impl<F: FnMut(Output<Shown>)> Joint<Button, Shown> for Chip<F> {
    fn report(&mut self) -> Option<LinkReport> {
        with(&LOWER, |lower| lower.link.report()).flatten()
    }

    fn takes_order(&self) -> bool {
        with(&LOWER, |lower| !lower.orders.is_full()) == Some(true)
    }

    fn order(&mut self, _: Instant, order: LinkOrder) {
        with(&LOWER, |lower| {
            // There is room, and nobody else orders.
            let _ = lower.orders.push(order);
            if !lower.radio.is_on_air(clock::now()) {
                NVIC::pend(Interrupt::RTC0);
            }
        });
    }

    fn between<R>(&mut self, f: impl FnOnce(&mut Between<Button>) -> R) -> R {
        critical_section::with(|cs| match MIDDLE.borrow(cs).borrow_mut().as_mut() {
            Some(middle) => f(middle.between),
            // No level runs before `hand_out`.
            None => f(&mut Between::default()),
        })
    }

    fn has_room(&self) -> bool {
        true
    }

    fn output(&mut self, output: Output<Shown>) {
        (self.0)(output);
    }
}
