//! Runs tshark and gives what it read, frame by frame.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::tools;

/// Field name → value, for the fields that a frame has.
pub(crate) type Values = BTreeMap<&'static str, String>;

/// How tshark prints a field.
#[derive(Clone, Copy)]
pub(crate) enum FieldKind {
    /// Decimal, hexadecimal or a truth value; several are joined.
    Number,
    /// Octets in hexadecimal, with or without colons.
    Octets,
    /// Seconds with nine decimals; read as nanoseconds.
    Time,
    /// Only whether it is there counts.
    Presence,
    /// As printed.
    Text,
}

/// Names as Wireshark 4.0 has them, and what they may be called where "master" and "slave" are
/// gone.
const RENAMED: [(&str, &str); 6] = [
    ("btle.control.m_to_s_phy", "btle.control.c_to_p_phy"),
    ("btle.control.s_to_m_phy", "btle.control.p_to_c_phy"),
    ("btle.control.master_session_key_diversifier", "btle.control.central_session_key_diversifier"),
    (
        "btle.control.slave_session_key_diversifier",
        "btle.control.peripheral_session_key_diversifier",
    ),
    (
        "btle.control.master_session_initialization_vector",
        "btle.control.central_session_initialization_vector",
    ),
    (
        "btle.control.slave_session_initialization_vector",
        "btle.control.peripheral_session_initialization_vector",
    ),
];

const BETWEEN: char = '|';

/// Whether there is a tshark to run; says so if not.
pub(crate) fn present() -> bool {
    let there = Command::new("tshark").arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        tools::skip("tshark", "Debian: apt-get install tshark");
    }
    there
}

/// What `tshark -2` makes of each frame of a capture.
pub(crate) fn read(capture: &Path, fields: &[(&'static str, FieldKind)]) -> Vec<Values> {
    read_with(&["-2"], capture, fields)
}

/// What `tshark` makes of each frame when it sees it, without knowing what follows.
pub(crate) fn read_once(capture: &Path, fields: &[(&'static str, FieldKind)]) -> Vec<Values> {
    read_with(&[], capture, fields)
}

fn read_with(passes: &[&str], capture: &Path, fields: &[(&'static str, FieldKind)]) -> Vec<Values> {
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let run = |capture, names: &[&str]| run(passes, capture, names);
    let table = run(capture, &names).unwrap_or_else(|complaint| {
        for (old, new) in RENAMED {
            if complaint.contains(old) {
                names.iter_mut().filter(|name| **name == old).for_each(|name| *name = new);
            }
        }
        run(capture, &names).unwrap_or_else(|complaint| panic!("tshark: {complaint}"))
    });
    let row = |line: &str| {
        let cells = fields.iter().zip(line.split('\t'));
        cells
            .filter(|(_, cell)| !cell.is_empty())
            .map(|((name, kind), cell)| (*name, normal(*kind, cell)))
            .collect()
    };
    table.lines().map(row).collect()
}

fn run(passes: &[&str], capture: &Path, names: &[&str]) -> Result<String, String> {
    let output = Command::new("tshark")
        .args(passes)
        .args(["-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"])
        .args(["-E", &format!("aggregator={BETWEEN}"), "-r"])
        .arg(capture)
        .args(names.iter().flat_map(|name| ["-e", name]))
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

fn normal(kind: FieldKind, cell: &str) -> String {
    match kind {
        FieldKind::Number => cell.split(BETWEEN).map(number).collect::<Vec<_>>().join("|"),
        FieldKind::Octets => cell.replace(':', "").to_lowercase(),
        FieldKind::Time => cell.replacen('.', "", 1).trim_start_matches('0').to_owned(),
        FieldKind::Presence => "1".to_owned(),
        FieldKind::Text => cell.to_owned(),
    }
}

fn number(text: &str) -> String {
    let value = match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None if text.eq_ignore_ascii_case("true") => Some(1),
        None if text.eq_ignore_ascii_case("false") => Some(0),
        None => text.parse().ok(),
    };
    value.map_or_else(|| format!("no number: {text}"), |value| value.to_string())
}
