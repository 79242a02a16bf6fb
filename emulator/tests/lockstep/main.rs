//! Random programs run here and by QEMU, and leave the same state.
//!
//! Without QEMU the results that it once gave are compared (`vectors/lockstep.bin`); with
//! `BLETWIN_LOCKSTEP=N` N new programs are run by both. `BLETWIN_LOCKSTEP_SEED` is where their
//! seeds begin, `BLETWIN_UPDATE_VECTORS=1` writes the vectors anew.

mod encode;
mod exceptions;
mod exclusive;
mod image;
mod other;
mod ours;
mod program;
mod qemu;
mod vectors;

use image::{Image, WORDS};
use program::Excluded;

/// Results that QEMU gave, so that a machine without it can fail.
#[test]
fn programs_leave_the_state_that_qemu_left() {
    if std::env::var_os("BLETWIN_UPDATE_VECTORS").is_some() {
        vectors::update();
    }
    let (image, theirs) = vectors::load();
    let ours = ours::run(&image);
    assert_eq!((theirs.len(), ours.len()), (vectors::COUNT, vectors::COUNT));
    for (number, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        assert_eq!(theirs, ours, "program {number}: words are named by image::word_name");
    }
}

/// Core registers, flags and masks: in floating point rsemu knows neither alternative half
/// precision nor the signs of NaNs as QEMU does.
#[test]
fn programs_leave_the_registers_that_another_emulator_leaves() {
    let (image, _) = vectors::load();
    let (theirs, ours) = (other::run(&image), ours::run(&image));
    assert_eq!((theirs.len(), ours.len()), (vectors::COUNT, vectors::COUNT));
    for (number, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        for word in (0..WORDS).filter(|word| image::is_core(*word)) {
            let name = image::word_name(word);
            assert_eq!(theirs[word], ours[word], "program {number}, {name}");
        }
    }
}

/// Programs in one run of QEMU.
const BATCH: usize = 500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn programs_leave_the_state_that_qemu_leaves() {
    let Some(count) = number("BLETWIN_LOCKSTEP") else {
        println!("BLETWIN_LOCKSTEP is not set: only the vectors are compared");
        return;
    };
    assert!(qemu::installed(), "install qemu-system-arm, or do not set BLETWIN_LOCKSTEP");
    let first = number("BLETWIN_LOCKSTEP_SEED").unwrap_or(1_000_000);
    let seeds: Vec<u64> = (first..first + count).collect();
    let mut excluded = Excluded::default();
    let mut differing = Vec::new();
    for batch in seeds.chunks(BATCH) {
        let image = image::build(batch);
        excluded.add(image.excluded);
        let theirs = qemu::run(&image).expect("QEMU runs the image");
        let ours = ours::run(&image);
        assert_eq!(theirs.len(), batch.len(), "QEMU gave a result of each program");
        for (index, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            if theirs != ours {
                differing.push(batch[index]);
                println!("program {}:{}", batch[index], explain(&image, index, theirs, ours));
            }
        }
    }
    println!("{count} programs; not drawn: {excluded:?}");
    assert!(differing.is_empty(), "programs that differ: {differing:?}");
}

/// What differs at the end, and after which instruction it begins to.
fn explain(image: &Image, index: usize, theirs: &[u32; WORDS], ours: &[u32; WORDS]) -> String {
    let mut text = String::new();
    for (word, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        if theirs != ours {
            let name = image::word_name(word);
            text += &format!("\n  {name}: QEMU {theirs:08x}, here {ours:08x}");
        }
    }
    text + "\n"
        + &first_difference(&image.only(index)).unwrap_or_else(|| {
            "  no core register differs before the end: look at floating point and memory"
                .to_owned()
        })
}

fn first_difference(image: &Image) -> Option<String> {
    let theirs = qemu::trace(image).ok()?;
    let ours = ours::trace(image, theirs.len());
    let start = image.programs.first()?.0;
    let pairs = theirs.iter().zip(&ours).enumerate();
    let (index, (theirs, now)) = pairs.clone().find(|(_, (theirs, ours))| theirs != ours)?;
    let (_, (before, _)) = pairs.clone().nth(index.checked_sub(1)?)?;
    let op = ours::instruction(image, before[15]);
    let mut text =
        format!("  first after 0x{:08x} (+{}): {op}", before[15], before[15].wrapping_sub(start));
    for n in 0..17 {
        if theirs[n] != now[n] {
            let name = if n == 16 { "APSR".to_owned() } else { format!("R{n}") };
            text += &format!(
                "\n  {name}: before {:08x}, QEMU {:08x}, here {:08x}",
                before[n], theirs[n], now[n]
            );
        }
    }
    Some(text)
}
