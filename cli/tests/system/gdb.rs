//! A debugger on a real socket: the chip and the whole world stand still while it is halted, and go
//! the same way then. Its program is made here, of octets: it waits and sends a packet. With
//! `BLETWIN_FIRMWARE_TRIAL` the firmware bonds under a debugger; with gdb-multiarch, GDB is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::tools;

/// Where the writes of the program's table are made.
const STORE: u32 = 0x10C;

/// Loops, makes register writes from a table that ends with a zero address, and sleeps.
fn program(loops: u32, writes: &[(u32, u32)]) -> Vec<u8> {
    let code: [u16; 10] =
        [0x4B04, 0x4805, 0x3B01, 0xD1FD, 0xC806, 0xB109, 0x600A, 0xE7FB, 0xBF30, 0xE7FD];
    let mut octets = [0x2000_1000_u32, 0x101].map(u32::to_le_bytes).concat();
    octets.resize(0x100, 0xFF);
    octets.extend(code.iter().flat_map(|half| half.to_le_bytes()));
    let table = octets.len() as u32 + 8;
    let words = writes.iter().flat_map(|&(address, value)| [address, value]);
    let words = [loops, table].into_iter().chain(words).chain([0, 0]);
    octets.extend(words.flat_map(u32::to_le_bytes));
    octets
}

/// An ELF file for Arm with one segment, at 0.
fn elf(octets: &[u8]) -> Vec<u8> {
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let halves = |halves: &[u16]| halves.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    let words = |words: &[u32]| words.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    file.extend(halves(&[2, 40]));
    file.extend(words(&[1, 0x101, 52, 0, 0x0500_0400]));
    file.extend(halves(&[52, 32, 1, 0, 0, 0]));
    let length = octets.len() as u32;
    file.extend(words(&[1, 84, 0, 0, length, length, 5, 4]));
    file.extend(octets);
    file
}

/// A program that sends an advertisement on channel 37 after a millisecond or so.
fn sender() -> Vec<u8> {
    const PACKET: u32 = 0x2000_0100;
    let radio = [
        (0x504, PACKET),
        (0x508, 2),
        (0x510, 3),
        (0x514, 0x108),
        (0x518, 255 | 3 << 16 | 1 << 25),
        (0x51C, 0x89BE_D600),
        (0x524, 0x8E),
        (0x534, 0x103),
        (0x538, 0x65B),
        (0x53C, 0x55_5555),
        (0x554, 37),
        (0x200, 1 | 1 << 20),
        (0, 1),
    ];
    let mut writes = vec![(PACKET, 0x0201_0642), (PACKET + 4, 0xC605_0403)];
    writes.extend(radio.map(|(offset, value)| (0x4000_1000 + offset, value)));
    elf(&program(20_000, &writes))
}

fn bletwin(file: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.args(["run", "pairing", "--json", "--peripheral"]);
    command
        .arg(format!("elf={}", file.display()))
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn air(json: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(json).expect("one object");
    json["trace_sha256"].as_str().expect("a hash").to_owned()
}

/// The port in a line that tells of it.
fn port(line: &str) -> u16 {
    let port = line.split("remote :").nth(1).and_then(|rest| rest.split('`').next());
    port.and_then(|port| port.parse().ok()).expect("a port")
}

/// A debugger's line.
struct Line(TcpStream);

impl Line {
    fn to(port: u16) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        socket.set_nodelay(true).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
        Self(socket)
    }

    /// Sends a packet.
    fn send(&mut self, packet: &str) {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        self.0.write_all(format!("${packet}#{sum:02x}").as_bytes()).expect("it listens");
    }

    /// The next packet of the other side, acknowledged.
    fn hear(&mut self) -> String {
        let mut content = Vec::new();
        let mut octet = [0];
        loop {
            self.0.read_exact(&mut octet).expect("an answer");
            match octet[0] {
                b'$' => content.clear(),
                b'#' => break,
                other => content.push(other),
            }
        }
        self.0.read_exact(&mut [0; 2]).expect("a sum");
        self.0.write_all(b"+").expect("it listens");
        String::from_utf8(content).expect("text")
    }

    fn ask(&mut self, packet: &str) -> String {
        self.send(packet);
        self.hear()
    }

    /// What `monitor time` says.
    fn time(&mut self) -> String {
        let line = self.ask("qRcmd,74696d65");
        assert_eq!(self.hear(), "OK");
        line
    }
}

/// A run that waits for a debugger, and the debugger.
struct Desk {
    run: Child,
    /// Open to the end, for what it prints there.
    _errors: BufReader<ChildStderr>,
    line: Line,
}

impl Desk {
    fn new(mut command: Command) -> Self {
        let mut run = command.args(["--gdb", "0"]).spawn().expect("it runs");
        let mut told = String::new();
        let mut errors = BufReader::new(run.stderr.take().expect("piped"));
        errors.read_line(&mut told).expect("a line");
        Self { run, _errors: errors, line: Line::to(port(&told)) }
    }

    fn send(&mut self, packet: &str) {
        self.line.send(packet);
    }

    fn ask(&mut self, packet: &str) -> String {
        self.line.ask(packet)
    }

    fn time(&mut self) -> String {
        self.line.time()
    }

    /// What the run has printed when it is over.
    fn end(self) -> Vec<u8> {
        let output = self.run.wait_with_output().expect("it ends");
        output.stdout
    }
}

#[expect(clippy::disallowed_methods, reason = "a debugger lives in the time on the wall")]
fn rest() {
    std::thread::sleep(Duration::from_millis(120));
}

#[test]
fn the_world_stands_still_while_a_debugger_halts_the_chip() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sender.elf");
    std::fs::write(&file, sender()).expect("written");
    let alone = air(&bletwin(&file, &[]).output().expect("it runs").stdout);
    // One that only continues.
    let mut desk = Desk::new(bletwin(&file, &[]));
    assert_eq!(desk.ask("?"), "T05thread:01;");
    assert_eq!(desk.ask("vCont;c"), "W00", "to the end of the run");
    assert_eq!(air(&desk.end()), alone);
    // One that looks at everything.
    let mut desk = Desk::new(bletwin(&file, &[]));
    assert!(desk.time().starts_with('O'));
    assert_eq!(desk.ask(&format!("Z0,{STORE:x},2")), "OK");
    assert_eq!(desk.ask("vCont;c"), "T05thread:01;swbreak:;");
    let halted = desk.time();
    rest();
    assert_eq!(desk.time(), halted, "time does not pass");
    assert_eq!(&desk.ask("g")[8..16], "00010020", "R1: where it writes");
    assert_eq!(desk.ask("vCont;s"), "S05");
    assert_ne!(desk.time(), halted);
    assert_eq!(desk.ask("m20000100,4"), "42060102");
    assert_eq!(desk.ask(&format!("z0,{STORE:x},2")), "OK");
    assert_eq!(desk.ask("D"), "OK");
    assert_eq!(air(&desk.end()), alone);
    // One that goes without a word, and one that talks nonsense.
    for words in ["", "GET / HTTP/1.1\r\n\r\n$#$Z9,,#00"] {
        let mut desk = Desk::new(bletwin(&file, &[]));
        desk.line.0.write_all(words.as_bytes()).expect("it listens");
        desk.line.0.shutdown(std::net::Shutdown::Both).expect("open so far");
        assert_eq!(air(&desk.end()), alone);
    }
    // One that has enough.
    let mut desk = Desk::new(bletwin(&file, &[]));
    desk.send("k");
    assert_eq!(desk.run.wait().expect("it ends").code(), Some(130));
}

/// A chip that is served, in the revision that was asked for: nothing happens before a debugger
/// comes, and while it halts the chip. Another one may come later.
#[test]
fn a_served_chip_is_debugged_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sender.elf");
    std::fs::write(&file, sender()).expect("written");
    for (revision, variant) in [("rev1", "30434141"), ("rev3", "30464141")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
        command.args(["serve", "--endpoint", "tcp:0", "--gdb", "0", "--set"]);
        command.arg(format!("chip={revision}")).arg("--peripheral");
        command.arg(format!("elf={}", file.display())).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut run = command.spawn().expect("it runs");
        let mut out = BufReader::new(run.stdout.take().expect("piped"));
        let port = port(&line_with(&mut out, "debugger"));
        line_with(&mut out, "ready");
        rest();
        let mut desk = Line::to(port);
        assert_eq!(desk.ask("?"), "T05thread:01;");
        assert_eq!(desk.ask("m10000104,4"), variant);
        assert_eq!(desk.ask(&format!("Z0,{STORE:x},2")), "OK");
        assert_eq!(desk.ask("vCont;c"), "T05thread:01;swbreak:;");
        let halted = desk.time();
        rest();
        assert_eq!(desk.time(), halted, "time does not pass");
        assert_eq!(desk.ask("vCont;s"), "S05");
        assert_eq!(desk.ask("D"), "OK");
        drop(desk);
        rest();
        let mut desk = Line::to(port);
        assert_eq!(desk.ask("?"), "T05thread:01;");
        assert_ne!(desk.time(), halted, "it has gone on");
        assert_eq!(&desk.ask("m40001550,1"), "00", "RADIO has sent, and is off");
        desk.send("k");
        assert!(run.wait().expect("it ends").success());
    }
}

/// The next line with this in it.
fn line_with(out: &mut BufReader<ChildStdout>, part: &str) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(out.read_line(&mut line).expect("text"), 0, "it ended before {part}");
        if line.contains(part) {
            return line;
        }
    }
}

#[test]
fn the_firmware_bonds_under_a_debugger() {
    let Ok(file) = std::env::var("BLETWIN_FIRMWARE_TRIAL") else {
        return tools::say("BLETWIN_FIRMWARE_TRIAL names no firmware (.ci/cross.sh builds it)");
    };
    let file = Path::new(&file);
    let run = || bletwin(file, &["--set", "passkey=123456"]);
    let alone = run().output().expect("it runs").stdout;
    let mut desk = Desk::new(run());
    // The vector of RADIO, with its Thumb bit: halted at as often as that.
    let vector = u32::from_str_radix(&desk.ask("m44,4"), 16).expect("a word").swap_bytes();
    assert_eq!(desk.ask(&format!("Z1,{:x},2", vector & !1)), "OK");
    for _ in 0..100 {
        assert_eq!(desk.ask("vCont;c"), "T05thread:01;swbreak:;");
        assert_eq!(desk.ask("vCont;s"), "S05");
    }
    assert_eq!(desk.ask("D"), "OK");
    let debugged = desk.end();
    assert!(String::from_utf8_lossy(&debugged).contains("\"bonded\""));
    assert_eq!(air(&debugged), air(&alone));
}

#[test]
fn gdb_itself_debugs() {
    let found = Command::new("gdb-multiarch").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        return tools::say("gdb-multiarch is not here");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sender.elf");
    std::fs::write(&file, sender()).expect("written");
    let mut run = bletwin(&file, &[]).args(["--gdb", "0"]).spawn().expect("it runs");
    let mut told = String::new();
    let mut errors = BufReader::new(run.stderr.take().expect("piped"));
    errors.read_line(&mut told).expect("a line");
    let target = format!("target remote :{}", port(&told));
    let commands = [
        &target,
        "break *0x10c",
        "continue",
        "info registers pc r1 xpsr msp",
        "stepi",
        "p $pc",
        "p $d0",
        "monitor time",
        "x/4xb 0x20000100",
        "delete",
        "continue",
    ];
    let mut gdb = Command::new("gdb-multiarch");
    gdb.args(["-nx", "-batch"]).args(commands.iter().flat_map(|command| ["-ex", command]));
    let output = gdb.output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    for part in ["Breakpoint 1, 0x0000010c", "0x10e", "0x42", "cycles", "exited normally"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!run.wait_with_output().expect("it ends").stdout.is_empty());
}
