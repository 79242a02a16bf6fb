//! What people read of the failing runs, as snapshots: a change of words or of the air shows in
//! review. `cargo insta review` accepts new ones.

use bletwin_explain::report;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;

fn explained(central: &str) -> String {
    let setup = Setup::new("zephyr-2024", central, 1).expect("known names");
    let run = Stage::new(catalogue::by_name("pairing").expect("known"), &setup).play();
    let why = report::why(&run).expect("a dead link has a reason");
    let (verdict, ladder) = (report::verdict_line(&run), report::decisive_ladder(&run));
    format!("{verdict}\n\n{ladder}\n\n{}\n", report::wrap(&why, 96))
}

#[test]
fn blocked_queue() {
    insta::assert_snapshot!(explained("windows-intel"));
}

#[test]
fn radio_silence() {
    insta::assert_snapshot!(explained("windows-intel-m1"));
}

#[test]
fn no_switch_at_the_instant() {
    insta::assert_snapshot!(explained("windows-intel-m3"));
}

#[test]
fn restart_before_the_instant() {
    insta::assert_snapshot!(explained("windows-intel-restart"));
}
