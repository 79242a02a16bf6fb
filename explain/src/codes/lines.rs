//! Lines of firmware logs: whose number stands in them. The same number is another thing in each
//! form of line of each stack.
//!
//! Forms and numbers are those of the sources: Zephyr's samples (`err` and, where pairing failed,
//! `reason` are a `bt_security_err`); NimBLE (a base for each layer, its own errors below 0x100);
//! Bluedroid of ESP-IDF (0x4D and SMP's reason); the peer manager above SoftDevices (0x80 and SMP's
//! reason, or 0x1000 and HCI's).

use ble::time::Duration;

/// What a line says of a connection or of its security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The connection began.
    Begun,
    /// The connection ended, with this error of HCI.
    Ended(u8),
    /// No connection came about, with this error of HCI.
    NotConnected(u8),
    /// Security failed, with this `bt_security_err` of Zephyr.
    Security(u8),
    /// Pairing failed, with this reason of SMP.
    Refused(u8),
    /// The key of the bond is missing on one side.
    KeyMissing,
    /// SMP waited for 30 s and gave up.
    TimedOut,
    /// The connection ended while it paired or encryption was about to start.
    Broken,
}

/// How the lines of a stack are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Ended,
    NotConnected,
    Security,
    Pairing,
    PeerManager,
    Bluedroid,
    Nimble,
}

/// What a line of each form has in it, in lower-case letters, and the words before its number.
const FORMS: [(&str, Form, &[&str]); 11] = [
    ("disconnect", Form::Ended, &["reason", "status"]),
    ("connection failed", Form::NotConnected, &["err", "status"]),
    ("failed to connect", Form::NotConnected, &["err", "status"]),
    ("security failed", Form::Security, &["err"]),
    ("pairing failed", Form::Pairing, &["reason", "err"]),
    ("connection security failed", Form::PeerManager, &["error"]),
    ("pm_evt_conn_sec_failed", Form::PeerManager, &["error"]),
    ("fail reason", Form::Bluedroid, &["reason"]),
    ("encryption change", Form::Nimble, &["status"]),
    ("enc_change", Form::Nimble, &["status"]),
    ("pairing complete", Form::Nimble, &["status"]),
];

/// `BTA_DM_AUTH_FAIL_BASE` of ESP-IDF: what it adds to reasons of SMP.
const BLUEDROID: u32 = 0x4D;
/// The highest reason of SMP that there is (Vol 3, Part H, 3.5.5).
const REASON_MAX: u32 = 0x0F;
/// The highest `bt_security_err`.
const SECURITY_ERR_MAX: u32 = 10;

/// What a line says, in its order; nothing where its form is not known. May be several lines.
#[must_use]
pub fn told(line: &str) -> Vec<Told> {
    let line = line.to_lowercase();
    let mut all = Vec::new();
    if begins(&line) {
        all.push(Told::Begun);
    }
    let forms = forms(&line);
    for (index, (at, form, before)) in forms.iter().enumerate() {
        let to = forms.get(index + 1).map_or(line.len(), |(next, ..)| *next);
        let part = line.get(*at..to).unwrap_or_default();
        let number = number_behind(part, before);
        all.extend(number.and_then(|(number, hex)| form.read(part, number, hex)));
    }
    all
}

/// Whether a line is of a form that is known: what its number is not said to be it is not.
#[must_use]
pub fn has_form(line: &str) -> bool {
    !forms(&line.to_lowercase()).is_empty()
}

/// Where which forms begin; of several in one place the longest.
fn forms(line: &str) -> Vec<(usize, Form, &'static [&'static str])> {
    let mut found: Vec<(usize, usize, Form, &[&str])> = FORMS
        .iter()
        .flat_map(|(text, form, before)| {
            line.match_indices(text).map(move |(at, _)| (at, at + text.len(), *form, *before))
        })
        .collect();
    found.sort_by_key(|(from, to, ..)| (*from, std::cmp::Reverse(*to)));
    let mut end = 0;
    found.retain(|(from, to, ..)| {
        let apart = *from >= end;
        end = if apart { *to } else { end };
        apart
    });
    found.into_iter().map(|(at, _, form, before)| (at, form, before)).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .filter(|word| !word.is_empty())
}

/// The number behind one of these words, and whether it is hexadecimal.
fn number_behind(text: &str, before: &[&str]) -> Option<(u32, bool)> {
    let mut words = words(text).skip_while(|word| !before.contains(word)).skip(1);
    let word = words.next()?;
    match word.strip_prefix("0x") {
        Some(digits) => Some((u32::from_str_radix(digits, 16).ok()?, true)),
        None => Some((word.parse().ok()?, false)),
    }
}

/// Whether a line, in lower-case letters, says that a connection is there.
fn begins(line: &str) -> bool {
    let whole = words(line).any(|word| word == "connected") && !line.contains("not connected");
    whole
        || line.contains("connection established")
        || line.contains("_connect_evt") && !line.contains("disconnect")
}

impl Form {
    fn read(self, part: &str, number: u32, hex: bool) -> Option<Told> {
        let octet = (number & 0xFF) as u8;
        // NimBLE: own errors are below 0x100, those of HCI have a base. Others print HCI as it is.
        let of_hci = match number {
            0x200..=0x2FF => true,
            0..=0xFF => hex || !part.contains("status=") && !part.contains("; reason="),
            _ => false,
        };
        match self {
            Self::Ended => of_hci.then_some(Told::Ended(octet)),
            Self::NotConnected => (of_hci && octet > 0).then_some(Told::NotConnected(octet)),
            // Zephyr's samples alone are known to print their own number so; SMP's looks the same.
            Self::Pairing if !part.starts_with("pairing failed conn") => None,
            Self::Security | Self::Pairing => {
                (1..=SECURITY_ERR_MAX).contains(&number).then_some(Told::Security(octet))
            }
            Self::PeerManager => match number {
                0x01 | 0x1101 => Some(Told::TimedOut),
                0x81..=0x8F => Some(Told::Refused(octet & 0x7F)),
                0x1006 => Some(Told::KeyMissing),
                0x1100 => Some(Told::Broken),
                _ => None,
            },
            Self::Bluedroid => match number.checked_sub(BLUEDROID)? {
                reason @ 1..=0x0E => Some(Told::Refused(reason as u8)),
                0x16 => Some(Told::TimedOut),
                0x19 => Some(Told::Broken),
                _ => None,
            },
            Self::Nimble => match number {
                7 => Some(Told::Broken),
                13 => Some(Told::TimedOut),
                0x206 => Some(Told::KeyMissing),
                0x400..=0x5FF => {
                    let known = (1..=REASON_MAX).contains(&(number & 0xFF));
                    known.then_some(Told::Refused(octet))
                }
                _ => None,
            },
        }
    }
}

/// The time at the beginning of a line: `[00:00:15.123,456]` of Zephyr, `I (15123)` of ESP-IDF.
#[must_use]
pub fn time(line: &str) -> Option<Duration> {
    zephyr_time(line).or_else(|| esp_time(line))
}

fn zephyr_time(line: &str) -> Option<Duration> {
    let (_, rest) = line.split_once('[')?;
    let (stamp, _) = rest.split_once(']')?;
    let (clock, fraction) = stamp.split_once('.')?;
    let mut seconds = 0_u64;
    for part in clock.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.trim().parse().ok()?)?;
    }
    let digits: String = fraction.chars().filter(char::is_ascii_digit).take(6).collect();
    let us: u64 = format!("{digits:0<6}").parse().ok()?;
    since_start(seconds.checked_mul(1_000_000)?.checked_add(us)?)
}

/// A time that a clock can show: less than twelve days.
fn since_start(us: u64) -> Option<Duration> {
    (us < 1 << 40).then(|| Duration::from_us(us))
}

fn esp_time(line: &str) -> Option<Duration> {
    let letter = line.find(|c| "EWIDV".contains(c))?;
    let rest = line.get(letter + 1..)?.strip_prefix(" (")?;
    let (ms, _) = rest.split_once(')')?;
    since_start(ms.parse::<u64>().ok()?.checked_mul(1_000)?)
}

#[cfg(test)]
mod tests;
