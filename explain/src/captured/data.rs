//! A capture as data.

use bletwin_oracle::{Finding, Judged};
use serde::Serialize;

use super::logs::Logged;
use super::naming::Naming;
use super::{CapturedLink, Encryption, Explained};
use crate::report::Suspected;

/// What `explain --json` prints of connections and rules; see docs/JSON.md.
#[derive(Debug, Serialize)]
pub struct Json {
    connections: Vec<Described>,
    logs: Vec<OfHost>,
    findings: Vec<Found>,
    observations: Vec<Found>,
    undecided: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Described {
    number: usize,
    central: Option<String>,
    peripheral: Option<String>,
    from_us: u64,
    to_us: u64,
    from_the_start: bool,
    packets: usize,
    missing: u32,
    unread: usize,
    interval_us: Option<u64>,
    latency: Option<u16>,
    timeout_us: Option<u64>,
    encryption: &'static str,
    concern: Option<String>,
    not_judged: Option<&'static str>,
    judged: Option<Extent>,
    why: Option<String>,
    hypotheses: Vec<Suspected>,
    would_decide: Option<String>,
    would_judge: Option<&'static str>,
}

/// How far the rules were judged.
#[derive(Debug, Serialize)]
struct Extent {
    packets: usize,
    rest: usize,
    until_us: Option<u64>,
    stop: Option<&'static str>,
    rules: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct OfHost {
    device: String,
    #[serde(flatten)]
    connection: Logged,
    would_decide: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Found {
    rule: &'static str,
    by: String,
    at_us: u64,
    text: String,
}

/// All of it as data.
#[must_use]
pub fn json(explained: &Explained, names: &Naming) -> Json {
    let found = |finding: &Finding| Found {
        rule: finding.rule,
        by: names.device(finding.culprit),
        at_us: finding.at.as_us(),
        text: names.hide(&finding.text),
    };
    let of_host = |connection: &Logged| OfHost {
        device: names.device(connection.node),
        connection: connection.clone(),
        would_decide: connection.would_decide(),
    };
    Json {
        connections: explained.links.iter().map(|link| connection(link, names)).collect(),
        logs: explained.logs.iter().map(of_host).collect(),
        findings: explained.examined.findings.iter().map(found).collect(),
        observations: explained.examined.observations.iter().map(found).collect(),
        undecided: explained.examined.undecided.clone(),
    }
}

fn connection(link: &CapturedLink, names: &Naming) -> Described {
    let tale = link.tale.as_ref().filter(|_| link.concern.is_some());
    Described {
        number: link.number,
        central: link.central.map(|end| names.device(end)),
        peripheral: link.peripheral.map(|end| names.device(end)),
        from_us: link.span[0].as_us(),
        to_us: link.span[1].as_us(),
        from_the_start: link.from_the_start,
        packets: link.packets,
        missing: link.missing,
        unread: link.unread,
        interval_us: link.timing.map(|timing| timing.interval.as_us()),
        latency: link.timing.map(|timing| timing.latency),
        timeout_us: link.timing.map(|timing| timing.timeout.as_us()),
        encryption: match link.encryption {
            Encryption::Never => "never",
            Encryption::Read => "read",
            Encryption::Opaque(_) => "opaque",
        },
        concern: link.concern.map(|concern| concern.words()),
        not_judged: link.set_aside.map(|aside| aside.why),
        judged: link.judged.as_ref().map(extent),
        why: tale.map(|tale| tale.paragraph.clone()),
        hypotheses: tale.map(|tale| tale.suspected.clone()).unwrap_or_default(),
        would_decide: link.would_decide(),
        would_judge: link.would_judge(),
    }
}

fn extent(judged: &Judged) -> Extent {
    Extent {
        packets: judged.packets,
        rest: judged.rest,
        until_us: judged.until.map(|at| at.as_us()),
        stop: judged.stop.map(|(_, stop)| stop.text()),
        rules: judged.decided.clone(),
    }
}
