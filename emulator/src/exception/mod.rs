//! Exceptions: which wait, which are active, which comes next.

mod entry;
mod fault;
mod leave;

#[cfg(test)]
mod tests;

pub(crate) use fault::Fault;

/// Exception numbers of the architecture.
pub(crate) const NMI: u8 = 2;
pub(crate) const HARD_FAULT: u8 = 3;
pub(crate) const MEM_MANAGE: u8 = 4;
pub(crate) const BUS_FAULT: u8 = 5;
pub(crate) const USAGE_FAULT: u8 = 6;
pub(crate) const SV_CALL: u8 = 11;
pub(crate) const PEND_SV: u8 = 14;
pub(crate) const SYS_TICK: u8 = 15;
/// The first external interrupt.
pub(crate) const EXTERNAL: u8 = 16;
/// External interrupts that there are registers for here.
pub(crate) const LINES: u8 = 64;
const COUNT: usize = EXTERNAL as usize + LINES as usize;

/// The priority of code outside all handlers.
const THREAD: i16 = 256;

/// PRIMASK, FAULTMASK and BASEPRI.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Masks {
    pub(crate) primask: bool,
    pub(crate) faultmask: bool,
    pub(crate) basepri: u8,
}

/// The state of all exceptions. Sets are bits by exception number.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Exceptions {
    pub(crate) pending: u128,
    pub(crate) active: u128,
    /// External interrupts; the others are always enabled, or escalate instead.
    pub(crate) enabled: u64,
    lines: u64,
    priorities: [u8; COUNT],
    /// AIRCR.PRIGROUP, 0–7: the bits of a priority up to this one do not count for preemption.
    pub(crate) group: u8,
    /// The bits of a priority that exist.
    mask: u8,
}

/// The numbers in a set, lowest first.
fn numbers(mut set: u128) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let number = (set != 0).then(|| set.trailing_zeros() as u8)?;
        set &= set - 1;
        Some(number)
    })
}

impl Exceptions {
    pub(crate) fn new(priority_bits: u8) -> Self {
        Self {
            pending: 0,
            active: 0,
            enabled: 0,
            lines: 0,
            priorities: [0; COUNT],
            group: 0,
            mask: !(0xFF_u16 >> priority_bits.min(8)) as u8,
        }
    }

    pub(crate) fn reset(&mut self) {
        *self = Self { mask: self.mask, ..Self::new(8) };
    }

    /// A priority without the bits that do not exist.
    pub(crate) const fn implemented(&self, priority: u8) -> u8 {
        priority & self.mask
    }

    pub(crate) fn priority_register(&self, number: u8) -> u8 {
        self.priorities.get(usize::from(number)).copied().unwrap_or(0)
    }

    pub(crate) fn set_priority(&mut self, number: u8, priority: u8) {
        let priority = self.implemented(priority);
        if let Some(place) = self.priorities.get_mut(usize::from(number)) {
            *place = priority;
        }
    }

    fn priority(&self, number: u8) -> i16 {
        match number {
            NMI => -2,
            HARD_FAULT => -1,
            _ => self.priority_register(number).into(),
        }
    }

    /// The part of a priority that decides on preemption.
    fn group_of(&self, priority: i16) -> i16 {
        if priority < 0 { priority } else { priority & !((2 << self.group) - 1) }
    }

    pub(crate) fn group_priority(&self, number: u8) -> i16 {
        self.group_of(self.priority(number))
    }

    /// The priority that an exception has to beat.
    pub(crate) fn running(&self, masks: Masks) -> i16 {
        let active = numbers(self.active).map(|number| self.group_priority(number)).min();
        let mut running = active.unwrap_or(THREAD);
        if masks.basepri != 0 {
            running = running.min(self.group_of(masks.basepri.into()));
        }
        if masks.primask {
            running = running.min(0);
        }
        if masks.faultmask {
            running = running.min(-1);
        }
        running
    }

    /// The exception that waits with the highest priority, if it beats another.
    pub(crate) fn beating(&self, running: i16) -> Option<u8> {
        let ready = self.pending & (u128::from(self.enabled) << EXTERNAL | 0xFFFF);
        let first = numbers(ready).min_by_key(|number| (self.priority(*number), *number))?;
        (self.group_priority(first) < running).then_some(first)
    }

    pub(crate) fn is_active(&self, number: u8) -> bool {
        self.active >> number & 1 == 1
    }

    /// Takes over the interrupt lines: a high one pends its interrupt unless that is active.
    /// Whether any that did not wait now does.
    pub(crate) fn sample(&mut self, lines: u64) -> bool {
        let before = self.pending;
        let rising = lines & !self.lines;
        let idle = lines & !((self.active >> EXTERNAL) as u64);
        self.lines = lines;
        self.pending |= u128::from(rising | idle) << EXTERNAL;
        self.pending & !before != 0
    }
}
