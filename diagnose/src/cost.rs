//! The cost of a configuration, measured in its run.

use std::collections::BTreeMap;

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::time::{Duration, Instant};
use bletwin_sim::record::{Note, Record, RecordId, RecordKind};
use serde::Serialize;

use bletwin_scenarios::stage::Finished;

/// The part of a run's end in which the cost of an idle link is measured.
pub(super) const TAIL: Duration = Duration::from_secs(2);

/// The state of the link at the end, and the effort to reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// PHY from peripheral to central, as HCI numbers them.
    pub tx_phy: u8,
    /// Longest payload that the peripheral may send.
    pub tx_octets: u16,
    /// connInterval in µs.
    pub interval_us: u32,
    /// From the first connection to the bond, in ms.
    pub bond_ms: Option<u32>,
    /// Radio time of the peripheral per second of the final idle link, in µs: sent and received
    /// packets.
    pub radio_us_per_s: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { tx_phy: 1, tx_octets: 27, interval_us: 0, bond_ms: None, radio_us_per_s: 0 }
    }
}

impl Cost {
    /// Reads it out of the record of a run.
    #[must_use]
    pub fn of(run: &Finished) -> Self {
        let own = || run.records.iter().filter(|record| record.node == run.peripheral);
        let mut cost = Self::default();
        let mut connected = None;
        for record in own() {
            let RecordKind::Note(Note::HciEvent(event)) = &record.kind else { continue };
            match event {
                Event::LeConnectionComplete(complete) if complete.status == ErrorCode::SUCCESS => {
                    connected = connected.or(Some(record.at));
                    cost.interval_us = u32::from(complete.interval) * 1_250;
                    (cost.tx_phy, cost.tx_octets) = (1, 27);
                }
                Event::LePhyUpdateComplete { status: ErrorCode::SUCCESS, tx, .. } => {
                    cost.tx_phy = *tx as u8;
                }
                Event::LeDataLengthChange { tx_octets, .. } => cost.tx_octets = *tx_octets,
                Event::LeConnectionUpdateComplete {
                    status: ErrorCode::SUCCESS, interval, ..
                } => cost.interval_us = u32::from(*interval) * 1_250,
                _ => {}
            }
        }
        let bonded = connected.zip(run.facts.bonded).map(|(from, to)| to.since(from).as_us());
        cost.bond_ms = bonded.and_then(|us| u32::try_from(us / 1_000).ok());
        cost.radio_us_per_s = radio_us_per_s(run);
        cost
    }

    /// Payload that ATT notifications can carry in a second with full packets back to back, as
    /// PHY and data length allow it; in kbit/s.
    #[must_use]
    pub fn throughput_kbps(&self) -> u32 {
        let (per_octet_us, overhead) = if self.tx_phy == 2 { (4, 11) } else { (8, 10) };
        let octets = u32::from(self.tx_octets);
        const MIC: u32 = 4;
        // Packet, T_IFS, the empty acknowledgement, T_IFS.
        let cycle_us = (octets + MIC + 2 * overhead) * per_octet_us + 2 * 150;
        // L2CAP and ATT headers are in each packet.
        octets.saturating_sub(7) * 8 * 1_000 / cycle_us
    }

    /// In a line.
    #[must_use]
    pub fn text(&self) -> String {
        let phy = match self.tx_phy {
            2 => "2M",
            3 => "Coded",
            _ => "1M",
        };
        let bond = self.bond_ms.map_or_else(String::new, |ms| {
            format!("bonded {}.{} s after connecting, ", ms / 1_000, ms % 1_000 / 100)
        });
        format!(
            "{phy}, {} octets ({} kbit/s), {bond}{} ms interval, radio on {}.{} ms/s",
            self.tx_octets,
            self.throughput_kbps(),
            thousandths(self.interval_us),
            self.radio_us_per_s / 1_000,
            self.radio_us_per_s % 1_000 / 100,
        )
    }
}

/// Milliseconds as people write them.
fn thousandths(us: u32) -> String {
    match us % 1_000 {
        0 => (us / 1_000).to_string(),
        rest => format!("{}.{rest:03}", us / 1_000).trim_end_matches('0').to_owned(),
    }
}

fn radio_us_per_s(run: &Finished) -> u32 {
    let end = run.records.last().map_or(Instant::ZERO, |record| record.at);
    let from = end.before(TAIL);
    let recent = run.records.iter().rev().take_while(|record| record.at >= from);
    let recent: Vec<&Record> = recent.collect();
    let lengths: BTreeMap<RecordId, Duration> = recent
        .iter()
        .filter_map(|record| match &record.kind {
            RecordKind::AirTx(tx) => Some((record.id, tx.end.since(record.at))),
            _ => None,
        })
        .collect();
    let on = recent.iter().filter(|record| record.node == run.peripheral).filter_map(|record| {
        match &record.kind {
            RecordKind::AirTx(_) => lengths.get(&record.id),
            RecordKind::AirRx { tx, .. } => lengths.get(tx),
            _ => None,
        }
    });
    let us: u64 = on.map(|length| length.as_us()).sum();
    let span_us = end.since(from).as_us().max(1);
    u32::try_from(us * 1_000_000 / span_us).unwrap_or(u32::MAX)
}
