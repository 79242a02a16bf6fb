//! A TrouBLE peripheral for `bletwin serve --central … --host 'trouble-peripheral [WISH…]'`.
//!
//! It advertises, lets whoever comes bond without asking anybody, and reads its wishes from the
//! command line: `2m` asks for the 2M PHY as soon as somebody has connected, `2m-later` once there
//! is a bond; `asks` asks for security on connecting.
//!
//! It knows nothing of bletwin, and runs on the clock of this computer: one that follows simulated
//! time is in the library beside it.

use std::error::Error;
use std::io;
use std::sync::LazyLock;
use std::task::Waker;
use std::time::Duration;

use bt_hci::controller::ExternalController;
use bt_hci_serial::SerialTransport;
use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time_driver::Driver;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;
use trouble_host::prelude::*;

type Line = SerialTransport<NoopRawMutex, Reader, Writer>;
type Controller = ExternalController<Line, 10>;
type Server<'a> = AttributeServer<'a, NoopRawMutex, DefaultPacketPool, 16, 1>;

const NAME: &[u8] = b"Trouble";

/// What comes from the socket. The crate embedded-io-adapters has this, but sets features with
/// which everything above bt-hci would be built once more.
struct Reader(OwnedReadHalf);

impl ErrorType for Reader {
    type Error = ErrorKind;
}

impl Read for Reader {
    async fn read(&mut self, octets: &mut [u8]) -> Result<usize, ErrorKind> {
        // Packets that have queued up are apart on a chip: the application hears of a connection,
        // and makes it bondable, before a Pairing Request is looked at.
        tokio::task::yield_now().await;
        loop {
            self.0.readable().await.map_err(|_| ErrorKind::Other)?;
            match self.0.try_read(octets) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done.map_err(|_| ErrorKind::Other),
            }
        }
    }
}

/// What goes to the socket.
struct Writer(OwnedWriteHalf);

impl ErrorType for Writer {
    type Error = ErrorKind;
}

impl Write for Writer {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        loop {
            self.0.writable().await.map_err(|_| ErrorKind::Other)?;
            match self.0.try_write(octets) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done.map_err(|_| ErrorKind::Other),
            }
        }
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// embassy-time's clock is tokio's. It is not taken from embassy-time itself (its feature `std`),
/// since cargo would give that to the tests here as well, which have another clock.
struct Clock(LazyLock<Instant>);

impl Driver for Clock {
    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        let (at, waker) = (*self.0 + Duration::from_micros(at), waker.clone());
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            waker.wake();
        });
    }
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock(LazyLock::new(Instant::now)));

/// What the command line asks for.
#[derive(Clone, Copy)]
struct Wishes {
    fast: bool,
    fast_later: bool,
    security: bool,
}

async fn accept<'a>(
    peripheral: &mut Peripheral<'a, Controller, DefaultPacketPool>,
) -> Result<Connection<'a, DefaultPacketPool>, Box<dyn Error>> {
    let mut data = [0; 31];
    let flags = AdStructure::Flags(LE_GENERAL_DISCOVERABLE | BR_EDR_NOT_SUPPORTED);
    let length =
        AdStructure::encode_slice(&[flags, AdStructure::CompleteLocalName(NAME)], &mut data)
            .map_err(|error| format!("advertising data: {error:?}"))?;
    let advertisement =
        Advertisement::ConnectableScannableUndirected { adv_data: &data[..length], scan_data: &[] };
    let advertiser = peripheral
        .advertise(&AdvertisementParameters::default(), advertisement)
        .await
        .map_err(|error| format!("advertising: {error:?}"))?;
    let connection = advertiser.accept().await.map_err(|error| format!("accept: {error:?}"))?;
    connection.set_bondable(true).map_err(|error| format!("bondable: {error:?}"))?;
    Ok(connection)
}

/// Serves one connection to its end.
async fn serve(
    connection: &GattConnection<'_, '_, DefaultPacketPool>,
    fast: impl AsyncFn(),
    wishes: Wishes,
) {
    loop {
        match connection.next().await {
            GattConnectionEvent::Disconnected { reason } => {
                println!("disconnected, reason {}", reason.into_inner());
                return;
            }
            GattConnectionEvent::PairingComplete { security_level, .. } => {
                println!("paired: {security_level:?}");
                if wishes.fast_later {
                    fast().await;
                }
            }
            GattConnectionEvent::PairingFailed(error) => println!("pairing failed: {error:?}"),
            GattConnectionEvent::PhyUpdated { tx_phy, .. } => println!("PHY: {tx_phy:?}"),
            GattConnectionEvent::Gatt { event } => {
                if let Ok(reply) = event.accept() {
                    reply.send().await;
                }
            }
            _ => {}
        }
    }
}

async fn live(controller: Controller, wishes: Wishes) -> Result<(), Box<dyn Error>> {
    let mut resources: HostResources<DefaultPacketPool, 1, 2> = HostResources::new();
    let stack = trouble_host::new(controller, &mut resources)
        .set_random_address(Address::random([0x54, 0x52, 0x4F, 0x55, 0x42, 0xF1]))
        .set_io_capabilities(IoCapabilities::NoInputNoOutput)
        .build();
    let mut runner = stack.runner();
    let mut peripheral = stack.peripheral();
    let mut table: AttributeTable<'_, NoopRawMutex, 16> = AttributeTable::new();
    let mut gap = table.add_service(Service::new(0x1800_u16));
    let _ = gap.add_characteristic_ro(0x2A00_u16, NAME);
    gap.build();
    table.add_service(Service::new(0x1801_u16));
    let server: Server<'_> = AttributeServer::new(table);
    let application = async {
        loop {
            let connection = accept(&mut peripheral).await?;
            let own = connection.clone();
            let fast = async || {
                // The central may refuse, or be gone.
                if let Err(error) = own.set_phy(&stack, PhyKind::Le2M).await {
                    println!("no 2M: {error:?}");
                }
            };
            if wishes.fast {
                fast().await;
            }
            if wishes.security
                && let Err(error) = connection.request_security()
            {
                println!("no security: {error:?}");
            }
            let connection = connection
                .with_attribute_server(&server)
                .map_err(|error| format!("attributes: {error:?}"))?;
            serve(&connection, fast, wishes).await;
        }
    };
    match select(runner.run(), application).await {
        Either::First(ended) => Err(format!("the stack ended: {ended:?}").into()),
        Either::Second(ended) => ended,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut wishes = Wishes { fast: false, fast_later: false, security: false };
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
    let line = Line::new(Reader(reader), Writer(writer));
    live(Controller::new(line), wishes).await
}
