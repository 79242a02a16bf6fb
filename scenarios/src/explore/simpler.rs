//! What is simpler than a case: fewer procedures, fewer losses, fewer quirks, earlier events, an
//! ordinary link.

use bletwin_sim::explore::shrink::Shrink;

use super::case::{Case, Clocks, Csa, How, Loss, Procedure, Side, Start, Switch, What};

impl Case {
    /// Whether the central is told to break rules.
    #[must_use]
    pub fn misbehaves(&self) -> bool {
        !self.quirks.is_empty() || self.procedures.iter().any(|procedure| procedure.forced)
    }

    /// What it is about, without moments and values: cases of one shape tell the same story.
    #[must_use]
    pub fn shape(&self) -> String {
        let procedure = |p: &Procedure| {
            let forced = if p.forced { " forced" } else { "" };
            format!("{} {}{forced}", p.who.name(), p.what.name())
        };
        let mut parts: Vec<_> = self.procedures.iter().map(procedure).collect();
        parts.extend(self.quirks.iter().cloned());
        parts.sort();
        parts.join(", ")
    }
}

impl Shrink for Case {
    fn simpler(&self) -> Vec<Self> {
        let mut simpler = Simpler { case: self, all: Vec::new() };
        simpler.whole_fields();
        simpler.fewer();
        simpler.simpler_procedures();
        simpler.simpler_air();
        simpler.firmware_that_only_does_as_told();
        simpler.all.retain(|candidate| candidate != self && candidate.in_range().is_ok());
        simpler.all
    }
}

struct Simpler<'a> {
    case: &'a Case,
    all: Vec<Case>,
}

impl Simpler<'_> {
    fn with(&mut self, change: impl FnOnce(&mut Case)) {
        let mut case = self.case.clone();
        change(&mut case);
        self.all.push(case);
    }

    fn whole_fields(&mut self) {
        let plain = Case::default();
        let half = self.case.procedures.len().div_ceil(2);
        self.with(|case| case.losses.clear());
        self.with(|case| case.loss_ppm = 0);
        self.with(|case| case.quirks.clear());
        self.with(|case| case.procedures.truncate(half));
        self.with(|case| drop(case.procedures.drain(..half)));
        self.with(|case| case.set.clear());
        self.with(|case| case.clocks = Clocks::default());
        self.with(|case| case.start = Start::Fresh);
        self.with(|case| case.encryption = Switch::Off);
        self.with(|case| case.csa = Csa::Two);
        self.with(|case| case.peripheral = plain.peripheral.clone());
        self.with(|case| case.central = plain.central.clone());
        self.with(|case| case.interval = plain.interval);
        self.with(|case| case.seed = plain.seed);
    }

    /// What firmware starts by itself, the host can ask for, and then nothing else is in the way.
    fn firmware_that_only_does_as_told(&mut self) {
        let plain = Case::default().peripheral;
        if self.case.peripheral == plain && self.case.set.is_empty() {
            return;
        }
        let whats = [
            What::Phy { tx: 2, rx: 2 },
            What::Features,
            What::Version,
            What::DataLength { octets: 251, time: 2120 },
        ];
        let central = self.case.procedures.iter().filter(|p| p.who == Side::Central);
        let first = central.map(|p| p.event).min().filter(|event| *event > 2);
        for event in (0..4).chain(first.into_iter().flat_map(|event| event..event + 3)) {
            for what in &whats {
                self.with(|case| {
                    case.peripheral.clone_from(&plain);
                    case.set.clear();
                    let procedure = Procedure::new(Side::Peripheral, what.clone(), event);
                    case.procedures.insert(0, procedure);
                });
            }
        }
    }

    fn fewer(&mut self) {
        for at in (0..self.case.procedures.len()).rev() {
            self.with(|case| {
                case.procedures.remove(at);
            });
        }
        for at in (0..self.case.losses.len()).rev() {
            self.with(|case| drop(case.losses.drain(at..=at)));
        }
        for at in (0..self.case.quirks.len()).rev() {
            self.with(|case| drop(case.quirks.remove(at)));
        }
        for at in (0..self.case.set.len()).rev() {
            self.with(|case| drop(case.set.remove(at)));
        }
    }

    fn simpler_procedures(&mut self) {
        let first = self.case.procedures.iter().map(|p| p.event).min().unwrap_or(0);
        for by in [first, first / 2, 1.min(first)] {
            self.with(|case| case.procedures.iter_mut().for_each(|p| p.event -= by));
        }
        for at in 0..self.case.procedures.len() {
            let procedure = &self.case.procedures[at];
            let middle = Procedure::new(procedure.who, procedure.what.clone(), procedure.event);
            self.with(|case| case.procedures[at].forced = false);
            self.with(|case| case.procedures[at].position = middle.position);
            self.with(|case| case.procedures[at].what = plain(&middle.what));
            for event in [0, middle.event / 2, middle.event.saturating_sub(1)] {
                self.with(|case| case.procedures[at].event = event);
            }
        }
    }

    fn simpler_air(&mut self) {
        let Clocks { peripheral, central } = self.case.clocks;
        self.with(|case| case.clocks.peripheral = 0);
        self.with(|case| case.clocks.central = 0);
        self.with(|case| case.clocks = Clocks { peripheral: peripheral / 2, central: central / 2 });
        self.with(|case| case.interval = 6.max(case.interval / 2));
        for at in 0..self.case.losses.len() {
            self.with(|case| case.losses[at].how = How::Lost);
            let packet = self.case.losses[at].packet;
            for packet in [packet.div_ceil(2), packet.saturating_sub(1).max(1)] {
                self.with(|case| case.losses[at].packet = packet);
            }
        }
        if self.case.loss_ppm > 0 {
            self.one_loss_instead_of_many();
        }
    }

    /// What chance did, one packet may do.
    fn one_loss_instead_of_many(&mut self) {
        for packet in 1..=12 {
            for of in [Side::Central, Side::Peripheral] {
                self.with(|case| {
                    case.loss_ppm = 0;
                    case.losses.push(Loss { of, packet, how: How::Lost });
                });
            }
        }
    }
}

/// The procedure with the values that tell least.
fn plain(what: &What) -> What {
    match what {
        What::DataLength { .. } => What::DataLength { octets: 251, time: 2120 },
        What::Phy { .. } => What::Phy { tx: 2, rx: 2 },
        What::ConnectionUpdate { latency: 0, .. } => {
            What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 }
        }
        What::ParameterRequest { latency: 0, .. } => {
            What::ParameterRequest { interval: 24, latency: 0, timeout: 400 }
        }
        What::ConnectionUpdate { interval, timeout, .. } => {
            What::ConnectionUpdate { interval: *interval, latency: 0, timeout: *timeout }
        }
        What::ParameterRequest { interval, timeout, .. } => {
            What::ParameterRequest { interval: *interval, latency: 0, timeout: *timeout }
        }
        What::ChannelMap { .. } => What::ChannelMap { map: 0x1F_FFFF_0000 },
        What::MinUsedChannels { .. } => What::MinUsedChannels { channels: 30 },
        other => other.clone(),
    }
}
