//! The composition alone: which part runs when, and that nothing gets stuck or lost.

use super::*;
use crate::led_button::{LedButton, Light, Press};
use ble::pdu::advertising::{AdvertisingPdu, CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::TxPhy;
use ble::radio::AirPdu;
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
    let before = device.levels.host.clone();
    let work = device.handle(now, Input::Radio(RadioEvent::Missed { at: now }));
    assert_eq!(work.level, Level::Radio);
    assert_eq!(device.levels.host, before);
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

/// Each part that has work gets its turn once, as long as there is any: which, and how much it did.
fn levels(device: &mut Device, now: Instant) -> Vec<(Level, u16)> {
    let mut turns = Vec::new();
    while let Some(level) = device.pending() {
        turns.push((level, device.run(now, level).items));
        while device.poll().is_some() {}
    }
    turns
}

/// A packet that starts at `start` has been received.
fn received(start: Instant, pdu: AirPdu) -> (Instant, Input<Press>) {
    let end = start + TxPhy::Le1M.air_time(pdu.payload_len());
    (end, Input::Radio(RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: -50 }))
}

/// Time passes until the next radio command.
fn next_command(device: &mut Device) -> RadioCommand {
    loop {
        let now = device.deadline().unwrap();
        let _ = device.handle(now, Input::Timer);
        let found = settle(device, now).into_iter().find_map(|output| match output {
            Output::Radio(command) => Some(command),
            _ => None,
        });
        if let Some(command) = found {
            return command;
        }
    }
}

/// A packet of the central with this sequence number, which acknowledges nothing.
fn packet(sn: bool, llid: Llid, payload: &[u8]) -> AirPdu {
    let header = DataHeader { llid, sn, nesn: false, md: false };
    AirPdu::new(header.octet(), payload).unwrap()
}

/// Until the radio listens for a packet, and when that is expected.
fn anchor(device: &mut Device) -> Instant {
    let RadioCommand::Receive { from, until, .. } = next_command(device) else { panic!() };
    Instant::from_ticks((from.ticks() + until.ticks()) / 2)
}

/// A connection after its first event, and the anchor of the second.
fn connected() -> (Device, Instant) {
    let (mut device, _) = started();
    let RadioCommand::Transmit { at, pdu, .. } = next_command(&mut device) else { panic!() };
    let end = at + TxPhy::Le1M.air_time(pdu.payload_len());
    let _ = device.handle(end, Input::Radio(RadioEvent::Transmitted { start: at, end }));
    let request = AdvertisingPdu::ConnectInd(ConnectInd {
        initiator: ble::address::Address::public([9; 6]),
        advertiser: Config::zephyr_2024().address,
        access_address: 0x5065_5DAB,
        crc_init: 1,
        win_size: 2,
        win_offset: 1,
        interval: 24,
        latency: 0,
        timeout: 100,
        channel_map: CHANNEL_MAP_ALL,
        hop: 7,
        sca: 5,
        ch_sel: false,
    });
    let (end, request) = received(end + Duration::from_us(150), request.encode());
    let _ = device.handle(end, request);
    settle(&mut device, end);
    let (end, empty) = received(anchor(&mut device), packet(false, Llid::Continuation, &[]));
    let _ = device.handle(end, empty);
    let Some(Output::Radio(RadioCommand::Reply { pdu, .. })) = device.poll() else { panic!() };
    let start = end + Duration::from_us(150);
    let end = start + TxPhy::Le1M.air_time(pdu.payload_len());
    let _ = device.handle(end, Input::Radio(RadioEvent::Transmitted { start, end }));
    settle(&mut device, end);
    let anchor = anchor(&mut device);
    (device, anchor)
}

/// The way of a PDU: the interrupt takes it once, control once, the thread once. An Exchange MTU
/// Request, whose answer control takes and gives to the link, and an LL_PING_REQ, whose answer
/// control gives to the link itself.
#[test]
fn a_pdu_enters_each_level_once() {
    let mtu = (Llid::Start, &[3, 0, 4, 0, 0x02, 0x17, 0x00][..]);
    let ping = (Llid::Control, &[0x12][..]);
    let mtu_passes = [(Level::Control, 1), (Level::Host, 1), (Level::Control, 2)];
    for ((llid, payload), passes) in [(mtu, &mtu_passes[..]), (ping, &[(Level::Control, 2)][..])] {
        let (mut device, anchor) = connected();
        let (end, packet) = received(anchor, packet(true, llid, payload));
        let work = device.handle(end, packet);
        assert_eq!((work.level, work.items), (Level::Radio, 1));
        assert_eq!(levels(&mut device, end), passes, "{llid:?}");
    }
}

/// The chip has 64 KiB for this, its stack and the runner.
#[test]
fn it_fits_a_small_chip() {
    assert!(size_of::<Device>() <= 32 * 1024, "{}", size_of::<Device>());
}
