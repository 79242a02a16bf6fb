//! Devices that are switched off and on while connected: from there on neither end knows the link,
//! and no device is accused.

use ble::time::Duration;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::prompt::{Milestone, Prompt, Target};
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::node::Act;

#[test]
fn a_restart_at_any_moment_accuses_no_device() {
    for (preset, central) in [("recommended", "honest"), ("zephyr-2024", "phone")] {
        for (scenario, target) in [
            ("pairing", Target::Peripheral),
            ("pairing", Target::Central),
            ("unpaired", Target::Peripheral),
            ("reconnect", Target::Peripheral),
        ] {
            for ms in (0..9_000).step_by(307) {
                let restart = Prompt {
                    target,
                    act: Act::PowerCycle,
                    connection: None,
                    since: Milestone::Start,
                    after: Duration::from_ms(ms),
                };
                let setup = Setup::new(preset, central, 1).expect("both are known");
                let scenario_of = catalogue::by_name(scenario).expect("known");
                let mut stage = Stage::new(scenario_of, &setup).prompted(&[restart]);
                stage.run(|| false);
                let findings = stage.finish().judgement.unexpected;
                assert!(
                    findings.is_empty(),
                    "{scenario} {preset} {target:?} {ms} ms: {findings:#?}"
                );
            }
        }
    }
}
