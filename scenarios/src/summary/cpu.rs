//! Processor use of a chip's program.

use ble::time::{Duration, Instant};
use bletwin_emulator::TICKS_PER_CYCLE;
use bletwin_emulator::node::{ChipNode, CpuUse};
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{AirTx, Record, RecordKind};
use serde::Serialize;

/// Access address of advertising channels (Vol 6, Part B, 2.1.2).
const ADVERTISING: u32 = 0x8E89_BED6;

/// Packets of one connection event follow each other after T_IFS; what comes later begins another.
const WITHIN: Duration = Duration::from_us(160);

/// Use of the processor since the last power-up, and the connection events that were missed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CpuSummary {
    /// Share of the time in which the processor was awake, percent.
    pub awake_percent: f64,
    /// The interrupt that took longest from its entry to its return, with what preempted it, by its
    /// symbol.
    pub longest_interrupt: Option<String>,
    /// How long that was, µs.
    pub longest_interrupt_us: Option<f64>,
    /// Octets of the main stack that were used at most.
    pub stack_octets: Option<u32>,
    /// Connection events that the central began and the chip answered nothing in, before others
    /// that it answered; those that peripheral latency lets it leave out are among them.
    pub missed_events: u32,
}

impl CpuSummary {
    /// Of a chip and its central (`nodes`, in this order); `None` while the chip is off.
    #[must_use]
    pub fn of(chip: &ChipNode, records: &[Record], nodes: [NodeId; 2]) -> Option<Self> {
        let CpuUse { cycles, awake, longest, stack } = chip.cpu_use()?;
        let hundredths = |value: f64| (value * 100.0).round() / 100.0;
        let microseconds = |cycles: u64| (cycles * TICKS_PER_CYCLE) as f64 / 64_000.0;
        let (name, took) = longest.unzip();
        Some(Self {
            awake_percent: hundredths(awake as f64 * 100.0 / cycles.max(1) as f64),
            longest_interrupt: name,
            longest_interrupt_us: took.map(|cycles| hundredths(microseconds(cycles))),
            stack_octets: stack,
            missed_events: missed(records, nodes),
        })
    }
}

fn missed(records: &[Record], [chip, central]: [NodeId; 2]) -> u32 {
    let (mut missed, mut unanswered) = (0, 0);
    let mut link: Option<(u32, Instant)> = None;
    for record in records {
        let RecordKind::AirTx(AirTx { access_address, end, .. }) = record.kind else { continue };
        if access_address == ADVERTISING {
            continue;
        }
        let known = link.filter(|(address, _)| *address == access_address);
        if record.node == central {
            if known.is_none() {
                unanswered = 0;
            }
            let begins = known.is_none_or(|(_, last)| record.at > last + WITHIN);
            unanswered += u32::from(begins);
        } else if record.node == chip && known.is_some() {
            // One of them was the event of this very answer.
            missed += std::mem::take(&mut unanswered).saturating_sub(1);
        } else {
            continue;
        }
        link = Some((access_address, end));
    }
    missed
}

#[cfg(test)]
mod tests {
    use ble::phy::TxPhy;
    use ble::radio::AirPdu;
    use bletwin_sim::record::RecordId;

    use super::*;

    const CHIP: NodeId = NodeId(0);
    const CENTRAL: NodeId = NodeId(1);

    /// Packets of 80 µs at these times, µs.
    fn records(packets: &[(NodeId, u64, u32)]) -> Vec<Record> {
        let packet = |&(node, us, access_address): &(NodeId, u64, u32)| {
            let at = Instant::from_us(us);
            let air = AirTx {
                channel: 5,
                phy: TxPhy::Le1M,
                access_address,
                crc_init: 0,
                pdu: AirPdu::default(),
                crc: 0,
                end: at + Duration::from_us(80),
                tag: 0,
            };
            let kind = RecordKind::AirTx(air);
            Record { id: RecordId(0), causes: Vec::new(), at, node, kind }
        };
        packets.iter().map(packet).collect()
    }

    /// Events at 0, 7.5 … ms, of two exchanges or one, on links 1 and 2.
    #[test]
    fn events_that_were_begun_in_vain_are_counted() {
        let air = records(&[
            (CENTRAL, 0, 1),
            (CHIP, 230, 1),
            (CENTRAL, 460, 1),
            (CENTRAL, 7_500, 1),
            (CENTRAL, 15_000, 1),
            (CHIP, 20_000, ADVERTISING),
            (CENTRAL, 22_500, 1),
            (CHIP, 22_730, 1),
            (CENTRAL, 30_000, 1),
            (CENTRAL, 37_500, 2),
            (CHIP, 37_730, 2),
        ]);
        assert_eq!(missed(&air, [CHIP, CENTRAL]), 2, "not the one that no answer follows");
        assert_eq!(missed(&air[..7], [CHIP, CENTRAL]), 0, "nor those that none has followed yet");
    }
}
