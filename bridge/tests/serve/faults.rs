//! Hosts and controlling programs that stall, flood, vanish: what becomes of the others.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use bletwin_bridge::serve::Time;

use super::rig::{Server, blocks, pause};

const RESET: [u8; 4] = [1, 3, 0x0C, 0];
/// Read Local Supported Commands: four octets, answered with 71.
const READ_SUPPORTED_COMMANDS: [u8; 4] = [1, 2, 0x10, 0];
/// What a stop may take, and what another host may be kept waiting: a lot on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// The server ends on request; returns its output.
fn stops(server: Server) -> String {
    let begun = Instant::now();
    server.ask_to_stop();
    while !server.is_over() {
        assert!(begun.elapsed() < SOON, "it does not heed the signal");
        pause(5);
    }
    server.stop()
}

#[test]
fn a_host_that_floods_its_endpoint_keeps_no_other_waiting_and_has_every_answer() {
    const COMMANDS: usize = 100_000;
    let server = Server::start(&["tcp:0"; 2], Time::Times(20.0), None);
    let (mut flood, mut other) = (server.endpoint(1), server.endpoint(2));
    let mut stream = flood.stream().try_clone().unwrap();
    let writer = std::thread::spawn(move || stream.write_all(&RESET.repeat(COMMANDS)).unwrap());
    let reader = std::thread::spawn(move || flood.take(7 * COMMANDS));
    let mut longest = Duration::ZERO;
    while !reader.is_finished() {
        let asked = Instant::now();
        other.ok(0x1009, &[]);
        longest = longest.max(asked.elapsed());
    }
    writer.join().unwrap();
    let answers = reader.join().unwrap();
    assert!(answers.chunks(7).all(|answer| answer == [4, 0x0E, 4, 1, 3, 0x0C, 0]));
    assert!(longest < SOON, "another host was kept waiting for {longest:?}");
    server.stop();
}

/// As a controller whose line has flow control: it takes no more than its answers find room for.
#[test]
fn a_host_that_asks_first_and_reads_later_loses_nothing() {
    const COMMANDS: usize = 60_000;
    let server = Server::start(&["tcp:0"], Time::Times(20.0), None);
    let mut host = server.endpoint(1);
    let mut stream = host.stream().try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        stream.write_all(&READ_SUPPORTED_COMMANDS.repeat(COMMANDS)).unwrap();
    });
    // All answers are four megabytes: more than the system and the server keep together.
    pause(300);
    for _ in 0..COMMANDS {
        assert_eq!(host.event().1[..4], [1, 2, 0x10, 0]);
    }
    writer.join().unwrap();
    server.stop();
}

/// It can be answered no more than it can say: the line is closed, not half of it.
#[test]
fn a_host_that_closes_half_of_its_line_is_disconnected() {
    let server = Server::start(&["tcp:0"], Time::Times(20.0), None);
    let mut half = server.endpoint(1);
    half.ok(0x0C03, &[]);
    half.stream().shutdown(Shutdown::Write).unwrap();
    assert!(half.is_closed());
    server.wait_for("the host has gone");
    server.endpoint(1).ok(0x0C03, &[]);
    server.stop();
}

#[test]
fn answers_to_a_former_program_do_not_reach_the_next() {
    let server = Server::controlled(&["tcp:0"], None);
    for _ in 0..20 {
        let mut first = server.control();
        first.say(&"RUN 0 0\n".repeat(200));
        drop(first);
        let mut second = server.control();
        assert!(second.ask("HELLO 1").starts_with("OK 1"));
        assert!(second.ask("HELLO 2").starts_with("ERR"));
    }
    server.stop();
}

/// `printf 'HELLO 1\nNOW\n' | nc -N …` says all and then listens.
#[test]
fn a_program_that_says_all_at_once_is_answered_all() {
    let server = Server::controlled(&["tcp:0"], None);
    let mut control = server.control();
    control.say("HELLO 1\nRUN 7 0\nNOW\n");
    control.stream().shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    control.stream().read_to_string(&mut answers).unwrap();
    let lines: Vec<&str> = answers.lines().collect();
    let [hello, run, now] = lines[..] else { panic!("{answers}") };
    assert_eq!(hello, "OK 1 now=0");
    assert!(run.starts_with("AT 7 ") && now == run, "{answers}");
    // After a last word nothing is done.
    let mut control = server.control();
    control.say("BYE\nRUN 1000 0\n");
    let mut answers = String::new();
    control.stream().read_to_string(&mut answers).unwrap();
    assert_eq!(answers, "");
    assert!(server.control().ask("NOW").starts_with("AT 7 "));
    server.stop();
}

#[test]
fn a_run_without_end_heeds_the_signal() {
    let server = Server::controlled(&["tcp:0"], None);
    server.control().say(&format!("RUN {} 0\n", u64::MAX));
    pause(50);
    stops(server);
}

#[test]
fn a_program_that_never_stops_asking_does_not_keep_the_server_from_ending() {
    let server = Server::controlled(&["tcp:0"], None);
    let mut control = server.control();
    let mut replies = control.stream().try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut chunk = [0; 4_096];
        while replies.read(&mut chunk).is_ok_and(|count| count > 0) {}
    });
    let writer = std::thread::spawn(move || {
        let asks = "NOW\n".repeat(1_000);
        while control.stream().write_all(asks.as_bytes()).is_ok() {}
    });
    pause(100);
    stops(server);
    writer.join().unwrap();
    reader.join().unwrap();
}

/// As Wireshark does when it is paused while reading `--pcapng -`.
#[cfg(unix)]
#[test]
fn who_reads_the_capture_and_rests_keeps_no_host_waiting_and_has_all_of_it_later() {
    // Far more than a pipe holds.
    const COMMANDS: usize = 2_000;
    let pipe = || {
        let (reader, writer) = std::io::pipe().unwrap();
        (reader, std::fs::File::from(std::os::fd::OwnedFd::from(writer)))
    };
    let (mut reader, writer) = pipe();
    let server = Server::captured("tcp:0", writer);
    let mut host = server.endpoint(1);
    for _ in 0..COMMANDS {
        host.ok(0x1002, &[]);
    }
    let rested = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        all
    });
    drop(host);
    server.wait_for("the host has gone");
    server.stop();
    let capture = rested.join().unwrap();
    let packets = blocks(&capture).into_iter().filter(|(kind, _)| *kind == 6).count();
    assert_eq!(packets, 2 * COMMANDS);

    let (_asleep, writer) = pipe();
    let server = Server::captured("tcp:0", writer);
    let mut host = server.endpoint(1);
    for _ in 0..COMMANDS {
        host.ok(0x1002, &[]);
    }
    let printed = stops(server);
    assert!(printed.contains("capture: its reader has not taken the last"), "{printed}");
}
