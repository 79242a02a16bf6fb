//! The answers to a peripheral's requests do what docs/CENTRALS.md says of them: not only that
//! something differs, but which PDU is on air, from whom, and in which connection event.
//!
//! Words come from the schema; one that has no expectation here fails.

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::Phy;
use bletwin_explain::report;
use bletwin_explore::case::{Procedure, Side, Switch, What};
use bletwin_explore::{Case, Runner};
use bletwin_models::profile;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_setup::keys::CENTRAL_PREFIX;
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::{AirItem, Decoded, Direction, sniff};
use rayon::prelude::*;

/// A request that a peripheral sends, and what an honest central answers.
struct Request {
    key: &'static str,
    what: What,
    sent: Opcode,
    answer: Opcode,
    /// A procedure of the central that excludes it, where there is one: the answer has an instant.
    excludes: Option<What>,
    /// Firmware that sends it by itself on connecting.
    firmware: &'static str,
}

/// The keys whose words are proven here.
pub(super) const KEYS: [&str; 5] =
    ["phy-req", "length-req", "param-req", "feature-req", "version-ind"];

const SLOWER: What = What::ConnectionUpdate { interval: 12, latency: 0, timeout: 400 };

const REQUESTS: &[Request] = &[
    Request {
        key: "phy-req",
        what: What::Phy { tx: 2, rx: 2 },
        sent: Opcode::PHY_REQ,
        answer: Opcode::PHY_UPDATE_IND,
        excludes: Some(What::ParameterRequest { interval: 12, latency: 0, timeout: 400 }),
        firmware: "phy-update=on-connect",
    },
    Request {
        key: "length-req",
        what: What::DataLength { octets: 100, time: 1000 },
        sent: Opcode::LENGTH_REQ,
        answer: Opcode::LENGTH_RSP,
        excludes: None,
        firmware: "data-length=on-connect",
    },
    Request {
        key: "param-req",
        what: SLOWER,
        sent: Opcode::CONNECTION_PARAM_REQ,
        answer: Opcode::CONNECTION_UPDATE_IND,
        excludes: Some(What::Phy { tx: 2, rx: 2 }),
        firmware: "param-update=10",
    },
    Request {
        key: "feature-req",
        what: What::Features,
        sent: Opcode::PERIPHERAL_FEATURE_REQ,
        answer: Opcode::FEATURE_RSP,
        excludes: None,
        firmware: "feature-exchange=always",
    },
    Request {
        key: "version-ind",
        what: What::Version,
        sent: Opcode::VERSION_IND,
        answer: Opcode::VERSION_IND,
        excludes: None,
        firmware: "version-exchange=on-connect",
    },
];

/// What else is under way when the request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum While {
    /// Nothing; much later the central sends data, and starts encryption.
    Plain,
    /// The link is encrypted.
    Encrypted,
    /// The central starts encryption in the same event.
    Encrypting,
    /// The central has started what excludes the request in the same event.
    Excluded,
}

/// Event of the run proper in which the request is sent, and those of what the central does.
const ASKED: u16 = 3;
const DATA: u16 = 30;
const ENCRYPTION: u16 = 40;
const END: u16 = 60;
/// Firmware that asks for nothing by itself.
const SILENT: [&str; 3] = ["phy-update=never", "data-length=never", "param-update=never"];

/// What was on air in one connection from the request on; events are counted from its.
struct Air {
    items: Vec<AirItem>,
    asked: u16,
}

impl Air {
    fn of(records: &[Record], request: &Request, connection: usize) -> Option<Self> {
        let items: Vec<AirItem> =
            sniff(records).into_iter().filter(|i| i.connection == Some(connection)).collect();
        let is_request = |item: &AirItem| {
            item.direction == Some(Direction::PeripheralToCentral)
                && item.control().is_some_and(|pdu| pdu.opcode() == request.sent)
        };
        let at = items.iter().position(is_request)?;
        let asked = items[at].event?;
        Some(Self { items: items[at..].to_vec(), asked })
    }

    /// What the central sends, with the event.
    fn central(&self) -> impl Iterator<Item = (u16, &AirItem)> {
        let from = |item: &&AirItem| item.direction == Some(Direction::CentralToPeripheral);
        self.items.iter().filter(from).filter_map(|item| Some((item.event? - self.asked, item)))
    }

    /// Its control PDUs.
    fn control(&self) -> impl Iterator<Item = (u16, &ControlPdu)> {
        let new = self.central().filter(|(_, item)| !item.retransmission);
        new.filter_map(|(event, item)| Some((event, item.control()?)))
    }

    /// The event of the first PDU with this opcode.
    fn first(&self, opcode: Opcode) -> Option<u16> {
        self.control().find(|(_, pdu)| pdu.opcode() == opcode).map(|(event, _)| event)
    }

    /// The first thing that the central says.
    fn reply(&self) -> Option<(u16, ControlPdu)> {
        self.control().next().map(|(event, pdu)| (event, *pdu))
    }

    /// Whether the central sends anything but empty PDUs.
    fn speaks(&self) -> bool {
        self.central().any(|(_, item)| item.decoded != Decoded::Empty)
    }

    /// The last event in which the central is heard.
    fn last(&self) -> Option<u16> {
        self.central().last().map(|(event, _)| event)
    }

    /// The instant that the central announces, counted like all events.
    fn instant(&self) -> Option<u16> {
        self.control().find_map(|(_, pdu)| match pdu {
            ControlPdu::PhyUpdateInd { instant, .. } => Some(*instant - self.asked),
            ControlPdu::ConnectionUpdateInd(update) => Some(update.instant - self.asked),
            _ => None,
        })
    }
}

/// Plays requests, and keeps the links on which they are made.
#[derive(Default)]
struct Player {
    runner: Runner,
}

impl Player {
    fn play(&mut self, request: &Request, word: &str, how: While) -> Result<Air, String> {
        let ask = Procedure::new(Side::Peripheral, request.what.clone(), ASKED);
        let central = |what, event| Procedure::new(Side::Central, what, event);
        let mut procedures = vec![ask];
        procedures.extend(match how {
            While::Plain => {
                vec![central(What::Data, DATA), central(What::Encryption, ENCRYPTION)]
            }
            While::Encrypted => vec![],
            While::Encrypting => vec![central(What::Encryption, ASKED)],
            While::Excluded => {
                let other = request.excludes.clone().ok_or("nothing excludes it")?;
                vec![central(other, ASKED)]
            }
        });
        let case = Case {
            set: SILENT.map(str::to_owned).to_vec(),
            quirks: vec![format!("{}={word}", request.key)],
            encryption: if how == While::Encrypted { Switch::On } else { Switch::Off },
            procedures,
            until: Some(END),
            ..Case::default()
        };
        let outcome = self.runner.run(&case).map_err(|error| error.to_string())?;
        Air::of(&outcome.records, request, 0).ok_or_else(|| format!("{how:?}: it was not asked"))
    }

    fn plain(&mut self, request: &Request, word: &str) -> Result<Air, String> {
        self.play(request, word, While::Plain)
    }

    /// Whether it is answered; if so, as the rules have it.
    fn answers(&mut self, request: &Request, word: &str, how: While) -> Result<bool, String> {
        Ok(self.play(request, word, how)?.first(request.answer).is_some())
    }
}

/// Whether it is answered in the first connection with a central that comes back, and in the
/// second.
fn answers_in_two(request: &Request, word: &str) -> Result<[bool; 2], String> {
    let mut setup = Setup::new("recommended", "honest", 1).map_err(|error| error.to_string())?;
    let word = format!("{CENTRAL_PREFIX}{}={word}", request.key);
    // Features have to be known for `cached`: without a request of its own, the central asks.
    let known = "central.on-connect=features";
    for set in SILENT.into_iter().chain([request.firmware, known, word.as_str()]) {
        setup.set(set).map_err(|error| error.to_string())?;
    }
    let mut stage = Stage::new(catalogue::by_name("reconnect").expect("known"), &setup).unjudged();
    stage.run(|| false);
    let run = stage.finish();
    let answered = |connection| {
        let air = Air::of(&run.records, request, connection);
        let air = air.ok_or_else(|| {
            format!("not asked in connection {connection}\n{}", report::ladder(&run))
        })?;
        Ok::<_, String>(air.first(request.answer).is_some())
    };
    Ok([answered(0)?, answered(1)?])
}

/// Whether a word does what the help says of it.
fn does(player: &mut Player, request: &Request, word: &str) -> Result<bool, String> {
    let (opcode, code) = (request.sent, ErrorCode(0x1A));
    let answered_at = |air: &Air, event| {
        air.reply().is_some_and(|(at, pdu)| (at, pdu.opcode()) == (event, request.answer))
    };
    let replies = |player: &mut Player, pdu| {
        let air = player.plain(request, word)?;
        Ok::<bool, String>(air.reply() == Some((1, pdu)) && air.first(request.answer).is_none())
    };
    Ok(match word {
        // By the rules: immediately, but not while encryption starts.
        "honest" | "none" => {
            let starting = player.play(request, word, While::Encrypting)?;
            answered_at(&player.plain(request, word)?, 1)
                && starting.first(request.answer) > starting.first(Opcode::START_ENC_RSP)
                && starting.first(Opcode::START_ENC_RSP).is_some()
        }
        "honest+6" => answered_at(&player.plain(request, word)?, 6),
        "honest+2..9" => {
            let reply = player.plain(request, word)?.reply();
            reply.is_some_and(|(at, pdu)| (2..=9).contains(&at) && pdu.opcode() == request.answer)
        }
        // Immediately, even where the rules demand to wait.
        "now" => answered_at(&player.play(request, word, While::Encrypting)?, 1),
        // Also while another procedure with an instant is open, where the rules demand to refuse.
        "overlap" if request.excludes.is_some() => {
            let honest = player.play(request, "honest", While::Excluded)?;
            let overlap = player.play(request, word, While::Excluded)?;
            honest.first(request.answer).is_none() && overlap.first(request.answer).is_some()
        }
        // Once the next encryption start is over.
        "after-encryption" => {
            let air = player.plain(request, word)?;
            air.first(request.answer) > air.first(Opcode::START_ENC_RSP)
                && air.first(Opcode::START_ENC_RSP) > Some(ENCRYPTION - ASKED)
        }
        // Not at all; all else goes on.
        "never" => {
            let air = player.plain(request, word)?;
            air.first(request.answer).is_none()
                && air.speaks()
                && air.first(Opcode::ENC_REQ).is_some()
        }
        // Not at all, and from here on empty PDUs only.
        "block" => {
            let air = player.plain(request, word)?;
            !air.speaks() && air.last() >= Some(ENCRYPTION)
        }
        // Not at all, and nothing is sent after this many events.
        "silent:6" => {
            let air = player.plain(request, word)?;
            !air.speaks() && air.last() == Some(6)
        }
        "unknown" => replies(player, ControlPdu::UnknownRsp(opcode))?,
        "reject:0x1a" => replies(player, ControlPdu::RejectInd(code))?,
        "reject-ext:0x1a" => replies(player, ControlPdu::RejectExtInd { opcode, error: code })?,
        // Answers, then asks for itself before the instant.
        "then-phy-req" => asks_then(&player.plain(request, word)?, request, Opcode::PHY_REQ),
        "then-param-req" => {
            asks_then(&player.plain(request, word)?, request, Opcode::CONNECTION_PARAM_REQ)
        }
        // Answers, and does not do at the instant what it announced.
        "no-switch" => {
            let honest = switches(&player.plain(request, "honest")?);
            let air = player.plain(request, word)?;
            honest == Some(true) && answered_at(&air, 1) && switches(&air) == Some(false)
        }
        "never@always" => {
            !player.answers(request, word, While::Plain)?
                && !player.answers(request, word, While::Encrypted)?
        }
        "never@pairing" | "never@encrypting" => {
            player.answers(request, word, While::Plain)?
                && !player.answers(request, word, While::Encrypting)?
                && player.answers(request, word, While::Encrypted)?
        }
        "never@plain" => {
            !player.answers(request, word, While::Plain)?
                && player.answers(request, word, While::Encrypted)?
        }
        "never@first" => answers_in_two(request, word)? == [false, true],
        "never@cached" => answers_in_two(request, word)? == [true, false],
        word => return Err(format!("`{word}` has no expectation in words/answers.rs")),
    })
}

/// The answer comes immediately, and then, before its instant if it has one, a request.
fn asks_then(air: &Air, request: &Request, opcode: Opcode) -> bool {
    let answered = air.reply().is_some_and(|(at, pdu)| (at, pdu.opcode()) == (1, request.answer));
    let asked = air.first(opcode);
    let latest = air.instant().unwrap_or(DATA - ASKED);
    answered && asked.is_some_and(|asked| asked < latest)
}

/// Whether the central does at the instant what it announced; `None`: it announced nothing.
fn switches(air: &Air) -> Option<bool> {
    let instant = air.instant()?;
    let after: Vec<_> = air.central().filter(|(event, _)| *event >= instant).collect();
    let [(_, first), (_, second), ..] = after.as_slice() else { return None };
    let faster = first.phy.phy() == Phy::Le2M;
    let slower = second.at.since(first.at).as_us() > 10_000;
    Some(faster || slower)
}

#[test]
fn every_answer_does_what_the_help_says() {
    let wrong: Vec<String> = REQUESTS
        .par_iter()
        .flat_map_iter(|request| {
            let mut player = Player::default();
            let key = profile::KEYS.find(request.key).expect("a key");
            let words = key.shape().classes().into_iter().map(|class| class.sample);
            let judge = move |word: String| {
                // What could have no effect is not taken.
                let senseless = request.excludes.is_none() && NEED_INSTANT.contains(&&*word);
                let refused = is_refused(request.key, &word);
                let verdict = match refused || senseless {
                    true => Ok(refused == senseless),
                    false => does(&mut player, request, &word),
                };
                match verdict {
                    Ok(true) => None,
                    Ok(false) => Some(format!("{}={word}: refused {refused}", request.key)),
                    Err(error) => Some(format!("{}={word}: {error}", request.key)),
                }
            };
            words.filter_map(judge).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Answers that are about an instant.
const NEED_INSTANT: [&str; 2] = ["overlap", "no-switch"];

fn is_refused(key: &str, word: &str) -> bool {
    let mut setup = Setup::new("recommended", "honest", 1).expect("known names");
    setup.set(&format!("{CENTRAL_PREFIX}{key}={word}")).is_err() || setup.check().is_err()
}
