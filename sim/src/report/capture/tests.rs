//! Captures, checked block by block and, where it is installed, by tshark.

use std::io::Write as _;
use std::process::Command;

use ble::pdu::control::ControlPdu;
use ble::phy::PhySet;

use super::*;
use crate::node::NodeId;
use crate::sniffer::tests::Tape;

fn tape() -> Tape {
    let mut tape = Tape::connected();
    tape.empty(NodeId(0), 5_000);
    let two = PhySet::LE_2M;
    tape.control(NodeId(1), 5_230, ControlPdu::PhyReq { tx: two, rx: two });
    tape
}

fn directory(name: &str) -> std::path::PathBuf {
    let directory = std::env::temp_dir().join(format!("bletwin-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

#[test]
fn blocks_have_their_lengths_at_both_ends() {
    let file = pcapng(&tape().records, &[], "air", -104, Style::OnAir);
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut kinds) = (0, Vec::new());
    while at < file.len() {
        let total = word(at + 4) as usize;
        assert_eq!(word(at + total - 4) as usize, total);
        kinds.push(word(at));
        at += total;
    }
    assert_eq!(kinds, [0x0A0D_0D0A, 1, 6, 6, 6]);
}

#[test]
fn tshark_reads_the_capture() {
    if Command::new("tshark").arg("--version").output().is_err() {
        // As the tests of the whole system do: libtest swallows what `println!` prints.
        assert!(std::env::var_os("BLETWIN_REQUIRE_TOOLS").is_none(), "tshark is not installed");
        writeln!(std::io::stderr(), "SKIPPED tshark_reads_the_capture: tshark is not installed")
            .unwrap();
        return;
    }
    let directory = directory("tshark");
    let path = directory.join("x.pcapng");
    let names = ["phone", "watch"].map(str::to_owned);
    std::fs::write(&path, pcapng(&tape().records, &names, "air", -104, Style::OnAir)).unwrap();
    let fields = [
        "frame.time_epoch",
        "frame.comment",
        "btle_rf.channel",
        "btle.control_opcode",
        "btle.length",
    ];
    let mut tshark = Command::new("tshark");
    tshark.args(["-2", "-Tfields", "-Eseparator=|", "-r"]).arg(&path);
    fields.iter().for_each(|field| {
        tshark.args(["-e", field]);
    });
    let output = tshark.args(["-e", "_ws.malformed"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "0.001000000|sent by phone|0||34|",
            "0.005000000|sent by phone|6||0|",
            "0.005230000|sent by watch|6|0x16|3|"
        ],
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
