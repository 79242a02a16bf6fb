//! From ADV_EXT_IND to the secondary channels: AUX_ADV_IND and its chain, AUX_SCAN_REQ and
//! AUX_CONNECT_REQ (Vol 6, Part B, 4.4.3 and 4.4.4).

use ble::address::Address;
use ble::hci::CreateConnection;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingPdu};
use ble::pdu::extended::{Adi, AdvMode, AuxPtr, ExtendedPdu};
use ble::phy::{Coding, Phy, TxPhy};
use ble::radio::{AfterTransmit, RadioCommand, Receiver, Tuning};
use ble::time::{Duration, Instant};

use super::extended::{ExtendedReport, SCAN_RESPONSE};
use super::{Around, Busy, Connecting, ScannedPacket, Scanner, connect_ind};
use crate::controller::T_IFS;
use crate::controller::shared::Shared;

/// Packets of one advertisement that are followed, and octets of its data that are kept.
const PACKETS_MAX: u8 = 32;
const DATA_MAX: usize = 1_650;
/// Either end's jitter.
const JITTER: Duration = Duration::from_us(32);
/// AUX_CONNECT_REQ and AUX_CONNECT_RSP.
const REQUEST_OCTETS: u16 = 34;
const RESPONSE_OCTETS: u16 = 14;

/// Which packet is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Awaited {
    /// AUX_ADV_IND, to which ADV_EXT_IND points.
    Advertisement,
    /// AUX_SCAN_RSP, after AUX_SCAN_REQ.
    Response,
    /// AUX_CHAIN_IND, to which the packet before points.
    Chain,
}

/// An advertisement that is being followed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Follow {
    awaited: Awaited,
    mode: AdvMode,
    adi: Option<Adi>,
    /// As on air.
    advertiser: Option<Address>,
    phy: Phy,
    packets: u8,
    report: ExtendedReport,
}

impl Follow {
    pub(super) const fn asks(&self) -> bool {
        matches!(self.awaited, Awaited::Response)
    }

    /// A report of the part that has arrived, if there is one.
    pub(super) fn broken_off(mut self) -> Option<(Option<Adi>, ExtendedReport)> {
        self.report.truncated = true;
        (self.awaited == Awaited::Chain).then_some((self.adi, self.report))
    }
}

impl Scanner {
    /// ADV_EXT_IND: listens for the packet that it points at, if any.
    pub(super) fn follow(
        &mut self,
        sh: &Shared,
        heard: &ScannedPacket<'_>,
        pdu: &ExtendedPdu,
        around: &Around<'_>,
    ) -> Option<RadioCommand> {
        let phy = pdu.aux?.phy;
        let event_type = match pdu.mode {
            AdvMode::None => 0,
            AdvMode::Connectable => 1,
            AdvMode::Scannable => 2,
        };
        let report = ExtendedReport {
            event_type,
            address: None,
            resolved: false,
            primary: self.phy,
            secondary: Some(phy),
            sid: pdu.adi.map(|adi| adi.sid),
            tx_power: pdu.tx_power,
            rssi: heard.rssi,
            target: pdu.target,
            data: Vec::new(),
            truncated: false,
        };
        let follow = Follow {
            awaited: Awaited::Advertisement,
            mode: pdu.mode,
            adi: pdu.adi,
            advertiser: pdu.advertiser,
            phy,
            packets: 0,
            report,
        };
        self.chase(sh, heard.start, pdu.aux?, follow, around).ok()
    }

    /// Listens for the packet that `aux` names. `Err`: it cannot.
    fn chase(
        &mut self,
        sh: &Shared,
        start: Instant,
        aux: AuxPtr,
        mut follow: Follow,
        around: &Around<'_>,
    ) -> Result<RadioCommand, Box<Follow>> {
        let earliest = aux.earliest();
        let widening = earliest.ppm(aux.ppm() + u32::from(sh.config.sleep_clock_ppm)) + JITTER;
        let from = (start + earliest).before(widening);
        let until = start + earliest + aux.unit() + widening;
        let end = until + aux.phy.sent_with(Coding::S8).air_time(RESPONSE_OCTETS);
        let able = sh.phys().contains(aux.phy) && follow.packets < PACKETS_MAX;
        if !able || end > around.limit {
            return Err(Box::new(follow));
        }
        follow.packets += 1;
        follow.phy = aux.phy;
        self.busy = Busy::Following(Box::new(follow));
        let tuning = Tuning {
            channel: aux.channel,
            access_address: ADVERTISING_ACCESS_ADDRESS,
            crc_init: ADVERTISING_CRC_INIT,
        };
        Ok(RadioCommand::Receive { from, until, tuning, receiver: Receiver::any(aux.phy) })
    }

    /// Handles the packet that an AuxPtr pointed at.
    pub(super) fn followed(
        &mut self,
        sh: &mut Shared,
        heard: &ScannedPacket<'_>,
        mut follow: Follow,
        around: &Around<'_>,
    ) -> Option<RadioCommand> {
        let asked = follow.asks();
        let parsed = if heard.crc_ok { ExtendedPdu::parse(heard.pdu) } else { None };
        let right = |pdu: &ExtendedPdu| match follow.awaited {
            // LL-EXT-5: another ADI is another advertisement.
            Awaited::Advertisement => pdu.adi == follow.adi && pdu.mode == follow.mode,
            Awaited::Response => pdu.advertiser == follow.advertiser,
            Awaited::Chain => pdu.adi.is_none() || pdu.adi == follow.adi,
        };
        let pdu = parsed.filter(|pdu| !pdu.connect_rsp && right(pdu));
        if asked {
            self.backoff.done(sh, pdu.is_some());
        }
        let Some(pdu) = pdu else {
            self.give_up(sh, follow);
            return None;
        };
        follow.report.tx_power = pdu.tx_power.or(follow.report.tx_power);
        follow.report.rssi = heard.rssi;
        if follow.awaited == Awaited::Advertisement {
            follow.advertiser = pdu.advertiser.or(follow.advertiser);
            follow.report.target = pdu.target.or(follow.report.target);
            if let Some(advertiser) = follow.advertiser {
                let connect = self.connect_auxiliary(sh, &follow, advertiser, heard, around);
                if connect.is_some() {
                    return connect;
                }
            }
            if !self.scanning || !self.wants(sh, &mut follow) {
                return None;
            }
            if follow.mode == AdvMode::Scannable {
                return self.scan_auxiliary(sh, follow);
            }
        }
        let room = DATA_MAX.saturating_sub(follow.report.data.len());
        follow.report.data.extend(pdu.data.iter().take(room));
        follow.report.truncated |= pdu.data.len() > room;
        follow.awaited = Awaited::Chain;
        let Some(aux) = pdu.aux.filter(|_| !follow.report.truncated) else {
            self.report_extended(sh, follow.adi, follow.report);
            return None;
        };
        match self.chase(sh, heard.start, aux, follow, around) {
            Ok(command) => Some(command),
            Err(follow) => {
                self.give_up(sh, *follow);
                None
            }
        }
    }

    /// Gives up an incomplete advertisement.
    pub(super) fn give_up(&mut self, sh: &mut Shared, follow: Follow) {
        if let Some((adi, report)) = follow.broken_off() {
            self.report_extended(sh, adi, report);
        }
    }

    /// Whether the host wants to know of this advertiser.
    fn wants(&self, sh: &Shared, follow: &mut Follow) -> bool {
        let own = self.own_scanning(sh);
        let report = &mut follow.report;
        if let Some(target) = report.target {
            report.event_type |= 1 << 2;
            if !self.is_meant(target, own) {
                return false;
            }
        }
        let Some(advertiser) = follow.advertiser else {
            return !self.parameters.filter;
        };
        let identity = self.identity(advertiser);
        (report.address, report.resolved) = (Some(identity), identity != advertiser);
        let listed = !self.parameters.filter || self.accept.contains(&identity);
        listed && !self.must_hide(advertiser)
    }

    /// Reports a scannable advertisement, and requests its data if the scan is active.
    fn scan_auxiliary(&mut self, sh: &mut Shared, mut follow: Follow) -> Option<RadioCommand> {
        let advertiser = follow.advertiser?;
        self.report_extended(sh, follow.adi, follow.report.clone());
        if !self.is_active(follow.report.primary) || !self.backoff.ask() {
            return None;
        }
        let scanner = self.own_scanning(sh);
        follow.awaited = Awaited::Response;
        follow.report.event_type |= SCAN_RESPONSE;
        let phy = follow.phy;
        self.busy = Busy::Following(Box::new(follow));
        // LL-EXT-3: answers on secondary channels.
        Some(reply(&AdvertisingPdu::ScanReq { scanner, advertiser }, phy))
    }

    /// AUX_CONNECT_REQ, if this is the peer that the host wants to connect to.
    fn connect_auxiliary(
        &mut self,
        sh: &mut Shared,
        follow: &Follow,
        advertiser: Address,
        heard: &ScannedPacket<'_>,
        around: &Around<'_>,
    ) -> Option<RadioCommand> {
        let request = self.initiating.clone().filter(|_| follow.mode == AdvMode::Connectable)?;
        let [on_1m, on_2m, on_coded] = self.asked.connect?.phys;
        let parameters = match follow.phy {
            Phy::Le1M => on_1m,
            Phy::Le2M => on_2m,
            Phy::LeCoded => on_coded,
        };
        let request = CreateConnection { parameters: parameters?.parameters, ..request };
        let identity = self.identity(advertiser);
        let own = self.own_towards(sh, identity, request.own_address_random);
        let for_us = follow.report.target.is_none_or(|target| self.is_meant(target, own));
        let right = request.peer.map_or_else(
            || self.accept.contains(&identity),
            |peer| peer == advertiser || peer == identity,
        );
        let on: TxPhy = follow.phy.sent_with(Coding::S8);
        let exchange = T_IFS.times(2) + on.air_time(REQUEST_OCTETS) + on.air_time(RESPONSE_OCTETS);
        let time = heard.end + exchange <= around.limit;
        if !right || !for_us || !time || self.must_hide(advertiser) {
            return None;
        }
        // LL-EXT-6: ChSel is reserved here, and algorithm #2 used in any case.
        let mut connect = connect_ind(sh, own, advertiser, &request, around.others);
        connect.ch_sel = false;
        let command = reply(&AdvertisingPdu::ConnectInd(connect.clone()), follow.phy);
        let phy = Some(follow.phy);
        let connecting = Connecting { request: connect, identity, csa2: true, phy };
        self.busy = Busy::AuxConnecting(Box::new(connecting), Instant::ZERO);
        Some(command)
    }

    /// Handles the packet after AUX_CONNECT_REQ, which ended at `at`.
    pub(super) fn connect_answered(
        &mut self,
        heard: &ScannedPacket<'_>,
        connecting: Connecting,
        at: Instant,
    ) {
        let parsed = if heard.crc_ok { ExtendedPdu::parse(heard.pdu) } else { None };
        let (advertiser, initiator) = (connecting.request.advertiser, connecting.request.initiator);
        let accepted = parsed.is_some_and(|pdu| {
            pdu.connect_rsp && pdu.advertiser == Some(advertiser) && pdu.target == Some(initiator)
        });
        if accepted {
            (self.initiating, self.asked.connect) = (None, None);
            self.made = Some((at, Box::new(connecting)));
        }
    }
}

fn reply(pdu: &AdvertisingPdu, phy: Phy) -> RadioCommand {
    let then = AfterTransmit::Receive(Receiver::any(phy));
    RadioCommand::Reply { phy: phy.sent_with(Coding::S8), pdu: pdu.encode(), tag: 0, then }
}
