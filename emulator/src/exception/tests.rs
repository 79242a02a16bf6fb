use super::{Exceptions, HARD_FAULT, Masks, NMI, PEND_SV, THREAD};

fn pending(numbers: &[u8]) -> Exceptions {
    let mut exceptions = Exceptions::new(3);
    exceptions.enabled = u64::MAX;
    for number in numbers {
        exceptions.pending |= 1 << number;
    }
    exceptions
}

#[test]
fn only_implemented_bits_of_a_priority_are_kept() {
    let mut exceptions = Exceptions::new(3);
    exceptions.set_priority(16, 0xFF);
    assert_eq!(exceptions.priority_register(16), 0xE0);
    exceptions.set_priority(200, 0xFF);
}

#[test]
fn the_highest_goes_first_then_the_lowest_number() {
    let mut exceptions = pending(&[16, 17, 18]);
    exceptions.set_priority(16, 0x40);
    exceptions.set_priority(17, 0x20);
    exceptions.set_priority(18, 0x20);
    assert_eq!(exceptions.beating(THREAD), Some(17));
    assert_eq!(exceptions.beating(0x20), None, "equal does not preempt");
    exceptions.enabled = 1;
    assert_eq!(exceptions.beating(THREAD), Some(16), "what is not enabled waits");
    let faults = pending(&[PEND_SV, HARD_FAULT, NMI]);
    assert_eq!(faults.beating(THREAD), Some(NMI));
    assert_eq!(faults.beating(-2), None);
}

#[test]
fn groups_decide_on_preemption() {
    let mut exceptions = pending(&[16]);
    exceptions.set_priority(16, 0x40);
    exceptions.group = 6;
    assert_eq!(exceptions.beating(0x60), Some(16), "0x40 and 0x60 are in different halves of 128");
    exceptions.group = 7;
    assert_eq!(exceptions.beating(exceptions.group_of(0x60)), None);
}

#[test]
fn masks_raise_the_running_priority() {
    let exceptions = pending(&[]);
    let running =
        |primask, faultmask, basepri| exceptions.running(Masks { primask, faultmask, basepri });
    assert_eq!(running(false, false, 0), THREAD);
    assert_eq!(running(false, false, 0x40), 0x40);
    assert_eq!(running(true, false, 0x40), 0);
    assert_eq!(running(true, true, 0x40), -1);
}

#[test]
fn a_high_line_pends_again_once_its_handler_is_done() {
    let mut exceptions = pending(&[]);
    assert!(exceptions.sample(1));
    exceptions.pending = 0;
    exceptions.active = 1 << 16;
    assert!(!exceptions.sample(1), "not while it is active");
    exceptions.active = 0;
    assert!(exceptions.sample(1));
    assert!(!exceptions.sample(0));
    assert_eq!(exceptions.pending, 1 << 16, "a line that falls leaves it pending");
}
