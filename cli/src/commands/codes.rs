//! `bletwin codes`.

use std::io::Write;

use serde::Serialize;

use super::args::Codes;
use super::ending::Exit;
use super::style;
use bletwin_explain::codes::{self, Code, Layer, Match};
use bletwin_explain::report::wrap;

/// A code as a program reads it.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    code: Code,
    hex: String,
}

pub(super) fn codes(options: &Codes) -> anyhow::Result<Exit> {
    let Match { codes, hint } = match options.what.as_slice() {
        [] => Match { codes: codes::all().collect(), hint: None },
        asked => codes::find(asked)?,
    };
    let mut out = anstream::stdout().lock();
    if options.json {
        let entry = |code: Code| Entry { code, hex: format!("0x{:02X}", code.code) };
        let entries: Vec<Entry> = codes.into_iter().map(entry).collect();
        serde_json::to_writer_pretty(&mut out, &entries)?;
        writeln!(out)?;
        return Ok(Exit::Expected);
    }
    for layer in Layer::ALL {
        let mut of_layer = codes.iter().filter(|code| code.layer == layer).peekable();
        if of_layer.peek().is_some() {
            writeln!(out, "{}", style::heading(layer.text()))?;
        }
        for Code { code, name, causes, .. } in of_layer {
            writeln!(out, "  {code:>3}  0x{code:02X}  {}", style::good(name))?;
            for line in wrap(causes, 78).lines() {
                writeln!(out, "             {line}")?;
            }
        }
    }
    if let Some(hint) = hint {
        writeln!(out, "\n{}", style::faint(&hint))?;
    }
    Ok(Exit::Expected)
}
