//! A finding as a file: small, readable, and enough to run it again.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::case::{Case, Side};
use bletwin_setup::error::BadInput;
use bletwin_setup::keys::page::comment;

/// Version of the format; raised whenever a reader of old files would go wrong.
pub const SCHEMA: u32 = 1;

/// How the first line begins, and the last line of a file that is complete.
const BEGINNING: &str = "# A finding of bletwin";
const END: &str = "# end of finding";

/// A finding with the case that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Saved {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// Version of bletwin that found it.
    pub bletwin: String,
    /// The rule that is broken.
    pub rule: String,
    /// The side that breaks the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub culprit: Option<Side>,
    /// What happened, in a sentence.
    pub text: String,
    /// SHA-256 of all that was on air.
    pub trace: String,
    /// Control PDUs that were sent from the beginning of the run proper, repetitions not counted.
    pub control_pdus: u32,
    /// What to run.
    pub case: Case,
}

/// The fields that the files of all versions have.
#[derive(Deserialize)]
struct Head {
    schema: u32,
    bletwin: String,
}

impl Saved {
    /// The version that writes and reads here.
    #[must_use]
    pub const fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// As a file; `title` is the rule's.
    #[must_use]
    pub fn to_file(&self, title: &str) -> String {
        let culprit = self.culprit.map_or("both ends", Side::name);
        // The text of a panic has lines, and a file may have been edited.
        let (version, rule) = (comment(&self.bletwin), comment(&self.rule));
        let mut file = format!("{BEGINNING} {version}: {rule} ({}).\n", comment(title));
        let _ = writeln!(file, "# Against the {culprit}: {}.", comment(&self.text));
        file += "# Run it again with `bletwin replay` and the name of this file.\n\n";
        // A plain table of strings, numbers and lists can always be written.
        file += &toml::to_string(self).unwrap_or_default();
        file + "\n" + END + "\n"
    }

    /// From the text of a file.
    ///
    /// # Errors
    /// [`BadInput`] if it is not a finding, from another version, or cut short.
    pub fn from_file(text: &str) -> Result<Self, BadInput> {
        let again = "find it anew with `bletwin explore`, or take the file from where it was saved";
        let head: Result<Head, _> = toml::from_str(text);
        let complete = text.trim_end().ends_with(END);
        match head {
            Ok(head) if (head.schema, head.bletwin.as_str()) != (SCHEMA, Self::version()) => {
                let what = format!(
                    "it is from bletwin {} (format {}), this is {} (format {SCHEMA})",
                    head.bletwin,
                    head.schema,
                    Self::version()
                );
                return Err(bad(&what, "replay it with that version, or find it anew"));
            }
            Err(_) if complete || !text.starts_with(BEGINNING) => {
                let help = "`bletwin explore` writes findings; their first line says so";
                return Err(bad("it is not a finding", help));
            }
            _ if !complete => return Err(bad("it is cut short: its last line is missing", again)),
            _ => {}
        }
        let saved: Self = toml::from_str(text)
            .map_err(|error| bad(&format!("it is damaged: {}", error.message()), again))?;
        saved.case.setup()?;
        Ok(saved)
    }

    /// A descriptive name for the file, the same for the same case.
    #[must_use]
    pub fn file_name(&self) -> String {
        let digest = self.trace.get(..8).unwrap_or(&self.trace);
        format!(
            "{}-{}-{digest}.toml",
            self.rule.to_lowercase(),
            self.culprit.map_or("both", Side::name)
        )
    }
}

fn bad(what: &str, help: &str) -> BadInput {
    BadInput { what: what.into(), help: help.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Procedure, What};

    fn saved() -> Saved {
        let procedures = vec![Procedure::new(Side::Central, What::Version, 3)];
        Saved {
            schema: SCHEMA,
            bletwin: Saved::version().into(),
            rule: "LL-VERS-1".into(),
            culprit: Some(Side::Peripheral),
            text: "LL_VERSION_IND a second time".into(),
            trace: "5d41402abc4b2a76".repeat(4),
            control_pdus: 3,
            case: Case { procedures, ..Case::default() },
        }
    }

    #[test]
    fn a_finding_is_readable_and_reads_back() {
        let file = saved().to_file("one LL_VERSION_IND");
        insta::assert_snapshot!(file);
        assert_eq!(Saved::from_file(&file), Ok(saved()));
    }

    /// Found by the fuzzer: whatever is read is written so that it reads back.
    #[test]
    fn a_text_with_lines_and_control_characters_reads_back() {
        for odd in ["two\nlines", "a\rreturn", "nul\0", "\u{85}", "# end of finding"] {
            let odd = Saved { rule: odd.into(), text: odd.into(), ..saved() };
            assert_eq!(Saved::from_file(&odd.to_file(&odd.text)), Ok(odd));
        }
    }

    #[test]
    fn a_file_that_is_cut_short_anywhere_is_refused() {
        let file = saved().to_file("one LL_VERSION_IND");
        let ends = file.char_indices().map(|(at, _)| at).filter(|at| *at < file.trim_end().len());
        for at in ends {
            let error = Saved::from_file(&file[..at]).expect_err("a part");
            assert!(!error.what.is_empty() && !error.help.is_empty(), "{at}");
        }
        let half = Saved::from_file(&file[..file.len() / 2]).expect_err("half");
        assert!(half.what.contains("cut short"), "{half}");
    }

    #[test]
    fn files_of_other_versions_and_other_files_are_distinguished() {
        let other = Saved { bletwin: "9.9.9".into(), ..saved() }.to_file("");
        assert!(Saved::from_file(&other).expect_err("newer").what.contains("bletwin 9.9.9"));
        let format = Saved { schema: 99, ..saved() }.to_file("");
        assert!(Saved::from_file(&format).expect_err("newer").what.contains("format 99"));
        for text in ["", "\0\0", "preset = \"recommended\"\n", "{ \"rule\": 1 }"] {
            let error = Saved::from_file(text).expect_err("no finding");
            assert!(error.what.contains("not a finding"), "{text:?}: {error}");
        }
    }
}
