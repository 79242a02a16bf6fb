//! The known facts of the wanted ending: from lines, a log or a capture.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bletwin_explain::captured::logs::Logged;
use bletwin_explain::codes::lines::Told;
use bletwin_explain::codes::log::connection;
use bletwin_explain::codes::{Layer, lines, spoken_of};
use bletwin_explain::why::What;
use bletwin_explain::why::account::Account;
use bletwin_learn::twin::{self, Course};
use bletwin_setup::error::BadInput;
use serde::Serialize;

use super::Match;
use crate::commands::capture::Capture;

/// So much of a log is read.
const LOG_MAX: u64 = 16 << 20;
/// A Security Manager that has received nothing for this many µs has given up.
const SMP_TIMEOUT: u64 = 29_000_000;

/// How pairing or encryption failed, in no stack's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Pairing {
    /// With a reason of SMP.
    Refused(u8),
    /// The key of the bond is missing on one side.
    KeyMissing,
    /// After 30 s without an answer.
    TimedOut,
    /// The connection ended.
    Broken,
}

impl Pairing {
    /// How it failed in a run; `None`: it did not.
    pub(super) fn of(security_err: Option<u8>, account: &Account) -> Option<Self> {
        /// What Zephyr calls `BT_SECURITY_ERR_PIN_OR_KEY_MISSING`.
        const KEY_MISSING: u8 = 2;
        if security_err? == KEY_MISSING {
            return Some(Self::KeyMissing);
        }
        let mut news = account.pdus.iter().rev().filter(|pdu| pdu.is_news());
        let reason = |what: &What| match what {
            What::PairingFailed(reason) => Some(*reason),
            _ => None,
        };
        if let Some(reason) = news.clone().find_map(|pdu| reason(&pdu.what)) {
            return Some(Self::Refused(reason));
        }
        let smp = news.find(|pdu| matches!(pdu.what, What::Smp(_) | What::SmpPart(_)))?;
        let quiet = account.end().since(smp.at).as_us();
        Some(if quiet < SMP_TIMEOUT { Self::Broken } else { Self::TimedOut })
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Refused(reason) => format!("pairing refused with SMP 0x{reason:02X}"),
            Self::KeyMissing => "the key of the bond missing".into(),
            Self::TimedOut => "pairing timed out".into(),
            Self::Broken => "the link gone while pairing".into(),
        }
    }
}

/// The known facts of the wanted ending.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Asked {
    /// Error of HCI with which the connection ended.
    pub(super) reason: Option<u8>,
    /// The `err` that Zephyr logs.
    pub(super) err: Option<u8>,
    /// How pairing failed, where a stack says so in other numbers.
    pub(super) pairing: Option<Pairing>,
    /// Seconds from connecting to the end.
    pub(super) after: Option<f64>,
    /// PDUs that it turned on.
    pub(super) decisive: Vec<String>,
    /// The scenario that it is an example of, where that is seen.
    #[serde(skip)]
    pub(super) scenario: Option<&'static str>,
}

impl Asked {
    /// Reads whatever the options name; `None`: the user has had enough.
    pub(super) fn of(options: &Match) -> Result<Option<Self>, BadInput> {
        if options.files.is_empty() && !options.keys.is_empty() {
            return Err(BadInput {
                what: "--ltk and --irk are for captures, and there is none".into(),
                help: "name the capture that they open".into(),
            });
        }
        let mut asked = match options.files.is_empty() {
            true => Self::of_logs(&options.log)?,
            false => match Self::of_capture(options)? {
                Some(asked) => asked,
                None => return Ok(None),
            },
        };
        asked.after = options.after.or(asked.after);
        Ok(Some(asked))
    }

    /// Lines and files of lines.
    fn of_logs(logs: &[String]) -> Result<Self, BadInput> {
        let mut asked = Self::default();
        for log in logs {
            match file(log)? {
                Some(text) => {
                    let found = connection(text.lines());
                    let found = found.ok_or_else(|| BadInput {
                        what: format!("{log}: no line in it tells how a connection ended"),
                        help: "wanted are lines as Zephyr, NimBLE, ESP-IDF or a SoftDevice print \
                               them, such as 'Disconnected (reason 8)'"
                            .into(),
                    })?;
                    found.told.iter().for_each(|told| asked.hear(*told));
                    let lasted = found.lasted.map(|time| time.as_us() as f64 / 1e6);
                    asked.after = asked.after.or(lasted);
                }
                None => asked.line(log),
            }
        }
        if (asked.reason, asked.err, asked.pairing) == (None, None, None) {
            return Err(BadInput {
                what: "no line names a reason of a disconnection or an error of pairing".into(),
                help: "give the line with the number, as 'Disconnected (reason 8)', 'err 9' or \
                       'disconnect; reason=531'"
                    .into(),
            });
        }
        Ok(asked)
    }

    /// A line of a known form, else by its words: `reason 8`, `err 9`.
    fn line(&mut self, line: &str) {
        let told = lines::told(line);
        told.iter().for_each(|told| self.hear(*told));
        let known = |told: &Told| *told != Told::Begun;
        if told.iter().any(known) || lines::has_form(line) {
            return;
        }
        for code in spoken_of(line) {
            match code.layer {
                Layer::Hci => self.hear(Told::Ended(code.code)),
                Layer::Zephyr => self.hear(Told::Security(code.code)),
                Layer::Smp => self.hear(Told::Refused(code.code)),
                Layer::Att => {}
            }
        }
    }

    /// The first of each kind counts.
    fn hear(&mut self, told: Told) {
        let pairing = match told {
            Told::Ended(code) | Told::NotConnected(code) => {
                self.reason = self.reason.or(Some(code));
                return;
            }
            Told::Security(code) => {
                self.err = self.err.or(Some(code));
                return;
            }
            Told::Begun => return,
            Told::Refused(reason) => Pairing::Refused(reason),
            Told::KeyMissing => Pairing::KeyMissing,
            Told::TimedOut => Pairing::TimedOut,
            Told::Broken => Pairing::Broken,
        };
        self.pairing = self.pairing.or(Some(pairing));
    }

    /// The last connection of a capture that went wrong.
    fn of_capture(options: &Match) -> Result<Option<Self>, BadInput> {
        let Some(capture) = Capture::read(&options.files, &options.keys)? else {
            return Ok(None);
        };
        let links = &capture.explained.links;
        let Some(link) = links.iter().rfind(|link| link.concern.is_some()) else {
            return Self::of_host_log(&capture.explained.logs).map(Some);
        };
        let course = Course::of(link);
        let ended = link.why.account.ending.as_ref().map(|ending| ending.at);
        let after = ended.map(|at| at.since(link.span[0]).as_us() as f64 / 1e6);
        Ok(Some(Self {
            reason: course.reason,
            after,
            decisive: course.decisive,
            scenario: Some(twin::scenario(link)),
            ..Self::default()
        }))
    }

    /// The last connection in a log of the peripheral's host that went wrong.
    fn of_host_log(logs: &[Logged]) -> Result<Self, BadInput> {
        let wrong = || logs.iter().filter(|log| log.is_wrong());
        let Some(log) = wrong().rfind(|log| log.role == Some("peripheral")) else {
            return Err(match wrong().next() {
                // What the two ends are told of one end differs.
                Some(_) => BadInput {
                    what: "what went wrong is only in a log of the central's host".into(),
                    help: "give a log of the peripheral's host, or a capture of the air".into(),
                },
                None => BadInput {
                    what: "nothing went wrong in it that was captured".into(),
                    help: "`bletwin explain` tells what was, and `bletwin learn` who it was".into(),
                },
            });
        };
        let key_missing = || (log.has_key == Some(false)).then_some(Pairing::KeyMissing);
        let lasted = log.from_us.zip(log.to_us).map(|(from, to)| to.saturating_sub(from));
        let asked = Self {
            reason: log.reason,
            pairing: log.pairing_failed.map(Pairing::Refused).or_else(key_missing),
            after: lasted.map(|us| us as f64 / 1e6),
            ..Self::default()
        };
        if (asked.reason, asked.pairing) == (None, None) {
            return Err(BadInput {
                what: "the log does not tell how the connection ended".into(),
                help: "`bletwin explain` tells what is in it; add a capture of the air".into(),
            });
        }
        Ok(asked)
    }

    /// The wanted ending, in words.
    pub(super) fn words(&self) -> String {
        let number = |name, code: Option<u8>| code.map(|code| format!("{name} {code}"));
        let parts = [
            number("reason", self.reason),
            number("err", self.err),
            self.pairing.map(Pairing::words),
            self.after.map(|after| format!("after {after:.1} s")),
            (!self.decisive.is_empty()).then(|| format!("by {}", self.decisive.join(" and "))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(", ")
    }
}

/// The text of a log, if the argument names a file: a log line does not.
fn file(named: &str) -> Result<Option<String>, BadInput> {
    let path = Path::new(named);
    if !path.is_file() {
        let looks_so = !named.contains(' ') && (named.contains('/') || path.extension().is_some());
        return match looks_so {
            true => Err(BadInput {
                what: format!("there is no file {named}"),
                help: "--log takes a file of lines, or one line between quotes".into(),
            }),
            false => Ok(None),
        };
    }
    let mut octets = Vec::new();
    File::open(path).and_then(|file| file.take(LOG_MAX).read_to_end(&mut octets)).map_err(
        |error| BadInput {
            what: format!("{named} cannot be read: {error}"),
            help: "name a log that you may read".into(),
        },
    )?;
    Ok(Some(String::from_utf8_lossy(&octets).into_owned()))
}
