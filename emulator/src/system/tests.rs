use super::counter::CycleCounter;
use super::tick::SysTick;

#[test]
fn sys_tick_counts_down_and_around() {
    let mut tick = SysTick::new();
    tick.set_reload(9, 0);
    tick.set_control(0b11, 100);
    assert_eq!(tick.value(100), 0, "it loads on the next cycle");
    assert_eq!((tick.value(101), tick.value(105), tick.next()), (9, 5, 110));
    assert!(!tick.advance(109));
    assert!(tick.advance(110), "it reaches 0");
    assert_eq!((tick.value(111), tick.next()), (9, 120));
    assert_eq!(tick.control() >> 16, 1, "COUNTFLAG");
    assert_eq!(tick.control() >> 16, 0, "reading clears it");
    assert!(tick.advance(1000), "many periods at once");
    assert_eq!(tick.next(), 1010);
}

#[test]
fn sys_tick_holds_its_value_and_goes_on() {
    let mut tick = SysTick::new();
    tick.set_reload(99, 0);
    tick.set_control(1, 0);
    tick.set_control(0, 41);
    assert_eq!((tick.value(5000), tick.next()), (59, u64::MAX));
    tick.set_control(1, 6000);
    assert_eq!((tick.value(6009), tick.next()), (50, 6059));
    assert!(!tick.advance(6059), "its exception is not enabled");
    tick.clear(6070);
    assert_eq!((tick.value(6071), tick.next()), (99, 6170));
}

#[test]
fn sys_tick_without_reload_stands_at_zero() {
    let mut tick = SysTick::new();
    tick.set_control(0b11, 0);
    assert_eq!((tick.value(10), tick.next(), tick.advance(10)), (0, u64::MAX, false));
    let mut last = SysTick::new();
    last.set_reload(9, 0);
    last.set_control(0b11, 0);
    last.set_reload(0, 3);
    assert!(last.advance(10));
    assert_eq!((last.value(20), last.next()), (0, u64::MAX));
}

#[test]
fn the_cycle_counter_runs_when_both_switches_are_on() {
    let mut counter = CycleCounter::new();
    counter.set_enabled(true, 100);
    assert_eq!(counter.value(200), 0);
    counter.set_trace(true, 200);
    assert_eq!(counter.value(250), 50);
    counter.set(7, 300);
    assert_eq!(counter.value(310), 17);
    counter.set_enabled(false, 310);
    assert_eq!(counter.value(400), 17);
}
