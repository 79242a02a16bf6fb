//! What the peripheral took of its battery, in words.

use bletwin_scenarios::stage::Finished;
use bletwin_scenarios::summary::Share;
use bletwin_sim::charge::Draw;

/// What the peripheral took of its supply, a line each; `None` where nothing is known of it.
#[must_use]
pub fn charge(run: &Finished) -> Option<String> {
    let charge = run.charge()?;
    let share = |share: &Share| {
        let Share { seconds, microcoulombs, average_microamperes } = share;
        format!("{microcoulombs:.1} µC in {seconds:.3} s, {average_microamperes:.1} µA on average")
    };
    let volts = f64::from(charge.supply_millivolts) / 1e3;
    let regulator = match charge.regulator {
        "ldo" => "LDO",
        _ => "DC/DC",
    };
    let mut lines = vec![format!("{} ({volts:.1} V, {regulator})", share(&charge.total))];
    if let Some(other) = charge.dc_dc_microcoulombs {
        lines.push(format!("with the DC/DC regulator it would be {other:.1} µC"));
    }
    let phases = [("advertising", &charge.advertising), ("connected", &charge.connected)];
    lines.extend(phases.map(|(phase, of)| format!("{phase:<12} {}", share(of))));
    let total = charge.total.microcoulombs.max(f64::MIN_POSITIVE);
    for state in &charge.states {
        let draw = Draw::ALL.into_iter().find(|draw| draw.name() == state.state);
        let (text, ms) = (draw.map_or(state.state, Draw::text), state.microseconds / 1e3);
        let (charge, percent) = (state.microcoulombs, state.microcoulombs * 100.0 / total);
        lines.push(format!("  {text:<28}{ms:>12.3} ms{charge:>12.1} µC{percent:>6.1} %"));
    }
    Some(lines.join("\n"))
}
