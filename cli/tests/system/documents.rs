//! Documents that are made from the catalogue, and the tutorial, which must be true.
//!
//! `UPDATE_DOCS=1 cargo test -p bletwin --test system documents` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bletwin::quirks::{self, Trial, command, command_of};
use bletwin_explain::why::Why;
use bletwin_models::profile::{Entry, KEYS, Quirk, catalogue};
use bletwin_schema::Keys;
use bletwin_setup::keys::{AIR, PERIPHERAL};
use rayon::prelude::*;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("has a parent").join("docs")
}

/// Compares a document with what it should be, or writes it.
fn check(name: &str, wanted: &str) {
    let path = docs().join(name);
    let found = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if found != wanted && std::env::var_os("UPDATE_DOCS").is_some() {
        return fs::write(&path, wanted).expect("writable");
    }
    assert!(found == wanted, "{name} is stale: run this test with UPDATE_DOCS=1");
}

/// What stands between the marks of a generated part.
fn part<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str, &'a str) {
    let start = format!("<!-- generated: {mark} -->\n");
    let (before, rest) = text.split_at(text.find(&start).expect("has the mark") + start.len());
    let (inside, after) = rest.split_at(rest.find("<!-- end -->").expect("has an end"));
    (before, inside, after)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn table<T>(keys: Keys<T>) -> String {
    let mut table = String::new();
    let mut group = "";
    for key in keys.iter() {
        if key.group != group {
            group = key.group;
            table += &format!("\n**{group}**\n\n| key | meaning | values |\n|---|---|---|\n");
        }
        let values = cell(&key.values());
        table += &format!("| `{}` | {} | {values} |\n", key.name, cell(key.meaning));
    }
    table
}

#[test]
fn every_key_is_in_the_document() {
    for (document, wanted) in
        [("CENTRALS.md", table(KEYS)), ("FIRMWARE.md", table(PERIPHERAL) + &table(AIR))]
    {
        let text = fs::read_to_string(docs().join(document)).expect("is there");
        let text = text.replace("\r\n", "\n");
        let (before, _, after) = part(&text, "keys");
        check(document, &format!("{before}{wanted}\n{after}"));
    }
}

fn links(sources: &[String]) -> String {
    let short = |url: &str| {
        let bare = url.trim_start_matches("https://").trim_end_matches('/');
        format!("[{}]({url})", bare.trim_start_matches("github.com/"))
    };
    sources.iter().map(|url| short(url)).collect::<Vec<_>>().join(" · ")
}

fn effect(quirk: &Quirk) -> String {
    let effect = &quirk.effect;
    let parts = [
        effect.outcome.clone(),
        effect.reason.map(|reason| format!("reason {reason}")),
        effect.err.map(|err| format!("err {err}")),
        effect.phy.map(|phy| format!("the link stays on {phy}M")),
        effect.interval_us.map(|us| format!("an interval of {} ms in the end", us / 1_000)),
        (!effect.log.is_empty()).then(|| format!("log `{}`", effect.log.join("`, `"))),
        (!effect.air.is_empty()).then(|| format!("on air `{}`", effect.air.join("`, `"))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn section(entry: &Entry) -> String {
    let profile = &entry.profile;
    let quirk = entry.quirk.as_ref().expect("quirks have a table");
    let cures = if quirk.cures.is_empty() {
        format!("none in the firmware. Tell the user: {}.", quirk.advice)
    } else {
        let one = |cure: &Vec<String>| format!("`{}`", cure.join("` with `"));
        let cures: Vec<String> = quirk.cures.iter().map(one).collect();
        format!("{}. {}.", cures.join(", or "), quirk.advice)
    };
    // Not those of what it extends.
    let base = entry.base.iter().flat_map(|base| &base.sources);
    let inherited: Vec<&String> = base.collect();
    let own = profile.sources.iter().filter(|source| !inherited.contains(source)).cloned();
    let sources = links(&own.collect::<Vec<String>>());
    let declared =
        if profile.breaks.is_empty() { "none".into() } else { profile.breaks.join(", ") };
    format!(
        "### `{name}` ({ids})\n\n{title}.\n\n* the central: {about}\n* seen in: {seen}\n\
         * effect: {effect}\n* see it: `{with}`\n* cure: {cures}\n* breaks rules: {declared}\n\
         * confidence {confidence:?}{sources}\n",
        name = profile.name,
        ids = quirk.ids.join(", "),
        title = quirk.title,
        about = profile.about,
        seen = quirk.seen_in,
        effect = effect(quirk),
        with = command(entry, quirk, Trial::With),
        confidence = quirk.confidence,
        sources = if sources.is_empty() { sources } else { format!("; {sources}") },
    )
}

const HEAD: &str = "# Quirks of centrals

<!-- From models/quirks: `UPDATE_DOCS=1 cargo test --test system documents`. -->

What real centrals are known to do, as files that can be run. A quirk is a rule of behaviour; its
effect at the peripheral comes of it on the simulated air. For each one a test shows that the
effect is there with it, is not there without it, and is healed by each cure. How such files are
written is in [CENTRALS.md](CENTRALS.md).

Confidence: A, described with a trace or a maintainer's analysis; B, a user's report, the cause
inferred; C, known in the field, without a source. Where a file had to choose a value that no source
tells, it says so.

";

/// The quirk's run, what its explanation names first, and how sure it is of that.
fn explained(entry: &Entry) -> Option<String> {
    let quirk = entry.quirk.as_ref().expect("quirks have a table");
    let seed = quirk.seeds.first().copied().unwrap_or(1);
    let run = quirks::play(entry, quirk, Trial::With, seed).expect("known names and keys");
    if run.expected {
        return None;
    }
    let Why { account, hypotheses } = Why::of(&run);
    let first = hypotheses.first()?;
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut names: Vec<String> = Vec::new();
    for pdu in first.places.iter().filter_map(|&place| account.pdu(place)) {
        let name = pdu.name();
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    Some(format!(
        "| `{}` | `{}` | {} | {} |\n",
        entry.profile.name,
        word(serde_json::json!(first.cause)),
        word(serde_json::json!(first.confidence)),
        names.join(" · "),
    ))
}

/// What *Why* names for each quirk; 24 of them fail.
#[test]
fn what_why_names_is_in_the_document() {
    let text = fs::read_to_string(docs().join("WHY.md")).expect("is there").replace("\r\n", "\n");
    let rows: Vec<String> = catalogue::quirks().par_iter().filter_map(explained).collect();
    assert_eq!(rows.len(), 24);
    let head = "\n| quirk | cause | confidence | PDUs |\n|---|---|---|---|\n";
    let (before, _, after) = part(&text, "quirks");
    check("WHY.md", &format!("{before}{head}{}\n{after}", rows.concat()));
}

#[test]
fn the_quirks_are_in_the_document() {
    let mut text = HEAD.to_owned();
    text += "## Centrals that have them\n\n| central | is |\n|---|---|\n";
    for entry in catalogue::centrals() {
        text += &format!("| `{}` | {} |\n", entry.profile.name, cell(&entry.profile.about));
    }
    text += "\n## Quirks\n";
    for entry in catalogue::quirks() {
        text += &format!("\n{}", section(&entry));
    }
    text += "\n## What fails nothing\n\nBehaviour that whole centrals have, and that a firmware \
             should know. A test plays each run and finds it on air.\n\n\
             | entry | what | seen in | here | see it | source |\n|---|---|---|---|---|---|\n";
    let (shown, unexpressed): (Vec<_>, Vec<_>) =
        catalogue::unexpressed().into_iter().partition(|entry| entry.shows.is_some());
    for entry in shown {
        let see = entry.shows.as_ref().map(command_of).unwrap_or_default();
        let see = format!("`{see}`");
        let cells = [entry.title, entry.seen_in, entry.reason, see, links(&entry.sources)];
        text += &format!("| {} | {} |\n", entry.id, cells.map(|c| cell(&c)).join(" | "));
    }
    text += "\n## Not expressed, and why\n\n| entry | what | seen in | why not | source |\n\
             |---|---|---|---|---|\n";
    for entry in unexpressed {
        let cells = [entry.title, entry.seen_in, entry.reason, links(&entry.sources)];
        text += &format!("| {} | {} |\n", entry.id, cells.map(|c| cell(&c)).join(" | "));
    }
    check("QUIRKS.md", &text);
}

/// Code blocks of the tutorial: the text between the fences after a mark.
fn block(text: &str, mark: &str) -> String {
    let from = text.find(mark).unwrap_or_else(|| panic!("no {mark}"));
    let fenced = text[from..].split("```").nth(1).expect("a block");
    fenced.split_once('\n').expect("a line").1.to_owned()
}

/// A command as a page has it, with what stands behind `#` taken off.
fn typed(line: &str, folder: &Path) -> Output {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    assert_eq!(words.next(), Some("bletwin"), "{line}");
    let mut bletwin = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    bletwin.args(words).current_dir(folder).output().expect("starts")
}

/// Every block of commands is marked: `<!-- run: 0 -->`, or with a status for each of its commands.
fn all_are_marked(page: &str, text: &str) {
    let mut before = "";
    for (number, part) in text.split("```").enumerate() {
        let commands = number % 2 == 1 && part.trim_start_matches('\n').starts_with("bletwin ");
        let marked = before.trim_end().ends_with(" -->") && before.contains("<!-- ");
        assert!(!commands || marked, "{page}: nobody runs\n{part}");
        before = part.rsplit("\n\n").next().unwrap_or_default();
    }
}

/// Blocks of commands behind `<!-- run: 0 -->` are run in a folder of the page's own, one after the
/// other, and each ends with the exit status that the mark has; `<!-- run: 0 1 -->`: the first with
/// 0, the second with 1.
#[test]
fn the_commands_of_the_pages_work() {
    for page in ["CENTRALS.md", "BONDED-PHONE.md"] {
        let text = fs::read_to_string(docs().join(page)).expect("is there");
        let folder = tempfile::tempdir().expect("a folder");
        all_are_marked(page, &text);
        let mut count = 0;
        for marked in text.split("<!-- run: ").skip(1) {
            let (codes, rest) = marked.split_once(" -->").expect("a mark");
            let block = rest.split("```").nth(1).expect("a block").trim().replace("\\\n", "");
            let lines: Vec<&str> = block.lines().collect();
            let codes: Vec<&str> = codes.split(' ').collect();
            let each = if codes.len() == 1 { codes.repeat(lines.len()) } else { codes };
            assert_eq!(each.len(), lines.len(), "{page}: {block}");
            for (line, code) in lines.into_iter().zip(each) {
                let output = typed(line, folder.path());
                let status = output.status.code().map(|code| code.to_string());
                assert_eq!(status.as_deref(), Some(code), "{page}: {line}\n{output:?}");
                count += 1;
            }
        }
        assert!(count >= 6, "{page}: only {count}");
    }
}

/// Runs a tutorial: its file, its commands in a folder of their own; their exit codes and outputs.
fn run(document: &str, file: &str) -> Vec<(Option<i32>, String)> {
    let text = fs::read_to_string(docs().join(document)).expect("is there");
    let folder = tempfile::tempdir().expect("a folder");
    let inside = block(&text, &format!("<!-- tutorial: {file} -->"));
    fs::write(folder.path().join(file), inside).expect("writable");
    let commands = block(&text, "<!-- tutorial: run -->");
    let outcome = |line: &str| {
        let output = typed(line, folder.path());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    commands.lines().map(outcome).collect()
}

#[test]
fn the_tutorials_are_true() {
    let outcomes = run("CENTRALS.md", "my-laptop.toml");
    let codes: Vec<Option<i32>> = outcomes.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [Some(0), Some(1), Some(0)], "{outcomes:#?}");
    assert!(outcomes[1].1.contains("reason 34"), "{}", outcomes[1].1);
    let outcomes = run("FIRMWARE.md", "my-lamp.toml");
    assert!(outcomes.iter().all(|(code, _)| *code == Some(0)), "{outcomes:#?}");
    assert!(outcomes[1].1.contains("# my-lamp.toml:3"), "{}", outcomes[1].1);
}

/// What `new` writes is read, as it is and with every `# ` taken off, and means what it extends.
#[test]
fn what_new_writes_reads_with_everything_uncommented() {
    let folder = tempfile::tempdir().expect("a folder");
    let bletwin = |arguments: &[&str]| {
        let mut bletwin = Command::new(env!("CARGO_BIN_EXE_bletwin"));
        let output = bletwin.args(arguments).current_dir(folder.path()).output().expect("starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // What is shown of a file, without where it comes from and what it is called.
    let values = |shown: String| {
        let keys = shown
            .lines()
            .filter(|line| !["name", "about", "preset"].iter().any(|head| line.starts_with(head)));
        keys.map(|line| line.split(" # ").next().unwrap_or(line).trim().to_owned())
            .collect::<Vec<_>>()
    };
    for (kind, option, base, all) in [
        ("central", "--extends", "windows-intel", &["--all"][..]),
        ("central", "--extends", "honest", &["--all"]),
        ("peripheral", "--preset", "recommended", &[]),
    ] {
        let name = format!("my-{base}");
        let file = format!("{name}.toml");
        bletwin(&[kind, "new", &name, option, base]);
        let shown = |name: &str| values(bletwin(&[&[kind, "show", name][..], all].concat()));
        let wanted: Vec<String> = shown(base).into_iter().filter(|line| !line.is_empty()).collect();
        let path = folder.path().join(&file);
        let text = fs::read_to_string(&path).expect("written");
        for text in [text.clone(), text.replace("\n# ", "\n")] {
            fs::write(&path, text).expect("writable");
            bletwin(&[kind, "check", &file]);
            let mut found = shown(&file);
            // The table of expectations is the page's own.
            found.truncate(found.iter().position(|line| line == "[expect]").unwrap_or(found.len()));
            found.retain(|line| !line.is_empty());
            let known = wanted.iter().position(|line| line == "[expect]").unwrap_or(wanted.len());
            assert_eq!(found, wanted[..known], "{file}");
        }
    }
}

/// What the page on a user's own peripheral shows behind `<!-- example: FILE -->` are lines of that
/// file of the example, in their order.
#[test]
fn the_page_on_your_peripheral_shows_its_example() {
    let text = fs::read_to_string(docs().join("YOUR-PERIPHERAL.md")).expect("is there");
    let folder = docs().with_file_name("examples").join("my-peripheral");
    let mut count = 0;
    for marked in text.split("<!-- example: ").skip(1) {
        let (file, rest) = marked.split_once(" -->").expect("a mark");
        let block = rest.split("```").nth(1).expect("a block");
        let whole = fs::read_to_string(folder.join(file)).expect("is there");
        let mut lines = whole.lines().map(str::trim);
        for shown in block.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()) {
            assert!(lines.any(|line| line == shown), "{file} has no `{shown}` there");
            count += 1;
        }
    }
    assert!(count > 40, "only {count} lines");
}
