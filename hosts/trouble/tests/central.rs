//! TrouBLE as a central's host, against the firmware: discovers, reads, is refused, pairs by
//! passkey, writes, leaves, and comes back with the bond. One test in this process: embassy-time
//! has one clock.

use ble::time::Duration;
use ble::ui::Ui;
use bletwin_firmware_node::Build;
use bletwin_sim::record::RecordKind;
use bletwin_trouble::{Air, Line};
use bt_hci::controller::ExternalController;
use embassy_futures::select::{Either, select};
use firmware_core::config::Config;
use led_button::LedButton;
use trouble_host::prelude::*;

type Controller = ExternalController<Line, 10>;
type Pool = DefaultPacketPool;
type HostStack<'a> = Stack<'a, Controller, Pool>;

/// 0000xxxx-1212-EFDE-1523-785FEABCD123.
const fn lbs(id: u16) -> Uuid {
    let [low, high] = id.to_le_bytes();
    Uuid::new_long([
        0x23, 0xD1, 0xBC, 0xEA, 0x5F, 0x78, 0x23, 0x15, 0xDE, 0xEF, 0x12, 0x12, low, high, 0, 0,
    ])
}

/// The passkey that the firmware shows; it is shown before this host is asked for it.
fn shown(air: &Air) -> u32 {
    let records = air.twin().settled();
    let mut passkeys = records.iter().filter_map(|(record, _)| match record.kind {
        RecordKind::Shown(Ui::ShowPasskey(passkey)) => Some(passkey),
        _ => None,
    });
    passkeys.next_back().expect("a passkey is shown")
}

async fn connect<'a>(central: &mut Central<'a, Controller, Pool>) -> Connection<'a, Pool> {
    let firmware = Address::random([0x55, 0x1E, 0x0B, 0xB0, 0x1D, 0xC0]);
    let config = ConnectConfig {
        connect_params: Default::default(),
        scan_config: ScanConfig { filter_accept_list: &[firmware], ..Default::default() },
    };
    central.connect(&config).await.unwrap()
}

/// Encrypts, with the bond if there is one; the level reached, and whether a passkey was asked.
async fn secure(air: &Air, connection: &Connection<'_, Pool>) -> (SecurityLevel, bool) {
    connection.request_security().unwrap();
    let mut asked = false;
    loop {
        match connection.next().await {
            ConnectionEvent::PassKeyInput => {
                asked = true;
                connection.pass_key_input(shown(air)).unwrap();
            }
            ConnectionEvent::Encrypted { security_level, .. } => return (security_level, asked),
            ConnectionEvent::PairingFailed(error) => panic!("pairing failed: {error:?}"),
            ConnectionEvent::Disconnected { reason } => panic!("disconnected: {reason:?}"),
            _ => {}
        }
    }
}

/// What a user of the LED Button Service does.
async fn visit(air: &Air, stack: &HostStack<'_>, connection: &Connection<'_, Pool>, bonded: bool) {
    let client = GattClient::<Controller, Pool, 8>::new(stack, connection).await.unwrap();
    let use_it = async {
        let services = client.services_by_uuid(&lbs(0x1523)).await.unwrap();
        let service = services.first().unwrap();
        let led: Characteristic<u8> =
            client.characteristic_by_uuid(service, &lbs(0x1525)).await.unwrap();
        let button: Characteristic<u8> =
            client.characteristic_by_uuid(service, &lbs(0x1524)).await.unwrap();
        let mut value = [9];
        client.read_characteristic(&button, &mut value).await.unwrap();
        assert_eq!(value, [0]);
        if !bonded {
            assert!(client.write_characteristic(&led, &[1]).await.is_err(), "not yet secure");
        }
        let (level, asked) = secure(air, connection).await;
        assert_eq!(level, SecurityLevel::EncryptedAuthenticated);
        assert_eq!(asked, !bonded);
        client.write_characteristic(&led, &[1]).await.unwrap();
    };
    match select(client.task(), use_it).await {
        Either::First(ended) => panic!("the client ended: {ended:?}"),
        Either::Second(()) => {}
    }
}

async fn application(air: &Air, controller: Controller) {
    let mut resources: HostResources<Pool, 1, 2> = HostResources::new();
    let stack = trouble_host::new(controller, &mut resources)
        .set_random_address(Address::random([6, 5, 4, 3, 2, 0xC1]))
        .set_io_capabilities(IoCapabilities::KeyboardOnly)
        .build();
    let mut runner = stack.runner();
    let mut central = stack.central();
    let visits = async {
        for bonded in [false, true] {
            let connection = connect(&mut central).await;
            connection.set_bondable(true).unwrap();
            visit(air, &stack, &connection, bonded).await;
            connection.disconnect();
            while !matches!(connection.next().await, ConnectionEvent::Disconnected { .. }) {}
        }
    };
    match select(runner.run(), visits).await {
        Either::First(ended) => panic!("the stack ended: {ended:?}"),
        Either::Second(()) => {}
    }
}

fn play(config: Config) -> [u8; 32] {
    let air = Air::new(1);
    air.twin().add_peripheral("firmware", Build::new(config, LedButton::default()));
    let controller = Controller::new(air.line(air.endpoint()));
    let done = air.run(Duration::from_secs(60), application(&air, controller));
    assert!(done.is_some(), "it takes too long");
    air.look().world().trace_sha256()
}

#[test]
fn trouble_bonds_with_the_firmware_by_passkey_and_comes_back() {
    for config in [Config::zephyr_2024(), Config::recommended()] {
        assert_eq!(play(config.clone()), play(config), "the same seed, the same air");
    }
}
