//! The central's behaviour, by observation: its reaction to the peripheral's request, broken rules,
//! the disconnection.

use ble::time::Instant;
use bletwin_oracle::{self as oracle};
use bletwin_rules::Rule;
use bletwin_sim::record::RecordId;
use bletwin_sim::sniffer::sniff;
use firmware_core::host::procedures::Request;
use serde::Serialize;

use super::divergence;
use bletwin_explain::why::procedures::Answer;
use bletwin_explain::why::{Account, Cause, Exchange, How, Hypothesis, Why};
use bletwin_scenarios::stage::Finished;

/// A rule that was broken in the failing run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule's id.
    pub rule: &'static str,
    /// The rule in a few words.
    pub title: &'static str,
    /// Section of the specification.
    pub source: &'static str,
    /// Whether the central broke it (or the peripheral).
    pub by_central: bool,
    /// What broke the rule, in a few words.
    pub text: String,
}

/// Every rule that was broken, once for each side: by the air of `seen`, unless `whole`, the same
/// run with all notes of its nodes, shows otherwise (a central that disconnected because its host
/// asked for it has not fallen silent).
#[must_use]
pub fn violations(seen: &Finished, whole: &Finished) -> Vec<Violation> {
    let mut found: Vec<Violation> = Vec::new();
    let sure = oracle::judge(&bletwin_sim::view(&whole.records));
    for finding in oracle::judge(&bletwin_sim::view(&seen.records)) {
        if !sure.iter().any(|f| (f.rule, f.culprit) == (finding.rule, finding.culprit)) {
            continue;
        }
        let by_central = finding.culprit == seen.central;
        let known = found.iter().any(|b| b.rule == finding.rule && b.by_central == by_central);
        let Some(rule) = Rule::judged(finding.rule).filter(|_| !known) else {
            continue;
        };
        let (title, source) = (rule.title, rule.sections());
        found.push(Violation { rule: rule.id, title, source, by_central, text: finding.text });
    }
    found
}

/// When the peripheral first asks for a procedure on air.
#[must_use]
pub fn first_on_air(run: &Finished, request: Request) -> Option<Instant> {
    let spots = divergence::spots(run);
    spots.iter().flatten().find(|spot| spot.request == Some(request)).map(|spot| spot.at)
}

/// What became of the request at this record of the air, in a clause that has the central as its
/// subject. `None`: no request of the connection that ended.
#[must_use]
pub fn reaction(run: &Finished, record: RecordId) -> Option<String> {
    let Why { account, hypotheses } = Why::of(run);
    let index = account.pdus.iter().position(|pdu| pdu.id == record)?;
    let name = account.pdus.get(index)?.name();
    let answer = match account.exchanges.iter().find(|exchange| exchange.request == index) {
        Some(exchange) => answered(&account, exchange, &name)?,
        // No procedure of the link layer.
        None => followed(&account, index, &name)?,
    };
    let end = ended(&account, hypotheses.first());
    Some([Some(answer), end].into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// How [`offer`] names the bit of LE Secure Connections.
pub(super) const SECURE_CONNECTIONS: &str = "LE Secure Connections";

/// The offer of the central's last Pairing Request, if the peripheral refuses it.
#[must_use]
pub fn offer(run: &Finished) -> Option<String> {
    const CAPABILITIES: [&str; 5] =
        ["DisplayOnly", "DisplayYesNo", "KeyboardOnly", "NoInputNoOutput", "KeyboardDisplay"];
    let items = sniff(&run.records);
    let request = items.iter().rev().find_map(|item| match item.frame() {
        Some((6, [0x01, io, _oob, auth, ..])) => Some((*io, *auth)),
        _ => None,
    });
    let (io, auth) = request?;
    let io = CAPABILITIES.get(usize::from(io)).copied().unwrap_or("a reserved IO capability");
    let wish = |bit: u8, name: &'static str| (auth & bit != 0).then_some(name);
    let wishes: Vec<&str> = [
        wish(0x01, "bonding"),
        wish(0x04, "protection against a man in the middle"),
        wish(0x08, SECURE_CONNECTIONS),
    ]
    .into_iter()
    .flatten()
    .collect();
    let wishes = if wishes.is_empty() { "nothing more".into() } else { wishes.join(", ") };
    Some(format!("asks to pair with {io} and {wishes}"))
}

/// The central's next PDU, for a request that is not one of the link layer.
fn followed(account: &Account, request: usize, name: &str) -> Option<String> {
    let later = account.pdus.iter().skip(request + 1);
    let next: Vec<String> = later
        .filter(|pdu| pdu.from_central && pdu.is_news())
        .take(2)
        .map(|pdu| format!("{} ({})", pdu.name(), pdu.place()))
        .collect();
    match next.is_empty() {
        true => Some(format!("says nothing after {name}")),
        false => Some(format!("says {} after {name}", next.join(", then "))),
    }
}

fn answered(account: &Account, exchange: &Exchange, name: &str) -> Option<String> {
    let answer = |index: usize| {
        account.pdus.get(index).map(|pdu| format!("{} ({})", pdu.name(), pdu.place()))
    };
    Some(match exchange.answer {
        None => {
            let later = account.pdus.iter().skip(exchange.request + 1);
            // A packet may have been under way.
            let more = later.filter(|pdu| pdu.from_central && pdu.is_news()).count();
            let rest = if more <= 1 { " and says nothing more" } else { "" };
            format!("never answers {name}{rest}")
        }
        Some(Answer::Answered(pdu)) => format!("answers {name} with {}", answer(pdu)?),
        Some(Answer::Scheduled { pdu, instant }) => {
            format!("answers {name} with {}, instant {instant}", answer(pdu)?)
        }
        Some(Answer::Refused { pdu, .. }) => format!("refuses {name} with {}", answer(pdu)?),
    })
}

fn ended(account: &Account, first: Option<&Hypothesis>) -> Option<String> {
    let last = first.and_then(|first| account.pdu(*first.places.last()?));
    Some(match (&account.ending.as_ref()?.how, first.map(|first| first.cause)) {
        (How::Silence { last_heard }, _) => {
            let place = account.pdu(*last_heard)?.place();
            format!("sends its last packet at {place} and leaves without LL_TERMINATE_IND")
        }
        (How::Deaf { first_unheard, .. }, _) => {
            let place = account.pdu(*first_unheard)?.place();
            format!("goes on in a way that the peripheral cannot hear, from {place}")
        }
        (How::Terminated { pdu }, _) => {
            let pdu = account.pdu(*pdu)?;
            let who = if pdu.from_central { "ends the link" } else { "is left by the peripheral" };
            format!("{who} with {} ({})", pdu.name(), pdu.place())
        }
        (How::Other, Some(Cause::Collision)) => {
            let pdu = last.filter(|pdu| pdu.from_central)?;
            format!("starts its own {} ({}) before that was over", pdu.name(), pdu.place())
        }
        (How::Other, Some(Cause::Unanswered)) => "has not answered within 40 s".into(),
        (How::Mute { .. } | How::Other, _) => return None,
    })
}
