//! A server in a thread, and clients that speak H4 octets.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::serve::{
    Address, EndpointSpec, Options, PeripheralSpec, ServeError, Time, Watching, serve,
};
use bletwin_firmware_node::Build;
use firmware_core::config::Config;
use led_button::LedButton;

/// What a client may have to wait for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that the server prints.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Server {
    stop: Arc<AtomicBool>,
    printed: Printed,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

/// Lets a little wall time pass.
pub(super) fn pause(ms: u64) {
    std::thread::park_timeout(Duration::from_millis(ms));
}

impl Server {
    pub(super) fn start(addresses: &[&str], time: Time, capture: Option<&Path>) -> Self {
        let firmware = PeripheralSpec {
            name: "firmware".into(),
            build: Build::new(Config::recommended(), LedButton::default()),
            chip: None,
        };
        let watching = Watching {
            log: true,
            ladder: true,
            capture: capture.map(|path| {
                let file = std::fs::File::create(path).unwrap();
                bletwin_bridge::serve::Capture { file, replaces: true }
            }),
            decrypted: false,
        };
        Self::serving(addresses, time, vec![firmware], watching)
    }

    /// An endpoint in an otherwise empty air, with its capture written to `file`.
    #[cfg(unix)]
    pub(super) fn captured(address: &str, file: std::fs::File) -> Self {
        let capture = Some(bletwin_bridge::serve::Capture { file, replaces: false });
        let watching = Watching { capture, ..Watching::default() };
        Self::serving(&[address], Time::Times(1.0), Vec::new(), watching)
    }

    /// In an otherwise empty air, in controlled time, with little output.
    pub(super) fn empty(addresses: &[&str]) -> Self {
        let control: Address = "tcp:0".parse().unwrap();
        Self::serving(addresses, Time::Controlled(control), Vec::new(), Watching::default())
    }

    fn serving(
        addresses: &[&str],
        time: Time,
        peripherals: Vec<PeripheralSpec>,
        watching: Watching,
    ) -> Self {
        let endpoints = addresses.iter().map(|text| EndpointSpec {
            address: text.parse().unwrap(),
            profile: "full".into(),
            controller: Endpoint::full(),
        });
        let options = Options {
            seed: 3,
            endpoints: endpoints.collect(),
            peripherals,
            owner_confirms: true,
            time,
            watching,
            keyboard: false,
            gdb: None,
        };
        let (stop, printed) = (Arc::new(AtomicBool::new(false)), Printed::default());
        let (flag, mut out) = (Arc::clone(&stop), printed.clone());
        let thread = std::thread::spawn(move || {
            let stop = async move {
                while !flag.load(Ordering::SeqCst) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            serve(options, stop, &mut out)
        });
        let server = Self { stop, printed, thread: Some(thread) };
        server.wait_for("ready");
        server
    }

    pub(super) fn controlled(addresses: &[&str], capture: Option<&Path>) -> Self {
        let control: Address = "tcp:0".parse().unwrap();
        Self::start(addresses, Time::Controlled(control), capture)
    }

    pub(super) fn printed(&self) -> String {
        String::from_utf8(self.printed.0.lock().unwrap().clone()).unwrap()
    }

    /// Waits until a line begins or ends so.
    pub(super) fn wait_for(&self, what: &str) {
        for _ in 0..PATIENCE.as_millis() / 5 {
            if self.printed().lines().any(|line| line.contains(what)) {
                return;
            }
            assert!(self.thread.as_ref().is_some_and(|thread| !thread.is_finished()));
            pause(5);
        }
        panic!("{what} is not in\n{}", self.printed());
    }

    /// Where the line that begins so says that something is.
    fn address(&self, begins: &str) -> String {
        let printed = self.printed();
        let line = printed.lines().find_map(|line| line.strip_prefix(begins)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    }

    pub(super) fn endpoint(&self, number: usize) -> Client<TcpStream> {
        let address = self.address(&format!("endpoint {number}: tcp:"));
        Client::new(TcpStream::connect(address).unwrap())
    }

    pub(super) fn control(&self) -> Control {
        let stream = TcpStream::connect(self.address("control: tcp:")).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Control { stream, rest: Vec::new() }
    }

    /// Sends Ctrl-C without waiting for the end.
    pub(super) fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Whether it serves no more.
    pub(super) fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ctrl-C; everything is as it should be.
    pub(super) fn stop(mut self) -> String {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap().unwrap();
        self.printed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// A host.
pub(super) struct Client<S> {
    stream: S,
    pub(super) sent: u64,
    pub(super) received: Vec<u8>,
}

impl Client<TcpStream> {
    fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::over(stream)
    }

    /// The socket itself.
    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// How long reading may wait.
    pub(super) fn set_patience(&self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).unwrap();
    }

    /// Reads what has come.
    pub(super) fn take_what_is_there(&mut self) -> Vec<u8> {
        let mut chunk = [0; 1_024];
        let count = self.stream.read(&mut chunk).unwrap_or(0);
        chunk[..count].to_vec()
    }
}

impl<S: Read + Write> Client<S> {
    pub(super) const fn over(stream: S) -> Self {
        Self { stream, sent: 0, received: Vec::new() }
    }

    pub(super) fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).unwrap();
        self.sent += octets.len() as u64;
    }

    pub(super) fn command(&mut self, opcode: u16, parameters: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        self.send(&[&[1, low, high, parameters.len() as u8], parameters].concat());
    }

    /// Reads this many octets.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        self.stream.read_exact(&mut octets).unwrap();
        self.received.extend_from_slice(&octets);
        octets
    }

    /// Reads up to this many octets since the beginning.
    pub(super) fn take_up_to(&mut self, total: usize) {
        let count = total - self.received.len();
        self.take(count);
    }

    /// The next event: code and parameters.
    pub(super) fn event(&mut self) -> (u8, Vec<u8>) {
        let head = self.take(3);
        assert_eq!(head[0], 4);
        (head[1], self.take(usize::from(head[2])))
    }

    /// A command that succeeds: what it returns.
    pub(super) fn ok(&mut self, opcode: u16, parameters: &[u8]) -> Vec<u8> {
        self.command(opcode, parameters);
        loop {
            match self.event() {
                (0x0E, answer) if answer[1..3] == opcode.to_le_bytes() => {
                    assert_eq!(answer[3], 0, "{opcode:04x}");
                    return answer[4..].to_vec();
                }
                (0x0F, answer) if answer[2..4] == opcode.to_le_bytes() => {
                    assert_eq!(answer[0], 0, "{opcode:04x}");
                    return Vec::new();
                }
                _ => {}
            }
        }
    }

    /// Whether the other end has closed the line without a word.
    pub(super) fn is_closed(&mut self) -> bool {
        self.stream.read(&mut [0]).is_ok_and(|count| count == 0)
    }
}

/// A program that controls time.
pub(super) struct Control {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Control {
    /// The socket itself.
    pub(super) const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Says something, and does not wait for the reply.
    pub(super) fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    pub(super) fn ask(&mut self, request: &str) -> String {
        self.stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        loop {
            if let Some(end) = self.rest.iter().position(|octet| *octet == b'\n') {
                let rest = self.rest.split_off(end + 1);
                let line = std::mem::replace(&mut self.rest, rest);
                return String::from_utf8(line).unwrap().trim_end().to_owned();
            }
            let mut chunk = [0; 256];
            let count = self.stream.read(&mut chunk).unwrap();
            assert!(count > 0, "the server closed the control port");
            self.rest.extend_from_slice(&chunk[..count]);
        }
    }
}

/// The blocks of a capture: kind, and for packets the interface. Panics unless every block is
/// whole.
pub(super) fn blocks(file: &[u8]) -> Vec<(u32, u32)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut blocks) = (0, Vec::new());
    while at < file.len() {
        let total = word(at + 4) as usize;
        assert_eq!(word(at + total - 4) as usize, total);
        blocks.push((word(at), word(at + 8)));
        at += total;
    }
    blocks
}

pub(super) fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}
