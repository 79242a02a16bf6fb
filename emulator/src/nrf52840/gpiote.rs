//! GPIOTE: eight channels that make events of pins, or move pins by tasks, and the PORT event,
//! which is raised when a port's DETECT rises.

use super::peripheral::{Common, Moment, Peripheral};
use crate::bus::Ticks;

/// The PORT event.
const PORT: u8 = 31;
const CHANNELS: usize = 8;

/// Values of CONFIG.MODE: the pin makes events, or tasks move it.
const EVENT: u32 = 1;
const TASK: u32 = 3;

/// A change of a pin that a task asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Move {
    pub(super) port: usize,
    pub(super) pin: u8,
    pub(super) level: bool,
}

/// The channels' registers, and the changes of pins that are still to be made.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Gpiote {
    common: Common,
    configuration: [u32; CHANNELS],
    /// What the channels in task mode put out.
    levels: u8,
    moves: Vec<Move>,
}

impl Gpiote {
    /// Pins that are to change since the last call.
    pub(super) fn moves(&mut self) -> Vec<Move> {
        std::mem::take(&mut self.moves)
    }

    /// The events of pins that have changed; `detected`: DETECT of a port has risen.
    pub(super) fn events(&self, before: [u32; 2], after: [u32; 2], detected: bool) -> Vec<u8> {
        let channel = |n: &usize| {
            let configuration = self.configuration[*n];
            let (port, pin) = place(configuration);
            let level = |levels: [u32; 2]| levels[port] >> pin & 1;
            let wanted = match (level(before), level(after)) {
                (0, 1) => 1,
                (1, 0) => 2,
                _ => return false,
            };
            configuration & 3 == EVENT && configuration >> 16 & wanted != 0
        };
        let mut events: Vec<u8> = (0..CHANNELS).filter(channel).map(|n| n as u8).collect();
        events.extend(detected.then_some(PORT));
        events
    }

    fn put(&mut self, channel: usize, level: bool) {
        let configuration = self.configuration[channel];
        if configuration & 3 != TASK {
            return;
        }
        let (port, pin) = place(configuration);
        self.levels = self.levels & !(1 << channel) | u8::from(level) << channel;
        self.moves.push(Move { port, pin, level });
    }
}

fn place(configuration: u32) -> (usize, u8) {
    ((configuration >> 13 & 1) as usize, (configuration >> 8 & 0x1F) as u8)
}

impl Peripheral for Gpiote {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    /// OUT, SET and CLR of each channel.
    fn task(&mut self, task: u8, _: &mut Moment<'_>) {
        let channel = usize::from(task % 12) % CHANNELS;
        let old = self.levels >> channel & 1 == 1;
        match task {
            0..8 => match self.configuration[channel] >> 16 & 3 {
                1 => self.put(channel, true),
                2 => self.put(channel, false),
                3 => self.put(channel, !old),
                _ => {}
            },
            12..20 => self.put(channel, true),
            24..32 => self.put(channel, false),
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        let channel = offset.checked_sub(0x510)? as usize / 4;
        self.configuration.get(channel).copied()
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        let Some(channel) = offset.checked_sub(0x510).map(|offset| offset as usize / 4) else {
            return false;
        };
        let Some(place) = self.configuration.get_mut(channel) else { return false };
        *place = value & 0x0013_3F03;
        self.put(channel, value >> 20 & 1 == 1);
        true
    }
}
