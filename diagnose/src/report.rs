//! A diagnosis in words, for somebody who wants to know what to change.

use firmware_core::host::procedures::Request;

use super::cause::{Cause, Means};
use super::diagnosis::{Cure, Diagnosis, Tried, Unmet};
use super::lattice::ChangeKind;
use super::part::Difference;
use bletwin_explain::report::wrap;
use bletwin_setup::keys::PERIPHERAL;

const WIDTH: usize = 88;
/// Cures that are told.
const CURES_MAX: usize = 5;
/// Changes that do not cure, as many as are of use to read.
const NOT_ENOUGH_MAX: usize = 6;

/// A part of the report: a heading and the lines below it.
pub type Section = (&'static str, Vec<String>);

/// The report, part by part.
#[must_use]
pub fn sections(diagnosis: &Diagnosis) -> Vec<Section> {
    let all = [
        ("Verdict", verdict(diagnosis)),
        ("Cause", causes(diagnosis)),
        ("What the central does", central(diagnosis)),
        ("When it does harm", timing(diagnosis)),
        ("Cures, the best first", cures(diagnosis)),
        ("What the user can do", advice(diagnosis)),
        ("Not enough", not_enough(diagnosis)),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

/// The report as plain text.
#[must_use]
pub fn text(diagnosis: &Diagnosis) -> String {
    let sections = sections(diagnosis).into_iter();
    let text: Vec<String> =
        sections.map(|(heading, lines)| format!("{heading}\n{}\n", lines.join("\n"))).collect();
    text.join("\n")
}

/// For somebody who has never seen a PDU: what collides with what, and what to do.
fn in_short(d: &Diagnosis) -> Vec<String> {
    let Some(cause) = d.causes.first() else { return Vec::new() };
    let when = match (cause.while_pairing, cause.connection) {
        (true, _) => " while the two are pairing",
        (false, 1) => "",
        (false, _) => " in a later connection",
    };
    let what = match cause.request {
        Some(Request::Phy) => "asks for another radio mode, with twice the bit rate,",
        Some(Request::DataLength) => "asks for longer packets",
        Some(Request::Parameters) => "asks for another rhythm of the connection",
        Some(Request::Features) => "asks what the other one can do",
        Some(Request::Version) => "asks who made the other one",
        None if cause.difference == Difference::OnlyInCured => {
            "should say something that it lacks:"
        }
        None => "says something that the other one does not bear:",
    };
    let good_later = d.timing.iter().any(|row| row.sent > 0 && row.good.is_all());
    let so = match (cause.request, good_later) {
        (None, _) => format!(" {}.", cause.pdu),
        (Some(_), true) => format!(
            "{when}. This central does not cope with both at once; at another moment the same \
             request is good. On the page it is the arrow {} that is marked.",
            cause.pdu
        ),
        (Some(_), false) => format!(
            "{when}, and this central does not cope with that at any time. On the page it is the \
             arrow {} that is marked.",
            cause.pdu
        ),
    };
    let cure = d.cures.first().map(|cure| format!(" What cures: {}.", cure.set.join(" and ")));
    vec![format!("In short: the device {what}{so}{}", cure.unwrap_or_default())]
}

/// Cause, proof and the story of the failing run, a paragraph each and unbroken.
#[must_use]
pub fn case(diagnosis: &Diagnosis) -> Vec<String> {
    let whole =
        |lines: Vec<String>| lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = [in_short(diagnosis), causes(diagnosis), central(diagnosis)];
    parts.into_iter().filter(|lines| !lines.is_empty()).map(whole).collect()
}

fn paragraph(text: &str) -> Vec<String> {
    wrap(text, WIDTH).lines().map(|line| format!("  {line}")).collect()
}

fn verdict(d: &Diagnosis) -> Vec<String> {
    let pair = format!("{}: {} with {}", d.scenario, d.peripheral, d.central);
    let Some(failure) = &d.failure else {
        let text = format!(
            "{pair} is healthy: {} of {} runs end as they should. There is nothing to cure.",
            d.fails.of - d.fails.count,
            d.fails.of
        );
        return [paragraph(&text), d.unmet.iter().flat_map(unmet).collect()].concat();
    };
    let often = if d.fails.is_all() { "" } else { " (it is a matter of chance)" };
    let honest = d.honest_fails.map_or_else(String::new, |share| match share.count {
        0 => " With a central that keeps every rule the same firmware is good.".to_owned(),
        _ if share.is_all() => " It fails with a central that keeps every rule as well: the fault \
                                is not this central's."
            .to_owned(),
        _ => format!(" With a central that keeps every rule it fails in {share} runs."),
    });
    let calm: String = d
        .surroundings
        .iter()
        .filter(|better| better.good.is_all())
        .map(|better| format!(" With {} it is good with this central, too.", better.text))
        .collect();
    let cure = cure_in_a_word(d);
    paragraph(&format!(
        "{pair} fails in {} runs{often}: {}.{honest}{calm}{cure}",
        d.fails,
        failure.text()
    ))
}

fn unmet(unmet: &Unmet) -> Vec<String> {
    let how = match unmet.cures.first() {
        Some(cure) => format!("It is with --set {}.", cure.set.join(" --set ")),
        None => "No single change of the firmware gets it.".to_owned(),
    };
    paragraph(&format!("Worth knowing: {} is not granted. {how}", unmet.request))
}

fn cure_in_a_word(d: &Diagnosis) -> String {
    let words = |cure: &Cure| cure.set.join(" and ");
    let free = d.cures.first().filter(|cure| cure.kind == ChangeKind::Plain);
    if let Some(cure) = free.filter(|cure| cure.holds()) {
        return format!(" Cure: {}.", words(cure));
    }
    if let Some(advice) = d.advice.iter().find(|advice| advice.good.is_all()) {
        return format!(" No cure in the firmware: tell the user to {}.", advice.text);
    }
    match (free, d.cures.first()) {
        (Some(cure), _) => format!(" No sure cure; by luck of timing: {}.", words(cure)),
        (None, Some(cure)) => {
            format!(" No cure in the firmware without a price: {}.", words(cure))
        }
        (None, None) => {
            let last = d.last_resort.as_deref().unwrap_or_default();
            format!(" No cure in the firmware. {last}")
        }
    }
}

fn causes(d: &Diagnosis) -> Vec<String> {
    let numbered = (0..).zip(&d.causes);
    let mut lines: Vec<String> = numbered.flat_map(|(n, cause)| self::cause(n, cause)).collect();
    if d.causes.is_empty() && d.failure.is_some() && !d.cures.is_empty() {
        lines.extend(paragraph(&silent(d)));
    }
    if d.causes.len() > 1 {
        lines.extend(paragraph("Each of these is enough to fail: all have to go."));
    }
    lines
}

/// The cause where no PDU of the peripheral tells the runs apart.
fn silent(d: &Diagnosis) -> String {
    let keys = d.cures.first().map_or(&[][..], |cure| &cure.candidate.changes);
    let meaning = |name: &str| {
        let key = PERIPHERAL.find(name);
        key.map(|key| format!("`{name}` ({})", key.meaning))
    };
    let keys: Vec<String> = keys.iter().filter_map(|change| meaning(change.key)).collect();
    format!(
        "No PDU of the peripheral tells the failing and the cured run apart before the link ends. \
         It turns on {}.",
        keys.join(" and ")
    )
}

fn cause(number: usize, cause: &Cause) -> Vec<String> {
    let place = place(cause);
    let pairing = if cause.while_pairing { ", while pairing" } else { "" };
    let pdu = &cause.pdu;
    let same = match cause.common {
        0 => "the peripheral's first word".to_owned(),
        1 => "after one PDU of the peripheral that is the same in both".to_owned(),
        n => format!("after {n} PDUs of the peripheral that are the same in both"),
    };
    let what = match cause.difference {
        Difference::OnlyInFailing => format!(
            "The peripheral's {pdu} {place}{pairing}. There the failing and the cured run part, \
             {same}; the cured run does not have it."
        ),
        Difference::EarlierInFailing => format!(
            "The peripheral's {pdu} {place}{pairing}. There the failing and the cured run part, \
             {same}; the cured run has it later."
        ),
        Difference::OnlyInCured => format!(
            "The failing run lacks the peripheral's {pdu}, which the cured run has {place}, {same}."
        ),
        Difference::OtherEvent => format!(
            "The peripheral says the same in both runs, but its {pdu} comes {place} in the failing \
             run and elsewhere in the cured one."
        ),
    };
    let proof = match cause.means {
        Means::Procedure if cause.put_back.count == 0 && cause.removed.is_all() => format!(
            "Taken out, {} runs are good; but put back alone into the cured firmware, none of {} \
             fails: not the request itself does harm, but what it adds to what else is to be done \
             at that time.",
            cause.removed, cause.put_back.of
        ),
        Means::Procedure => format!(
            "Proof: taken out {}, {} runs are good; put back alone into the cured firmware at the \
             same moment, {} fail.",
            if number == 0 { "alone" } else { "as well" },
            cause.removed,
            cause.put_back
        ),
        Means::Configuration => format!(
            "Proof: with the change {} runs are good, without it {} fail.",
            cause.removed, cause.put_back
        ),
    };
    [paragraph(&what), paragraph(&proof)].concat()
}

fn place(cause: &Cause) -> String {
    let ms = cause.at_us / 1_000;
    let at = format!("{}.{:03} s", ms / 1_000, ms % 1_000);
    let link = match cause.connection {
        1 => String::new(),
        n => format!(" of connection {n}"),
    };
    match cause.event {
        Some(event) => format!("at connection event {event}{link} ({at})"),
        None => format!("at {at}{link}"),
    }
}

fn central(d: &Diagnosis) -> Vec<String> {
    let mut lines = Vec::new();
    for cause in &d.causes {
        if let Some(reaction) = &cause.reaction {
            lines.extend(paragraph(&format!("It {reaction}.")));
        }
    }
    for violation in &d.violations {
        let who = if violation.by_central { "Central" } else { "Peripheral" };
        let (rule, title, source) = (violation.rule, violation.title, violation.source);
        lines.extend(paragraph(&format!(
            "{who} against {rule} \"{title}\" (Vol 6, Part B, {source}): {}.",
            violation.text
        )));
    }
    if let Some(why) = &d.why {
        lines.extend(paragraph(why));
    }
    lines
}

fn timing(d: &Diagnosis) -> Vec<String> {
    let Some(cause) = d.causes.iter().find(|cause| cause.request.is_some()) else {
        return Vec::new();
    };
    if d.timing.is_empty() {
        return Vec::new();
    }
    let heading = format!("  {} asked for by the application, all else cured:", cause.pdu);
    let rows = d.timing.iter().map(|row| {
        let word = match row.good.count {
            _ if row.sent == 0 => "not sent, for there is no need or no link any more".to_owned(),
            0 => "fails".to_owned(),
            _ if row.good.is_all() => "good".to_owned(),
            _ => format!("good in {} runs", row.good),
        };
        format!("    {:<26} {word}", row.moment)
    });
    [heading].into_iter().chain(rows).collect()
}

fn cures(d: &Diagnosis) -> Vec<String> {
    if d.failure.is_none() {
        return Vec::new();
    }
    if d.cures.is_empty() {
        let text = format!("None: {} configurations were tried.", d.configurations);
        return paragraph(&text);
    }
    let shown = (1..).zip(&d.cures).take(CURES_MAX);
    let mut lines: Vec<String> =
        shown.flat_map(|(number, cure)| self::cure(number, cure)).collect();
    if d.cures.len() > CURES_MAX {
        lines.push(format!("  and {} more; --json tells all", d.cures.len() - CURES_MAX));
    }
    lines
}

fn cure(number: usize, cure: &Cure) -> Vec<String> {
    let set: Vec<String> = cure.set.iter().map(|set| format!("--set {set}")).collect();
    let mut lines = vec![format!("  {number}. {}", set.join(" "))];
    lines.push(format!("     {}", cure.cost.text()));
    let luck = if cure.holds() { "" } else { ": it holds by luck of timing" };
    let moved = match cure.moved {
        Some(share) if !share.is_all() => format!(", in {share} with the request moved a little"),
        _ => String::new(),
    };
    let (good, rough, slow) = (cure.good, cure.rough, cure.slow);
    lines.push(format!(
        "     good in {good} runs, in {rough} with 2 % more packets lost, in {slow} with a slow \
         user{moved}{luck}"
    ));
    lines.extend(cure.zephyr.iter().map(|hint| format!("     Zephyr: {hint}")));
    match cure.kind {
        ChangeKind::Plain => {}
        ChangeKind::Hardware => lines.push("     needs other buttons or another display".into()),
        ChangeKind::Weaker => {
            lines.push("     WEAKENS SECURITY: only if nothing else is possible".into());
        }
    }
    lines
}

fn advice(d: &Diagnosis) -> Vec<String> {
    let helps = d.advice.iter().filter(|advice| advice.good.count > 0);
    let mut lines: Vec<String> = helps
        .flat_map(|advice| paragraph(&format!("{}: good in {} runs", advice.text, advice.good)))
        .collect();
    if let Some(last) = &d.last_resort {
        let tried: Vec<&str> = d.advice.iter().map(|advice| advice.text).collect();
        lines.extend(paragraph(&format!("{last} None of this helps: {}.", tried.join("; "))));
    }
    lines
}

fn not_enough(d: &Diagnosis) -> Vec<String> {
    let more = d.not_enough.len().saturating_sub(NOT_ENOUGH_MAX);
    let line = |tried: &Tried| format!("  {}: {}", tried.set.join(" "), tried.outcome.text());
    let lines = d.not_enough.iter().take(NOT_ENOUGH_MAX).map(line);
    lines.chain((more > 0).then(|| format!("  and {more} more"))).collect()
}
