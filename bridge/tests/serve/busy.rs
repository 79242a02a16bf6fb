//! With `--time max`: a program that has not come to speak is waited for.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::serve::{Lending, Places, Time, Watching, lend};
use bletwin_bridge::twin::{Owner, Twin};
use bletwin_firmware_node::Build;
use firmware_core::config::Config;
use led_button::LedButton;

/// A host whose program does this says these octets, hears as many answers, and then is silent for
/// 300 ms: how many simulated seconds have passed.
fn passes_while(program: &str, says: &'static [u8]) -> f64 {
    let mut program =
        Command::new("sh").args(["-c", program]).stdin(Stdio::piped()).spawn().unwrap();
    let mut twin = Twin::new(1, Owner { confirms: true });
    // It advertises, so that there is something for time to pass by.
    twin.add_peripheral("firmware", Build::new(Config::recommended(), LedButton::default()));
    twin.add_endpoint("endpoint", Endpoint::full());
    let lending = Lending {
        endpoints: vec![("tcp:0".parse().unwrap(), "full".into())],
        time: Time::Max,
        watching: Watching::default(),
        keyboard: false,
        gdb: None,
    };
    let mut host = None;
    let begin = |places: &Places| {
        places.program.is(Some(program.id()));
        let address = places.endpoints[0].to_string();
        host = Some(std::thread::spawn(move || {
            let mut line = TcpStream::connect(address.trim_start_matches("tcp:")).unwrap();
            line.write_all(says).unwrap();
            line.read_exact(&mut vec![0; says.len() / 4 * 7]).unwrap();
            std::thread::park_timeout(Duration::from_millis(300));
        }));
        tokio::time::sleep(Duration::from_millis(400))
    };
    let mut printed = Vec::new();
    lend(twin, lending, begin, &mut printed).unwrap();
    host.unwrap().join().unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
    let printed = String::from_utf8(printed).unwrap();
    let gone = printed.split_once("the host has gone at ").unwrap().1;
    gone.split_once(' ').unwrap().0.replace('_', "").parse().unwrap()
}

#[test]
fn time_does_not_run_ahead_of_a_program_that_has_something_to_do() {
    const RESET: &[u8] = &[1, 3, 0x0C, 0];
    let rests = passes_while("read line", RESET);
    assert!(rests > 0.3, "it has nothing to say: {rests} s");
    // In a separate process, as a shell starts a command. It has connected, with or without sending
    // yet.
    for says in [&[], RESET] {
        let works = passes_while("bash -c 'while ((SECONDS < 2)); do :; done' & wait", says);
        assert!(works < 0.1, "it would speak if it could: {works} s");
    }
}
