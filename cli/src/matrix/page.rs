//! The table as one self-contained page.

use std::io::{self, Write};

use super::guests::Host;
use super::{Cell, Matrix};

const STYLE: &str = "\
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0;
  --good: #1a7f37; --good-back: #dafbe1; --bad: #cf222e; --bad-back: #ffebe9;
  --known: #9a6700; --known-back: #fff8c5; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #3d444d;
    --good: #3fb950; --good-back: #12261e; --bad: #ff7b72; --bad-back: #2d1518;
    --known: #d29922; --known-back: #272115; }
}
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 84rem;
  padding: 1.5rem clamp(.8rem, 3vw, 2rem); background: var(--paper); color: var(--ink); }
h1 { font-size: 1.4rem; margin: 0 0 .4rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p { margin: .3rem 0; max-width: 60rem; } p, .of { color: var(--faint); }
div.table { overflow: auto; max-height: 92vh; margin-top: 1rem; border: 1px solid var(--line);
  border-radius: 8px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; }
th, td { padding: .4rem .7rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--paper); white-space: nowrap; }
tbody th, thead th:first-child { position: sticky; left: 0; background: var(--paper);
  font-weight: 600; }
thead th:first-child { z-index: 2; }
.of { display: block; font-weight: normal; font-size: .85rem; }
td { min-width: 11rem; }
summary { cursor: pointer; border-radius: 6px; padding: .1rem .5rem; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { display: inline-block; width: 1.2em; font-weight: bold; }
.good summary { color: var(--good); background: var(--good-back); }
.known summary { color: var(--known); background: var(--known-back); }
.bad summary { color: var(--bad); background: var(--bad-back); font-weight: 600; }
.good summary::before { content: '✓'; } .known summary::before { content: '–'; }
.bad summary::before { content: '✗'; }
.open summary { background: var(--line); } .open summary::before { content: '?'; }
details[open] { max-width: 30rem; } details div { padding: .4rem .5rem 0; font-size: .9rem; }
details div p { color: var(--ink); white-space: pre-line; overflow-wrap: anywhere; }
code { font-size: .85em; user-select: all; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; }
.legend span { white-space: nowrap; }
.legend .good { color: var(--good); } .legend .known { color: var(--known); }
.legend .bad { color: var(--bad); font-weight: 600; }
@media (max-width: 40rem) {
  body { font-size: 14px; padding: .8rem; } th, td { padding: .3rem .4rem; } td { min-width: 9rem; }
  tbody th, thead th:first-child { font-size: .85rem; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; }
}
";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Good as expected, a failure that the catalogue knows, not decided, or something else than
/// expected.
fn class(cell: &Cell) -> &'static str {
    match (cell.as_expected, cell.is_good()) {
        (true, _) if cell.disturbed > 0 => "open",
        (true, true) => "good",
        (true, false) => "known",
        (false, _) => "bad",
    }
}

/// How many cells of a column are as expected.
fn tally(matrix: &Matrix, column: usize) -> String {
    let cells: Vec<&Cell> = matrix.rows().filter_map(|(_, row)| row.get(column)).collect();
    let fine = cells.iter().filter(|cell| cell.is_as_expected()).count();
    format!("{fine} of {} as expected", cells.len())
}

fn write_cell(cell: &Cell, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "<td class=\"{}\"><details><summary>{}</summary><div><p>{}; expected: {}</p>",
        class(cell),
        escaped(&cell.text()),
        escaped(&cell.counts()),
        escaped(&cell.expected),
    )?;
    for (what, count) in &cell.why {
        let what = escaped(what);
        match cell.of {
            1 => write!(out, "<p>{what}</p>")?,
            _ => write!(out, "<p>{count} × {what}</p>")?,
        }
    }
    if let Some(time) = &cell.time {
        write!(out, "<p class=\"of\">Time: {}</p>", escaped(time))?;
    }
    write!(out, "<code>{}</code></div></details></td>", escaped(&cell.command))
}

/// The programs of the columns.
fn write_hosts(hosts: &[Host], out: &mut impl Write) -> io::Result<()> {
    if hosts.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Hosts</h2>\n<dl>")?;
    for Host { name, command, .. } in hosts {
        writeln!(out, "<dt>{}</dt><dd><code>{}</code></dd>", escaped(name), escaped(command))?;
    }
    writeln!(out, "</dl>")
}

/// Writes the page.
///
/// # Errors
/// Whatever writing ran into.
pub fn write(matrix: &Matrix, out: &mut impl Write) -> io::Result<()> {
    let what = if matrix.hosts.is_empty() { "firmware" } else { "host" };
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>bletwin matrix</title>\n\
         <style>\n{STYLE}</style>\n<h1>Which {what} survives which central</h1>\n\
         <p class=\"legend\"><span class=\"good\">✓ as it should be</span> · \
         <span class=\"known\">– a failure that the catalogue knows</span> · \
         <span class=\"bad\">✗ not as expected</span>{}. A cell opens to what came of it and the \
         command that runs it again.</p>\n",
        match matrix.cells.iter().any(|cell| cell.disturbed > 0) {
            true => " · ? disturbed: this machine was too busy, and nothing is said",
            false => "",
        }
    )?;
    if let Some(time) = matrix.time() {
        let whose = crate::meeting::WHOSE.replacen("host", "Host", 1);
        writeln!(out, "<p>Time: {}. {}.</p>", escaped(&time), escaped(&whose))?;
    }
    write!(out, "<div class=\"table\"><table>\n<thead><tr><th>central</th>")?;
    for (column, firmware) in matrix.firmwares().iter().enumerate() {
        let tally = tally(matrix, column);
        write!(out, "<th>{}<span class=\"of\">{tally}</span>", escaped(firmware))?;
        if let Some(host) = matrix.hosts.get(column) {
            write!(out, "<span class=\"of\">{}</span>", escaped(&host.kind()))?;
        }
        write!(out, "</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for (central, cells) in matrix.rows() {
        write!(out, "<tr><th>{}</th>", escaped(central))?;
        for cell in cells {
            write_cell(cell, out)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")?;
    write_hosts(&matrix.hosts, out)?;
    writeln!(out, "</html>")
}
