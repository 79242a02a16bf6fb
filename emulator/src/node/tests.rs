use super::*;

#[test]
fn channels_have_their_frequencies() {
    let known = [(2402, 37), (2404, 0), (2424, 10), (2426, 38), (2428, 11), (2478, 36), (2480, 39)];
    for (megahertz, index) in known {
        assert_eq!(channel(megahertz), Some(index), "{megahertz}");
    }
    for elsewhere in [2360, 2400, 2403, 2482] {
        assert_eq!(channel(elsewhere), None);
    }
}
