//! Stands in for the core's `Peripheral` until all three of its parts are composed there: a
//! beacon that also listens, so that both directions of the cut are executed.

use firmware_core::config::Config;
use firmware_core::effect::Effect;
use firmware_core::host::message::{HostInput, Ui};
use firmware_core::phy::{Phy, TxPhy};
use firmware_core::radio::{AfterTransmit, AirPdu, RadioCommand, RadioEvent, Tuning};
use firmware_core::random::Entropy;
use firmware_core::time::{Duration, Instant};
use firmware_core::work::{Level, Work};

/// What happens.
pub enum Input {
    /// Begin.
    Start,
    /// From the radio.
    Radio(RadioEvent),
    /// The deadline has come.
    Timer,
    /// From outside.
    Host(HostInput),
}

/// What is to be done.
pub enum Output {
    /// By the radio.
    Radio(RadioCommand),
    /// By the thread.
    Effect(Effect),
    /// By the board.
    Ui(Ui),
}

/// The stand-in.
pub struct Peripheral<const LINKS: usize> {
    own: firmware_core::address::Address,
    out: Option<Output>,
    next: Option<Instant>,
}

impl<const LINKS: usize> Peripheral<LINKS> {
    /// With that address.
    pub fn new(config: Config, _: &Entropy) -> Self {
        Self { own: config.address, out: None, next: None }
    }

    /// Takes an input.
    pub fn handle(&mut self, now: Instant, input: Input) -> Work {
        match input {
            Input::Start | Input::Timer => {
                let tuning =
                    Tuning { channel: 37, access_address: 0x8E89_BED6, crc_init: 0x55_5555 };
                self.next = Some(now + Duration::from_ms(100));
                self.out = AirPdu::new(0x40, &self.own.octets).map(|pdu| {
                    Output::Radio(RadioCommand::Transmit {
                        at: now + Duration::from_ms(1),
                        tuning,
                        phy: TxPhy::Le1M,
                        pdu,
                        tag: 0,
                        then: AfterTransmit::Receive(Phy::Le1M),
                    })
                });
            }
            Input::Radio(RadioEvent::Received { .. }) => {
                self.out = Some(Output::Ui(Ui::Led { led: 1, on: true }));
            }
            Input::Radio(_) | Input::Host(_) => {}
        }
        Work::one(Level::Radio)
    }

    /// No other level.
    pub fn pending(&self) -> Option<Level> {
        None
    }

    /// Nothing to run.
    pub fn run(&mut self, _: Instant, level: Level) -> Work {
        Work::none(level)
    }

    /// Of the next beacon.
    pub fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// What is to be done.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.take()
    }
}
