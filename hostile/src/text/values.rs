//! Values from the descriptions of the keys: most are valid, some are at a boundary, and some are
//! of a kind that no key takes.

use std::ops::Range;

use bletwin_schema::{Keys, Shape, Written};

use crate::rng::Rng;

/// Values of TOML that hardly a key takes.
pub(crate) const ODD: [&str; 46] = [
    "false",
    "w\u{f6}rd",
    "\u{20ac}",
    "\u{1f600} x",
    "word # c",
    "word-",
    "inf",
    "a@b:c+1",
    "12",
    "123",
    "12345",
    "123456",
    "-12345",
    "1234567890123",
    "+7",
    "-9223372036854775809",
    "0x8000000000000000",
    "0o7777777777777777777777777",
    "0b1111111111111111111111111111111111111111111111111111111111111111111111",
    "0x00000000000000000007",
    "[1979-05-27, 1.5]",
    "[\"x\", {}]",
    "1.5",
    "nan",
    "-inf",
    "1979-05-27",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "{}",
    "{ a = 1 }",
    "[]",
    "[[]]",
    "[1, true, \"x\"]",
    "\"\"",
    "''",
    "9223372036854775808",
    "-9223372036854775808",
    "0o17",
    "0b1",
    "0xffffffffffffffff",
    "1_000",
    "true",
    "\"\"\"\nx\"\"\"",
    "\"\\u0000\"",
    "never",
    "word",
];
/// Words that hardly a key takes, as after `--set KEY=`.
pub(crate) const ODD_WORDS: [&str; 30] = [
    // Letters, digits and neither, of several scripts.
    "al\u{301}ways",
    "\u{431}ond",
    "\u{627}\u{644}",
    "\u{e01}\u{e33}-x",
    "\u{4e00}led",
    "\u{a9}\u{2160}\u{ff11}",
    "\u{1d54f}\u{10400}ed",
    "\u{e0100}\u{10ffff}never",
    "",
    "x",
    "0",
    "-1",
    "+1",
    "-",
    "65536",
    "99999999999999999999",
    "0x",
    "0xg",
    "0x7fffffffffffffffff",
    "none",
    "never",
    "tru",
    "a,b",
    ":",
    "1:2:3:4",
    "led:button",
    "a@b+c",
    "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
    "`",
    "00:11:22:33:44:5",
];
/// Texts in place of a number: boundaries of what is parsed digit by digit.
const NUMBERS: [&str; 48] = [
    "0x1111111111111111111g",
    "0x-1111111111111111111",
    "0x-1",
    "0x+1",
    "-0x1",
    "-1111111111111111111111",
    "-111111111111111111111x",
    "1111111111111111111111x",
    "999",
    "1000",
    "2560",
    "00255",
    "0x100",
    "0xfff",
    "0xg0",
    "0x0000000ff",
    "\u{20ac}",
    "\u{1f600}",
    "7fffffff",
    "ffffffffffffffff",
    "x7",
    "7\u{e9}",
    "0x7x",
    "0xx7777777777777777",
    "7777777777777777777777777777777777777777777777777777777777777777777777",
    "777777777777777777777777777777777777777777777777777777777777777777777\u{e9}",
    "",
    "+",
    "-",
    "+7",
    "-7",
    "7x",
    "x",
    "0",
    "00000000000000000000000007",
    "0000000000000000000000000x",
    "255",
    "256",
    "65535",
    "65536",
    "4294967296",
    "18446744073709551616",
    "99999999999999999999999999",
    "0x",
    "0x7",
    "0x1fffffffff",
    "0xffffffffffffffffffffffff",
    "\u{e9}",
];
/// Numbers at which readers go wrong.
const EDGES: [i64; 20] = [
    -1,
    0,
    1,
    2,
    5,
    6,
    10,
    36,
    37,
    255,
    256,
    499,
    3_200,
    32_767,
    65_535,
    65_536,
    600_001,
    4_294_967_295,
    i64::MAX,
    i64::MIN,
];

/// One or two words about a key, as after `--set KEY=`.
pub(super) fn word(rng: &mut Rng, shape: &Shape) -> String {
    if rng.one_in(20) {
        return rng.pick(&ODD_WORDS).to_owned();
    }
    match shape {
        Shape::Words(words) => rng.pick(words).to_owned(),
        Shape::Flag => rng.pick(&["true", "false", "on", "off", "yes", "no"]).to_owned(),
        Shape::Number { min, max, step } => number(rng, *min, *max, *step),
        Shape::Form { words, examples, .. } => form(rng, words, examples),
        Shape::List(of) => match rng.below(24) {
            0 => "none".into(),
            1 => vec![word(rng, of); 60 + rng.below(8)].join(","),
            _ => (0..rng.few(6)).map(|_| word(rng, of)).collect::<Vec<_>>().join(","),
        },
        Shape::OrNever(_) if rng.one_in(4) => "never".into(),
        Shape::OrNever(of) => word(rng, of),
    }
}

fn number(rng: &mut Rng, min: i64, max: i64, step: i64) -> String {
    let inside = min + rng.below(((max - min) / step.max(1)) as usize + 1) as i64 * step;
    let edges = [min, max, min + step, max - step, min - step, max + step, min - 1, max + 1];
    let number = match rng.below(8) {
        0..=4 => inside,
        5..=6 => rng.pick(&edges),
        _ => rng.pick(&EDGES),
    };
    match rng.below(10) {
        0 => format!("{number:#x}"),
        _ => number.to_string(),
    }
}

/// An example; in half of all cases with another number, another word or another end.
fn form(rng: &mut Rng, words: &[&'static str], examples: &[String]) -> String {
    let example = rng.pick(examples);
    let separated = |c: char| ":@+~?,".contains(c);
    match rng.below(8) {
        0 => renumbered(rng, &example),
        1 => {
            let parts: Vec<&str> = example.split(separated).collect();
            let (old, new) = (rng.pick(&parts), rng.pick(words));
            example.replacen(old, new, 1)
        }
        // The head of one and the tail of another.
        2 => {
            let other = rng.pick(examples);
            let head = example.find(separated).map_or(&example[..], |at| &example[..at]);
            let tail = other.find(separated).map_or("", |at| &other[at..]);
            format!("{head}{tail}")
        }
        3 => {
            let sign = rng.pick(&["@", "+", ":", "~", "?", ",", ""]);
            let tail = match rng.below(3) {
                0 => rng.pick(words).to_owned(),
                1 => rng.pick(&EDGES).to_string(),
                _ => rng.pick(examples),
            };
            format!("{example}{sign}{tail}")
        }
        4 => typo(rng, &example),
        _ => example,
    }
}

/// Where numbers stand in a text, whatever their base.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let begins = text.char_indices().filter(|(at, c)| {
        let before = text[..*at].chars().next_back();
        c.is_ascii_digit() && !before.is_some_and(char::is_alphanumeric)
    });
    let range = |(begin, _): (usize, char)| {
        let rest = &text[begin..];
        let digits = rest.strip_prefix("0x").unwrap_or(rest);
        let length = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        begin..begin + rest.len() - digits.len() + length
    };
    begins.map(range).collect()
}

/// Another number in the place of one of them, or none.
pub(super) fn renumbered(rng: &mut Rng, text: &str) -> String {
    let places = numbers(text);
    let Some(place) = places.get(rng.below(places.len())) else { return text.into() };
    let number = match rng.below(4) {
        0 => rng.pick(&EDGES),
        1 => rng.below(256) as i64,
        2 => rng.below(4_000) as i64 * 1_250,
        _ => rng.below(65_536) as i64,
    };
    let number = match rng.below(6) {
        0 | 1 => format!("{number:#x}"),
        2 => rng.pick(&NUMBERS).to_owned(),
        _ => number.to_string(),
    };
    [&text[..place.start], &number, &text[place.end..]].concat()
}

/// Words that are read in blocks of several octets, with an end or a beginning that does not fit.
pub(crate) fn long_words() -> Vec<String> {
    let of = |head: &str, unit: &str, count: usize| {
        let body = unit.repeat(count);
        let (rest, ends) = (&body[unit.len()..], ["x", "\u{e9}", "\u{e9}\u{e9}"]);
        let odd = ends.iter().flat_map(|end| {
            [
                format!("{head}{body}{end}"),
                format!("{head}{end}{rest}"),
                format!("{head}{rest}{end}"),
            ]
        });
        odd.chain([format!("{head}{body}")]).collect::<Vec<String>>()
    };
    let write = [1, 4, 7, 8, 15, 16, 20, 32, 33, 40, 64, 70, 129, 511, 512, 513];
    let write = write.into_iter().flat_map(|count| of("write:led:", "a5", count));
    let uuid = [31, 32, 33].into_iter().flat_map(|count| of("read:", "f", count));
    let dashed = "0000291c-0000-1000-8000-00805f9b34fb";
    let dashed = [1, 2].into_iter().flat_map(|count| of("subscribe:", dashed, count));
    let plain = [5, 6, 7, 16, 40].into_iter().flat_map(|count| of("", "1", count));
    let octets = [5, 6, 7].into_iter().flat_map(|count| of("", "c5:", count));
    write.chain(uuid).chain(dashed).chain(plain).chain(octets).collect()
}

/// Words beside themselves and others, in lengths at which a search for them takes other ways.
pub(crate) fn beside(shape: &Shape) -> Vec<String> {
    let around = |word: &&str| {
        let inner: String = word.chars().rev().collect();
        let fill = ["x", "-", "\u{e9}", "\u{20ac}", &word[..1]];
        let lengths = [1, 2, 3, 8, 15, 16, 17, 24, 33];
        let with = lengths.into_iter().flat_map(move |length| {
            fill.map(|fill| fill.repeat(length))
                .into_iter()
                .flat_map(|fill| [format!("{word}{fill}"), format!("{fill}{word}")])
                .collect::<Vec<_>>()
        });
        let twice = [format!("{word}{word}"), format!("{inner}{word}"), format!("{word}:{inner}")];
        with.chain(twice).collect::<Vec<_>>()
    };
    shape.words().iter().filter(|word| word.is_char_boundary(1)).flat_map(around).collect()
}

/// Every example of a shape with every odd number in the place of each of its numbers, and every
/// word with another end.
pub(crate) fn variants(shape: &Shape) -> Vec<String> {
    let tails = [
        "", ":", "@", "+", ":1", "@always", "+1", ",", "-", "x", "~", "~6", "?", "@after",
        "@asked", "@5?", "@5~6", "@asked~6",
    ];
    match shape {
        Shape::List(of) | Shape::OrNever(of) => variants(of),
        Shape::Number { .. } => NUMBERS.map(Into::into).into(),
        Shape::Form { examples, words, .. } => {
            let numbered = examples.iter().flat_map(|example| {
                numbers(example).into_iter().flat_map(move |place| {
                    NUMBERS.map(|number| {
                        [&example[..place.start], number, &example[place.end..]].concat()
                    })
                })
            });
            let examples = examples.iter().map(String::as_str).chain(words.iter().copied());
            let ended = examples.flat_map(|word| tails.map(|tail| format!("{word}{tail}")));
            numbered.chain(ended).collect()
        }
        Shape::Words(words) => {
            let ended = words.iter().flat_map(|word| tails.map(|tail| format!("{word}{tail}")));
            // Others of the same length, for words are compared by that first.
            let long = words.iter().flat_map(|word| {
                [format!("x{}", &word[1..]), format!("{}x", &word[..word.len() - 1])]
            });
            ended.chain(long).collect()
        }
        Shape::Flag => ["on", "off", "yes", "no", "True"].map(Into::into).into(),
    }
}

/// One slip of the finger.
pub(super) fn typo(rng: &mut Rng, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = rng.below(chars.len());
    let one = rng.pick(&['a', 'e', '-', '_', '"', '=', '0', ':', '@', ',', '\u{e9}', '\u{1}']);
    match rng.below(5) {
        0 if at + 1 < chars.len() => chars.swap(at, at + 1),
        1 if at < chars.len() => drop(chars.remove(at)),
        2 if at < chars.len() => chars[at] = one,
        3 if at < chars.len() => chars.insert(at, chars[at]),
        _ => chars.insert(at.min(chars.len()), one),
    }
    chars.into_iter().collect()
}

/// What stands after `KEY =`.
pub(super) fn value(rng: &mut Rng, shape: &Shape) -> String {
    if rng.one_in(16) {
        return rng.pick(&ODD).to_owned();
    }
    let word = word(rng, shape);
    let bare = match shape {
        Shape::Flag | Shape::Number { .. } => !rng.one_in(8),
        Shape::OrNever(of) => word != "never" && matches!(**of, Shape::Number { .. }),
        Shape::List(_) if !rng.one_in(6) => return list(rng, &word),
        _ => rng.one_in(24),
    };
    if bare { word } else { quoted(&word) }
}

/// The same words as a list of TOML.
fn list(rng: &mut Rng, words: &str) -> String {
    let bare = rng.one_in(24);
    let items = words.split(',').filter(|word| *word != "none");
    let items: Vec<String> =
        items.map(|word| if bare { word.into() } else { quoted(word) }).collect();
    format!("[{}]", items.join(", "))
}

pub(super) fn quoted(text: &str) -> String {
    Written::Text(text.into()).toml()
}

/// `KEY=VALUE`, as after `--set`.
pub(super) fn assignment<T>(rng: &mut Rng, keys: Keys<T>) -> String {
    let all: Vec<_> = keys.iter().collect();
    let key = all[rng.below(all.len())];
    format!("{}={}", key.name, word(rng, &key.shape()))
}

/// `KEY = VALUE`, as in a file.
pub(super) fn line<T>(rng: &mut Rng, keys: Keys<T>) -> String {
    let all: Vec<_> = keys.iter().collect();
    let key = all[rng.below(all.len())];
    format!("{} = {}", key.name, value(rng, &key.shape()))
}
