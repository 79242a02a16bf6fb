//! T_IFS on LE Coded, in all four combinations of S=2 and S=8.

use std::collections::BTreeMap;

use ble::hci::ConnectionParameters;
use ble::phy::{Coding, PhySet, TxPhy};
use ble::time::Duration;
use bletwin_models::host::{HostProcedure, Step};
use bletwin_models::profile::Profile;
use bletwin_sim::record::{AirTx, Record, RecordKind};

use super::stage::{CENTRAL, CHIP, Stage, trial};

/// Answers of each combination; ten thousand with `BLETWIN_ALL_NUMBERS`.
const ANSWERS: usize = 100;

/// Gaps between a packet of the central in a connection on LE Coded and the chip's answer, by how
/// both were sent.
fn gaps(records: &[Record], all: &mut BTreeMap<(TxPhy, TxPhy), Vec<Duration>>) {
    let packets = records.iter().filter_map(|record| match &record.kind {
        RecordKind::AirTx(packet) => Some((record, packet)),
        _ => None,
    });
    let packets: Vec<(&Record, &AirTx)> = packets.collect();
    for pair in packets.windows(2) {
        let [(first, asked), (next, answer)] = pair else { continue };
        let one = asked.access_address == answer.access_address;
        let coded = matches!(asked.phy, TxPhy::CodedS2 | TxPhy::CodedS8);
        if one && coded && (first.node, next.node) == (CENTRAL, CHIP) {
            let gap = next.at.since(asked.end);
            all.entry((asked.phy, answer.phy)).or_default().push(gap);
        }
    }
}

/// The firmware of a trial sends with S=8 until the link is encrypted, then with S=2; the central
/// with one of them.
#[test]
fn answers_on_le_coded_come_after_150_us() {
    let Some(image) = trial() else { return };
    let most = if std::env::var_os("BLETWIN_ALL_NUMBERS").is_some() { 10_000 } else { ANSWERS };
    let mut all = BTreeMap::new();
    for coding in [Coding::S8, Coding::S2] {
        let mut profile = Profile::phone();
        profile.host.on_connect = vec![HostProcedure::Features, HostProcedure::Phy(PhySet::CODED)];
        profile.host.coding = coding;
        profile.host.parameters =
            ConnectionParameters { interval_min: 12, interval_max: 12, latency: 0, timeout: 400 };
        profile.host.steps.retain(|step| !matches!(step, Step::Stay(_) | Step::Disconnect));
        profile.host.steps.push(Step::Stay(Duration::from_secs(1_000_000)));
        let mut stage = Stage::quiet(image.clone(), profile, 5);
        assert!(stage.until(30_000, |stage| stage.status().bonded), "{:?}", stage.status());
        gaps(&stage.drain(), &mut all);
        let asked = if coding == Coding::S2 { TxPhy::CodedS2 } else { TxPhy::CodedS8 };
        let both = (asked, TxPhy::CodedS2);
        let count = |all: &BTreeMap<_, Vec<_>>| all.get(&both).map_or(0, Vec::len);
        while count(&all) < most {
            stage.run(2_000);
            let before = count(&all);
            gaps(&stage.drain(), &mut all);
            assert!(count(&all) > before, "no more of {both:?}: {:?}", all.keys());
        }
        println!("{coding:?}: {:?} to spare", stage.slack());
        assert!(stage.slack() > Duration::from_us(5), "{:?}", stage.slack());
        assert_eq!(stage.chip().stopped(), None);
    }
    assert_eq!(all.len(), 4, "{:?}", all.keys());
    for ((asked, answered), gaps) in &all {
        let (least, most) = (gaps.iter().min(), gaps.iter().max());
        println!("{asked:?} {answered:?}: {} answers, {least:?} to {most:?}", gaps.len());
        let close = |gap: &Duration| gap.ticks().abs_diff(150 * 64_000) <= 2 * 64_000;
        assert!(gaps.iter().all(close), "{asked:?} {answered:?}: {least:?} to {most:?}");
        assert!(gaps.len() >= ANSWERS, "{asked:?} {answered:?}: {}", gaps.len());
    }
}
