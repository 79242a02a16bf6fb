//! defmt: a program's log whose texts are in the file that is flashed, and only their numbers and
//! arguments in RAM.
//!
//! The wire format is that of defmt's book, version 4: the number of a text, the timestamp's
//! arguments, the text's arguments, all in little endian; frames are rzCOBS with a 0 between them.
//! Gaps: names of bit flags, dates, CBOR; a hint does not reach into nested values.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use defmt_parser::{DisplayHint, Fragment, Parameter, ParserMode, TimePrecision, Type, parse};
use object::read::elf::ElfFile32;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

/// Characters of a line at most.
const LONGEST: usize = 1024;
/// How deep values may be nested.
const DEEPEST: u8 = 8;

/// The section that has the texts, each the name of a symbol.
pub(crate) const SECTION: &str = ".defmt";

/// The texts of a program by their numbers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Texts {
    by_number: BTreeMap<u16, (Option<String>, String)>,
    timestamp: Option<String>,
    framed: bool,
}

impl Texts {
    /// Those of a file; `None`: it has none, or no valid one.
    pub(crate) fn from_elf(file: &[u8]) -> Option<Self> {
        let object = ElfFile32::<object::Endianness>::parse(file).ok()?;
        let section = object.section_by_name(SECTION)?.index();
        let mut texts = Self::default();
        for symbol in object.symbols().filter(|symbol| symbol.section_index() == Some(section)) {
            let (Ok(name), Ok(number)) = (symbol.name(), u16::try_from(symbol.address())) else {
                continue;
            };
            texts.framed |= name.trim_matches('"') == "_defmt_encoding_ = rzcobs";
            let Ok(name) = serde_json::from_str::<serde_json::Value>(name) else { continue };
            if let (Some(tag), Some(text)) = (name["tag"].as_str(), name["data"].as_str()) {
                texts.add(number, tag, text);
            }
        }
        (!texts.by_number.is_empty()).then_some(texts)
    }

    /// Texts by number and tag.
    #[cfg(test)]
    pub(crate) fn of(known: &[(u16, &str, &str)]) -> Self {
        let mut texts = Self { framed: true, ..Self::default() };
        known.iter().for_each(|(number, tag, text)| texts.add(*number, tag, text));
        texts
    }

    fn add(&mut self, number: u16, tag: &str, text: &str) {
        if tag == "defmt_timestamp" {
            self.timestamp = Some(text.to_owned());
            return;
        }
        let level = tag.strip_prefix("defmt_").map(str::to_uppercase);
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
        let level = level.filter(|level| levels.contains(&level.as_str()));
        self.by_number.insert(number, (level, text.to_owned()));
    }

    /// Whether frames are encoded, with a 0 after each.
    pub(crate) fn are_framed(&self) -> bool {
        self.framed
    }

    /// The line of a frame as it was sent, without its 0; `None`: it is damaged, or of another
    /// program.
    pub(crate) fn line(&self, frame: &[u8]) -> Option<String> {
        let octets = unpack(frame)?;
        let mut reader = Reader { texts: self, octets: &octets, left: LONGEST };
        let (level, text) = self.by_number.get(&u16::from_le_bytes(reader.take()?))?;
        let mut line = String::new();
        if let Some(timestamp) = &self.timestamp {
            reader.text(timestamp, 0, &mut line)?;
            line.push(' ');
        }
        if let Some(level) = level {
            line.push_str(level);
            line.push(' ');
        }
        reader.text(text, 0, &mut line)?;
        let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        Some(line.chars().map(plain).collect())
    }
}

/// Undoes rzCOBS, which is read from its end: an octet tells which of the seven before it were 0,
/// or how many before it were not.
fn unpack(frame: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = frame.iter().rev().copied();
    while let Some(code) = rest.next() {
        match code {
            0 => return None,
            1..0x80 => {
                for n in (0..7).rev() {
                    let zero = code >> n & 1 == 1;
                    octets.push(if zero { 0 } else { rest.next()? });
                }
            }
            0x80.. => {
                let count = if code == 0xFF { 134 } else { usize::from(code & 0x7F) + 7 };
                octets.extend((code != 0xFF).then_some(0));
                for _ in 0..count {
                    octets.push(rest.next()?);
                }
            }
        }
    }
    octets.reverse();
    Some(octets)
}

/// A value of a frame.
enum Value {
    Signed(i128),
    Unsigned(u128),
    Float(f64),
    Bool(bool),
    Str(String),
    Octets(Vec<u8>),
    /// Already as it is shown.
    Shown(String),
}

/// What is left of a frame, and how many characters may still be made of it.
struct Reader<'a> {
    texts: &'a Texts,
    octets: &'a [u8],
    left: usize,
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.octets.split_first_chunk()?;
        self.octets = rest;
        Some(*taken)
    }

    fn take_many(&mut self, count: usize) -> Option<Vec<u8>> {
        let (taken, rest) = self.octets.split_at_checked(count)?;
        self.octets = rest;
        Some(taken.to_vec())
    }

    fn push(&mut self, text: &str, out: &mut String) -> Option<()> {
        // An element without characters counts, too: there may be any number of them.
        self.left = self.left.checked_sub(text.chars().count().max(1))?;
        out.push_str(text);
        Some(())
    }

    /// A text with its arguments.
    fn text(&mut self, format: &str, depth: u8, out: &mut String) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let fragments = parse(format, ParserMode::ForwardsCompatible).ok()?;
        let mut types: BTreeMap<usize, Type> = BTreeMap::new();
        for fragment in &fragments {
            let Fragment::Parameter(Parameter { index, ty, .. }) = fragment else { continue };
            let joined = match (types.get(index), ty) {
                // Fields of one value: as many octets as reach from the first to the last.
                (Some(Type::BitField(known)), Type::BitField(new)) => {
                    Type::BitField(known.start.min(new.start)..known.end.max(new.end))
                }
                _ => ty.clone(),
            };
            types.insert(*index, joined);
        }
        let mut values = BTreeMap::new();
        for (index, ty) in types {
            values.insert(index, self.value(&ty, depth)?);
        }
        for fragment in &fragments {
            match fragment {
                Fragment::Literal(text) => self.push(text, out)?,
                Fragment::Parameter(parameter) => {
                    let text = show(values.get(&parameter.index)?, parameter);
                    self.push(&text, out)?;
                }
            }
        }
        Some(())
    }

    fn value(&mut self, ty: &Type, depth: u8) -> Option<Value> {
        Some(match ty {
            Type::U8 => Value::Unsigned(u8::from_le_bytes(self.take()?).into()),
            Type::U16 => Value::Unsigned(u16::from_le_bytes(self.take()?).into()),
            Type::U32 | Type::Usize => Value::Unsigned(u32::from_le_bytes(self.take()?).into()),
            Type::U64 => Value::Unsigned(u64::from_le_bytes(self.take()?).into()),
            Type::U128 => Value::Unsigned(u128::from_le_bytes(self.take()?)),
            Type::I8 => Value::Signed(i8::from_le_bytes(self.take()?).into()),
            Type::I16 => Value::Signed(i16::from_le_bytes(self.take()?).into()),
            Type::I32 | Type::Isize => Value::Signed(i32::from_le_bytes(self.take()?).into()),
            Type::I64 => Value::Signed(i64::from_le_bytes(self.take()?).into()),
            Type::I128 => Value::Signed(i128::from_le_bytes(self.take()?)),
            Type::F32 => Value::Float(f32::from_le_bytes(self.take()?).into()),
            Type::F64 => Value::Float(f64::from_le_bytes(self.take()?)),
            Type::Bool => Value::Bool(self.take() == Some([1])),
            Type::Char => {
                Value::Shown(char::from_u32(u32::from_le_bytes(self.take()?))?.to_string())
            }
            Type::BitField(range) => self.bit_field(range)?,
            Type::Str => {
                let count = self.count()?;
                Value::Str(String::from_utf8(self.take_many(count)?).ok()?)
            }
            Type::IStr => Value::Str(self.known()?.to_owned()),
            Type::U8Slice => {
                let count = self.count()?;
                Value::Octets(self.take_many(count)?)
            }
            Type::U8Array(count) => Value::Octets(self.take_many(*count)?),
            Type::Debug | Type::Display => {
                let end = self.octets.iter().position(|octet| *octet == 0xFF)?;
                let text = String::from_utf8(self.take_many(end)?).ok()?;
                self.take::<1>()?;
                Value::Shown(text)
            }
            Type::Format => {
                let format = self.known()?;
                let mut out = String::new();
                self.variant(format, depth, &mut out)?;
                Value::Shown(out)
            }
            Type::FormatSlice => {
                let count = self.count()?;
                self.list(count, depth)?
            }
            Type::FormatArray(count) => self.list(*count, depth)?,
            Type::FormatSequence => {
                let mut out = String::new();
                loop {
                    let number = u16::from_le_bytes(self.take()?);
                    if number == 0 {
                        break Value::Shown(out);
                    }
                    let (_, format) = self.texts.by_number.get(&number)?;
                    self.variant(format, depth, &mut out)?;
                }
            }
        })
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take()?)).ok()
    }

    /// The text whose number comes next.
    fn known(&mut self) -> Option<&'a str> {
        let number = u16::from_le_bytes(self.take()?);
        self.texts.by_number.get(&number).map(|(_, text)| text.as_str())
    }

    /// A number of values of one kind.
    fn list(&mut self, count: usize, depth: u8) -> Option<Value> {
        let format = self.known()?;
        let mut out = "[".to_owned();
        for n in 0..count {
            if n > 0 {
                self.push(", ", &mut out)?;
            }
            self.variant(format, depth, &mut out)?;
        }
        out.push(']');
        Some(Value::Shown(out))
    }

    /// A value of a type, or of the variant of an enumeration that comes first.
    fn variant(&mut self, format: &str, depth: u8, out: &mut String) -> Option<()> {
        let variants: Vec<&str> = format.split('|').collect();
        let chosen: u16 = match variants.len() {
            1 => 0,
            2..=0x100 => u8::from_le_bytes(self.take()?).into(),
            _ => u16::from_le_bytes(self.take()?),
        };
        self.text(variants.get(usize::from(chosen))?, depth + 1, out)
    }

    fn bit_field(&mut self, range: &std::ops::Range<u8>) -> Option<Value> {
        let (first, last) = (range.start / 8, range.end.checked_sub(1)? / 8);
        let value: u128 = match last.checked_sub(first)? + 1 {
            1 => u8::from_le_bytes(self.take()?).into(),
            2 => u16::from_le_bytes(self.take()?).into(),
            3..=4 => u32::from_le_bytes(self.take()?).into(),
            5..=8 => u64::from_le_bytes(self.take()?).into(),
            9..=16 => u128::from_le_bytes(self.take()?),
            _ => return None,
        };
        Some(Value::Unsigned(value.checked_shl(u32::from(first) * 8)?))
    }
}

/// A value as its parameter wants it.
fn show(value: &Value, Parameter { ty, hint, .. }: &Parameter) -> String {
    let hint = hint.as_ref();
    match value {
        Value::Unsigned(value) => match ty {
            Type::BitField(range) => {
                let width = range.end.saturating_sub(range.start).into();
                let mask = 1_u128.checked_shl(width).map_or(u128::MAX, |bit| bit - 1);
                number(value.checked_shr(range.start.into()).unwrap_or(0) & mask, false, hint)
            }
            _ => number(*value, false, hint),
        },
        Value::Signed(value) => number(value.unsigned_abs(), *value < 0, hint),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Str(text) if hint == Some(&DisplayHint::Debug) => format!("{text:?}"),
        Value::Octets(octets) if hint == Some(&DisplayHint::Ascii) => {
            format!("b\"{}\"", octets.escape_ascii())
        }
        Value::Octets(octets) => {
            let each: Vec<_> =
                octets.iter().map(|octet| number((*octet).into(), false, hint)).collect();
            format!("[{}]", each.join(", "))
        }
        Value::Str(text) | Value::Shown(text) => text.clone(),
    }
}

fn number(value: u128, negative: bool, hint: Option<&DisplayHint>) -> String {
    // As wide as a program's author would ask for, not as wide as a file may say.
    let pad = |pad: &usize| (*pad).min(64);
    let mut text = String::new();
    let sign = if negative { "-" } else { "" };
    let written = match hint {
        Some(DisplayHint::Hexadecimal { alternate, uppercase, zero_pad }) => {
            let (prefix, pad) = (if *alternate { "0x" } else { "" }, pad(zero_pad));
            let pad = pad.saturating_sub(prefix.len());
            if *uppercase {
                write!(text, "{sign}{prefix}{value:0pad$X}")
            } else {
                write!(text, "{sign}{prefix}{value:0pad$x}")
            }
        }
        Some(DisplayHint::Octal { zero_pad, .. }) => {
            write!(text, "{sign}{value:0pad$o}", pad = pad(zero_pad))
        }
        Some(DisplayHint::Binary { alternate, zero_pad }) => {
            let prefix = if *alternate { "0b" } else { "" };
            let pad = pad(zero_pad).saturating_sub(prefix.len());
            write!(text, "{sign}{prefix}{value:0pad$b}")
        }
        Some(DisplayHint::Seconds(precision) | DisplayHint::Time(precision)) => {
            let (unit, digits) = match precision {
                TimePrecision::Micros => (1_000_000, 6),
                TimePrecision::Millis => (1_000, 3),
                TimePrecision::Seconds => (1, 0),
            };
            let (seconds, rest) = (value / unit, value % unit);
            match digits {
                0 => write!(text, "{sign}{seconds}"),
                _ => write!(text, "{sign}{seconds}.{rest:0digits$}"),
            }
        }
        Some(DisplayHint::NoHint { zero_pad }) => {
            write!(text, "{sign}{value:0pad$}", pad = pad(zero_pad))
        }
        _ => write!(text, "{sign}{value}"),
    };
    debug_assert!(written.is_ok(), "a String takes all");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes a frame in the simplest way: seven octets, and which of them are 0.
    fn packed(octets: &[u8]) -> Vec<u8> {
        let mut padded = octets.to_vec();
        padded.resize(octets.len().next_multiple_of(7), 0);
        let (chunks, _) = padded.as_chunks::<7>();
        let pack = |chunk: &[u8; 7]| {
            let zeros = (0..7).filter(|n| chunk[*n] == 0).fold(0, |code, n| code | 1 << n);
            let mut out: Vec<u8> = chunk.iter().copied().filter(|octet| *octet != 0).collect();
            out.push(zeros);
            out
        };
        chunks.iter().flat_map(pack).collect()
    }

    fn texts(timestamp: bool) -> Texts {
        let mut texts = Texts::of(&[
            (1, "defmt_info", "tick"),
            (2, "defmt_warn", "{=u8} {=i16:?} {=bool} {=str:?} {=[u8]:#04x} {=u16:#b}"),
            (3, "defmt_println", "{} and {=[?]}"),
            (4, "defmt_derived", "Off|On {{ level: {=u8} }}"),
            (5, "defmt_error", "{0=0..4:x} {0=4..8}"),
            (6, "defmt_derived", ""),
            (7, "defmt_derived", "{}"),
            (8, "defmt_str", "interned"),
            (9, "defmt_info", "{=istr} {=__internal_Display} {=f32} {=char}"),
        ]);
        if timestamp {
            texts.add(20, "defmt_timestamp", "{=u64:us}");
        }
        texts
    }

    #[test]
    fn frames_become_lines() {
        let line = |octets: &[u8]| texts(false).line(&packed(octets));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(line(&[1, 0]), some("INFO tick"));
        let all = [2, 0, 200, 0xFE, 0xFF, 1, 2, 0, 0, 0, b'h', b'i', 2, 0, 0, 0, 1, 0xAB, 5, 0];
        assert_eq!(line(&all), some("WARN 200 -2 true \"hi\" [0x01, 0xab] 0b101"));
        let nested = [3, 0, 4, 0, 1, 7, 4, 0, 2, 0, 0, 0, 4, 0, 0, 1, 9];
        assert_eq!(line(&nested), None, "values come in the order of their places");
        let nested = [3, 0, 4, 0, 1, 7, 2, 0, 0, 0, 4, 0, 0, 1, 9];
        assert_eq!(line(&nested), some("On { level: 7 } and [Off, On { level: 9 }]"));
        assert_eq!(line(&[5, 0, 0xAB]), some("ERROR b 10"));
        let words = [9, 0, 8, 0, b'o', b'k', 0xFF, 0, 0, 0xC0, 0x3F, b'x', 0, 0, 0];
        assert_eq!(line(&words), some("INFO interned ok 1.5 x"));
        let stamped = texts(true).line(&packed(&[1, 0, 0x40, 0xE2, 1, 0, 0, 0, 0, 0]));
        assert_eq!(stamped, some("0.123456 INFO tick"));
    }

    /// As defmt-rtt sent it: the text's number is 4, the time 0.
    #[test]
    fn a_frame_of_a_real_program_is_unpacked() {
        let octets = unpack(&[0x04, 0x7E, 0x7F]).expect("it is whole");
        assert_eq!((octets[0], octets.len()), (4, 14));
        let full: Vec<u8> = [1; 134].into_iter().chain([0xFF]).collect();
        assert_eq!(unpack(&full), Some(vec![1; 134]));
        assert_eq!(unpack(&[1, 2, 3, 4, 5, 6, 7, 0x80]), Some(vec![1, 2, 3, 4, 5, 6, 7, 0]));
    }

    /// A program may put anything there, and a file may say anything of it.
    #[test]
    fn nonsense_has_no_line_and_no_end() {
        let texts = texts(false);
        let many = [3, 0, 6, 0, 0xFF, 0xFF, 0xFF, 0xFF, 6, 0];
        let deep: Vec<u8> = [3, 0].into_iter().chain([7, 0].into_iter().cycle().take(64)).collect();
        for octets in [&[99, 0][..], &[], &[2], &[2, 0, 1], &many, &deep] {
            assert_eq!(texts.line(&packed(octets)), None, "{octets:?}");
        }
        for frame in [&[0][..], &[0x80], &[0xFF, 0xFF], &[1]] {
            assert_eq!(texts.line(frame), None, "{frame:?}");
        }
        assert_eq!(Texts::from_elf(b"no file"), None);
    }
}
