//! How a change is made in a firmware that is built on an open stack: names of its options and
//! calls. Where a stack has nothing that corresponds, nothing is said.

use serde::Serialize;

/// What to write where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// The stack that it is about.
    pub stack: &'static str,
    /// Option or call, and when to call it.
    pub how: &'static str,
}

/// Zephyr and the nRF Connect SDK: Kconfig and API.
const ZEPHYR: &str = "Zephyr";
/// Apache NimBLE: syscfg and API; what its copies in ESP-IDF and for Arduino call it.
const NIMBLE: &str = "NimBLE";
/// ESP-IDF: Kconfig of its NimBLE, calls of Bluedroid.
const ESP_IDF: &str = "ESP-IDF";
/// Nordic's SoftDevice, its SDK's modules, and Bluefruit for Arduino above it.
const SOFTDEVICE: &str = "SoftDevice";

/// A key and a value (`*`: any; `*x`: any that ends so), and how it is done.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The first that fits counts.
const ROWS: &[Row] = &[
    (
        "phy-update",
        "after-bonding",
        &[
            (
                ZEPHYR,
                "CONFIG_BT_AUTO_PHY_UPDATE=n, and bt_conn_le_phy_update() from pairing_complete()",
            ),
            (
                NIMBLE,
                "BLE_LL_CONN_PHY_INIT_UPDATE: 0, and ble_gap_set_prefered_le_phy() after \
                 BLE_GAP_EVENT_ENC_CHANGE",
            ),
            (ESP_IDF, "esp_ble_gap_set_preferred_phy() after ESP_GAP_BLE_AUTH_CMPL_EVT"),
            (
                SOFTDEVICE,
                "sd_ble_gap_phy_update() after BLE_GAP_EVT_AUTH_STATUS; Bluefruit: requestPHY()",
            ),
        ],
    ),
    (
        "phy-update",
        "never",
        &[
            (ZEPHYR, "CONFIG_BT_AUTO_PHY_UPDATE=n, and no call of your own"),
            (NIMBLE, "BLE_LL_CONN_PHY_INIT_UPDATE: 0, and no ble_gap_set_prefered_le_phy()"),
            (ESP_IDF, "no esp_ble_gap_set_preferred_phy()"),
            (SOFTDEVICE, "no sd_ble_gap_phy_update() of your own; Bluefruit: no requestPHY()"),
        ],
    ),
    (
        "data-length",
        "after-bonding",
        &[
            (
                ZEPHYR,
                "CONFIG_BT_AUTO_DATA_LEN_UPDATE=n, bt_conn_le_data_len_update() from \
                 pairing_complete()",
            ),
            (NIMBLE, "BLE_LL_CONN_INIT_AUTO_DLE: 0, and ble_gap_set_data_len() after encryption"),
            (ESP_IDF, "esp_ble_gap_set_pkt_data_len() after ESP_GAP_BLE_AUTH_CMPL_EVT"),
            (
                SOFTDEVICE,
                "sd_ble_gap_data_length_update() after BLE_GAP_EVT_AUTH_STATUS; Bluefruit: \
                 requestDataLengthUpdate()",
            ),
        ],
    ),
    (
        "data-length",
        "never",
        &[
            (ZEPHYR, "CONFIG_BT_AUTO_DATA_LEN_UPDATE=n, and no call of your own"),
            (NIMBLE, "BLE_LL_CONN_INIT_AUTO_DLE: 0, and no ble_gap_set_data_len()"),
            (ESP_IDF, "no esp_ble_gap_set_pkt_data_len()"),
            (SOFTDEVICE, "no sd_ble_gap_data_length_update() of your own"),
        ],
    ),
    (
        "feature-exchange",
        "cached",
        &[
            (ZEPHYR, "CONFIG_BT_CTLR_PER_INIT_FEAT_XCHG=n"),
            (NIMBLE, "BLE_LL_CFG_FEAT_PERIPH_INIT_FEAT_XCHG: 0"),
        ],
    ),
    ("version-exchange", "never", &[(ZEPHYR, "CONFIG_BT_REMOTE_VERSION=n")]),
    ("version-exchange", "on-connect", &[(ZEPHYR, "CONFIG_BT_REMOTE_VERSION=y")]),
    (
        "param-update",
        "never",
        &[
            (ZEPHYR, "CONFIG_BT_GAP_AUTO_UPDATE_CONN_PARAMS=n"),
            (NIMBLE, "no ble_gap_update_params(); NimBLE-Arduino: no updateConnParams()"),
            (ESP_IDF, "no esp_ble_gap_update_conn_params()"),
            (SOFTDEVICE, "no ble_conn_params_init(); Bluefruit: no requestConnectionParameter()"),
        ],
    ),
    (
        "param-update",
        "*:not-while-pairing",
        &[
            (
                ZEPHYR,
                "CONFIG_BT_GAP_AUTO_UPDATE_CONN_PARAMS=n, bt_conn_le_param_update() once pairing \
                 has ended",
            ),
            (NIMBLE, "ble_gap_update_params() after BLE_GAP_EVENT_ENC_CHANGE"),
            (ESP_IDF, "esp_ble_gap_update_conn_params() after ESP_GAP_BLE_AUTH_CMPL_EVT"),
            (SOFTDEVICE, "sd_ble_gap_conn_param_update() after BLE_GAP_EVT_AUTH_STATUS"),
        ],
    ),
    (
        "param-update",
        "*",
        &[
            (ZEPHYR, "CONFIG_BT_CONN_PARAM_UPDATE_TIMEOUT"),
            (NIMBLE, "ble_gap_update_params() at that time"),
            (ESP_IDF, "esp_ble_gap_update_conn_params() at that time"),
            (SOFTDEVICE, "ble_conn_params_init_t.first_conn_params_update_delay"),
        ],
    ),
    (
        "preferred",
        "*",
        &[
            (ZEPHYR, "CONFIG_BT_PERIPHERAL_PREF_MIN_INT, _MAX_INT, _LATENCY, _TIMEOUT"),
            (
                NIMBLE,
                "ble_gap_upd_params of ble_gap_update_params(); BLE_SVC_GAP_PPCP_MIN_CONN_INTERVAL \
                 and its like only tell it",
            ),
            (ESP_IDF, "esp_ble_conn_update_params_t of esp_ble_gap_update_conn_params()"),
            (
                SOFTDEVICE,
                "sd_ble_gap_ppcp_set(); Bluefruit: Periph.setConnInterval(), \
                 setConnSlaveLatency(), setConnSupervisionTimeout()",
            ),
        ],
    ),
    (
        "param-tries",
        "*",
        &[
            (ZEPHYR, "CONFIG_BT_CONN_PARAM_RETRY_COUNT"),
            (SOFTDEVICE, "ble_conn_params_init_t.max_conn_params_update_count"),
        ],
    ),
    (
        "param-not-granted",
        "stay",
        &[
            (ZEPHYR, "no bt_conn_disconnect() from le_param_updated() or a timer for it"),
            (SOFTDEVICE, "ble_conn_params_init_t.disconnect_on_fail = false"),
        ],
    ),
    (
        "passkey",
        "random",
        &[
            (ZEPHYR, "no CONFIG_BT_FIXED_PASSKEY, no bt_passkey_set()"),
            (
                NIMBLE,
                "a random number for BLE_SM_IOACT_DISP; NimBLE-Arduino: no setSecurityPasskey()",
            ),
            (ESP_IDF, "no ESP_BLE_SM_SET_STATIC_PASSKEY"),
            (SOFTDEVICE, "no BLE_GAP_OPT_PASSKEY; Bluefruit: no Security.setPIN()"),
        ],
    ),
    (
        "io",
        "*",
        &[
            (ZEPHYR, "the callbacks of bt_conn_auth_cb: passkey_display, _entry, _confirm"),
            (NIMBLE, "ble_hs_cfg.sm_io_cap; NimBLE-Arduino: setSecurityIOCap()"),
            (ESP_IDF, "esp_ble_gap_set_security_param(ESP_BLE_SM_IOCAP_MODE, …)"),
            (SOFTDEVICE, "ble_gap_sec_params_t.io_caps; Bluefruit: Security.setIOCaps()"),
        ],
    ),
    (
        "required-level",
        "*",
        &[
            (ZEPHYR, "BT_GATT_PERM_WRITE_ENCRYPT, _AUTHEN or _LESC of the attribute"),
            (NIMBLE, "BLE_GATT_CHR_F_WRITE_ENC or _AUTHEN of the characteristic; BLE_SM_LVL"),
            (ESP_IDF, "ESP_GATT_PERM_WRITE_ENCRYPTED or _ENC_MITM; CONFIG_BT_NIMBLE_SM_LVL"),
            (
                SOFTDEVICE,
                "BLE_GAP_CONN_SEC_MODE_SET_* of the attribute; Bluefruit: setPermission()",
            ),
        ],
    ),
    (
        "bonding",
        "true",
        &[
            (ZEPHYR, "CONFIG_BT_BONDABLE=y"),
            (NIMBLE, "ble_hs_cfg.sm_bonding = 1; NimBLE-Arduino: setSecurityAuth(true, …)"),
            (ESP_IDF, "ESP_LE_AUTH_BOND in ESP_BLE_SM_AUTHEN_REQ_MODE"),
            (SOFTDEVICE, "ble_gap_sec_params_t.bond = 1"),
        ],
    ),
    (
        "accept",
        "anyone",
        &[
            (ZEPHYR, "no BT_LE_ADV_OPT_FILTER_CONN"),
            (NIMBLE, "ble_gap_adv_params.filter_policy = BLE_HCI_ADV_FILT_NONE"),
            (ESP_IDF, "adv_filter_policy = ADV_FILTER_ALLOW_SCAN_ANY_CON_ANY"),
            (SOFTDEVICE, "ble_gap_adv_params_t.filter_policy = BLE_GAP_ADV_FP_ANY"),
        ],
    ),
    (
        "security-request",
        "true",
        &[
            (ZEPHYR, "bt_conn_set_security() from connected()"),
            (NIMBLE, "ble_gap_security_initiate() on BLE_GAP_EVENT_CONNECT"),
            (ESP_IDF, "esp_ble_set_encryption() on ESP_GATTS_CONNECT_EVT"),
            (SOFTDEVICE, "sd_ble_gap_authenticate() on connecting; Bluefruit: requestPairing()"),
        ],
    ),
    (
        "security-request",
        "false",
        &[
            (ZEPHYR, "no bt_conn_set_security() from connected()"),
            (NIMBLE, "no ble_gap_security_initiate() on BLE_GAP_EVENT_CONNECT"),
            (ESP_IDF, "no esp_ble_set_encryption() on ESP_GATTS_CONNECT_EVT"),
            (
                SOFTDEVICE,
                "no sd_ble_gap_authenticate() on connecting; Bluefruit: no requestPairing()",
            ),
        ],
    ),
    (
        "debug-key",
        "false",
        &[
            (ZEPHYR, "no CONFIG_BT_USE_DEBUG_KEYS"),
            (NIMBLE, "BLE_SM_SC_DEBUG_KEYS: 0"),
            (ESP_IDF, "CONFIG_BT_NIMBLE_SM_SC_DEBUG_KEYS=n"),
        ],
    ),
    (
        "bond-table-full",
        "replace-oldest",
        &[
            (ZEPHYR, "CONFIG_BT_KEYS_OVERWRITE_OLDEST=y"),
            (NIMBLE, "ble_hs_cfg.store_status_cb = ble_store_util_status_rr"),
        ],
    ),
    (
        "stored-key",
        "kept",
        &[
            (ZEPHYR, "CONFIG_BT_SETTINGS=y, and settings_load() after bt_enable()"),
            (NIMBLE, "BLE_STORE_CONFIG_PERSIST: 1, and ble_store_config_init()"),
            (ESP_IDF, "CONFIG_BT_NIMBLE_NVS_PERSIST=y"),
        ],
    ),
    (
        "features-left-out",
        "2m,coded",
        &[
            (ZEPHYR, "CONFIG_BT_CTLR_PHY_2M=n, CONFIG_BT_CTLR_PHY_CODED=n"),
            (NIMBLE, "BLE_LL_CFG_FEAT_LE_2M_PHY: 0, BLE_LL_CFG_FEAT_LE_CODED_PHY: 0"),
            (ESP_IDF, "CONFIG_BT_NIMBLE_LL_CFG_FEAT_LE_2M_PHY=n, …_LE_CODED_PHY=n"),
        ],
    ),
    (
        "features-left-out",
        "data-length",
        &[(ZEPHYR, "CONFIG_BT_CTLR_DATA_LENGTH=n"), (NIMBLE, "BLE_LL_CFG_FEAT_DATA_LEN_EXT: 0")],
    ),
    (
        "features-left-out",
        "param-request",
        &[
            (ZEPHYR, "CONFIG_BT_CTLR_CONN_PARAM_REQ=n"),
            (NIMBLE, "BLE_LL_CFG_FEAT_CONN_PARAM_REQ: 0"),
        ],
    ),
    (
        "features-hollow",
        "none",
        &[(ZEPHYR, "a controller that leaves the bit out together with the procedure (PR 96369)")],
    ),
    (
        "refusals",
        "all",
        &[(
            ZEPHYR,
            "a controller that takes LL_REJECT_IND and LL_UNKNOWN_RSP for the end of the procedure \
             (PR 28550, issue 49182)",
        )],
    ),
    (
        "reconnect-advertising",
        "undirected",
        &[
            (ZEPHYR, "bt_le_adv_start() with BT_LE_ADV_CONN_FAST_1, not BT_LE_ADV_CONN_DIR()"),
            (NIMBLE, "ble_gap_adv_start() with BLE_GAP_CONN_MODE_UND, no direct_addr"),
            (ESP_IDF, "esp_ble_gap_start_advertising() with ADV_TYPE_IND"),
            (SOFTDEVICE, "ble_advertising_init() with ble_adv_directed_enabled false"),
        ],
    ),
    (
        "reconnect-advertising",
        "directed-high",
        &[
            (ZEPHYR, "bt_le_adv_start() with BT_LE_ADV_CONN_DIR(), peer of the bond"),
            (NIMBLE, "ble_gap_adv_start() with BLE_GAP_CONN_MODE_DIR and high_duty_cycle"),
            (ESP_IDF, "esp_ble_gap_start_advertising() with ADV_TYPE_DIRECT_IND_HIGH"),
            (SOFTDEVICE, "ble_advertising_init() with ble_adv_directed_high_duty_enabled"),
        ],
    ),
    (
        "reconnect-advertising",
        "directed-low",
        &[
            (ZEPHYR, "bt_le_adv_start() with BT_LE_ADV_CONN_DIR_LOW_DUTY(), peer of the bond"),
            (NIMBLE, "ble_gap_adv_start() with BLE_GAP_CONN_MODE_DIR"),
            (ESP_IDF, "esp_ble_gap_start_advertising() with ADV_TYPE_DIRECT_IND_LOW"),
            (SOFTDEVICE, "ble_advertising_init() with ble_adv_directed_enabled"),
        ],
    ),
    (
        "advertising-interval",
        "*",
        &[
            (ZEPHYR, "bt_le_adv_param.interval_min, interval_max"),
            (NIMBLE, "ble_gap_adv_params.itvl_min, itvl_max"),
            (SOFTDEVICE, "ble_gap_adv_params_t.interval; Bluefruit: Advertising.setInterval()"),
        ],
    ),
    (
        "sleep-clock-ppm",
        "*",
        &[
            (ZEPHYR, "CONFIG_CLOCK_CONTROL_NRF_K32SRC_*PPM, as the crystal is"),
            (NIMBLE, "BLE_LL_SCA, as the crystal is"),
            (SOFTDEVICE, "NRF_SDH_CLOCK_LF_ACCURACY, as the crystal is"),
        ],
    ),
];

/// How the key gets this value, stack by stack. Empty: no stack is known to have it.
#[must_use]
pub fn hints(key: &str, value: &str) -> Vec<Hint> {
    let fits = |pattern: &str| match pattern.strip_prefix('*') {
        Some(end) => value.ends_with(end),
        None => pattern == value,
    };
    let row = ROWS.iter().find(|(of, pattern, _)| *of == key && fits(pattern));
    let all = row.map_or(&[][..], |(.., hints)| hints);
    all.iter().map(|&(stack, how)| Hint { stack, how }).collect()
}

/// How a firmware deletes its bonds, which a button of this device does.
pub const DELETE_BONDS: &[Hint] = &[
    Hint { stack: ZEPHYR, how: "bt_unpair(BT_ID_DEFAULT, BT_ADDR_LE_ANY)" },
    Hint { stack: NIMBLE, how: "ble_store_clear(); NimBLE-Arduino: deleteAllBonds()" },
    Hint { stack: ESP_IDF, how: "esp_ble_remove_bond_device() for each" },
    Hint { stack: SOFTDEVICE, how: "pm_peers_delete(); Bluefruit: Periph.clearBonds()" },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::{Change, ChangeKind, changes};
    use bletwin_setup::keys::PERIPHERAL;
    use bletwin_setup::preset;

    /// Where no option is known the answer stays empty: each of these was looked for.
    const UNKNOWN: [&str; 8] = [
        "feature-exchange=always",
        "accept=bonded-only",
        "pairing-outside-mode=refuse",
        "pairing-outside-mode=without-bonding",
        "pairing-outside-mode=authenticated",
        "pairing-outside-mode=by-level",
        "bond-overwrite=authenticated",
        "pairing-back-off=false",
    ];

    #[test]
    fn what_a_diagnosis_may_recommend_is_named_or_known_to_be_unknown() {
        let unnamed = |change: &&Change| hints(change.key, &change.value).is_empty();
        for base in ["zephyr-2024", "recommended"].map(preset).map(Option::unwrap) {
            let all = changes(&base);
            let plain = all.iter().filter(|change| change.kind == ChangeKind::Plain);
            for change in plain.filter(unnamed) {
                let set = change.assignment();
                let asks_early = set.ends_with("=on-connect");
                assert!(asks_early || UNKNOWN.contains(&set.as_str()), "{set}");
            }
        }
    }

    #[test]
    fn every_row_is_about_a_key_and_can_be_reached() {
        for (index, (key, value, _)) in ROWS.iter().enumerate() {
            assert!(PERIPHERAL.find(key).is_some(), "{key}");
            let sample = value.replace('*', "5000");
            let first = ROWS.iter().position(|(of, pattern, _)| {
                of == key && (*pattern == *value || hints(key, &sample).is_empty())
            });
            assert_eq!(first, Some(index), "{key}={value} is hidden");
        }
    }

    #[test]
    fn the_more_special_value_counts() {
        let how = |value| hints("param-update", value)[0].how;
        assert!(how("5000:not-while-pairing").contains("once pairing"));
        assert_eq!(how("1000"), "CONFIG_BT_CONN_PARAM_UPDATE_TIMEOUT");
        assert!(hints("security-request", "true")[0].how.starts_with("bt_conn_set_security()"));
        assert_eq!(hints("check-address", "on-air"), []);
    }
}
