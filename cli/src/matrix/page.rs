//! The table as one self-contained page.

use std::io::{self, Write};

use super::{Cell, Matrix};

const STYLE: &str = "\
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --known: #9a6700; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --bad: #ff7b72; --known: #d29922; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; }
div.table { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #8884; padding: .35rem .9rem .35rem 0; text-align: left;
  vertical-align: top; }
td.good summary { color: var(--good); }
td.known summary { color: var(--known); }
td.bad summary { color: var(--bad); font-weight: bold; }
summary { cursor: pointer; }
code { user-select: all; overflow-wrap: anywhere; }
p.legend span.good { color: var(--good); } p.legend span.known { color: var(--known); }
p.legend span.bad { color: var(--bad); font-weight: bold; }
";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Good as expected, a failure that the catalogue knows, or something else than expected.
fn class(cell: &Cell) -> &'static str {
    match (cell.as_expected, cell.is_good()) {
        (true, true) => "good",
        (true, false) => "known",
        (false, _) => "bad",
    }
}

/// Writes the page.
///
/// # Errors
/// Whatever writing ran into.
pub fn write(matrix: &Matrix, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>bletwin matrix</title>\n\
         <style>\n{STYLE}</style>\n<h1>Which firmware survives which central</h1>\n\
         <p class=\"legend\"><span class=\"good\">as it should be</span> · \
         <span class=\"known\">a failure that the catalogue knows</span> · \
         <span class=\"bad\">not as expected</span>. A cell opens to the command that runs it \
         again.</p>\n"
    )?;
    if let Some(time) = &matrix.time {
        writeln!(out, "<p>Time: {}. {}.</p>", escaped(time), escaped(crate::meeting::WHOSE))?;
    }
    write!(out, "<div class=\"table\"><table>\n<tr><th>central</th>")?;
    for firmware in matrix.firmwares() {
        write!(out, "<th>{}</th>", escaped(firmware))?;
    }
    writeln!(out, "</tr>")?;
    for (central, cells) in matrix.rows() {
        write!(out, "<tr><th>{}</th>", escaped(central))?;
        for cell in cells {
            let why: Vec<String> =
                cell.why.iter().map(|(what, n)| format!("{n} × {what}")).collect();
            let told = match why.as_slice() {
                [] => cell.counts(),
                why => format!("{}; {}", cell.counts(), why.join("; ")),
            };
            write!(
                out,
                "<td class=\"{}\"><details><summary>{}</summary>{}; expected: {}<br>\
                 <code>{}</code></details></td>",
                class(cell),
                escaped(&cell.text()),
                escaped(&told),
                escaped(&cell.expected),
                escaped(&cell.command),
            )?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table></div></html>")
}
