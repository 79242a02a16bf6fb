//! Extended initiating.

use ble::error::ErrorCode;
use ble::phy::PhySet;
use ble::time::Instant;
use bletwin_models::controller::scan::extended::ExtendedConnect;

use crate::endpoint::Endpoint;
use crate::endpoint::commands::{GRANTED, Verdict};
use crate::endpoint::privacy::OwnAddress;

impl Endpoint {
    pub(in crate::endpoint) fn extended_connect(
        &mut self,
        now: Instant,
        (own, asked): (OwnAddress, ExtendedConnect),
    ) -> Verdict {
        let used = self.halves.phys();
        let phys = [0, 1, 2].map(|number| PhySet(1 << number));
        let missing = |(phy, asked): (&PhySet, bool)| asked && used.intersection(*phy).0 == 0;
        if phys.iter().zip(asked.phys.map(|phy| phy.is_some())).any(missing) {
            return Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
        }
        self.initiate(own, asked.peer)?;
        self.halves.extended_connect(now, asked).and(GRANTED)
    }
}
