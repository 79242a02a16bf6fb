//! The walls between the crates: what cargo says of them has exactly the arrows that
//! docs/ARCHITECTURE.md draws. An arrow that is missing from the table, or is there and not used,
//! fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sources::root;

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// What the shipped code of each crate may name, by folder: its dependencies without those of its
/// tests.
fn in_the_manifests(root: &Path) -> Arrows {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(root);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let folder = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        let folder = manifest.parent().and_then(|path| path.strip_prefix(root).ok());
        folder.expect("within the workspace").display().to_string()
    };
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let folders: BTreeMap<_, _> = packages.iter().map(|p| (name(p), folder(p))).collect();
    let knows = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("a list");
        let shipped = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
        shipped.filter_map(|dependency| folders.get(&name(dependency)).cloned()).collect()
    };
    packages.iter().map(|package| (folder(package), knows(package))).collect()
}

/// The table of crates: its first column names the folder, its last the crates that it depends on.
fn in_the_document(text: &str) -> Arrows {
    let table = text.lines().skip_while(|line| !line.starts_with("| crate | is | knows |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let name = |cell: &str| cell.trim_matches(['`', ' ']).to_owned();
        let knows = cells[2].split(", ").filter(|cell| *cell != "nobody").map(name).collect();
        (name(cells[0]), knows)
    })
    .collect()
}

/// The drawing of the crates: those of each line, the highest first.
fn drawing(text: &str) -> Vec<BTreeSet<String>> {
    let drawn = text.split_once("A crate knows crates of lower lines alone:").expect("is there").1;
    let lines = drawn.split("```").nth(1).expect("a drawing").trim().lines();
    // What the crates are stands behind more than one blank.
    let crates = lines.map(|line| line.split("  ").next().unwrap_or_default().split(" · "));
    crates.map(|names| names.map(str::to_owned).collect()).collect()
}

/// Arrows that do not lead down, and crates that are not drawn once.
fn upwards(arrows: &Arrows, drawing: &[BTreeSet<String>]) -> Vec<String> {
    let line = |name: &String| {
        let lines: Vec<_> = (0..).zip(drawing).filter(|(_, line)| line.contains(name)).collect();
        <[_; 1]>::try_from(lines).map(|[(number, _)]| number).ok()
    };
    let mut found = Vec::new();
    for (folder, knows) in arrows {
        let Some(own) = line(folder) else {
            found.push(format!("{folder} is not drawn once"));
            continue;
        };
        let level = |to: &&String| line(to).is_none_or(|other: usize| other <= own);
        found.extend(knows.iter().filter(level).map(|to| format!("{folder} → {to} is not down")));
    }
    found
}

#[test]
fn the_drawing_has_every_crate_above_those_that_it_knows() {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("readable");
    let table = in_the_document(&text);
    assert_eq!(upwards(&table, &drawing(&text)), Vec::<String>::new());
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let arrows = Arrows::from([("a".to_owned(), set(&["b"])), ("b".to_owned(), set(&["a"]))]);
    assert_eq!(upwards(&arrows, &[set(&["a"]), set(&["b"])]), ["b → a is not down"]);
    assert_eq!(upwards(&arrows, &[set(&["a"])])[1], "b is not drawn once");
}

fn differences(manifests: &Arrows, document: &Arrows) -> Vec<String> {
    let mut found = Vec::new();
    for (folder, knows) in manifests {
        let Some(drawn) = document.get(folder) else {
            found.push(format!("{folder} is not in the table"));
            continue;
        };
        found.extend(knows.difference(drawn).map(|to| format!("{folder} → {to} is not drawn")));
        found.extend(drawn.difference(knows).map(|to| format!("{folder} → {to} is not used")));
    }
    found
}

#[test]
fn the_manifests_have_the_arrows_that_the_architecture_draws() {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("readable");
    let manifests = in_the_manifests(&root());
    assert!(manifests.len() > 7, "{manifests:?}");
    assert_eq!(differences(&manifests, &in_the_document(&text)), Vec::<String>::new());
}

/// The walls that matter most, whatever the table says: the central, the air and the judge know the
/// words and not the peripheral's machine, so that a mistake in a rule cannot cancel itself.
#[test]
fn models_air_and_oracle_do_not_know_the_machine() {
    let manifests = in_the_manifests(&root());
    for folder in ["ble", "sniffer", "sim", "models", "oracle"] {
        let knows = &manifests[folder];
        assert!(!knows.contains("firmware-core"), "{folder} knows {knows:?}");
        assert!(!knows.contains("firmware-node"), "{folder} knows {knows:?}");
    }
}

/// The judge sees what was seen, from wherever it comes: neither the world nor its record.
#[test]
fn the_oracle_does_not_know_the_world() {
    let manifests = in_the_manifests(&root());
    let only = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(manifests["sniffer"], only(&["ble"]));
    assert_eq!(manifests["oracle"], only(&["ble", "rules", "sniffer"]));
}

#[test]
fn an_arrow_that_is_not_drawn_is_found() {
    let text =
        "| crate | is | knows |\n|---|---|---|\n| `a` | x | nobody |\n| `b` | y | `a`, `c` |\n";
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let manifests = Arrows::from([
        ("a".to_owned(), set(&["b"])),
        ("b".to_owned(), set(&["a"])),
        ("d".to_owned(), set(&[])),
    ]);
    assert_eq!(
        differences(&manifests, &in_the_document(text)),
        ["a → b is not drawn", "b → c is not used", "d is not in the table"]
    );
}

/// The page of each crate shows it at work; the example is run as a test. `benches` and `hostile`
/// are internal.
#[test]
fn every_crate_page_has_an_example() {
    for folder in in_the_manifests(&root()).keys() {
        let text = fs::read_to_string(root().join(folder).join("src/lib.rs")).expect("readable");
        let page: Vec<_> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let shows = page.contains(&"//! ```");
        assert!(shows || ["benches", "hostile"].contains(&folder.as_str()), "{folder}");
    }
}
