//! Causes that are told, and what is not taken for one: in runs, and in what no run here shows.

mod innocent;

use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;

use crate::report;

/// LL_REJECT_IND 0x06 came in the event before the goodbye; a request of the peripheral that
/// was 60 ms old and not answered yet is no cause.
#[test]
fn a_key_that_is_missing_is_the_cause() {
    let setup = Setup::new("zephyr-2024", "honest", 1).unwrap();
    let run = Stage::new(catalogue::by_name("bond-lost").unwrap(), &setup).play();
    let why = report::why(&run).unwrap();
    assert!(why.contains("LL_ENC_REQ") && why.contains("no key"), "{why}");
    assert!(!why.contains("LL_PERIPHERAL_FEATURE_REQ"), "{why}");
}

/// A user who leaves in the middle of a procedure does not leave because of it.
#[test]
fn a_request_that_is_a_moment_old_is_no_cause() {
    let mut open = 0;
    for stay in (4_300..4_700).step_by(20) {
        let mut setup = Setup::new("zephyr-2024", "phone", 1).unwrap();
        let steps = format!("central.steps=mtu,discover,stay:{stay},disconnect");
        setup.set(&steps).unwrap();
        setup.set("central.param-req=honest+4").unwrap();
        let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
        let why = report::why(&run).unwrap_or_default();
        assert!(!why.contains("never answered"), "{why}");
        let ladder = report::ladder(&run);
        let request = ladder.rfind("LL_CONNECTION_PARAM_REQ");
        let granted = ladder.rfind("LL_CONNECTION_UPDATE_IND");
        open += usize::from(request.is_some() && request > granted);
    }
    assert!(open > 0, "no run ends while the request is open");
}

/// What has no instant, or is over, collides with nothing: not a ping that was answered.
#[test]
fn a_collision_is_not_put_down_to_what_has_no_instant() {
    let mut setup = Setup::new("recommended", "honest", 1).unwrap();
    setup.set("central.press=channel-map@1300,phy@1301").unwrap();
    let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
    let why = report::why(&run).unwrap();
    assert!(why.contains("42") && why.contains("LL_CHANNEL_MAP_IND"), "{why}");
    assert!(!why.contains("LL_PING"), "{why}");
}
