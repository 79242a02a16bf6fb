//! A central that changes to LE Coded immediately, and pairs there.

use ble::pdu::control::ControlPdu;
use ble::phy::{PhySet, TxPhy};
use bletwin_models::host::HostProcedure;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::sniffer::sniff;

#[test]
fn pairing_and_all_data_work_on_le_coded_and_the_oracle_finds_nothing() {
    let mut setup = Setup::new("recommended", "phone", 1).expect("known names");
    setup.set("phy-update=never").expect("a known key");
    setup.central.host.on_connect =
        vec![HostProcedure::Features, HostProcedure::DataLength, HostProcedure::Phy(PhySet::CODED)];
    let scenario = catalogue::by_name("pairing").expect("known");
    let run = Stage::new(scenario, &setup).play();
    assert!(run.expected, "{:?}", run.summary);
    assert_eq!(run.judgement.unexpected, []);
    let items = sniff(&run.records);
    let instant = items.iter().find_map(|item| match item.control() {
        Some(ControlPdu::PhyUpdateInd { instant, .. }) => Some(*instant),
        _ => None,
    });
    let instant = instant.expect("a change of PHY");
    for item in &items {
        let coded = item.phy == TxPhy::CodedS8;
        assert_eq!(coded, item.event.is_some_and(|event| event >= instant), "{:?}", item.at);
    }
}
