//! What is asked of the chip about T_IFS, asked of the native core. Bugs of the chip's firmware
//! alone (`scripts/planted-chip.list`) cannot be seen here.

use ble::phy::{Coding, PhySet};
use ble::time::Duration;
use bletwin_models::host::HostProcedure;
use bletwin_models::profile::Profile;
use bletwin_oracle as oracle;
use firmware_core::config::{Config, Passkey, PhyUpdate};

use super::stage::{PASSKEY, Stage};
use super::time::gaps;

#[test]
fn it_answers_in_time_and_breaks_no_rule() {
    let mut profiles = [Profile::phone(), Profile::phone(), Profile::phone()];
    for (profile, coding) in profiles.iter_mut().zip([Coding::S2, Coding::S8]) {
        profile.host.on_connect = vec![HostProcedure::Features, HostProcedure::Phy(PhySet::CODED)];
        profile.host.coding = coding;
    }
    for profile in profiles {
        let native = Config {
            passkey: Passkey::Static(PASSKEY),
            phy_update: PhyUpdate::Never,
            ..Config::zephyr_2024()
        };
        let mut stage = Stage::native(native, profile, 6);
        assert!(stage.until(20_000, |stage| stage.status().bonded), "{:?}", stage.status());
        stage.run(1_000);
        let gaps = gaps(&stage);
        let close = |gap: &Duration| gap.ticks().abs_diff(150 * 64_000) <= 2 * 64_000;
        assert!(gaps.len() > 50 && gaps.iter().all(close), "{gaps:?}");
        let judged = oracle::examine(&bletwin_sim::view(stage.records()));
        assert!(judged.findings.is_empty(), "{:?}", judged.findings);
    }
}
