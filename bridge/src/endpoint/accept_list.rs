//! The filter accept list (Vol 4, Part E, 7.8.14 to 7.8.17): both halves have it.

use ble::error::ErrorCode;
use ble::hci::{Command, Return};
use ble::time::Instant;

use super::Endpoint;
use super::commands::{Reply, Verdict};

/// Devices in the accept list of the half that holds fewer.
const ACCEPT_LIST: u8 = 8;

impl Endpoint {
    pub(super) fn read_accept_list_size(&mut self, _: Instant) -> Verdict {
        Ok(Reply::Waist(Return::Size(ACCEPT_LIST)))
    }

    /// A device is added or removed, or all are.
    pub(super) fn change_accept_list(&mut self, now: Instant, command: Command) -> Verdict {
        if self.accept_list_is_in_use() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.halves.both(now, command).map(Reply::Waist)
    }

    fn accept_list_is_in_use(&self) -> bool {
        (self.halves.is_advertising() && self.advertising.filters())
            || self.set_filters()
            || (self.halves.is_scanning() && self.scanning.filters())
            || (self.halves.is_initiating() && self.initiating.filters())
    }
}
