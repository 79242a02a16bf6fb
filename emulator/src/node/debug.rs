//! A chip under a debugger, which halts it between two instructions, in the middle of an input: the
//! world stands still until it goes on ([`Node::halted`](bletwin_sim::node::Node::halted)).
//!
//! What the chip does is not changed by that: an input that was halted in ends as it would have, at
//! the same moment. Gaps: RAM alone is watched, for values that change, by whoever changes them.

use bletwin_sim::node::NodeInput;

use super::ChipNode;
use crate::bus::Ticks;
use crate::cpu::{Cpu, Outcome, Watch};
use crate::nrf52840::Nrf52840;
use crate::stop::{Cause, Stop};

/// What a debugger waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Point {
    /// The instruction at this address comes next.
    Code(u32),
    /// Octets of RAM change.
    Data {
        /// The first of them.
        address: u32,
        /// How many there are, 1 to 64.
        count: u8,
    },
}

/// Why the chip is halted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Halt {
    /// The debugger wanted it, or has just been attached.
    Asked,
    /// One instruction was executed, or an exception was entered.
    Stepped,
    /// A point was reached.
    At(Point),
    /// The program itself, by BKPT; or the emulator gave up.
    Stopped(Stop),
}

/// How the chip goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resume {
    /// To the next point, or the debugger's wish.
    Run,
    /// For one instruction, or into an exception.
    Step,
}

/// Points that a debugger may set.
const POINTS: usize = 64;
/// Octets that one point watches.
const WATCHED: u8 = 64;

/// Where a processor stands: its next instruction, the exception that it handles, the cycle.
type Place = (u32, u32, u64);

fn place(cpu: &Cpu<Nrf52840>) -> Place {
    (cpu.register(15), cpu.status() & 0x1FF, cpu.cycles())
}

/// An attached debugger.
#[derive(Clone, Debug)]
pub(super) struct Debugger {
    /// Each with the octets that are watched.
    points: Vec<(Point, Option<Vec<u8>>)>,
    halt: Option<Halt>,
    how: Resume,
    /// Whether it is to halt before anything else.
    asked: bool,
    /// Where it went on; `None`: it has left that place.
    from: Option<Place>,
    /// Of the input that was halted in: whether it brought octets.
    octets: Option<bool>,
    /// That input, if it is still to be done.
    input: Option<NodeInput>,
    /// It is gone once that input has ended.
    leaves: bool,
}

impl Debugger {
    const fn new() -> Self {
        Self {
            points: Vec::new(),
            halt: None,
            how: Resume::Run,
            asked: true,
            from: None,
            octets: None,
            input: None,
            leaves: false,
        }
    }

    /// As [`Cpu::run`], to the next point.
    pub(super) fn run(&mut self, cpu: &mut Cpu<Nrf52840>, until: Ticks) -> Outcome {
        if self.halt.is_some() {
            return Outcome::Halted;
        }
        match cpu.run_watched(until, self) {
            Outcome::Stopped(stop) if stop.cause != Cause::Reset => {
                self.halt = Some(Halt::Stopped(stop));
                // A breakpoint in the program is no end for who sees it.
                let over = !matches!(stop.cause, Cause::Breakpoint(_));
                if over { Outcome::Stopped(stop) } else { Outcome::Halted }
            }
            outcome => outcome,
        }
    }

    /// Why it is to halt, if it is.
    fn reason(&mut self, cpu: &Cpu<Nrf52840>) -> Option<Halt> {
        if std::mem::take(&mut self.asked) {
            return Some(Halt::Asked);
        }
        let here = place(cpu);
        // The instruction that it stands at is executed whatever points at it, unless an exception
        // is entered first. The processor asks more than once if it has to decode it.
        if self.from == Some(here) {
            return None;
        }
        self.from = None;
        for (point, kept) in &mut self.points {
            let reached = match (*point, kept) {
                (Point::Code(address), _) => address == cpu.register(15),
                (Point::Data { address, count }, Some(kept)) => {
                    let octets = cpu.memory().octets(address, count.into());
                    let changed = octets.filter(|octets| octets != kept);
                    changed.map(|octets| *kept = octets).is_some()
                }
                (Point::Data { .. }, None) => false,
            };
            if reached {
                return Some(Halt::At(*point));
            }
        }
        (self.how == Resume::Step).then_some(Halt::Stepped)
    }
}

impl Watch<Nrf52840> for Debugger {
    fn halts(&mut self, cpu: &Cpu<Nrf52840>) -> bool {
        self.halt = self.reason(cpu);
        self.halt.is_some()
    }
}

impl ChipNode {
    /// Attaches a debugger, whose first wish is that the chip halts.
    pub fn attach(&mut self) {
        self.debugger.0 = Some(Box::new(Debugger::new()));
    }

    /// Detaches it; the chip goes on.
    pub fn detach(&mut self) {
        // The input that it was halted in has yet to end.
        self.debugger.0.take_if(|debugger| debugger.octets.is_none());
        if let Some(debugger) = &mut self.debugger.0 {
            let (octets, input) = (debugger.octets, debugger.input.take());
            **debugger = Debugger { asked: false, octets, input, leaves: true, ..Debugger::new() };
        }
    }

    /// Why the chip is halted; `None`: it is not.
    #[must_use]
    pub fn halt(&self) -> Option<Halt> {
        self.debugger.as_ref()?.halt
    }

    /// Halts the chip where it stands, between two inputs.
    pub fn halt_now(&mut self) {
        if let Some(debugger) = &mut self.debugger.0 {
            debugger.halt = debugger.halt.or(Some(Halt::Asked));
        }
    }

    /// Lets it go on.
    pub fn go_on(&mut self, how: Resume) {
        let here = self.cpu.as_deref().map(place);
        if let Some(debugger) = &mut self.debugger.0 {
            (debugger.halt, debugger.how, debugger.from) = (None, how, here);
            debugger.asked = false;
        }
    }

    /// Sets a point; false: there are too many, or nothing can be watched there.
    #[must_use]
    pub fn set_point(&mut self, point: Point) -> bool {
        let octets = match point {
            Point::Code(_) => None,
            Point::Data { address, count } => {
                let memory = self.cpu.as_ref().map(|cpu| cpu.memory());
                let octets = memory.and_then(|memory| memory.octets(address, count.into()));
                if octets.is_none() || !(1..=WATCHED).contains(&count) {
                    return false;
                }
                octets
            }
        };
        let Some(debugger) = &mut self.debugger.0 else { return false };
        let room = debugger.points.len() < POINTS;
        if room {
            debugger.points.push((point, octets));
        }
        room
    }

    /// Removes a point; false: there is none.
    #[must_use]
    pub fn clear_point(&mut self, point: Point) -> bool {
        let Some(debugger) = &mut self.debugger.0 else { return false };
        let place = debugger.points.iter().position(|(other, _)| *other == point);
        place.map(|place| debugger.points.remove(place)).is_some()
    }

    /// The symbol of the program that an address lies in.
    #[must_use]
    pub fn symbol_at(&self, address: u32) -> Option<&str> {
        self.image.symbols.at(address)
    }

    /// The processor, to change as a debugger does, while the chip is on.
    pub(crate) fn cpu_mut(&mut self) -> Option<&mut Cpu<Nrf52840>> {
        self.cpu.as_deref_mut()
    }

    /// The input that goes on, if it is still to be done.
    pub(super) fn kept_input(&mut self) -> Option<NodeInput> {
        self.debugger.0.as_mut()?.input.take()
    }

    /// Keeps an input that has not been done because the chip was halted before.
    pub(super) fn keep_input(&mut self, input: NodeInput) {
        if let Some(debugger) = &mut self.debugger.0 {
            debugger.input = Some(input);
        }
    }

    /// Whether the input that goes on brought octets.
    pub(super) fn resumes_octets(&mut self) -> bool {
        let octets = self.debugger.0.as_mut().and_then(|debugger| debugger.octets.take());
        self.debugger.0.take_if(|debugger| debugger.leaves);
        octets.unwrap_or(false)
    }

    /// Whether the chip is halted in an input, which is then kept: with octets, or without.
    pub(super) fn halts_with(&mut self, octets: bool) -> bool {
        let Some(debugger) = &mut self.debugger.0 else { return false };
        if debugger.halt.is_some() {
            debugger.octets = Some(octets);
        }
        debugger.halt.is_some()
    }
}
