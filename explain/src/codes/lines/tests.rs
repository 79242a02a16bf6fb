use super::Told::{Begun, Broken, Ended, KeyMissing, NotConnected, Refused, Security, TimedOut};
use super::*;

/// Lines as the samples of each stack print them.
#[test]
fn a_number_is_whose_its_line_says() {
    for (line, expected) in [
        // Zephyr.
        ("Disconnected (reason 8)", &[Ended(8)][..]),
        ("[00:00:15.204,376] <inf> app: Disconnected (reason 0x3d)", &[Ended(0x3D)]),
        (
            "Disconnected: 58:A0:23:A6:35:0A (public), reason 0x08 BT_HCI_ERR_CONN_TIMEOUT",
            &[Ended(8)],
        ),
        ("Security failed: 58:A0:23:A6:35:0A (public) level 1 err 9", &[Security(9)]),
        (
            "Security failed: 58:A0:23:A6:35:0A level 1 err 2 BT_SECURITY_ERR_PIN_OR_KEY_MISSING",
            &[Security(2)],
        ),
        // Where pairing failed, `reason` is no reason of HCI.
        ("Pairing failed conn: 58:A0:23:A6:35:0A (public), reason 9", &[Security(9)]),
        ("Pairing failed, reason 5", &[]),
        ("Connection failed (err 0x3e)", &[NotConnected(0x3E)]),
        ("Failed to connect to 58:A0:23:A6:35:0A (2)", &[]),
        ("Connected", &[Begun]),
        ("Security failed: level 1 err 9\nDisconnected (reason 8)", &[Security(9), Ended(8)]),
        // NimBLE.
        ("disconnect; reason=531 handle=1", &[Ended(0x13)]),
        ("disconnect; reason=13 ", &[]),
        ("I (9481) NimBLE: connection established; status=0 conn_handle=1", &[Begun]),
        ("connection failed; status=13", &[]),
        ("connection failed; status=574", &[NotConnected(0x3E)]),
        ("encryption change event; status=0 ", &[]),
        ("encryption change event; status=7 ", &[Broken]),
        ("encryption change event; status=13 ", &[TimedOut]),
        ("encryption change event; status=518 ", &[KeyMissing]),
        ("encryption change event; status=1288 ", &[Refused(8)]),
        ("encryption change event; status=1035 ", &[Refused(0x0B)]),
        // ESP-IDF with Bluedroid.
        ("ESP_GATTS_DISCONNECT_EVT, disconnect reason 0x13", &[Ended(0x13)]),
        ("I (6700) GATTS: ESP_GATTS_CONNECT_EVT", &[Begun]),
        ("E (6710) BLE: fail reason = 0x52", &[Refused(5)]),
        ("fail reason = 0x63", &[TimedOut]),
        ("fail reason = 0x66", &[Broken]),
        ("fail reason = 0x61", &[]),
        // SoftDevice with its peer manager, and Arduino above it.
        ("<info> app: Disconnected, reason 0x8.", &[Ended(8)]),
        ("Disconnected, reason = 0x13", &[Ended(0x13)]),
        (
            "<info> peer_manager_handler: Connection security failed: role: Peripheral, \
             conn_handle: 0x1, procedure: Bonding, error: 133",
            &[Refused(5)],
        ),
        ("Connection security failed: role: Peripheral, error: 4352", &[Broken]),
        ("Connection security failed: role: Peripheral, error: 4102", &[KeyMissing]),
        ("Connection security failed: role: Peripheral, error: 1", &[TimedOut]),
        // Nothing of the kind.
        ("Advertising failed to start (err -11)", &[]),
        ("Not connected (reason 8)", &[]),
        ("reason 8", &[]),
        ("Disconnected", &[]),
        ("disconnect reason 99999999999", &[]),
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
}

#[test]
fn times_are_read_as_they_are_printed() {
    let us = |line: &str| time(line).map(|time| time.as_us());
    for (line, expected) in [
        ("[00:00:15.204,376] <inf> app: Connected", Some(15_204_376)),
        ("00> [01:02:03.004,005] <wrn> x", Some(3_723_004_005)),
        ("I (6700) GATTS: connected", Some(6_700_000)),
        ("\u{1b}[0;31mE (6710) BLE: fail reason = 0x52", Some(6_710_000)),
        ("Disconnected (reason 8)", None),
        ("[99999999999999999999:00:00.1] x", None),
        ("", None),
    ] {
        assert_eq!(us(line), expected, "{line}");
    }
}

proptest::proptest! {
    /// A log is whatever somebody names.
    #[test]
    fn nothing_in_a_line_brings_the_reader_down(line in ".{0,200}") {
        let _ = told(&line);
        let _ = time(&line);
    }
}
