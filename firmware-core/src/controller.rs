//! Link and Control composed: a controller usable below any host.
//!
//! [`Controller::radio`] does the work of the radio interrupt; the rest waits for
//! [`Controller::run_control`], so that a runner can let time pass between the two. `Control` takes
//! commands and data of the host immediately.

use crate::control::{Control, ControlConfig, ControlOutput};
use crate::link::extended::{Neighbours, Who};
use crate::link::{Link, LinkConfig};
use ble::address::Address;
use ble::armed::Tell;
use ble::hci::{Acl, Command, Event, Handle};
use ble::invariant::{Broken, Invariant};
use ble::pdu::advertising::ConnectInd;
use ble::phy::Phy;
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::Entropy;
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use ble::work::{Level, Work};

/// An output of a controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControllerOutput {
    /// To the radio.
    Radio(RadioCommand),
    /// To the host.
    Event(Event),
    /// To the host.
    Acl(Acl),
    /// To the record.
    Trace(Trace),
}

/// A peripheral's link layer with room for `LINKS` connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller<const LINKS: usize> {
    link: Link<LINKS>,
    control: Control<LINKS>,
    /// Faults between the two.
    broken: Broken,
}

impl<const LINKS: usize> Controller<LINKS> {
    /// As after power-on.
    #[must_use]
    pub fn new(link: LinkConfig, control: ControlConfig, entropy: &Entropy) -> Self {
        Self {
            link: Link::new(link, entropy),
            control: Control::new(control, entropy),
            broken: Broken::NONE,
        }
    }

    /// Gives the device another public address. It counts from the next use.
    pub const fn set_public_address(&mut self, address: [u8; 6]) {
        self.control.set_public_address(address);
    }

    /// Names the target of directed advertising by this address; see [`Control::show_target`].
    pub const fn show_target(&mut self, address: Option<Address>) {
        self.control.show_target(address);
    }

    /// Advertises under this private address; see [`Control::show_own`].
    pub const fn show_own(&mut self, address: Option<[u8; 6]>) {
        self.control.show_own(address);
    }

    /// Whether advertising is enabled.
    #[must_use]
    pub const fn is_advertising(&self) -> bool {
        self.control.is_advertising()
    }

    /// The connection whose event is under way: reports of the radio concern it.
    #[must_use]
    pub fn serves(&self) -> Option<Handle> {
        self.control.handle_of(self.link.serves()?)
    }

    /// Takes a connection that an advertising set has accepted; see
    /// [`SetReport::Connected`](crate::link::extended::SetReport::Connected). `false`: there is no
    /// room for one.
    pub fn adopt(
        &mut self,
        request: ConnectInd,
        identity: Option<Address>,
        phy: Phy,
        at: Instant,
    ) -> bool {
        self.link.adopt(request, identity, phy, at)
    }

    /// A command from the host. Earlier reports of `Link` are handled first, so that a reset
    /// forgets a connection that has just been made.
    pub fn command(&mut self, now: Instant, command: Command) -> Work {
        let before = self.run_control(now);
        let work = self.control.command(now, command);
        before.and(self.pass_orders(now, work))
    }

    /// ACL data from the host.
    pub fn acl(&mut self, now: Instant, acl: Acl) -> Work {
        let work = self.control.acl(now, acl);
        self.pass_orders(now, work)
    }

    /// An event of the radio. Fetch the answer with [`Self::poll`] well within T_IFS, then call
    /// [`Self::run_control`] if [`Self::control_pending`].
    pub fn radio(&mut self, now: Instant, event: RadioEvent) -> Work {
        self.link.radio(now, &event)
    }

    /// To be called at [`Self::deadline`]; [`Self::control_pending`] may be true afterwards.
    pub fn timer(&mut self, now: Instant) -> Work {
        let mut work = Work::none(Level::Radio);
        if self.link.deadline().is_some_and(|at| at <= now) {
            work = work.and(self.link.timer(now));
        }
        if self.control.deadline().is_some_and(|at| at <= now) {
            let control = self.control.timer(now);
            let control = self.pass_orders(now, control);
            // The more urgent level names the sum.
            work = work.and(control);
        }
        work
    }

    /// When [`Self::timer`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.link.deadline().into_iter().chain(self.control.deadline()).min()
    }

    /// Reports what the link layer has under way; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        self.control.armed(report);
    }

    /// The longest connSupervisionTimeout in force; `None` without a connection.
    #[must_use]
    pub fn supervision_timeout(&self) -> Option<Duration> {
        self.control.supervision_timeout()
    }

    /// Whether [`Self::run_control`] has something to do.
    #[must_use]
    pub fn control_pending(&self) -> bool {
        self.link.has_reports()
    }

    /// Lets `Control` see what `Link` has reported, and `Link` what `Control` orders. Stops when
    /// much waits for [`Self::poll`]: poll, and call again while [`Self::control_pending`].
    pub fn run_control(&mut self, now: Instant) -> Work {
        let mut work = Work::none(Level::Control);
        while self.control.has_room()
            && let Some(report) = self.link.report()
        {
            let control = self.control.report(now, report);
            work = work.and(self.pass_orders(now, control));
        }
        work
    }

    fn pass_orders(&mut self, now: Instant, mut work: Work) -> Work {
        while let Some(order) = self.control.poll_order() {
            work = work.and(self.link.order(now, order));
        }
        work
    }

    /// The next output: the radio's first.
    pub fn poll(&mut self) -> Option<ControllerOutput> {
        if let Some(command) = self.link.command() {
            return Some(ControllerOutput::Radio(command));
        }
        if let Some((invariant, count)) = self.broken() {
            return Some(ControllerOutput::Trace(Trace::Invariant { invariant, count }));
        }
        match self.control.poll()? {
            ControlOutput::Order(_) => {
                self.broken.shout(Invariant::OrdersArePassedOn);
                None
            }
            ControlOutput::Event(event) => Some(ControllerOutput::Event(event)),
            ControlOutput::Acl(acl) => Some(ControllerOutput::Acl(acl)),
            ControlOutput::Trace(trace) => Some(ControllerOutput::Trace(trace)),
        }
    }
}

impl<const LINKS: usize> Controller<LINKS> {
    fn broken(&mut self) -> Option<(Invariant, u16)> {
        let levels = self.link.broken().or_else(|| self.control.broken());
        levels.or_else(|| self.broken.take())
    }
}

impl<const LINKS: usize> Neighbours for Controller<LINKS> {
    fn who(&self, address: Address) -> Who {
        self.control.who(address)
    }

    fn has_room(&self) -> bool {
        self.link.has_room()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ble::address::AddressKind;
    use ble::error::ErrorCode;
    use ble::pdu::advertising::{AdvertisingPdu, CHANNEL_MAP_ALL};
    use ble::pdu::control::VersionInd;
    use ble::time::Duration;
    use std::vec::Vec;

    fn controller() -> Controller<1> {
        let link = LinkConfig { sleep_clock_ppm: 50, csa2: true };
        let control = ControlConfig {
            public_address: [1, 2, 3, 4, 5, 6],
            features: ControlConfig::SUPPORTED,
            version: VersionInd { version: 13, company: 0x59, subversion: 1 },
            max_tx_octets: 251,
            max_tx_time: 2120,
            min_used_channels: None,
            length_from_default: false,
            lapses: Default::default(),
        };
        Controller::new(link, control, &Entropy::new([5; 32]))
    }

    fn all(controller: &mut Controller<1>) -> Vec<ControllerOutput> {
        core::iter::from_fn(|| controller.poll()).collect()
    }

    const ADVERTISER: Address = Address::new(AddressKind::Public, [1, 2, 3, 4, 5, 6]);

    /// From LE Set Advertising Enable to CONNECT_IND, which ends at the time given.
    fn requested() -> (Controller<1>, Instant) {
        let mut controller = controller();
        let start = Instant::from_us(1_000);
        for command in [
            Command::SetEventMask { mask: u64::MAX },
            Command::LeSetAdvertisingEnable { enable: true },
        ] {
            let _ = controller.command(start, command);
        }
        all(&mut controller);
        let due = controller.deadline().unwrap();
        let _ = controller.timer(due);
        let outputs = all(&mut controller);
        let [ControllerOutput::Radio(RadioCommand::Transmit { at, phy, pdu, .. })] = &outputs[..]
        else {
            panic!("{outputs:?}");
        };
        assert!(matches!(
            AdvertisingPdu::parse(pdu),
            Some(AdvertisingPdu::AdvInd { advertiser: own, ch_sel: true, .. }) if own == ADVERTISER
        ));
        let end = *at + phy.air_time(pdu.payload_len());
        let _ = controller.radio(end, RadioEvent::Transmitted { start: *at, end });
        let pdu = AdvertisingPdu::ConnectInd(ConnectInd {
            initiator: Address::public([9; 6]),
            advertiser: ADVERTISER,
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
            ch_sel: true,
        })
        .encode();
        let start = end + Duration::from_us(150);
        let end = start + phy.air_time(pdu.payload_len());
        let event = RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: -50 };
        let _ = controller.radio(end, event);
        assert!(controller.control_pending());
        (controller, end)
    }

    #[test]
    fn a_host_advertises_and_is_connected_to() {
        let (mut controller, end) = requested();
        let _ = controller.run_control(end);
        assert!(!controller.control_pending());
        let outputs = all(&mut controller);
        assert!(
            outputs.iter().any(|output| matches!(
                output,
                ControllerOutput::Event(Event::LeConnectionComplete(complete))
                    if complete.interval == 24 && complete.local == ADVERTISER
            )),
            "{outputs:?}"
        );
    }

    #[test]
    fn a_reset_forgets_a_connection_that_was_just_made() {
        let (mut controller, end) = requested();
        let _ = controller.command(end, Command::Reset);
        let _ = controller.run_control(end);
        all(&mut controller);
        let _ = controller.command(end, Command::LeSetAdvertisingEnable { enable: true });
        let outputs = all(&mut controller);
        let success = |output: &ControllerOutput| {
            matches!(output, ControllerOutput::Event(Event::CommandComplete { status, .. })
                if *status == ErrorCode::SUCCESS)
        };
        assert!(outputs.iter().any(success), "{outputs:?}");
    }
}
