//! Looks numbers and words up as people copy them from logs.

use super::lines::{Told, has_form, told};
use super::{Code, Layer, all, of};
use bletwin_setup::error::BadInput;

/// What a query comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Codes that fit, by layer and number.
    pub codes: Vec<Code>,
    /// What else the number may be, in a sentence.
    pub hint: Option<String>,
}

/// What is asked for.
#[derive(Default)]
struct Query {
    /// `err 9`: whose and which, whatever stands beside them.
    pairs: Vec<(Layer, u32)>,
    layer: Option<Layer>,
    number: Option<u32>,
    /// Written in digits that could be hexadecimal, too.
    bare: bool,
    words: Vec<String>,
}

/// Everything that fits words such as `8`, `0x3D`, `reason 8`, `err 9`, `smp 5`, `mic failure`.
///
/// # Errors
/// [`BadInput`] if nothing fits.
pub fn find(asked: &[String]) -> Result<Match, BadInput> {
    let query = query(asked);
    let line = asked.join(" ");
    if !query.pairs.is_empty() && has_form(&line) {
        return in_line(&line);
    }
    let codes: Vec<Code> = all().filter(|code| query.fits(code)).collect();
    if codes.is_empty() {
        return Err(BadInput {
            what: format!("no code that is known fits `{}`", asked.join(" ")),
            help: "give a number (8, 0x3D), with hci, smp, att or zephyr before it if you know \
                   whose it is, or words of its name; `bletwin codes` shows all"
                .into(),
        });
    }
    Ok(Match { codes, hint: query.hint() })
}

/// What a line of a known form says, by which a number is another thing than by its words.
fn in_line(line: &str) -> Result<Match, BadInput> {
    let mut found = Match { codes: Vec::new(), hint: None };
    for told in told(line) {
        let (layer, code) = match told {
            Told::Begun => continue,
            Told::Ended(code) | Told::NotConnected(code) => (Layer::Hci, code),
            Told::Security(code) => (Layer::Zephyr, code),
            Told::Refused(code) => (Layer::Smp, code),
            // PIN or Key Missing.
            Told::KeyMissing => (Layer::Hci, 0x06),
            Told::TimedOut => {
                found.hint = Some("SMP waited for 30 s for the other side, and gave up.".into());
                continue;
            }
            Told::Broken => {
                found.hint = Some("The link ended before pairing or encryption was over.".into());
                continue;
            }
        };
        found.codes.extend(of(layer, code));
    }
    if found.codes.is_empty() && found.hint.is_none() {
        return Err(BadInput {
            what: format!("whose number that is in `{line}` is not known"),
            help:
                "give the number alone, with hci, smp, att or zephyr before it if you know whose \
                   it is; docs/EVIDENCE.md lists the lines that are read"
                    .into(),
        });
    }
    Ok(found)
}

/// Codes that a text names with whose they are: `err 9`, `reason 8`. Anything else is no code.
#[must_use]
pub fn spoken_of(text: &str) -> Vec<Code> {
    let query = query(&[text.to_owned()]);
    all().filter(|code| !query.pairs.is_empty() && query.fits(code)).collect()
}

impl Query {
    fn fits(&self, code: &Code) -> bool {
        let is = |layer, number| {
            let (layer, number) = offset(number, layer);
            layer.is_none_or(|layer| layer == code.layer)
                && number.is_some_and(|number| belongs(*code, number))
        };
        if !self.pairs.is_empty() {
            return self.pairs.iter().any(|(layer, number)| is(Some(*layer), *number));
        }
        let text = format!("{} {}", code.name, code.causes).to_lowercase();
        self.words.iter().all(|word| text.contains(word))
            && match self.number {
                Some(number) => is(self.layer, number),
                None => self.layer.is_none_or(|layer| layer == code.layer),
            }
    }

    fn hint(&self) -> Option<String> {
        let of_hci = match self.pairs.as_slice() {
            [] => self.number.filter(|_| self.layer.is_none_or(|layer| layer == Layer::Hci)),
            [(Layer::Hci, number)] => Some(*number),
            _ => None,
        };
        let number = of_hci.filter(|number| self.bare && *number > 9)?;
        let code = u8::from_str_radix(&number.to_string(), 16).ok()?;
        let known = of(Layer::Hci, code)?;
        Some(format!(
            "Some logs print hexadecimal without 0x; it would be HCI 0x{code:02X} then, {}.",
            known.name
        ))
    }
}

fn query(asked: &[String]) -> Query {
    let mut query = Query::default();
    let separators = |c: char| c.is_whitespace() || ",;:()=[]".contains(c);
    let mut whose = None;
    for word in asked.iter().flat_map(|text| text.split(separators)) {
        let word = word.to_lowercase();
        let layer = match word.as_str() {
            "" => continue,
            "reason" | "status" => Some(Layer::Hci),
            "err" => Some(Layer::Zephyr),
            other => Layer::ALL.into_iter().find(|layer| layer.word() == other),
        };
        if layer.is_some() {
            query.layer = layer;
            whose = layer;
            continue;
        }
        match (number(&word), whose.take()) {
            (Some(number), Some(layer)) => query.pairs.push((layer, number)),
            (Some(number), None) => query.number = Some(number),
            (None, _) => {
                query.words.push(word);
                continue;
            }
        }
        query.bare = word.bytes().all(|digit| digit.is_ascii_digit());
    }
    query
}

/// Decimal, hexadecimal with 0x, or two hexadecimal digits (`3d`), as btmon and others print them.
fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if word.len() == 2 => word.parse().ok().or_else(|| u32::from_str_radix(word, 16).ok()),
        None => word.parse().ok(),
    }
}

/// Numbers beyond an octet: NimBLE adds a base for each layer, Windows a facility.
fn offset(number: u32, layer: Option<Layer>) -> (Option<Layer>, Option<u8>) {
    let named = |layer| (Some(layer), Some((number & 0xFF) as u8));
    match number {
        0..=0xFF => (layer, Some(number as u8)),
        0x100..=0x1FF | 0x8065_0000..=0x8065_00FF => named(Layer::Att),
        0x200..=0x2FF => named(Layer::Hci),
        // The own Security Manager's, and the other side's.
        0x400..=0x5FF => named(Layer::Smp),
        _ => (layer, None),
    }
}

/// 0x80 stands for all codes of an application.
const fn belongs(code: Code, number: u8) -> bool {
    let application = matches!(code.layer, Layer::Att) && code.code == 0x80;
    code.code == number || application && matches!(number, 0x80..=0x9F)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(asked: &str) -> Vec<(Layer, u8)> {
        let asked: Vec<String> = asked.split(' ').map(str::to_owned).collect();
        let codes = find(&asked).map(|found| found.codes).unwrap_or_default();
        codes.into_iter().map(|code| (code.layer, code.code)).collect()
    }

    #[test]
    fn numbers_are_read_as_logs_print_them() {
        use Layer::{Att, Hci, Smp, Zephyr};
        for (asked, expected) in [
            ("8", &[(Hci, 8), (Smp, 8), (Att, 8), (Zephyr, 8)][..]),
            ("reason 8", &[(Hci, 8)]),
            ("(reason 0x3D)", &[(Hci, 0x3D)]),
            ("3d", &[(Hci, 0x3D)]),
            ("Security failed: 58:A0:23:A6:35:0A (public) level 1 err 9", &[(Zephyr, 9)]),
            ("err 9, reason 8", &[(Hci, 8), (Zephyr, 9)]),
            ("err 9", &[(Zephyr, 9)]),
            // Of lines that are known their form says whose it is.
            ("Pairing failed conn: 58:A0:23:A6:35:0A (public), reason 9", &[(Zephyr, 9)]),
            ("encryption change event; status=1288", &[(Smp, 8)]),
            ("encryption change event; status=13", &[]),
            ("fail reason = 0x52", &[(Smp, 5)]),
            ("disconnect; reason=13", &[]),
            ("fail reason = 0x61", &[]),
            ("Disconnected (reason 8)", &[(Hci, 8)]),
            ("smp 5", &[(Smp, 5)]),
            ("ATT 0x85", &[(Att, 0x80)]),
            // NimBLE: 0x213, 0x105, 0x50b. Windows: 0x80650005.
            ("531", &[(Hci, 0x13)]),
            ("reason=531", &[(Hci, 0x13)]),
            ("261", &[(Att, 5)]),
            ("1291", &[(Smp, 0x0B)]),
            ("0x80650005", &[(Att, 5)]),
            ("mic failure", &[(Hci, 0x3D)]),
            ("70000", &[]),
            ("hci 0x99", &[]),
            ("-1", &[]),
            ("gibberish", &[]),
        ] {
            assert_eq!(found(asked), expected, "{asked}");
        }
    }

    #[test]
    fn a_number_that_may_be_hexadecimal_is_told_in_both_readings() {
        let hint = |asked: &str| find(&[asked.to_owned()]).unwrap().hint;
        assert!(hint("13").unwrap().contains("0x13 then, Remote User"));
        assert_eq!(hint("8"), None);
        assert_eq!(hint("0x13"), None);
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_would_be_right() {
        assert!(find(&["0x77".into()]).unwrap_err().help.contains("0x3D"));
    }
}
