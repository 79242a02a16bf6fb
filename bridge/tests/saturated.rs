//! The goodput of a saturated link.

#[path = "../examples/saturated.rs"]
#[expect(dead_code, reason = "an example is a program of its own")]
mod saturated;

/// Vol 6, Part B, 4.1.1 and 2.1: nothing but T_IFS is between the packets of an event.
#[test]
fn a_saturated_link_carries_what_the_air_allows() {
    let flow = saturated::flow(5);
    for packets in flow.packets {
        let share = f64::from(packets) / f64::from(flow.most);
        assert!((0.99..=1.0).contains(&share), "{packets} of {}", flow.most);
    }
}
