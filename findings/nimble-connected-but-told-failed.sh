#!/usr/bin/env bash
# Espressif's NimBLE, as nimble-rs 0.2.0 builds it: a peripheral tells its application of a connection
# when LE Read Remote Features is complete, and hands the status of *that* on as the connection's. A
# central without Peripheral-initiated Features Exchange (Bluetooth 4.0, many of 4.2) refuses it, status
# 0x1A. So the application hears that the connection failed (and the examples of ESP-IDF advertise
# again), while the stack has the connection and serves it. Needs cargo, a C compiler and libclang.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.1.0"
edition = "2021"

[dependencies]
bt-hci = "=0.10.1"
critical-section = { version = "1", features = ["std"] }
embassy-futures = "0.1"
embassy-time = { version = "0.5", features = ["std", "generic-queue-16"] }
embedded-io = "0.7"
nimble-rs = { version = "=0.2.0", default-features = false, features = ["peripheral", "sm", "std"] }
nimble-rs-sys = { version = "=0.2.0", default-features = false, features = ["peripheral", "sm"] }
TOML
cat >"$folder/src/main.rs" <<'RUST'
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::{Poll, Waker};

use bt_hci::controller::ExternalController;
use bt_hci::transport::{PacketKind, PacketToController, PacketToHost, Transport};
use bt_hci::ReadHciError;
use embassy_futures::select::select;
use embassy_time::Timer;
use nimble_rs::gap::{conn_find, BleAdvParams, GapEvent};
use nimble_rs::{Ble, HostEvent};
use nimble_rs_sys as sys;

/// A controller that obeys, to which somebody connects as soon as it advertises: a central that
/// refuses to tell a peripheral its features.
#[derive(Default)]
struct Controller {
    events: RefCell<VecDeque<Vec<u8>>>,
    reader: RefCell<Option<Waker>>,
}

impl Controller {
    fn event(&self, code: u8, parameters: &[u8]) {
        let event = [&[code, parameters.len() as u8], parameters].concat();
        self.events.borrow_mut().push_back(event);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn command(&self, command: &[u8]) {
        let opcode = [command[0], command[1]];
        let complete = |returned: &[u8]| {
            self.event(0x0E, &[&[1, opcode[0], opcode[1], 0], returned].concat());
        };
        match u16::from_le_bytes(opcode) {
            0x041D => {
                self.event(0x0F, &[0, 1, opcode[0], opcode[1]]);
                self.event(0x0C, &[0, 1, 0, 6, 0xE5, 0x02, 0, 0]);
            }
            0x2016 => {
                self.event(0x0F, &[0, 1, opcode[0], opcode[1]]);
                self.event(0x3E, &[4, 0x1A, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            }
            0x1001 => complete(&[11, 0, 0, 11, 0xE5, 0x02, 0, 0]),
            0x1003 => complete(&[0, 0, 0, 0, 0x60, 0, 0, 0]),
            0x2003 => complete(&[0; 8]),
            0x2018 => complete(&[0xC5; 8]),
            0x1009 => complete(&[1, 0, 0, 0, 0xC0, 0]),
            0x2002 => complete(&[251, 0, 4]),
            0x2023 => complete(&[27, 0, 0x48, 1]),
            0x2007 => complete(&[0]),
            0x200A if command[3] == 1 => {
                complete(&[]);
                let peer = [2, 0, 0, 0, 0xC0, 0];
                let head = [1, 0, 1, 0, 1, 0];
                self.event(0x3E, &[&head[..], &peer, &[24, 0, 0, 0, 200, 0, 0]].concat());
            }
            _ => complete(&[]),
        }
    }
}

#[derive(Debug)]
struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("never")
    }
}

impl std::error::Error for Never {}

impl embedded_io::Error for Never {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::Other
    }
}

impl From<ReadHciError<Infallible>> for Never {
    fn from(_: ReadHciError<Infallible>) -> Self {
        Self
    }
}

impl embedded_io::ErrorType for Controller {
    type Error = Never;
}

impl Transport for Controller {
    async fn read<'a, P: PacketToHost<'a>>(&self, buffer: &'a mut [u8]) -> Result<P, Never> {
        let event = poll_fn(|context| match self.events.borrow_mut().pop_front() {
            Some(event) => Poll::Ready(event),
            None => {
                self.reader.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await;
        P::read_hci(PacketKind::Event, &mut &event[..], buffer).map_err(|_| Never)
    }

    async fn write<P: PacketToController>(&self, packet: &P) -> Result<(), Never> {
        let mut octets = [0; 300];
        packet.write_hci(&mut &mut octets[..]).map_err(|_| Never)?;
        if matches!(P::KIND, PacketKind::Cmd) {
            self.command(&octets);
        }
        Ok(())
    }
}

fn main() {
    let (synced, told) = (Mutex::new(false), Mutex::new(None));
    let host = |event| *synced.lock().unwrap() |= event == HostEvent::Sync;
    let gap = |event: GapEvent<'_>| {
        if let GapEvent::Connect { conn_handle, status } = event {
            *told.lock().unwrap() = Some((conn_handle, status));
        }
        0
    };
    let ble = Ble::new().unwrap();
    ble.host_subscribe(&host);
    ble.gap_subscribe(&gap);
    let application = async {
        while !*synced.lock().unwrap() {
            Timer::after_millis(10).await;
        }
        let (conn_mode, disc_mode) = (sys::BLE_GAP_CONN_MODE_UND as u8, 2);
        let parameters = BleAdvParams { conn_mode, disc_mode, ..Default::default() };
        ble.adv_start(0, &parameters).unwrap();
        while told.lock().unwrap().is_none() {
            Timer::after_millis(10).await;
        }
    };
    let controller = ExternalController::<_, 4>::new(Controller::default());
    embassy_futures::block_on(select(ble.run(controller), application));
    let (handle, status) = told.lock().unwrap().unwrap();
    let there = conn_find(handle).is_ok();
    println!("LE Connection Complete had status 0, LE Read Remote Features Complete 0x1A");
    println!("the application is told: {status:?}; the stack has the connection: {there}");
    assert!(matches!(status, Err(error) if error.code() == 0x1A) && there, "this has changed");
    std::process::exit(0);
}
RUST
cargo run --quiet --manifest-path "$folder/Cargo.toml"
