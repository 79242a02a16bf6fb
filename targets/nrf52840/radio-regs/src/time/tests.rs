use super::*;

const US: u64 = 64_000;

#[test]
fn ticks_and_instants_agree() {
    assert_eq!(instant_of(32_768), Instant::from_us(1_000_000));
    for tick in [0, 1, 31, 32_768, 1 << 24, 1 << 40] {
        let start = instant_of(tick);
        assert_eq!((tick_at(start), tick_after(start)), (tick, tick));
        let inside = start + Duration::from_ticks(1);
        assert_eq!((tick_at(inside), tick_after(inside)), (tick, tick + 1));
    }
}

#[test]
fn an_uncounted_overflow_counts() {
    assert_eq!(extend(0, false, 0xFF_FFFF), 0xFF_FFFF);
    assert_eq!(extend(0, true, 3), (1 << 24) + 3);
    // Read before it happened, although the event is set by now.
    assert_eq!(extend(0, true, 0xFF_FFFE), 0xFF_FFFE);
    assert_eq!(extend(1, false, 3), (1 << 24) + 3);
}

#[test]
fn a_transmission_starts_on_time_to_half_a_count() {
    let now = Instant::from_us(1_000_000);
    for extra in 0..2_000 {
        let at = now + Duration::from_ticks(400 * US + extra * 977);
        let start = plan_transmit(now, None, at).unwrap();
        let restart = start.restart.unwrap();
        assert!(restart >= tick_after(now) + EPOCH_LEAD);
        assert_eq!(start.epoch, Epoch(instant_of(restart)));
        // TXEN, ramp-up and the transmit chain end in the first bit.
        let first_bit = start.epoch.instant(start.enable + RAMP_UP + TX_CHAIN);
        let error = first_bit.ticks().abs_diff(at.ticks());
        assert!(error <= TIMER_COUNT / 2, "{error}");
        assert!(start.enable >= MARGIN);
    }
}

#[test]
fn what_is_too_late_is_said() {
    let now = Instant::from_us(1_000_000);
    assert_eq!(plan_transmit(now, None, now + Duration::from_us(100)), None);
    assert_eq!(plan_transmit(now, None, now.before(Duration::from_us(1))), None);
    assert!(plan_receive(now, None, earliest(now)).is_some());
    assert!(plan_transmit(now, None, earliest(now)).is_some());
}

#[test]
fn a_fresh_epoch_is_used_again_and_an_old_one_is_not() {
    let epoch = Epoch(Instant::from_us(1_000_000));
    let now = Instant::from_us(1_000_500);
    let soon = plan_transmit(now, Some(epoch), now + Duration::from_us(100)).unwrap();
    assert_eq!((soon.restart, soon.epoch), (None, epoch));
    assert_eq!(soon.enable, 600 * PER_US - RAMP_UP - TX_CHAIN);
    // Fresh, but no time left to ramp up.
    assert_eq!(plan_transmit(now, Some(epoch), now + Duration::from_us(45)), None);
    let later = plan_transmit(now, Some(epoch), now + Duration::from_ms(30)).unwrap();
    assert!(later.restart.is_some());
}

#[test]
fn an_epoch_that_has_not_begun_is_planned_anew() {
    let now = Instant::from_us(1_000_000);
    let ahead = Epoch(now + Duration::from_ms(5));
    let at = now + Duration::from_ms(6);
    let start = plan_transmit(now, Some(ahead), at).unwrap();
    assert!(start.restart.is_some_and(|tick| instant_of(tick) < at));
}

/// A reply whose chain delays are as assumed starts exactly T_IFS after the packet's last bit.
#[test]
fn replies_keep_t_ifs() {
    for phy in [TxPhy::Le1M, TxPhy::Le2M, TxPhy::CodedS2, TxPhy::CodedS8] {
        let last_bit = 100_000;
        let end_event = last_bit + end_chain(phy);
        let first_bit = reply_enable(end_event, phy) + RAMP_UP + TX_CHAIN;
        assert_eq!(first_bit - last_bit, 150 * PER_US);
    }
}

/// The chip gives a packet up at MAXLEN; the answer to it leaves T_IFS after its end on air.
#[test]
fn a_packet_that_was_cut_off_ends_where_its_sender_ends_it() {
    for (phy, us) in
        [(TxPhy::Le1M, 8), (TxPhy::Le2M, 4), (TxPhy::CodedS2, 16), (TxPhy::CodedS8, 64)]
    {
        let cut = 100_000;
        assert_eq!(end_on_air(cut, phy, 69, 27), cut + 42 * us * PER_US);
        assert_eq!(end_on_air(cut, phy, 27, 27), cut);
        assert_eq!(end_on_air(cut, phy, 5, 27), cut);
    }
}

#[test]
fn the_window_after_an_own_packet_holds_t_ifs() {
    let end_event = 100_000;
    let (enable, close) = follow_window(end_event, Phy::Le1M);
    let expected = end_event + TX_CHAIN + 150 * PER_US;
    assert!(enable + RAMP_UP <= expected - 2 * PER_US);
    assert!(close >= expected + (40 + 2) * PER_US + address_chain(Phy::Le1M));
}

#[test]
fn a_received_packet_is_dated_back() {
    let epoch = Epoch(Instant::from_us(5_000));
    let first_bit = 16 * 300;
    let address_event = first_bit + 40 * PER_US + address_chain(Phy::Le1M);
    assert_eq!(packet_start(epoch, address_event, Phy::Le1M), Instant::from_us(5_300));
    let end_event = first_bit + 80 * PER_US + end_chain(TxPhy::Le1M);
    assert_eq!(packet_end(epoch, end_event, TxPhy::Le1M), Instant::from_us(5_380));
}

#[test]
fn a_coded_packet_is_dated_back_from_the_end_of_its_first_block() {
    let epoch = Epoch(Instant::from_us(5_000));
    let first_bit = 16 * 300;
    // Preamble 80, access address 256, coding indicator 16, TERM1 24.
    let address_event = first_bit + 376 * PER_US + address_chain(Phy::LeCoded);
    assert_eq!(packet_start(epoch, address_event, Phy::LeCoded), Instant::from_us(5_300));
    for (phy, us) in [(TxPhy::CodedS2, 462), (TxPhy::CodedS8, 720)] {
        let end_event = first_bit + us * PER_US + end_chain(phy);
        assert_eq!(packet_end(epoch, end_event, phy), Instant::from_us(u64::from(5_300 + us)));
    }
}
