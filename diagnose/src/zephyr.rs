//! How a change is made in a firmware that is built on Zephyr or the nRF Connect SDK.

/// What to write where, for a key and its value; `None` where nothing corresponds.
#[must_use]
pub fn hint(key: &str, value: &str) -> Option<&'static str> {
    Some(match (key, value) {
        ("phy-update", "after-bonding") => {
            "CONFIG_BT_USER_PHY_UPDATE=y, and bt_conn_le_phy_update() from pairing_complete()"
        }
        ("phy-update", "never") => "CONFIG_BT_USER_PHY_UPDATE=y, and no call of your own",
        ("data-length", "after-bonding") => {
            "CONFIG_BT_USER_DATA_LEN_UPDATE=y, and bt_conn_le_data_len_update() from \
             pairing_complete()"
        }
        ("data-length", "never") => "CONFIG_BT_USER_DATA_LEN_UPDATE=y, and no call of your own",
        ("feature-exchange", "cached") => "CONFIG_BT_CTLR_PER_INIT_FEAT_XCHG=n",
        ("version-exchange", "never") => "CONFIG_BT_REMOTE_VERSION=n",
        ("version-exchange", "on-connect") => "CONFIG_BT_REMOTE_VERSION=y",
        ("param-update", "never") => "CONFIG_BT_GAP_AUTO_UPDATE_CONN_PARAMS=n",
        ("param-update", value) if value.ends_with(":not-while-pairing") => {
            "CONFIG_BT_GAP_AUTO_UPDATE_CONN_PARAMS=n, and bt_conn_le_param_update() once \
             pairing has ended"
        }
        ("param-update", _) => "CONFIG_BT_CONN_PARAM_UPDATE_TIMEOUT",
        ("preferred", _) => "CONFIG_BT_PERIPHERAL_PREF_MIN_INT, _MAX_INT, _LATENCY, _TIMEOUT",
        ("security-request", "on") => "bt_conn_set_security() from connected()",
        ("security-request", "off") => "no bt_conn_set_security() from connected()",
        ("accept", "anyone") => "no BT_LE_ADV_OPT_FILTER_CONN",
        ("passkey", "random") => "no CONFIG_BT_FIXED_PASSKEY, no bt_passkey_set()",
        ("features-left-out", "2m,coded") => "CONFIG_BT_CTLR_PHY_2M=n, CONFIG_BT_CTLR_PHY_CODED=n",
        ("features-left-out", "data-length") => "CONFIG_BT_CTLR_DATA_LENGTH=n",
        ("features-left-out", "param-request") => "CONFIG_BT_CTLR_CONN_PARAM_REQ=n",
        ("features-hollow", "none") => {
            "a controller that leaves the bit out together with the procedure (pull request 96369)"
        }
        ("refusals", "all") => {
            "a controller that takes LL_REJECT_IND and LL_UNKNOWN_RSP for the end of the procedure \
             (pull request 28550, issue 49182)"
        }
        ("debug-key", "off") => "no CONFIG_BT_USE_DEBUG_KEYS",
        ("sleep-clock-ppm", _) => "CONFIG_CLOCK_CONTROL_NRF_K32SRC_*PPM, as the crystal is",
        _ => return None,
    })
}
