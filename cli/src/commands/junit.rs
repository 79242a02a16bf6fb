//! `--junit FILE` of `run`, `matrix` and `explore`.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::ending::Exit;
use crate::junit::{Case, Ending, write};
use crate::output::Outputs;
use bletwin_explain::report;
use bletwin_scenarios::stage::Finished;
use bletwin_setup::error::BadInput;

/// Does `work`, which gives its cases, and writes them to `path`. What could not take place is a
/// case, too: a CI system shows it instead of missing a file.
pub(super) fn reported(
    path: Option<&Path>,
    suite: &str,
    outputs: &mut Outputs,
    work: impl FnOnce(&mut Outputs) -> anyhow::Result<(Exit, Vec<Case>)>,
) -> anyhow::Result<Exit> {
    let output = outputs.maybe("--junit", path)?;
    let result = work(outputs);
    let cases = match &result {
        Ok((Exit::Interrupted, _)) => return Ok(Exit::Interrupted),
        Ok((_, cases)) => cases.clone(),
        Err(error) => vec![not_run(suite, error)],
    };
    if let Some(output) = output {
        let path = output.path().to_owned();
        output
            .commit(|w| write(suite, &cases, w))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    result.map(|(exit, _)| exit)
}

fn not_run(suite: &str, error: &anyhow::Error) -> Case {
    let (message, help) = match error.downcast_ref::<BadInput>() {
        Some(bad) => (bad.what.clone(), bad.help.clone()),
        None => (format!("{error:#}"), String::new()),
    };
    Case {
        name: "command line".into(),
        class: suite.replace(' ', "."),
        time: Duration::ZERO,
        ending: Ending::Error("bad-input", message, help),
    }
}

/// A run of this command as a report for CI systems. Its settings are a part of its name.
pub(super) fn of_run(command: &str, set: &[String], finished: &Finished) -> Case {
    let summary = &finished.summary;
    let set: String = set.iter().map(|set| format!(", {set}")).collect();
    let ending = report::failure(finished).map_or(Ending::Passed, |why| {
        Ending::Failed(summary.outcome.name(), report::verdict_line(finished), why)
    });
    Case {
        name: format!(
            "{} with {}, seed {}{set}",
            summary.peripheral, summary.central, summary.seed
        ),
        class: format!("bletwin.{command}.{}", summary.scenario),
        time: seconds(summary.sim_seconds),
        ending,
    }
}

/// Simulated seconds as a time.
pub(super) fn seconds(simulated: f64) -> Duration {
    Duration::try_from_secs_f64(simulated).unwrap_or_default()
}
