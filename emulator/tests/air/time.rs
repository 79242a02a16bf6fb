//! T_IFS as it is on air.

use bletwin_models::profile::Profile;
use bletwin_sim::record::{AirTx, RecordKind};
use firmware_core::time::{Duration, Instant};

use super::stage::{CENTRAL, CHIP, Stage, image};

/// Gaps between a packet of the central in a connection and the chip's answer.
fn gaps(stage: &Stage) -> Vec<Duration> {
    let mut gaps = Vec::new();
    let mut before: Option<(Instant, u32)> = None;
    for record in stage.records() {
        let RecordKind::AirTx(AirTx { end, access_address, .. }) = record.kind else { continue };
        if record.node == CENTRAL {
            before = Some((end, access_address));
        } else if record.node == CHIP
            && let Some((last, address)) = before.take()
            && address == access_address
        {
            gaps.push(record.at.since(last));
        }
    }
    gaps
}

#[test]
fn answers_come_after_150_us() {
    let Some(image) = image() else { return };
    let mut stage = Stage::new(image, Profile::phone(), 2);
    stage.run(5_000);
    let gaps = gaps(&stage);
    assert!(gaps.len() > 50, "{}", gaps.len());
    let (least, most) = (gaps.iter().min().copied(), gaps.iter().max().copied());
    println!("{} answers, {least:?} to {most:?}", gaps.len());
    let close = |gap: &Duration| gap.ticks().abs_diff(150 * 64_000) <= 2 * 64_000;
    assert!(gaps.iter().all(close), "{least:?} to {most:?}");
}
