//! A capture in words.

use std::fmt::Write as _;

use bletwin_oracle::{Finding, Needs, Stop};
use bletwin_rules::Rule;
use bletwin_scenarios::judgement::{seconds, title};
use bletwin_sniffer::NodeId;

use super::naming::Naming;
use super::{CapturedLink, Encryption, Explained, LAST};
use crate::report::wrap;

/// How wide a line is at most, in characters.
const WIDTH: usize = 88;

/// What a host's log cannot tell.
const BY_ITSELF: &str = "Procedures that a controller starts and answers by itself are not in a \
                         host's log: why a link ended, beyond its reason, this evidence does not \
                         decide. A capture of the air would.";

impl Explained {
    /// Each connection: what was seen, what went wrong, and why.
    #[must_use]
    pub fn connections(&self, names: &Naming) -> String {
        let links: Vec<String> = self.links.iter().map(|link| link.words(names)).collect();
        links.join("\n")
    }

    /// What hosts' logs say of connections, a line each; `None`: nothing.
    #[must_use]
    pub fn logged(&self, names: &Naming) -> Option<String> {
        let mut lines: Vec<String> =
            self.logs.iter().map(|one| wrap(&one.words(&names.device(one.node)), WIDTH)).collect();
        if self.links.is_empty() && !lines.is_empty() {
            lines.push(wrap(BY_ITSELF, WIDTH));
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Rules that were broken, a line each; `None`: none that this evidence decides.
    #[must_use]
    pub fn violations(&self, names: &Naming) -> Option<String> {
        lines(&self.examined.findings, names)
    }

    /// Recommendations that were not followed, a line each.
    #[must_use]
    pub fn observations(&self, names: &Naming) -> Option<String> {
        lines(&self.examined.observations, names)
    }

    /// What was judged and what was not, in sentences.
    #[must_use]
    pub fn judged(&self) -> String {
        let undecided = &self.examined.undecided;
        let open = undecided.len();
        let all = bletwin_rules::judged().count();
        let takes_more =
            |rule: &&&str| Needs::of(rule).is_none_or(|needs| !needs.are_met_by(Needs::CAPTURE));
        let never = undecided.iter().filter(takes_more).count();
        let mut text = format!(
            "{} of {all} rules were judged, of each connection as far as is said there.",
            all.saturating_sub(open)
        );
        if open > never {
            let _ = write!(
                text,
                " {} more a capture without gaps, from before they connect, would decide.",
                open - never
            );
        }
        if never > 0 {
            let _ = write!(
                text,
                " {never} no capture decides: who heard what, HCI and what devices know of \
                 themselves are not in it."
            );
        }
        let unjudged = self.examined.unjudged.len();
        if unjudged > 0 {
            let _ = write!(
                text,
                " From {unjudged} place{} on a connection was not judged: its advertiser was not \
                 heard, or it is encrypted with a key that is not known.",
                if unjudged == 1 { "" } else { "s" }
            );
        }
        text
    }
}

impl CapturedLink {
    /// What was seen of it, what went wrong, and why.
    fn words(&self, names: &Naming) -> String {
        let mut text = format!("{}\n", self.heading(names));
        for line in self.facts() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {line}");
        }
        let told = match (self.set_aside, self.concern) {
            (Some(aside), _) => format!("Not judged: {}.", aside.why),
            (None, None) => "Nothing went wrong that was captured.".to_owned(),
            (None, Some(concern)) => format!("What went wrong: {}.", concern.words()),
        };
        let _ = writeln!(text, "  {told}");
        let tale = self.tale.as_ref().filter(|_| self.concern.is_some());
        if let Some(tale) = tale {
            for told in tale.sure.iter().chain([&tale.paragraph]) {
                for line in wrap(told, WIDTH - 2).lines() {
                    let _ = writeln!(text, "  {line}");
                }
            }
            let _ = writeln!(text, "\n{}\n", names.hide(&tale.lines));
        }
        let indent = if tale.is_some() { "" } else { "  " };
        for sentence in self.further() {
            for line in wrap(&sentence, WIDTH - indent.len()).lines() {
                let _ = writeln!(text, "{indent}{line}");
            }
        }
        text
    }

    /// What further evidence would decide what this one leaves open, a sentence each.
    pub(crate) fn further(&self) -> Vec<String> {
        let cause = self.would_decide().map(|what| format!("Would decide: {what}."));
        let rules = self.would_judge().map(|what| format!("Would have more judged: {what}."));
        cause.into_iter().chain(rules).collect()
    }

    pub(crate) fn heading(&self, names: &Naming) -> String {
        let name = |end: Option<NodeId>| {
            end.map_or_else(|| "not heard".to_owned(), |end| names.device(end))
        };
        format!(
            "Connection {}: central {}, peripheral {}, {} to {}",
            self.number,
            name(self.central),
            name(self.peripheral),
            seconds(self.span[0]),
            seconds(self.span[1]),
        )
    }

    pub(crate) fn facts(&self) -> Vec<String> {
        let begun = if self.from_the_start { "" } else { ", not from its beginning on" };
        let missing = match self.missing {
            0 => "none missing".to_owned(),
            n => format!("up to {n} more were on air and not captured"),
        };
        let mut facts = vec![format!("{} packets captured{begun}; {missing}", self.packets)];
        if let Some(timing) = self.timing {
            let hundredths = timing.interval.as_us() / 10;
            facts.push(format!(
                "interval {}.{:02} ms, peripheral latency {}, supervision timeout {} ms: {} events \
                 without a packet end the link",
                hundredths / 100,
                hundredths % 100,
                timing.latency,
                timing.timeout.as_us() / 1000,
                timing.events(),
            ));
        }
        facts.push(match self.encryption {
            Encryption::Never => "not encrypted".to_owned(),
            Encryption::Read => "encrypted, and read with its key".to_owned(),
            Encryption::Opaque(at) => {
                format!(
                    "encrypted from {} on, {} packets that were not read: the key is not known",
                    seconds(at),
                    self.unread
                )
            }
        });
        facts.extend(self.extent());
        facts
    }

    /// How far the rules were judged, and why no further.
    fn extent(&self) -> Option<String> {
        let Some(judged) = &self.judged else {
            let why = match (self.from_the_start, self.unheard) {
                // Of what is set aside the reason is told where its end is.
                _ if self.set_aside.is_some() => return None,
                (true, true) => "its advertiser was not heard",
                (true, false) => return None,
                (false, _) => "its beginning was not captured",
            };
            return Some(format!("no rule of connections judged: {why}"));
        };
        let rules = format!("{} rules", judged.decided.len());
        let packets = judged.packets + judged.rest;
        Some(match judged.stop {
            Some((_, Stop::Unacknowledged)) if judged.rest <= LAST => match judged.rest {
                1 => format!("{rules} judged, but for its last packet"),
                last => format!("{rules} judged, but for its last {last} packets"),
            },
            Some((_, stop)) => {
                let at = judged.until.map_or_else(String::new, |at| format!(" to {}", seconds(at)));
                format!(
                    "{rules} judged{at}, {} of {packets} packets: {}",
                    judged.packets,
                    stop.text()
                )
            }
            None => format!("{rules} judged to its end"),
        })
    }
}

fn lines(findings: &[Finding], names: &Naming) -> Option<String> {
    let one = |finding: &Finding| {
        let source = Rule::find(finding.rule)
            .map_or(String::new(), |rule| format!(" [{}]", rule.sections()));
        let (who, at) = (names.device(finding.culprit), seconds(finding.at));
        format!("{} by {who} at {at}: {}{source}", title(finding.rule), names.hide(&finding.text))
    };
    let lines: Vec<String> = findings.iter().map(one).map(|line| wrap(&line, WIDTH)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
