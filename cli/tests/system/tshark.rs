//! An independent reader of the captures: what `tshark -2` says about every packet of the demo
//! and of the other ways in which the laptop fails equals the record, field by field.
//!
//! tshark gives no event counters for this link type; those are the sniffer's own affair.
//! Without tshark these tests say so and pass.

mod air;
mod crossing;
mod extended;
mod payload;
mod tool;

use std::path::PathBuf;
use std::sync::LazyLock;

use ble::pdu::data::{DataHeader, Llid};
use bletwin_explain::report;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_sim::record::{AirTx, RecordKind};
use bletwin_sim::sniffer::{AirItem, sniff};
use tool::FieldKind::{Presence, Text};
use tool::Values;

/// The four runs of the demo, then the other centrals that fail.
const RUNS: [(&str, &[&str]); 7] = [
    ("phone", &[]),
    ("windows-intel", &[]),
    ("windows-intel", &["phy-update=never"]),
    ("windows-intel", &["phy-update=after-bonding"]),
    ("windows-intel-m1", &[]),
    ("windows-intel-m3", &[]),
    ("windows-intel-restart", &[]),
];

const FINDINGS: &str = "_ws.expert.message";

/// Findings that are tshark's fault, on Control PDUs that the capture holds encrypted. Its
/// dissector takes note of the MIC flags of the pseudo-header and never asks them: it reads the
/// ciphertext as opcode and CtrData. That the sender is not to blame shows in the decrypted
/// capture of the same run, where the same packets have no findings at all.
const OF_CIPHERTEXT: [&str; 5] = [
    // No such opcode, or more octets than the opcode has.
    "Unknown data",
    // Fewer octets than the opcode has.
    "Malformed Packet (Exception occurred)",
    // By chance the opcode of a response, or of the other role.
    "Incorrect control procedure packet sequencing or direction",
    // By chance the opcode of a request.
    "Initiating a new control procedure before the previous was complete",
    "Initiating a new incompatible control procedure after having sent a response to an \
     incompatible control procedure",
];

/// A capture of a run, and what tshark made of it.
struct Read {
    what: String,
    run: Finished,
    items: Vec<AirItem>,
    frames: Vec<Values>,
    plain: bool,
}

impl Read {
    fn new(central: &str, set: &[&str], plain: bool) -> Self {
        let run = play(central, set);
        let mut capture = Vec::new();
        report::capture(&run, plain, &mut capture).expect("memory takes it");
        let fields = [air::FIELDS, payload::FIELDS, &[(FINDINGS, Text)]].concat();
        let view = if plain { "decrypted" } else { "as on air" };
        let what = format!("{central} {set:?} {view}");
        let frames = Folder::new(&format!("{central}{}{plain}", set.len())).read(&capture, &fields);
        let items = sniff(&run.records);
        assert_eq!(frames.len(), items.len(), "{what}");
        Self { what, run, items, frames, plain }
    }

    fn ciphertext(&self, item: &AirItem) -> bool {
        item.decrypted.is_some() && !self.plain
    }

    fn expected(&self, payloads: &mut payload::Payloads, item: &AirItem, tx: &AirTx) -> Values {
        let mut values = air::expected(item, &self.run.node_names, tx, self.plain);
        let payload = payloads.expected(item);
        if self.ciphertext(item) {
            if is_control(item) {
                // Found behind what the ciphertext pretends to be; the decrypted capture has it.
                values.remove("btle.crc");
            }
        } else {
            values.extend(payload);
        }
        values
    }

    /// What tshark read, less what it cannot have read right.
    fn found(&self, frame: &Values, item: &AirItem, tx: &AirTx) -> Values {
        let mut found = frame.clone();
        found.remove(FINDINGS);
        if self.ciphertext(item) {
            payload::FIELDS.iter().for_each(|(field, _)| drop(found.remove(field)));
            if is_control(item) {
                found.remove("btle.crc");
            }
        } else if let Some(misread) = air::misread_crc(item, tx)
            && found.get("btle.crc") == Some(&misread)
        {
            found.insert("btle.crc", air::crc(tx.crc).to_string());
        }
        found
    }

    /// Everything that tshark remarks upon and that is so: comments and repetitions.
    fn remarks(&self, item: &AirItem) -> Vec<String> {
        let repeated = item.retransmission.then(|| "Retransmission".to_owned());
        air::comments(item, &self.run.node_names, self.plain).into_iter().chain(repeated).collect()
    }
}

fn is_control(item: &AirItem) -> bool {
    DataHeader::from_octet(item.header).llid == Llid::Control
}

/// All captures of all runs.
fn captures() -> &'static [Read] {
    static READ: LazyLock<Vec<Read>> = LazyLock::new(|| {
        let both = RUNS.into_iter().flat_map(|run| [(run, false), (run, true)]);
        both.map(|((central, set), plain)| Read::new(central, set, plain)).collect()
    });
    &READ
}

fn play(central: &str, set: &[&str]) -> Finished {
    let mut setup = Setup::new("zephyr-2024", central, 1).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    Stage::new(catalogue::by_name("pairing").expect("known"), &setup).play()
}

/// A folder for one capture, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bletwin-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a place for temporary files");
        Self(path)
    }

    fn read(&self, capture: &[u8], fields: &[(&'static str, tool::FieldKind)]) -> Vec<Values> {
        let path = self.0.join("air.pcapng");
        std::fs::write(&path, capture).expect("a place for temporary files");
        tool::read(&path, fields)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn tshark_reads_in_every_packet_what_the_record_says() {
    if !tool::present() {
        return;
    }
    for read in captures() {
        let mut payloads = payload::Payloads::default();
        for (number, (item, frame)) in (1..).zip(read.items.iter().zip(&read.frames)) {
            let record = &read.run.records[item.index];
            let RecordKind::AirTx(tx) = &record.kind else { panic!("{record:?}") };
            let expected = read.expected(&mut payloads, item, tx);
            let found = read.found(frame, item, tx);
            assert_eq!(found, expected, "{}, frame {number}: {item:?}", read.what);
        }
    }
}

/// LL-FRAME-1: length octet.
/// LL-FRAME-2: reserved header bits.
#[test]
fn tshark_finds_no_fault_in_what_is_sent() {
    if !tool::present() {
        return;
    }
    for read in captures() {
        for (number, (item, frame)) in (1..).zip(read.items.iter().zip(&read.frames)) {
            let mut found: Vec<&str> =
                frame.get(FINDINGS).map_or_else(Vec::new, |all| all.split('|').collect());
            if read.ciphertext(item) && is_control(item) {
                found.retain(|finding| !OF_CIPHERTEXT.contains(finding));
            }
            assert_eq!(found, read.remarks(item), "{}, frame {number}: {item:?}", read.what);
        }
    }
}

#[test]
fn the_decrypted_captures_show_encrypted_smp_and_att() {
    if !tool::present() {
        return;
    }
    for read in captures().iter().filter(|read| read.plain) {
        let shown = |field: &str| {
            let both = read.items.iter().zip(&read.frames);
            both.filter(|(item, frame)| item.decrypted == Some(true) && frame.contains_key(field))
                .count()
        };
        let bonded = read.run.summary.outcome == Verdict::Bonded;
        // Keys are distributed, and the protected characteristic is written, encrypted.
        assert_eq!(shown("btsmp.opcode") >= 2, bonded, "{}", read.what);
        assert_eq!(shown("btatt.opcode") >= 2, bonded, "{}", read.what);
    }
}

/// Clears "CRC checked" and "CRC valid" in every packet, so that tshark has to calculate. Gives
/// where the packets begin.
fn unchecked(capture: &mut [u8]) -> Vec<usize> {
    let (mut at, mut packets) = (0, Vec::new());
    while let Some(head) = capture.get(at..at + 8) {
        let word = |from: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| head[from + i]));
        let (kind, length) = (word(0), word(4) as usize);
        if kind == 6 {
            // Headers of block and packet have 28 octets; the flags are the packet's octets 8, 9.
            capture[at + 28 + 9] &= !0x0C;
            packets.push(at + 28);
        }
        at += length;
    }
    packets
}

#[test]
fn tshark_calculates_the_same_crc() {
    if !tool::present() {
        return;
    }
    let run = play("phone", &[]);
    let mut capture = Vec::new();
    report::capture(&run, false, &mut capture).expect("memory takes it");
    let packets = unchecked(&mut capture);
    let fields = [
        ("btle.advertising_address", tool::FieldKind::Octets),
        ("btle.crc.incorrect", Presence),
        ("btle.crc.indeterminate", Presence),
    ];
    let folder = Folder::new("crc");
    let (mut calculated, mut wrong) = (0, 0);
    for frame in folder.read(&capture, &fields) {
        // It does so only where the preset is the fixed one.
        let advertising = frame.contains_key("btle.advertising_address");
        assert_eq!(frame.contains_key("btle.crc.indeterminate"), !advertising);
        calculated += usize::from(advertising);
        wrong += usize::from(frame.contains_key("btle.crc.incorrect"));
    }
    assert!(calculated > 0);
    assert_eq!(wrong, 0);
    // And it would have noticed: one bit of the first packet's AdvData.
    capture[packets[0] + 24] ^= 1;
    let frames = folder.read(&capture, &fields);
    assert!(frames.first().is_some_and(|frame| frame.contains_key("btle.crc.incorrect")));
}
