//! How far a search is.

use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use bletwin_explore::campaign::Done;

/// A bar on standard error, if that is a terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    begun: Instant,
    /// Runs of an earlier process, which say nothing of this one's speed.
    before: u64,
    runs: u64,
    violations: u64,
}

impl Bar {
    /// For this many units, of which these are done, in at most this time.
    pub(super) fn new(all: usize, before: &[Done], budget: Option<Duration>) -> Self {
        let bar = ProgressBar::new(all as u64);
        let time = match budget {
            Some(budget) => format!("{{elapsed}} of {}", HumanDuration(budget)),
            None => "{elapsed}, {eta} to go".into(),
        };
        let style = format!("{{bar:30}} {{pos}}/{{len}} units, {time}, {{msg}}");
        bar.set_style(
            ProgressStyle::with_template(&style).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.inc(before.len() as u64);
        bar.reset_eta();
        let runs = before.iter().map(|done| done.runs).sum();
        let violations = before.iter().map(|done| done.violations).sum();
        Self { bar, begun: Instant::now(), before: runs, runs, violations }
    }

    /// Another unit is done.
    pub(super) fn advance(&mut self, done: &Done) {
        self.runs += done.runs;
        self.violations += done.violations;
        let seconds = self.begun.elapsed().as_secs_f64();
        self.bar.set_message(message(self.runs, self.runs - self.before, seconds, self.violations));
        self.bar.inc(1);
    }

    /// Nothing is left of it on the screen.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn message(runs: u64, since: u64, seconds: f64, violations: u64) -> String {
    let rate = match seconds >= 0.1 {
        true => format!(" ({}/s)", HumanCount((since as f64 / seconds) as u64)),
        false => String::new(),
    };
    let found = match violations {
        0 => "no findings".into(),
        1 => "1 with a finding".into(),
        n => format!("{} with findings", HumanCount(n)),
    };
    format!("{} runs{rate}, {found}", HumanCount(runs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_this_process() {
        assert_eq!(message(30_000, 0, 0.0, 0), "30,000 runs, no findings");
        let text = message(30_000, 10_000, 2.5, 1);
        assert_eq!(text, "30,000 runs (4,000/s), 1 with a finding");
        assert_eq!(message(5, 5, 1.0, 2), "5 runs (5/s), 2 with findings");
    }
}
