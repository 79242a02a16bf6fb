//! Moments of a run: packets, HCI, log lines, findings.

use std::collections::BTreeSet;

use ble::hci::{Acl, AclBoundary};
use ble::time::Instant;
use ble::ui::Ui;
use bletwin_oracle as oracle;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Note, Reception, Record, RecordId, RecordKind};
use bletwin_sim::report::names;
use bletwin_sim::sniffer::{AirItem, Decoded, Direction, sniff};

use super::model::{Lane, Mark, MarkKind};
use super::{Ends, Exhibit, words};

const CID_SMP: u16 = 6;

/// All moments in order of time, and the packets that they were made of.
pub(super) fn marks(exhibit: &Exhibit<'_>) -> (Vec<Mark>, Vec<AirItem>) {
    let items = sniff(exhibit.records);
    let packets = items.iter().filter_map(|item| sent(exhibit, item));
    let others = exhibit.records.iter().filter_map(|record| other(exhibit, record));
    let examined = oracle::examine(&bletwin_sim::view(exhibit.records));
    let findings = examined.findings.into_iter().map(|found| told(found, MarkKind::Finding));
    let observations =
        examined.observations.into_iter().map(|seen| told(seen, MarkKind::Observation));
    let said = findings.chain(observations);
    let mut marks: Vec<Mark> = packets.chain(others).chain(said).collect();
    marks.sort_by_key(|mark| (mark.at_ns, mark.id, mark.kind));
    set_apart(&mut marks);
    let known: BTreeSet<u64> = marks.iter().map(|mark| mark.id).collect();
    for mark in &mut marks {
        mark.causes.retain(|id| known.contains(id) && *id != mark.id);
    }
    (marks, items)
}

/// What the oracle says.
pub(super) fn told(finding: oracle::Finding, kind: MarkKind) -> Mark {
    Mark {
        fields: vec![("rule", finding.rule.to_owned()), ("told by", "the oracle".into())],
        causes: finding.evidence.iter().map(|id| id.0).collect(),
        ..note(finding.record.0, finding.at, Lane::Air, kind, finding.text)
    }
}

/// What hosts tell their controllers before there is a connection interests few.
pub(super) fn set_apart(marks: &mut [Mark]) {
    let connected = |mark: &Mark| mark.kind == MarkKind::Control;
    let first = marks.iter().position(connected).unwrap_or(marks.len());
    for mark in marks.iter_mut().take(first).filter(|mark| mark.kind == MarkKind::Hci) {
        mark.kind = MarkKind::Setup;
    }
}

pub(super) const fn ns(at: Instant) -> u64 {
    at.ticks() / 64
}

pub(super) fn note(id: u64, at: Instant, lane: Lane, kind: MarkKind, text: String) -> Mark {
    Mark {
        id,
        at_ns: ns(at),
        end_ns: ns(at),
        from: lane,
        to: lane,
        kind,
        text,
        event: None,
        lost: false,
        repeated: false,
        decisive: false,
        fields: Vec::new(),
        raw: String::new(),
        causes: Vec::new(),
    }
}

// ---- On air ----

/// A packet of a run, with why it was sent.
fn sent(exhibit: &Exhibit<'_>, item: &AirItem) -> Option<Mark> {
    let record = exhibit.records.get(item.index)?;
    let RecordKind::AirTx(tx) = &record.kind else { return None };
    let mark = packet(&exhibit.ends(), item, tx.pdu.octets())?;
    Some(Mark { causes: record.causes.iter().map(|id| id.0).collect(), ..mark })
}

/// A packet, with its octets on air.
pub(super) fn packet(ends: &Ends<'_>, item: &AirItem, octets: &[u8]) -> Option<Mark> {
    let (from, to) = match item.direction {
        Some(Direction::CentralToPeripheral) => (Lane::CentralLink, Lane::PeripheralLink),
        Some(Direction::PeripheralToCentral) => (Lane::PeripheralLink, Lane::CentralLink),
        None if Some(item.from) == ends.central => (Lane::CentralLink, Lane::PeripheralLink),
        None if Some(item.from) == ends.peripheral => (Lane::PeripheralLink, Lane::Air),
        // The CONNECT_IND of another central.
        None if item.connection.is_some() => (Lane::CentralLink, Lane::PeripheralLink),
        None => return None,
    };
    let on_connection = item.connection.is_some();
    let mut fields = vec![
        ("channel", item.channel.to_string()),
        ("PHY", format!("{:?}", item.phy)),
        ("arrival", arrival(item).to_owned()),
    ];
    fields.extend(item.event.map(|event| ("connEventCount", event.to_string())));
    fields.extend(item.rssi_dbm.map(|dbm| ("strength", format!("{dbm} dBm"))));
    fields.extend(item.decrypted.map(|known| ("encrypted", encrypted(known).to_owned())));
    if on_connection && item.event.is_some() {
        let bits = item.header;
        fields.push((
            "header",
            format!("SN {}, NESN {}, MD {}", bits >> 3 & 1, bits >> 2 & 1, bits >> 4 & 1),
        ));
    }
    if item.decrypted == Some(true) {
        fields.push(("decrypted", hex(&item.payload)));
    }
    Some(Mark {
        end_ns: ns(item.end),
        to,
        event: item.event,
        lost: on_connection && item.reception != Some(Reception::Ok),
        repeated: item.retransmission,
        decisive: ends.decisive.contains(&item.record),
        fields,
        raw: hex(octets),
        ..note(
            item.record.0,
            item.at,
            from,
            kind(item),
            ends.named(item.from, names::describe(item)),
        )
    })
}

const fn kind(item: &AirItem) -> MarkKind {
    match &item.decoded {
        Decoded::Extended { .. } => MarkKind::Advertising,
        Decoded::Advertising(_) if item.connection.is_none() => MarkKind::Advertising,
        // CONNECT_IND is where every story begins.
        Decoded::Advertising(_) | Decoded::Control(_) => MarkKind::Control,
        Decoded::L2cap { cid: CID_SMP, .. } => MarkKind::Security,
        Decoded::L2cap { .. } | Decoded::Opaque => MarkKind::Data,
        Decoded::Empty => MarkKind::Empty,
    }
}

const fn arrival(item: &AirItem) -> &'static str {
    match item.reception {
        Some(Reception::Ok) => "received",
        Some(Reception::CrcError) => "CRC error",
        None => "not received",
    }
}

const fn encrypted(known: bool) -> &'static str {
    if known { "yes, MIC verified" } else { "yes; key unknown or MIC wrong" }
}

// ---- At the devices ----

fn other(exhibit: &Exhibit<'_>, record: &Record) -> Option<Mark> {
    let ends = exhibit.ends();
    let (host, link) = ends.lanes(record.node)?;
    let RecordId(id) = record.id;
    let (from, to, kind, text, raw) = match &record.kind {
        RecordKind::Note(Note::HciCommand(command)) => {
            (host, link, MarkKind::Hci, spaced(command.name()), String::new())
        }
        RecordKind::Note(Note::HciEvent(event)) => {
            (link, host, MarkKind::Hci, spaced(event.name()), String::new())
        }
        RecordKind::Note(Note::AclOut(acl)) => {
            (host, link, MarkKind::Hci, data(acl), hex(&acl.data))
        }
        RecordKind::Note(Note::AclIn(acl)) => {
            (link, host, MarkKind::Hci, data(acl), hex(&acl.data))
        }
        RecordKind::Note(Note::Log(log)) => {
            let text = format!("{}: {}", log.module, log.line);
            (host, host, MarkKind::Log, text, String::new())
        }
        RecordKind::Note(Note::Said(_, text)) => {
            (host, host, MarkKind::Log, format!("app: {text}"), String::new())
        }
        RecordKind::Note(Note::Host(text)) => {
            (host, host, MarkKind::Log, text.clone(), String::new())
        }
        RecordKind::Shown(ui) => (host, host, MarkKind::Log, shown(ui), String::new()),
        RecordKind::Acted(act) => (host, host, MarkKind::Log, acted(act), String::new()),
        RecordKind::Fault(text) => {
            (link, Lane::Air, MarkKind::Finding, text.clone(), String::new())
        }
        _ => return None,
    };
    let fields = match &record.kind {
        // Secrets print as redacted.
        RecordKind::Note(Note::HciCommand(command)) => vec![("values", format!("{command:?}"))],
        RecordKind::Note(Note::HciEvent(event)) => vec![("values", format!("{event:?}"))],
        // Zephyr's lines give numbers only.
        RecordKind::Note(Note::Log(log)) => {
            let codes = words::codes(&log.line.to_string()).into_iter();
            codes.map(|(name, causes)| ("means", format!("{name}. Usually: {causes}"))).collect()
        }
        _ => Vec::new(),
    };
    Some(Mark {
        to,
        fields,
        raw,
        causes: record.causes.iter().map(|id| id.0).collect(),
        ..note(id, record.at, from, kind, ends.named(record.node, text))
    })
}

fn data(acl: &Acl) -> String {
    let part = match acl.boundary {
        AclBoundary::First => "",
        AclBoundary::Continuing => ", continued",
    };
    format!("ACL data, {} octets{part}", acl.data.len())
}

/// `LeSetPhy` as `LE Set Phy`.
pub(super) fn spaced(name: &str) -> String {
    let mut text = String::new();
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            text.push(' ');
        }
        text.push(letter);
        before = letter;
    }
    match text.strip_prefix("Le ") {
        Some(rest) => format!("LE {rest}"),
        None => text,
    }
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What a person sees.
fn shown(ui: &Ui) -> String {
    match ui {
        Ui::ShowPasskey(passkey) => format!("shows passkey {passkey:06}"),
        Ui::CompareNumber(number) => format!("asks whether the other shows {number:06}"),
        Ui::AskPasskey => "asks for the passkey".into(),
        Ui::Clear => "closes the dialog".into(),
        Ui::Output(text) => text.to_string(),
    }
}

/// What a person does.
fn acted(act: &Act) -> String {
    match act {
        Act::TypePasskey(passkey) => format!("user types {passkey:06}"),
        Act::Confirm(same) => format!("user says {}", if *same { "yes" } else { "no" }),
        Act::Cancel => "user dismisses the dialog".into(),
        Act::Ask(what) => format!("user wants: {what}"),
        Act::PowerCycle => "user switches it off and on".into(),
        Act::Supply { millivolts } => format!("its supply becomes {millivolts} mV"),
        Act::Button { button, pressed: true } => format!("user presses {button}"),
        Act::Button { button, pressed: false } => format!("user lets {button:?} go"),
        Act::Command(command) => format!("application: {command:?}"),
        Act::MinUsedChannels(channels) => format!("application: at least {channels} channels"),
    }
}
