//! The composition alone: who runs when, and that nothing gets stuck or lost.

use super::*;
use crate::led_button::{LedButton, Light, Press};
use ble::pdu::advertising::AdvertisingPdu;
use std::format;
use std::string::String;
use std::vec::Vec;

type Device = Peripheral<LedButton>;

/// Lets everything settle; what came out.
fn settle(device: &mut Device, now: Instant) -> Vec<Output<Light>> {
    let mut all = Vec::new();
    for _ in 0..1_000 {
        all.extend(core::iter::from_fn(|| device.poll()));
        let Some(level) = device.pending() else { return all };
        let work = device.run(now, level);
        assert_eq!(work.level, level);
        assert!(work.items > 0, "pending work that cannot be done");
    }
    panic!("never settles");
}

fn started() -> (Device, Vec<Output<Light>>) {
    let mut device =
        Device::new(Config::zephyr_2024(), LedButton::default(), &Entropy::new([1; 32]));
    let _ = device.handle(Instant::ZERO, Input::Start);
    let outputs = settle(&mut device, Instant::ZERO);
    (device, outputs)
}

#[test]
fn starts_nothing_by_itself() {
    let mut device =
        Device::new(Config::zephyr_2024(), LedButton::default(), &Entropy::new([1; 32]));
    assert_eq!((device.poll(), device.pending(), device.deadline()), (None, None, None));
}

#[test]
fn after_start_it_advertises_its_name() {
    let (mut device, mut outputs) = started();
    for _ in 0..10 {
        if outputs.iter().any(|output| matches!(output, Output::Radio(_))) {
            break;
        }
        let now = device.deadline().unwrap();
        let _ = device.handle(now, Input::Timer);
        outputs.extend(settle(&mut device, now));
    }
    let sent = outputs.iter().find_map(|output| match output {
        Output::Radio(RadioCommand::Transmit { pdu, .. }) => AdvertisingPdu::parse(pdu),
        _ => None,
    });
    let Some(AdvertisingPdu::AdvInd { advertiser, data, .. }) = sent else {
        panic!("{sent:?} is no ADV_IND");
    };
    assert_eq!(advertiser, Config::zephyr_2024().address);
    assert_eq!(data, crate::host::gap::advertising_data(&LedButton::GATT, true));
    let logs: Vec<String> = outputs.iter().filter_map(line).collect();
    assert_eq!(logs.first().map(String::as_str), Some("Bluetooth initialized"));
    assert_eq!(logs.last().map(String::as_str), Some("Advertising successfully started"));
}

fn line(output: &Output<Light>) -> Option<String> {
    match output {
        Output::Log(log) => Some(format!("{}", log.line)),
        _ => None,
    }
}

#[test]
fn commands_and_their_answers_are_copied_for_the_record() {
    let (_, outputs) = started();
    let commands = outputs.iter().filter_map(|output| match output {
        Output::HciCommand(command) => Some(command.opcode()),
        _ => None,
    });
    let answers = outputs.iter().filter_map(|output| match output {
        Output::HciEvent(Event::CommandComplete { opcode, status, .. }) => {
            assert_eq!(*status, ble::error::ErrorCode::SUCCESS);
            Some(*opcode)
        }
        _ => None,
    });
    let (commands, answers): (Vec<_>, Vec<_>) = (commands.collect(), answers.collect());
    assert!(commands.len() > 10);
    assert_eq!(commands, answers);
}

#[test]
fn a_radio_event_runs_the_link_alone() {
    let (mut device, _) = started();
    let now = device.deadline().unwrap();
    let _ = device.handle(now, Input::Timer);
    settle(&mut device, now);
    let before = device.host.clone();
    let work = device.handle(now, Input::Radio(RadioEvent::Missed { at: now }));
    assert_eq!(work.level, Level::Radio);
    assert_eq!(device.host, before);
}

#[test]
fn more_inputs_than_the_queue_holds_are_not_lost() {
    let (mut device, _) = started();
    let button = |pressed| Input::Host(HostInput::Button { button: Press::User, pressed });
    for n in 0..21 {
        let _ = device.handle(Instant::ZERO, button(n % 2 == 0));
    }
    let mut expected = started().0;
    let _ = expected.handle(Instant::ZERO, button(true));
    settle(&mut device, Instant::ZERO);
    settle(&mut expected, Instant::ZERO);
    assert_eq!(device, expected);
}

/// The chip has 64 KiB for this, its stack and the runner.
#[test]
fn it_fits_a_small_chip() {
    assert!(size_of::<Device>() <= 32 * 1024, "{}", size_of::<Device>());
}
