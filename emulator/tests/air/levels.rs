//! The levels of the firmware interrupt each other: whatever goes on below, an answer comes after
//! T_IFS.

use ble::hci::ConnectionParameters;
use ble::time::{Duration, Instant};
use bletwin_models::profile::Profile;
use bletwin_sim::record::RecordKind;

use super::stage::{CENTRAL, CHIP, Stage, trial};

/// NVIC_IABR0, and the bit of EGU0_SWI0: control is under way, or was interrupted.
const ACTIVE: u32 = 0xE000_E300;
const CONTROL: u32 = 1 << 20;
/// STATE of RADIO; HFCLKSTAT of CLOCK, and the bit that says that its source is the crystal.
const RADIO_STATE: u32 = 0x4000_1550;
const HFCLK_STATUS: u32 = 0x4000_040C;
const CRYSTAL: u32 = 1;

fn stage() -> Option<Stage> {
    let mut profile = Profile::phone();
    profile.host.parameters =
        ConnectionParameters { interval_min: 6, interval_max: 6, latency: 0, timeout: 400 };
    Some(Stage::new(trial()?, profile, 6))
}

/// A register of the chip.
fn register(stage: &Stage, address: u32) -> u32 {
    let octets = stage.chip().cpu().expect("it is on").peek(address, 4);
    u32::from_le_bytes(octets.try_into().expect("a register"))
}

/// What the processor does: sleeps, or works at a level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Doing {
    Nothing,
    Thread,
    Control,
    Above,
}

pub(crate) fn doing(stage: &Stage) -> Doing {
    let cpu = stage.chip().cpu().expect("it is on");
    if cpu.is_asleep() {
        Doing::Nothing
    } else if register(stage, ACTIVE) & CONTROL != 0 {
        Doing::Control
    } else if cpu.status() & 0x1FF == 0 {
        Doing::Thread
    } else {
        Doing::Above
    }
}

/// A pairing at the shortest interval. Where the end of a packet of the central finds the thread
/// busy, with the host or with P-256, or control, with encryption, the answer comes as if it slept.
#[test]
fn what_goes_on_below_delays_no_answer() {
    let Some(mut stage) = stage() else { return };
    let mut found: Vec<(Doing, Option<Duration>)> = Vec::new();
    let (mut seen, mut asked) = (0, None::<(Instant, u32)>);
    let end = Instant::from_us(15_000_000);
    while stage.world.now() < end && !(stage.status().bonded && found.len() > 1_000) {
        stage.world.step();
        let news: Vec<_> = stage.records()[seen..].to_vec();
        seen += news.len();
        stage.type_passkey();
        for record in news {
            let RecordKind::AirTx(packet) = record.kind else { continue };
            if let Some((since, address)) = asked.take()
                && record.node == CHIP
                && packet.access_address == address
                && let Some((_, gap)) = found.last_mut()
            {
                *gap = Some(record.at.since(since));
            }
            if record.node == CENTRAL && packet.access_address != 0x8E89_BED6 {
                asked = Some((packet.end, packet.access_address));
                stage.world.run_until(packet.end);
                found.push((doing(&stage), None));
            }
        }
    }
    assert!(stage.status().bonded, "{:?}", stage.status());
    let count = |level| found.iter().filter(|(doing, _)| *doing == level).count();
    let counts = [Doing::Nothing, Doing::Thread, Doing::Control, Doing::Above].map(count);
    println!("{counts:?} asleep, in the thread, in control, above; {:?} to spare", stage.slack());
    let late: Vec<_> = found
        .iter()
        .filter(|(_, gap)| gap.is_none_or(|gap| gap.ticks().abs_diff(150 * 64_000) > 2 * 64_000))
        .collect();
    // The last may be answered after the end.
    assert!(late.len() <= 1, "{late:?}");
    let [_, thread, control, _] = counts;
    assert!(thread >= 3 && control >= 1, "{counts:?}");
    stage.assert_sound();
}

/// HFXO runs while the radio does, and rests between events.
#[test]
fn the_crystal_runs_when_it_is_needed() {
    let Some(mut stage) = stage() else { return };
    assert!(stage.until(20_000, |stage| stage.status().bonded), "{:?}", stage.status());
    stage.run(300);
    let mut count = [0; 2];
    for _ in 0..5_000 {
        let next = stage.world.now() + Duration::from_us(97);
        stage.world.run_until(next);
        let runs = register(&stage, HFCLK_STATUS) & CRYSTAL != 0;
        count[usize::from(runs)] += 1;
        assert!(runs || register(&stage, RADIO_STATE) == 0, "the radio is on without it");
    }
    let [rests, runs] = count;
    println!("it runs in {} % of the time", 100 * runs / (rests + runs));
    assert!(runs > 100 && runs < rests, "{count:?}");
    stage.assert_sound();
}
