//! A diagnosis in words, for a reader who wants to know what to change.

use firmware_core::host::procedures::Request;

use super::candidates::ChangeKind;
use super::cause::{Cause, Means};
use super::diagnosis::{Cure, Diagnosis, Tried, Unmet};
use super::divergence::Difference;
use super::outcome::Share;
use super::search::clear_runs;
use super::stacks::Hint;
use super::turn::{On, Turn};
use bletwin_explain::report::wrap;
use bletwin_setup::keys::PERIPHERAL;

const WIDTH: usize = 88;
/// Maximum number of reported cures.
const CURES_MAX: usize = 5;
/// Changes that do not cure, as many as are of use to read.
const NOT_ENOUGH_MAX: usize = 6;
/// Maximum number of named PDUs if many of one kind show what the failure depends on.
const PLACES_MAX: usize = 4;

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

/// For a reader who has never seen a PDU: what collides, and what to do.
fn in_short(d: &Diagnosis) -> Vec<String> {
    let cure = d.cures.first().map(|cure| format!(" What cures: {}.", cure.set.join(" and ")));
    let Some(cause) = d.causes.first() else {
        let turn = d.turns_on.first().map(|turn| {
            let cure = if turn.on == On::Firmware { cure } else { None };
            format!("In short: {}{}", turned(turn), cure.unwrap_or_default())
        });
        return turn.into_iter().collect();
    };
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
        (None, None) if d.last_resort.is_none() => {
            let helps = d.surroundings.iter().find(|better| better.good.is_all());
            let helps = helps.map_or_else(String::new, |b| format!(" What helps: {}.", b.text));
            match d.turns_on.iter().find(|turn| turn.on == On::Together) {
                Some(both) => format!(" Together these help: {}.", both.change.join(" and ")),
                None => format!(" No cure in the firmware.{helps}"),
            }
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
    let last = d.causes.last().is_some_and(|cause| cause.removed.is_all());
    if d.causes.len() > 1 && last {
        lines.extend(paragraph("Each of these is enough to fail: all have to go."));
    } else if !d.causes.is_empty() && !last {
        lines.extend(paragraph("It is enough to fail; something else that was not found is, too."));
    }
    lines.extend(d.turns_on.iter().flat_map(turn));
    if let Some(turn) = d.turns_on.first() {
        lines.extend(paragraph(&shown(turn)));
    }
    if !lines.is_empty() && !d.fails.is_all() {
        let (Share { count, of }, runs) = (d.fails, clear_runs(d.fails));
        lines.extend(paragraph(&format!(
            "It is a matter of chance: the seeds of this proof are chosen among those that fail, \
             {count} of {of}. What is told as a cure was good in {runs} runs, of which {} would \
             be expected to fail without it.",
            (runs * count as u64) / of.max(1) as u64,
        )));
    }
    if lines.is_empty() && d.failure.is_some() {
        lines.extend(paragraph(
            "None is proven: nothing that was tried heals it each time, neither in the firmware \
             nor around it. What the air shows is told below.",
        ));
    }
    lines
}

/// What the failure depends on, in a sentence.
fn turned(turn: &Turn) -> String {
    let change = turn.change.join(" and ");
    match turn.on {
        On::Firmware => {
            let meaning = |set: &String| {
                let name = set.split('=').next().unwrap_or_default();
                let meaning = PERIPHERAL.find(name).map_or("", |key| key.meaning);
                format!("`{name}` ({})", meaning.trim_end_matches('.'))
            };
            let keys: Vec<String> = turn.change.iter().map(meaning).collect();
            format!("it turns on {}.", keys.join(" and "))
        }
        On::Surroundings => format!("it turns on what is around the firmware: {change}."),
        On::Person => format!("it turns on what a person does: {change}."),
        On::Together => format!("it turns on two things at once: {change}. Neither alone heals."),
    }
}

fn turn(turn: &Turn) -> Vec<String> {
    let what = turned(turn);
    let what = format!("I{}", what.strip_prefix('i').unwrap_or(&what));
    let (change, Turn { with, without, .. }) = (turn.change.join(" "), turn);
    let with_what = if turn.on == On::Firmware { &change } else { "that" };
    let proof = format!("Proof: with {with_what} {with} runs are good, without it {without} fail.");
    [paragraph(&what), paragraph(&proof)].concat()
}

/// The evidence on air.
fn shown(turn: &Turn) -> String {
    let places: Vec<&str> = turn.places.iter().map(|place| place.text.as_str()).collect();
    match places.as_slice() {
        [] => "On which PDU, this evidence does not decide.".to_owned(),
        _ if places.len() > PLACES_MAX => {
            let (first, rest) = places.split_at(PLACES_MAX);
            format!("The air shows it at {}, and {} more.", first.join(", "), rest.len())
        }
        _ => format!("The air shows it at {}.", places.join(", ")),
    }
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
        Means::Procedure => format!(
            "Proof: taken out {}, {} runs are good; put back alone into the cured firmware at the \
             same moment, {} fail.",
            if number == 0 { "alone" } else { "as well" },
            cause.removed,
            cause.put_back
        ),
        Means::Configuration => format!(
            "Proof: with {} {} runs are good, without it {} fail.",
            cause.set.join(" "),
            cause.removed,
            cause.put_back
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
    let mut explained = Vec::new();
    let mut lines: Vec<String> =
        shown.flat_map(|(number, cure)| self::cure(number, cure, &mut explained)).collect();
    if d.cures.len() > CURES_MAX {
        lines.push(format!("  and {} more; --json tells all", d.cures.len() - CURES_MAX));
    }
    lines
}

/// A cure. How it is made is explained once: `explained` has the explained ones.
fn cure(number: usize, cure: &Cure, explained: &mut Vec<Hint>) -> Vec<String> {
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
    let new: Vec<Hint> =
        cure.how.iter().filter(|hint| !explained.contains(hint)).copied().collect();
    lines.extend(new.iter().flat_map(hint));
    explained.extend(new);
    match cure.kind {
        ChangeKind::Plain => {}
        ChangeKind::Hardware => lines.push("     needs other buttons or another display".into()),
        ChangeKind::Weaker => {
            lines.push("     WEAKENS SECURITY: only if nothing else is possible".into());
        }
    }
    lines
}

fn hint(hint: &Hint) -> Vec<String> {
    let text = format!("{}: {}", hint.stack, hint.how);
    let indented = |(n, line): (usize, &str)| match n {
        0 => format!("     {line}"),
        _ => format!("       {line}"),
    };
    wrap(&text, WIDTH - 4).lines().enumerate().map(indented).collect()
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
