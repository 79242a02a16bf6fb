//! TrouBLE as the peripheral's host on firmware-core's link layer, against model centrals: they
//! connect, discover, are refused, pair by passkey, write, leave, and come back with the bond.
//! One test in this process: embassy-time has one clock.

use ble::time::Duration;
use bletwin_bridge::twin::Resident;
use bletwin_models::host::Step;
use bletwin_models::profile::Profile;
use bletwin_sim::node::{Act, NodeId};
use bletwin_trouble::{Air, Line};
use bt_hci::controller::ExternalController;
use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use trouble_host::prelude::*;

type Controller = ExternalController<Line, 10>;
type Server<'a> = AttributeServer<'a, NoopRawMutex, DefaultPacketPool, 16, 1>;

/// 0000xxxx-1212-EFDE-1523-785FEABCD123.
const fn lbs(id: u16) -> Uuid {
    let [low, high] = id.to_le_bytes();
    Uuid::new_long([
        0x23, 0xD1, 0xBC, 0xEA, 0x5F, 0x78, 0x23, 0x15, 0xDE, 0xEF, 0x12, 0x12, low, high, 0, 0,
    ])
}

/// What the application has seen, for the test to judge.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    connections: u32,
    passkeys: u32,
    bonded: bool,
    /// 2M was reached.
    fast: bool,
    encrypted: u32,
    writes: Vec<u8>,
    reasons: Vec<u8>,
}

/// When the application asks for the 2M PHY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Never,
    OnConnect,
    AfterBonding,
}

/// The application: a LED Button Service whose LED demands an authenticated key.
async fn application(
    air: &Air,
    central: NodeId,
    controller: Controller,
    ask: Ask,
    seen: &mut Seen,
) {
    let mut resources: HostResources<DefaultPacketPool, 1, 2> = HostResources::new();
    let address = Address::random([0x55, 0x1E, 0x0B, 0xB0, 0x1D, 0xC0]);
    let stack = trouble_host::new(controller, &mut resources)
        .set_random_address(address)
        .set_io_capabilities(IoCapabilities::DisplayOnly)
        .build();
    let mut runner = stack.runner();
    let mut peripheral = stack.peripheral();
    let (mut button, mut led) = ([0; 1], [0; 1]);
    let mut table: AttributeTable<'_, NoopRawMutex, 16> = AttributeTable::new();
    let mut gap = table.add_service(Service::new(0x1800_u16));
    let _ = gap.add_characteristic_ro(0x2A00_u16, b"Nordic_LBS");
    gap.build();
    table.add_service(Service::new(0x1801_u16));
    let mut service = table.add_service(Service::new(lbs(0x1523)));
    let properties = [CharacteristicProp::Read, CharacteristicProp::Notify];
    let _ = service.add_characteristic(lbs(0x1524), properties, 0_u8, &mut button).build();
    let _ = service
        .add_characteristic(lbs(0x1525), [CharacteristicProp::Write], 0_u8, &mut led)
        .write_permission(PermissionLevel::AuthenticationRequired)
        .build();
    service.build();
    let server: Server<'_> = AttributeServer::new(table);
    let serve = async {
        while seen.connections < 2 {
            let connection = accept(&mut peripheral).await;
            if ask == Ask::OnConnect {
                connection.set_phy(&stack, PhyKind::Le2M).await.unwrap();
            }
            let own = connection.clone();
            let connection = connection.with_attribute_server(&server).unwrap();
            let bonded = async || {
                if ask == Ask::AfterBonding {
                    own.set_phy(&stack, PhyKind::Le2M).await.unwrap();
                }
            };
            serve_once(air, central, connection, bonded, seen).await;
        }
    };
    match select(runner.run(), serve).await {
        Either::First(ended) => panic!("the stack ended: {ended:?}"),
        Either::Second(()) => {}
    }
}

async fn accept<'a>(
    peripheral: &mut Peripheral<'a, Controller, DefaultPacketPool>,
) -> Connection<'a, DefaultPacketPool> {
    let mut data = [0; 31];
    let length = AdStructure::encode_slice(
        &[
            AdStructure::Flags(LE_GENERAL_DISCOVERABLE | BR_EDR_NOT_SUPPORTED),
            AdStructure::CompleteLocalName(b"Nordic_LBS"),
        ],
        &mut data,
    )
    .unwrap();
    let advertisement =
        Advertisement::ConnectableScannableUndirected { adv_data: &data[..length], scan_data: &[] };
    let advertiser = peripheral.advertise(&Default::default(), advertisement).await.unwrap();
    let connection = advertiser.accept().await.unwrap();
    connection.set_bondable(true).unwrap();
    connection
}

async fn serve_once(
    air: &Air,
    central: NodeId,
    connection: GattConnection<'_, '_, DefaultPacketPool>,
    bonded: impl AsyncFn(),
    seen: &mut Seen,
) {
    seen.connections += 1;
    loop {
        match connection.next().await {
            GattConnectionEvent::Disconnected { reason } => {
                seen.reasons.push(reason.into_inner());
                return;
            }
            GattConnectionEvent::PassKeyDisplay(passkey) => {
                seen.passkeys += 1;
                // The user reads it and types it into the central.
                let act = Act::TypePasskey(passkey.value());
                air.twin().act_after(central, Duration::from_secs(3), act);
            }
            GattConnectionEvent::PairingComplete { bond, .. } => {
                seen.bonded = bond.is_some();
                bonded().await;
            }
            GattConnectionEvent::PhyUpdated { tx_phy, .. } => seen.fast |= tx_phy == PhyKind::Le2M,
            GattConnectionEvent::Encrypted { .. } => seen.encrypted += 1,
            GattConnectionEvent::Gatt { event } => {
                if let GattEvent::Write(write) = &event {
                    write.with_data(|_, data| seen.writes.extend(data));
                }
                if let Ok(reply) = event.accept() {
                    reply.send().await;
                }
            }
            _ => {}
        }
    }
}

/// Comes back once with its bond.
fn central(name: &str) -> Profile {
    let mut profile = Profile::by_name(name).unwrap();
    let host = &mut profile.host;
    host.steps.retain(|step| !matches!(step, Step::Stay(_)));
    host.steps.push(Step::Stay(Duration::from_ms(500)));
    host.steps.push(Step::Disconnect);
    host.reconnect = Some(Duration::from_secs(1));
    host.max_connections = 2;
    profile
}

/// What the application has seen, and the hash of the air. The central's bonds must agree.
fn play(name: &str, ask: Ask) -> (Seen, [u8; 32]) {
    let air = Air::new(1);
    let port = air.endpoint();
    let node = air.twin().add_central(central(name));
    let mut seen = Seen::default();
    let controller = Controller::new(air.line(port));
    let limit = Duration::from_secs(60);
    // A central that has died does not come back.
    let _ = air.run(limit, application(&air, node, controller, ask, &mut seen));
    let bonds = match air.look().world().node(node) {
        Resident::Central(central) => central.host().map_or(0, |host| host.bonds().len()),
        _ => 0,
    };
    assert_eq!(bonds, usize::from(seen.bonded), "{name}");
    let hash = air.look().world().trace_sha256();
    (seen, hash)
}

/// The verdicts are those of our own host: who asks for nothing, or when there is a bond, bonds
/// with everybody; who asks for the 2M PHY while pairing starts loses the laptop, whatever its
/// mechanism, by supervision timeout.
#[test]
fn model_centrals_bond_with_trouble_by_passkey_and_come_back() {
    let bonded = |fast| Seen {
        connections: 2,
        passkeys: 1,
        bonded: true,
        fast,
        encrypted: 2,
        // Notifications are subscribed to, then the LED is written: twice, with one bond.
        writes: vec![1, 0, 1, 1, 0, 1],
        reasons: vec![0x13, 0x13],
    };
    for (name, ask) in
        [("honest", Ask::Never), ("honest", Ask::OnConnect), ("phone", Ask::OnConnect)]
    {
        let (seen, hash) = play(name, ask);
        assert_eq!(seen, bonded(ask != Ask::Never), "{name}: {ask:?}");
        assert_eq!(play(name, ask).1, hash, "{name}: the same seed, the same air");
    }
    for name in ["windows-intel", "windows-intel-m1", "windows-intel-m3"] {
        for ask in [Ask::Never, Ask::AfterBonding] {
            let (seen, _) = play(name, ask);
            // A settings page pairs, and does no more.
            let expected = Seen { writes: Vec::new(), ..bonded(ask != Ask::Never) };
            assert_eq!(seen, expected, "{name}: {ask:?}");
        }
        let (seen, _) = play(name, Ask::OnConnect);
        assert!(!seen.bonded, "{name}: {seen:?}");
        assert_eq!(seen.reasons, [0x08, 0x08], "{name}");
    }
}
