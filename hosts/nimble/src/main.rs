//! A NimBLE peripheral for `bletwin serve --central … --host 'nimble-peripheral [WISH…]'`:
//! Espressif's NimBLE, in C, by the crate nimble-rs.
//!
//! It advertises, lets whoever comes bond without asking anybody, and reads its wishes from the
//! command line: `2m` asks for the 2M PHY as soon as somebody has connected, `2m-later` once the
//! link is encrypted; `asks` asks for security on connecting.

mod shared;

use std::error::Error;

use bt_hci::cmd::AsyncCmd as _;
use bt_hci::cmd::le::LeSetPhy;
use bt_hci::controller::ExternalController;
use bt_hci::param::{AllPhys, ConnHandle, PhyMask, PhyOptions};
use bt_hci_serial::SerialTransport;
use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embedded_io_adapters::tokio_1::FromTokio;
use nimble_rs::gap::{BleAdvFields, BleAdvParams, BleSecurity, GapEvent};
use nimble_rs::{Ble, HostEvent};
use nimble_rs_sys as sys;
use shared::Shared;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

type Line =
    SerialTransport<CriticalSectionRawMutex, FromTokio<OwnedReadHalf>, FromTokio<OwnedWriteHalf>>;
type Controller = ExternalController<Line, 4>;

const NAME: &str = "NimBLE";
/// The public address, which the controller has.
const OWN_ADDRESS: u8 = sys::BLE_OWN_ADDR_PUBLIC as u8;

/// What the application hears of the stack.
enum News {
    Ready,
    Connected(u16),
    Encrypted(u16),
    Disconnected,
}

/// What the command line asks for.
#[derive(Clone, Copy, Default)]
struct Wishes {
    fast: bool,
    fast_later: bool,
    security: bool,
}

fn advertise(ble: &Ble<'_>) -> Result<(), Box<dyn Error>> {
    ble.set_device_name(NAME)?;
    let flags = (sys::BLE_HS_ADV_F_DISC_GEN | sys::BLE_HS_ADV_F_BREDR_UNSUP) as u8;
    ble.adv_set_fields(&BleAdvFields { flags, name: Some(NAME), ..Default::default() })?;
    let conn_mode = sys::BLE_GAP_CONN_MODE_UND as u8;
    let disc_mode = sys::BLE_GAP_DISC_MODE_GEN as u8;
    ble.adv_start(OWN_ADDRESS, &BleAdvParams { conn_mode, disc_mode, ..Default::default() })?;
    Ok(())
}

/// NimBLE asks for the 2M PHY. The bridge of nimble-rs 0.2 has no LE Set PHY, and answers it with
/// Unknown HCI Command itself; then the command goes past it.
async fn ask_for_2m(handle: u16, controller: &Controller) {
    let phy = sys::BLE_GAP_LE_PHY_2M_MASK as u8;
    // SAFETY: it takes numbers alone, and an unknown handle is an error.
    let refused = unsafe { sys::ble_gap_set_prefered_le_phy(handle, phy, phy, 0) };
    if refused == 0 {
        return;
    }
    println!("ble_gap_set_prefered_le_phy: {refused:#x}; the command is sent past NimBLE");
    let phys = PhyMask::new().set_le_2m_phy(true);
    let handle = ConnHandle::new(handle);
    let command = LeSetPhy::new(handle, AllPhys::new(), phys, phys, PhyOptions::NoPreferredCoding);
    if let Err(error) = command.exec(controller).await {
        println!("no 2M: {error:?}");
    }
}

async fn application(
    ble: &Ble<'_>,
    controller: &Controller,
    wishes: Wishes,
    mut news: UnboundedReceiver<News>,
) -> Result<(), Box<dyn Error>> {
    while let Some(news) = news.recv().await {
        match news {
            News::Ready | News::Disconnected => advertise(ble)?,
            News::Connected(handle) => {
                if wishes.fast {
                    ask_for_2m(handle, controller).await;
                }
                if wishes.security {
                    // SAFETY: it takes a number alone, and an unknown handle is an error.
                    let refused = unsafe { sys::ble_gap_security_initiate(handle) };
                    println!("ble_gap_security_initiate: {refused:#x}");
                }
            }
            News::Encrypted(handle) if wishes.fast_later => ask_for_2m(handle, controller).await,
            News::Encrypted(_) => {}
        }
    }
    Ok(())
}

async fn live(controller: Controller, wishes: Wishes) -> Result<(), Box<dyn Error>> {
    let (told, news) = unbounded_channel();
    let host = |event| {
        println!("host: {event:?}");
        if event == HostEvent::Sync {
            let _ = told.send(News::Ready);
        }
    };
    let gap = |event: GapEvent<'_>| {
        let _ = match event {
            GapEvent::Connect { conn_handle, status: Ok(()) } => {
                told.send(News::Connected(conn_handle))
            }
            // So it is told of centrals that let no peripheral ask for features, connected as they
            // are (docs/HOSTS.md). The examples of ESP-IDF advertise again, too.
            GapEvent::Connect { status, .. } => {
                println!("not connected: {status:?}");
                told.send(News::Disconnected)
            }
            GapEvent::Disconnect { reason, .. } => {
                println!("disconnected: {reason}");
                told.send(News::Disconnected)
            }
            GapEvent::EncChange { conn_handle, status } => {
                println!("encryption: {status:?}");
                match status {
                    Ok(()) => told.send(News::Encrypted(conn_handle)),
                    Err(_) => Ok(()),
                }
            }
            _ => Ok(()),
        };
        0
    };
    let ble = Ble::new()?;
    ble.host_subscribe(&host);
    ble.gap_subscribe(&gap);
    let io_cap = sys::BLE_SM_IO_CAP_NO_IO as u8;
    ble.set_security(&BleSecurity { io_cap, bonding: true, mitm: false, sc: true });
    let application = application(&ble, &controller, wishes, news);
    match select(ble.run(Shared(&controller)), application).await {
        Either::First(ended) => Err(format!("the stack ended: {ended:?}").into()),
        Either::Second(ended) => ended,
    }
}

/// NimBLE waits for answers of the controller within a call, and polls the line itself meanwhile:
/// the sockets need a thread of their own, and no budget.
#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut wishes = Wishes::default();
    for wish in std::env::args().skip(1) {
        match wish.as_str() {
            "2m" => wishes.fast = true,
            "2m-later" => wishes.fast_later = true,
            "asks" => wishes.security = true,
            other => return Err(format!("`{other}` is none of 2m, 2m-later, asks").into()),
        }
    }
    let host = std::env::var("BLETWIN_HOST")?;
    let port: u16 = std::env::var("BLETWIN_PORT")?.parse()?;
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    let line = Line::new(FromTokio::new(reader), FromTokio::new(writer));
    tokio::task::unconstrained(live(Controller::new(line), wishes)).await
}
