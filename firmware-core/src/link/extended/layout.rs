//! Which PDUs an advertising event has, and when they begin.

use super::{AdvertisingSet, Stage, Upcoming};
use ble::pdu::advertising::CHANNEL_MAP_ALL;
use ble::pdu::extended::{AdvMode, AuxPtr, ExtendedData, ExtendedPdu, T_MAFS};
use ble::radio::AirPdu;
use ble::time::{Duration, Instant};

/// Longest payload of an extended advertising PDU, octets.
const PAYLOAD_MAX: usize = 255;
/// From the end of one ADV_EXT_IND to the start of the next, for tuning.
pub(super) const CHANNEL_GAP: Duration = Duration::from_us(300);
/// An AuxPtr is rounded down to its unit, and jitter of the clock may bring its packet closer.
// LL-EXT-2: AuxPtr.
const AUX_GAP: Duration = Duration::from_us(T_MAFS.as_us() + 30 + 30);

impl<const DATA: usize> AdvertisingSet<DATA> {
    /// Whether the data can be advertised at all: a connectable set has one PDU for them.
    #[must_use]
    pub fn fits(&self) -> bool {
        let whole = self.aux_adv_ind().overhead().saturating_add(self.data.len());
        self.what.mode != AdvMode::Connectable || whole <= PAYLOAD_MAX
    }

    /// How long an event lasts at most.
    #[must_use]
    pub fn event_time(&self) -> Duration {
        let room = PAYLOAD_MAX.saturating_sub(self.first(None).overhead()).max(1);
        let further = u64::try_from(self.data.len().div_ceil(room)).unwrap_or(u64::MAX);
        let longest = self.what.secondary.air_time(255) + AUX_GAP;
        self.primary_step().times(3) + longest.times(further.saturating_add(2))
    }

    /// From one ADV_EXT_IND to the next.
    pub(super) fn primary_step(&self) -> Duration {
        let payload = u16::try_from(self.adv_ext_ind(None).overhead()).unwrap_or(u16::MAX);
        self.what.primary.air_time(payload) + CHANNEL_GAP
    }

    /// The AUX_ADV_IND of an event with this start and number of primary channels.
    pub(super) fn auxiliary_of(&mut self, started: Instant, channels: u32) -> Upcoming {
        let at = started + self.primary_step().times(u64::from(channels));
        // The last step is followed by another gap.
        let at = at.before(CHANNEL_GAP) + AUX_GAP;
        Upcoming { at, channel: self.secondary_channel(), sent: None }
    }

    fn secondary_channel(&mut self) -> u8 {
        let map = self.what.secondary_map & CHANNEL_MAP_ALL;
        let used = map.count_ones();
        let number = if used == 0 { 0 } else { self.random.below(used) };
        let channels = (0..37_u8).filter(|channel| map >> channel & 1 == 1);
        channels.zip(0..).find(|(_, n)| *n == number).map_or(0, |(channel, _)| channel)
    }

    /// A pointer from a packet that starts at `from`.
    pub(super) fn pointer(&self, from: Instant, to: &Upcoming) -> Option<AuxPtr> {
        let phy = self.what.secondary.phy();
        AuxPtr::to(to.channel, self.what.accurate, phy, to.at.since(from))
    }

    // LL-EXT-1: which fields are there, and which are not.
    pub(super) fn adv_ext_ind(&self, aux: Option<AuxPtr>) -> ExtendedPdu {
        // Its length is known before its pointer is.
        let placeholder = AuxPtr {
            channel: 0,
            accurate: false,
            offset: 0,
            long: false,
            phy: self.what.secondary.phy(),
        };
        ExtendedPdu {
            mode: self.what.mode,
            adi: Some(self.adi()),
            aux: Some(aux.unwrap_or(placeholder)),
            tx_power: self.what.tx_power,
            ..ExtendedPdu::default()
        }
    }

    pub(super) fn aux_adv_ind(&self) -> ExtendedPdu {
        ExtendedPdu {
            mode: self.what.mode,
            advertiser: (!self.what.anonymous).then_some(self.what.own),
            // LL-PRIV-1: target of directed advertising.
            target: self.what.target_shown.or(self.what.target),
            ..self.first(None)
        }
    }

    pub(super) fn aux_scan_rsp(&self) -> ExtendedPdu {
        ExtendedPdu { advertiser: Some(self.what.own), ..self.first(None) }
    }

    /// What every PDU on a secondary channel has.
    fn first(&self, aux: Option<AuxPtr>) -> ExtendedPdu {
        let (adi, tx_power) = (Some(self.adi()), self.what.tx_power);
        ExtendedPdu { adi, aux, tx_power, ..ExtendedPdu::default() }
    }

    /// Fills a PDU that starts at `at` with the data that come after the first `sent` octets, and
    /// points at the one with the rest, if there is one.
    pub(super) fn fill(
        &mut self,
        mut pdu: ExtendedPdu,
        sent: usize,
        at: Instant,
    ) -> Option<(AirPdu, Option<Upcoming>)> {
        let left = self.data.len().saturating_sub(sent);
        if pdu.overhead().saturating_add(left) > PAYLOAD_MAX {
            let next = at + self.what.secondary.air_time(255) + AUX_GAP;
            let channel = self.secondary_channel();
            pdu.aux = self.pointer(at, &Upcoming { at: next, channel, sent: None });
        }
        let room = PAYLOAD_MAX.saturating_sub(pdu.overhead());
        let end = sent.saturating_add(left.min(room));
        pdu.data = ExtendedData::from_slice(self.data.get(sent..end)?).ok()?;
        let aux = pdu.aux;
        let next = aux.map(|aux| Upcoming {
            at: at + self.what.secondary.air_time(255) + AUX_GAP,
            channel: aux.channel,
            sent: Some(end),
        });
        Some((pdu.encode()?, next))
    }

    /// The PDU on a secondary channel that is due, and what follows it.
    pub(super) fn auxiliary(&mut self, due: &Upcoming) -> Option<(AirPdu, Option<Upcoming>)> {
        match due.sent {
            // The data are in the scan response.
            None if self.what.mode == AdvMode::Scannable => {
                Some((self.aux_adv_ind().encode()?, None))
            }
            None => self.fill(self.aux_adv_ind(), 0, due.at),
            Some(sent) => self.fill(self.first(None), sent, due.at),
        }
    }

    pub(super) const fn started(&self) -> Option<Instant> {
        match self.stage {
            Stage::Off => None,
            Stage::Waiting(started)
            | Stage::Primary { started, .. }
            | Stage::Auxiliary { started, .. } => Some(started),
        }
    }
}
