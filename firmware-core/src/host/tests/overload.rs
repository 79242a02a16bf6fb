//! More requests than there is room for: those of the application and of people are bounded, so
//! that the host has room for its own; what must not happen is reported.

use super::*;
use crate::application::{Effects, Event as AppEvent, Nothing};
use crate::host::gatt::table::Table;
use crate::host::gatt::{Gatt, Uuid};
use crate::host::procedures::Request;
use ble::hci::ConnectionParameters;
use ble::log::Severity;
use ble::work::{Level, Work};

static TABLE: Table<20> = Table::new("Eager", &[0, 0]).advertised(Uuid::short(0xAA00));

/// Wants the same over and over, each time the clock moves on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Eager {
    #[default]
    Nothing,
    Logs,
    Stores,
    AsksForParameters,
}

impl Application for Eager {
    type Button = Nothing;
    type Output = Nothing;
    const NAME: &'static str = "eager";
    const ABOUT: &'static str = "a test's own";
    const GATT: Gatt = TABLE.gatt();

    fn handle(
        &mut self,
        _: Instant,
        event: AppEvent<'_, Nothing>,
        out: &mut Effects<Nothing>,
    ) -> Work {
        let parameters =
            ConnectionParameters { interval_min: 6, interval_max: 6, latency: 0, timeout: 100 };
        for _ in 0..8 {
            match (&event, &self) {
                (AppEvent::Timer, Self::Logs) => out.log(Severity::Info, format_args!("again")),
                (AppEvent::Timer, Self::Stores) => out.store(1, Some(&[1])),
                (AppEvent::Timer, Self::AsksForParameters) => {
                    out.request_parameters(HANDLE, parameters);
                }
                _ => {}
            }
        }
        Work::none(Level::Host)
    }

    fn deadline(&self) -> Option<Instant> {
        (*self != Self::Nothing).then_some(Instant::ZERO)
    }
}

/// The outputs of a host after ten rounds without polling.
fn after_ten_rounds(application: Eager) -> (RigOf<Eager>, Vec<HostOutput<Nothing>>) {
    let mut rig = RigOf::<Eager>::connected(&Config::recommended());
    rig.host.application = application;
    for _ in 0..10 {
        rig.now += Duration::from_ms(1);
        let _ = rig.host.timer(rig.now);
    }
    let said = core::iter::from_fn(|| rig.host.poll()).collect();
    assert_eq!(rig.host.broken(), None);
    (rig, said)
}

fn misused(said: &[HostOutput<Nothing>], with: &str) -> usize {
    let is = |output: &&HostOutput<Nothing>| match output {
        HostOutput::Log(log) => log.module == "app" && format!("{}", log.line).contains(with),
        _ => false,
    };
    said.iter().filter(is).count()
}

#[test]
fn an_application_with_too_much_output_gets_one_warning() {
    let (_, said) = after_ten_rounds(Eager::Logs);
    let lines = said.iter().filter(|output| matches!(output, HostOutput::Said(..))).count();
    assert_eq!((lines, misused(&said, "more to show and to log")), (20, 1));
}

#[test]
fn an_application_that_stores_too_much_gets_a_warning() {
    let (_, said) = after_ten_rounds(Eager::Stores);
    let stores = said.iter().filter(|output| matches!(output, HostOutput::Effect(_))).count();
    assert_eq!(stores, 8);
    assert!(misused(&said, "more to store") > 0);
}

/// One command is sent at a time, and none is answered.
#[test]
fn what_others_ask_for_leaves_room_for_the_hosts_own_commands() {
    let (mut rig, said) = after_ten_rounds(Eager::AsksForParameters);
    let gone = said.iter().filter(|output| matches!(output, HostOutput::Command(_))).count();
    assert_eq!((gone, rig.host.commands.have_room_for(7)), (1, true));
    assert!(misused(&said, "more commands") > 0);
    for _ in 0..50 {
        let _ = rig.host.input(rig.now, HostInput::Ask(Request::Version));
        let _ = rig.host.input(rig.now, HostInput::Command(Command::LeRand));
    }
    assert!(rig.host.commands.have_room_for(7));
    assert_eq!(rig.host.broken(), None);
}

/// With debug assertions a command of the host itself without room panics; without, the host counts
/// it, and reports it when polled.
#[test]
fn a_command_that_finds_no_room_shouts() {
    let shouted = std::panic::catch_unwind(|| {
        let mut rig = RigOf::<Eager>::connected(&Config::recommended());
        (0..50).for_each(|_| rig.host.command(Command::LeRand));
        rig.host.broken().map(|(invariant, _)| invariant)
    });
    if let Ok(counted) = shouted {
        assert_eq!(counted, Some(Invariant::CommandsFit));
    }
}
