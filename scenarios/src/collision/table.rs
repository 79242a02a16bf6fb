//! The collisions, by the numbers of the scripts X1 to X9. X5 and X6 need several links: they stand
//! in [`super::links`].

use super::Collision;
use bletwin_explore::case::{Procedure, Side, What};

const ONE: u8 = 1;
const TWO: u8 = 2;
/// 1M and 2M.
const EITHER: u8 = 3;

/// The hosts ask between the events 19 and 20.
const AT: u16 = 20;
/// When the other's request has just been heard.
const NEXT: u16 = 21;
/// Within the six events before an instant.
const SOON: u16 = 25;

const fn phy(who: Side, phys: u8, event: u16) -> Procedure {
    Procedure::new(who, What::Phy { tx: phys, rx: phys }, event)
}

/// By the peripheral.
const fn parameters(interval: u16, event: u16) -> Procedure {
    let what = What::ConnectionUpdate { interval, latency: 0, timeout: 400 };
    Procedure::new(Side::Peripheral, what, event)
}

/// By the central, which asks first.
const fn request(interval: u16, event: u16) -> Procedure {
    let what = What::ParameterRequest { interval, latency: 0, timeout: 400 };
    Procedure::new(Side::Central, what, event)
}

const fn length(who: Side, octets: u16) -> Procedure {
    Procedure::new(who, What::DataLength { octets, time: 2120 }, AT)
}

/// X1. Both request LE 2M in the same event; the central's request continues.
pub static PHY_AND_PHY: Collision = Collision {
    script: "X1",
    rules: &["LL-ARB-7", "LL-ARB-9", "LL-COLL-2", "LL-COLL-3"],
    asks: &[phy(Side::Peripheral, TWO, AT), phy(Side::Central, TWO, AT)],
    air: &[
        "C LL_PHY_REQ",
        "P LL_PHY_REQ",
        "C LL_REJECT_EXT_IND LL_PHY_REQ 0x23",
        "P LL_PHY_RSP",
        "C LL_PHY_UPDATE_IND",
    ],
    central: &["PHY update 0x00: tx 2, rx 2"],
    peripheral: &["PHY update 0x23: tx 1, rx 1", "PHY update 0x00: tx 2, rx 2"],
};

/// X2. Both request parameters in the same event; the central's request continues.
pub static PARAMETERS_AND_PARAMETERS: Collision = Collision {
    script: "X2",
    rules: &["LL-ARB-7", "LL-ARB-9"],
    asks: &[parameters(12, AT), request(16, AT)],
    air: &[
        "C LL_CONNECTION_PARAM_REQ",
        "P LL_CONNECTION_PARAM_REQ",
        "C LL_REJECT_EXT_IND LL_CONNECTION_PARAM_REQ 0x23",
        "P LL_CONNECTION_PARAM_RSP",
        "C LL_CONNECTION_UPDATE_IND",
    ],
    central: &["connection update 0x00: interval 16"],
    peripheral: &[
        "asked for interval 16",
        "connection update 0x23: interval 6",
        "connection update 0x00: interval 16",
    ],
};

/// X3. The peripheral asks for parameters after the central; its request waits for the instant.
pub static PARAMETERS_AFTER_PARAMETERS: Collision = Collision {
    script: "X3",
    rules: &["LL-ARB-3", "LL-COLL-1"],
    asks: &[request(16, AT), parameters(12, NEXT)],
    air: &[
        "C LL_CONNECTION_PARAM_REQ",
        "P LL_CONNECTION_PARAM_RSP",
        "C LL_CONNECTION_UPDATE_IND",
        "P LL_CONNECTION_PARAM_REQ",
        "C LL_CONNECTION_UPDATE_IND",
    ],
    central: &[
        "connection update 0x00: interval 16",
        "asked for interval 12",
        "connection update 0x00: interval 12",
    ],
    peripheral: &[
        "asked for interval 16",
        "connection update 0x00: interval 16",
        "connection update 0x00: interval 12",
    ],
};

/// X4. As X2, and the peripheral asks again before the instant; that request waits for it.
pub static PARAMETERS_TOO_LATE: Collision = Collision {
    script: "X4",
    rules: &["LL-ARB-7", "LL-ARB-9", "LL-ARB-3"],
    asks: &[parameters(12, AT), request(16, AT), parameters(12, SOON)],
    air: &[
        "C LL_CONNECTION_PARAM_REQ",
        "P LL_CONNECTION_PARAM_REQ",
        "C LL_REJECT_EXT_IND LL_CONNECTION_PARAM_REQ 0x23",
        "P LL_CONNECTION_PARAM_RSP",
        "C LL_CONNECTION_UPDATE_IND",
        "P LL_CONNECTION_PARAM_REQ",
        "C LL_CONNECTION_UPDATE_IND",
    ],
    central: &[
        "connection update 0x00: interval 16",
        "asked for interval 12",
        "connection update 0x00: interval 12",
    ],
    peripheral: &[
        "asked for interval 16",
        "connection update 0x23: interval 6",
        "connection update 0x00: interval 16",
        "connection update 0x00: interval 12",
    ],
};

/// X7. Both ask for longer PDUs in the same event, which is no collision.
pub static LENGTH_AND_LENGTH: Collision = Collision {
    script: "X7",
    rules: &["LL-ARB-6", "LL-LEN-5"],
    asks: &[length(Side::Peripheral, 251), length(Side::Central, 120)],
    air: &["C LL_LENGTH_REQ", "P LL_LENGTH_REQ", "C LL_LENGTH_RSP", "P LL_LENGTH_RSP"],
    central: &["data length: tx 120, rx 251"],
    peripheral: &["data length: tx 251, rx 120"],
};

/// X8. The central requests LE 2M, the peripheral parameters; the central's request continues.
pub static PARAMETERS_AND_PHY: Collision = Collision {
    script: "X8",
    rules: &["LL-ARB-8", "LL-ARB-10"],
    asks: &[phy(Side::Central, TWO, AT), parameters(12, AT)],
    air: &[
        "C LL_PHY_REQ",
        "P LL_CONNECTION_PARAM_REQ",
        "C LL_REJECT_EXT_IND LL_CONNECTION_PARAM_REQ 0x2A",
        "P LL_PHY_RSP",
        "C LL_PHY_UPDATE_IND",
    ],
    central: &["PHY update 0x00: tx 2, rx 2"],
    peripheral: &["connection update 0x2A: interval 6", "PHY update 0x00: tx 2, rx 2"],
};

/// X9. The central asks for LE 1M after the peripheral asked; its request waits for the instant.
pub static PHY_AFTER_PHY: Collision = Collision {
    script: "X9",
    rules: &["LL-ARB-3", "LL-COLL-1"],
    asks: &[phy(Side::Peripheral, EITHER, AT), phy(Side::Central, ONE, NEXT)],
    air: &[
        "P LL_PHY_REQ",
        "C LL_PHY_UPDATE_IND",
        "C LL_PHY_REQ",
        "P LL_PHY_RSP",
        "C LL_PHY_UPDATE_IND",
    ],
    central: &["PHY update 0x00: tx 2, rx 2", "PHY update 0x00: tx 1, rx 1"],
    peripheral: &["PHY update 0x00: tx 2, rx 2", "PHY update 0x00: tx 1, rx 1"],
};
