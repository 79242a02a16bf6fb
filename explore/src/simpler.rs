//! Simplifications of a case: fewer procedures, fewer losses, fewer quirks, earlier events, an
//! ordinary link; and the simplest collisions of the same procedures.

use bletwin_sim::explore::shrink::Shrink;

use super::case::{Case, Clocks, Csa, How, Loss, Procedure, Side, Start, Switch, What};

impl Case {
    /// Whether the central is configured to break rules.
    #[must_use]
    pub fn misbehaves(&self) -> bool {
        !self.quirks.is_empty() || self.procedures.iter().any(|procedure| procedure.forced)
    }

    /// Its procedures, without times and values: cases of one shape are alike.
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

/// Firmware that starts nothing by itself.
const SILENT: [&str; 4] =
    ["phy-update=never", "data-length=never", "param-update=never", "feature-exchange=cached"];

impl Case {
    /// The same procedures from an ordinary link: one of the central's, and another, or one that
    /// the peripheral's host requests or its firmware would start by itself, around the same event.
    /// Step-by-step simplification does not reach these cases if other procedures are in the way.
    #[must_use]
    pub fn meetings(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for losses in self.fewest_losses() {
            for encryption in [Switch::Off, Switch::On] {
                let with = |procedures| Self {
                    set: self.silent(),
                    encryption,
                    losses: losses.clone(),
                    quirks: self.quirks.clone(),
                    refuse: self.refuse.clone(),
                    seed: self.seed,
                    procedures,
                    ..Self::default()
                };
                all.extend(self.pairs().into_iter().map(with));
            }
        }
        all
    }

    /// Of the case's settings those of the central stay.
    fn silent(&self) -> Vec<String> {
        let prefix = bletwin_setup::keys::CENTRAL_PREFIX;
        let kept = self.set.iter().filter(|set| set.starts_with(prefix)).cloned();
        SILENT.map(String::from).into_iter().chain(kept).collect()
    }

    /// None, and where there are any, one of the first packets of either side.
    fn fewest_losses(&self) -> Vec<Vec<Loss>> {
        let mut all = vec![Vec::new()];
        if !self.losses.is_empty() || self.loss_ppm > 0 {
            for packet in 2..=8 {
                for of in [Side::Central, Side::Peripheral] {
                    all.push(vec![Loss { of, packet, how: How::Lost }]);
                }
            }
        }
        all
    }

    fn pairs(&self) -> Vec<Vec<Procedure>> {
        const MIDDLE: u16 = 2;
        let of = |side| self.procedures.iter().filter(move |p: &&Procedure| p.who == side);
        let mut centrals: Vec<Procedure> = Vec::new();
        for procedure in of(Side::Central) {
            let plain = Procedure { event: MIDDLE, position: 500, ..procedure.clone() };
            let plain = Procedure { what: self::plain(&plain.what), ..plain };
            if !centrals.contains(&plain) {
                centrals.push(plain);
            }
        }
        let mut whats = vec![
            What::DataLength { octets: 251, time: 2120 },
            What::Phy { tx: 2, rx: 2 },
            What::Features,
            What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 },
        ];
        whats.extend(of(Side::Peripheral).map(|procedure| plain(&procedure.what)));
        let mut seen = std::collections::BTreeSet::new();
        whats.retain(|what| seen.insert(what.clone()));
        let own = |event| {
            let whats = whats.clone().into_iter();
            whats.map(move |what| Procedure::new(Side::Peripheral, what, event))
        };
        if centrals.is_empty() {
            return own(MIDDLE).map(|own| vec![own]).collect();
        }
        let mut all: Vec<_> = centrals.iter().map(|central| vec![central.clone()]).collect();
        for first in &centrals {
            for second in &centrals {
                let forced = second.what.forced_name().is_some();
                for event in [MIDDLE + 1, MIDDLE + 2, MIDDLE] {
                    all.push(vec![first.clone(), Procedure { event, forced, ..second.clone() }]);
                }
            }
        }
        for central in &centrals {
            for event in [2, 3, 1, 4, 0, 5] {
                all.extend(own(event).map(|own| vec![own, central.clone()]));
            }
        }
        all
    }
}

impl Shrink for Case {
    fn simpler(&self) -> Vec<Self> {
        let mut simpler = Simpler { case: self, all: Vec::new() };
        simpler.whole_fields();
        simpler.fewer();
        simpler.simpler_procedures();
        simpler.simpler_air();
        simpler.sooner_over();
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
        self.with(|case| case.refuse.clear());
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
        for at in (0..self.case.refuse.len()).rev() {
            self.with(|case| {
                case.refuse.remove(at);
            });
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

    /// The part after the violation is irrelevant.
    fn sooner_over(&mut self) {
        let ends = match self.case.until {
            None => vec![4, 8, 16, 32, 64],
            Some(end) => vec![end / 2, end - end.div_ceil(4), end.saturating_sub(1)],
        };
        for end in ends {
            self.with(|case| case.until = Some(end));
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

/// The procedure with its plainest values.
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
