//! HCI commands that concern the controller as a whole (Vol 4, Part E, 7.3, 7.4 and 7.8).

use crate::link::message::LinkOrder;
use ble::error::ErrorCode;
use ble::hci::{Command, HciOpcode, Return};
use ble::pdu::control::FeatureSet;
use ble::phy::PhySet;
use ble::time::Instant;

use super::Control;
use super::advertising::ACCEPT_LIST;
use super::procedure::data_length::{self, Length, MAX_OCTETS};
use super::procedure::phy::{self, Phys};
use super::sender::ACL_BUFFERS;

/// A set of PHYs as a host prefers it: none named means all, and all must be supported.
pub(super) fn preference(set: PhySet, supported: PhySet) -> Result<PhySet, ErrorCode> {
    if set == PhySet::NONE {
        Ok(supported)
    } else if set.0 & !supported.0 == 0 {
        Ok(set)
    } else {
        Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER)
    }
}

/// Features of which a command needs one to be supported; empty: always supported.
const fn needs(command: &Command) -> FeatureSet {
    match command {
        Command::LeSetDataLength { .. }
        | Command::LeReadMaximumDataLength
        | Command::LeWriteSuggestedDefaultDataLength { .. } => FeatureSet::DATA_LENGTH_EXTENSION,
        Command::LeReadPhy { .. } | Command::LeSetPhy { .. } | Command::LeSetDefaultPhy { .. } => {
            FeatureSet::LE_2M.with(FeatureSet::LE_CODED)
        }
        Command::LeRemoteConnectionParameterRequestReply { .. }
        | Command::LeRemoteConnectionParameterRequestNegativeReply { .. } => {
            FeatureSet::CONNECTION_PARAMETERS_REQUEST
        }
        Command::LeLongTermKeyRequestReply { .. }
        | Command::LeLongTermKeyRequestNegativeReply { .. } => FeatureSet::ENCRYPTION,
        Command::ReadAuthenticatedPayloadTimeout { .. }
        | Command::WriteAuthenticatedPayloadTimeout { .. } => FeatureSet::PING,
        _ => FeatureSet(0),
    }
}

/// Commands that exist with LL Privacy only.
const fn is_privacy(command: &Command) -> bool {
    matches!(
        command,
        Command::LeAddToResolvingList { .. }
            | Command::LeRemoveFromResolvingList { .. }
            | Command::LeClearResolvingList
            | Command::LeSetAddressResolutionEnable { .. }
            | Command::LeSetPrivacyMode { .. }
    )
}

impl<const LINKS: usize> Control<LINKS> {
    /// Gives the number of AES blocks computed.
    pub(super) fn dispatch(&mut self, now: Instant, command: Command) -> u16 {
        let opcode = command.opcode();
        let needed = needs(&command);
        if needed != FeatureSet(0) && self.config.own_features().and(needed) == FeatureSet(0) {
            self.out.status(opcode, ErrorCode::UNKNOWN_COMMAND);
            return 0;
        }
        match command {
            Command::Reset => self.reset(opcode),
            Command::SetEventMask { mask } => {
                self.out.masks.set(mask);
                self.done(opcode, ErrorCode::SUCCESS)
            }
            Command::LeSetEventMask { mask } => {
                self.out.masks.set_le(mask);
                self.done(opcode, ErrorCode::SUCCESS)
            }
            Command::ReadBdAddr => self.give(opcode, Return::BdAddr(self.config.public_address)),
            Command::LeReadBufferSize => {
                let count = u8::try_from(ACL_BUFFERS).unwrap_or(u8::MAX);
                self.give(opcode, Return::BufferSize { length: MAX_OCTETS, count })
            }
            Command::LeReadLocalFeatures => {
                self.give(opcode, Return::Features(self.config.own_features()))
            }
            Command::LeRand => {
                let random = self.hci_random.octets();
                self.give(opcode, Return::Random(random))
            }
            Command::LeEncrypt { key, plaintext } => {
                let encrypted = self.aes.e(key.expose(), plaintext.expose());
                self.give(opcode, Return::Encrypted(encrypted)).saturating_add(1)
            }
            Command::LeReadMaximumDataLength => {
                let longest = data_length::longest(&self.config);
                let Length { octets, time } = longest;
                self.give(
                    opcode,
                    Return::MaximumDataLength {
                        tx_octets: octets,
                        tx_time: time,
                        rx_octets: octets,
                        rx_time: time,
                    },
                )
            }
            Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time } => {
                self.suggest_length(opcode, Length { octets: tx_octets, time: tx_time })
            }
            Command::LeSetDefaultPhy { tx, rx } => self.set_default_phy(opcode, tx, rx),
            other => self.advertising_command(now, opcode, other),
        }
    }

    /// Command Complete with a status alone.
    pub(super) fn done(&mut self, opcode: HciOpcode, status: ErrorCode) -> u16 {
        self.out.complete(opcode, status, Return::None);
        0
    }

    fn give(&mut self, opcode: HciOpcode, returned: Return) -> u16 {
        self.out.complete(opcode, ErrorCode::SUCCESS, returned);
        0
    }

    fn reset(&mut self, opcode: HciOpcode) -> u16 {
        for served in self.connections.iter().flatten() {
            self.out.order(LinkOrder::Drop(served.connection.link));
        }
        self.advertiser.disable(&mut self.out);
        self.out.order(LinkOrder::AcceptListClear);
        self.resolving.clear(&mut self.out);
        self.resolving.changed(self.aes, &mut self.out);
        self.out.masks.reset();
        self.forget_all();
        self.done(opcode, ErrorCode::SUCCESS)
    }

    fn suggest_length(&mut self, opcode: HciOpcode, length: Length) -> u16 {
        if !length.is_valid() {
            return self.done(opcode, ErrorCode::INVALID_PARAMETERS);
        }
        let longest = data_length::longest(&self.config);
        self.set_default_length(Length {
            octets: length.octets.min(longest.octets),
            time: length.time.min(longest.time),
        });
        self.done(opcode, ErrorCode::SUCCESS)
    }

    fn set_default_phy(&mut self, opcode: HciOpcode, tx: PhySet, rx: PhySet) -> u16 {
        let supported = phy::supported(self.config.own_features());
        let status = match (preference(tx, supported), preference(rx, supported)) {
            (Ok(tx), Ok(rx)) => {
                self.set_default_phys(Phys::new(tx, rx));
                ErrorCode::SUCCESS
            }
            (Err(error), _) | (_, Err(error)) => error,
        };
        self.done(opcode, status)
    }

    fn advertising_command(&mut self, now: Instant, opcode: HciOpcode, command: Command) -> u16 {
        let status = match command {
            Command::LeSetRandomAddress { address } => self.advertiser.set_random_address(address),
            Command::LeSetAdvertisingParameters { parameters } => {
                self.advertiser.set_parameters(parameters)
            }
            Command::LeSetAdvertisingData { data } => {
                self.advertiser.set_data(data);
                self.refresh_advertising()
            }
            Command::LeSetScanResponseData { data } => {
                self.advertiser.set_scan_response(data);
                self.refresh_advertising()
            }
            Command::LeSetAdvertisingEnable { enable: true } => {
                let called = self.advertiser.called();
                let known = called.map(|private| self.resolving.resolve(self.aes, private));
                let (target, blocks) = known.unwrap_or_default();
                self.advertiser.call(target);
                let status = self.enable_advertising();
                return self.done(opcode, status).saturating_add(blocks);
            }
            Command::LeSetAdvertisingEnable { enable: false } => {
                self.advertiser.disable(&mut self.out);
                ErrorCode::SUCCESS
            }
            Command::LeReadFilterAcceptListSize => {
                let size = u8::try_from(ACCEPT_LIST).unwrap_or(u8::MAX);
                return self.give(opcode, Return::Size(size));
            }
            Command::LeClearFilterAcceptList => self.advertiser.clear_accept_list(&mut self.out),
            Command::LeAddToFilterAcceptList { address } => {
                self.advertiser.accept(&mut self.out, address)
            }
            Command::LeRemoveFromFilterAcceptList { address } => {
                self.advertiser.forget(&mut self.out, address)
            }
            other => return self.privacy_command(now, opcode, other),
        };
        self.done(opcode, status)
    }

    fn enable_advertising(&mut self) -> ErrorCode {
        let full = self.connections.iter().all(Option::is_some);
        if full && self.advertiser.is_connectable() {
            return ErrorCode::CONNECTION_LIMIT_EXCEEDED;
        }
        let public = self.config.public_address;
        self.advertiser.enable(&mut self.out, public, self.resolving.enabled)
    }

    fn refresh_advertising(&mut self) -> ErrorCode {
        if self.advertiser.enabled { self.enable_advertising() } else { ErrorCode::SUCCESS }
    }

    /// The resolving list must not change while advertising resolves with it, nor, while
    /// advertising, whether it does.
    fn privacy_command(&mut self, now: Instant, opcode: HciOpcode, command: Command) -> u16 {
        if is_privacy(&command) && !self.config.own_features().has(FeatureSet::PRIVACY) {
            self.out.status(opcode, ErrorCode::UNKNOWN_COMMAND);
            return 0;
        }
        let in_use = self.advertiser.enabled;
        let listing = in_use && self.resolving.enabled;
        let result = match command {
            Command::LeAddToResolvingList { .. }
            | Command::LeRemoveFromResolvingList { .. }
            | Command::LeClearResolvingList
            | Command::LeSetPrivacyMode { .. }
                if listing =>
            {
                Err(ErrorCode::COMMAND_DISALLOWED)
            }
            Command::LeSetAddressResolutionEnable { .. } if in_use => {
                Err(ErrorCode::COMMAND_DISALLOWED)
            }
            Command::LeAddToResolvingList { identity, peer_irk, .. } => {
                self.resolving.add(identity, peer_irk)
            }
            Command::LeRemoveFromResolvingList { identity } => {
                self.resolving.remove(&mut self.out, identity)
            }
            Command::LeClearResolvingList => {
                self.resolving.clear(&mut self.out);
                Ok(())
            }
            Command::LeSetAddressResolutionEnable { enable } => {
                self.resolving.enabled = enable;
                Ok(())
            }
            Command::LeSetPrivacyMode { identity, device_privacy } => {
                self.resolving.set_mode(identity, device_privacy)
            }
            other => return self.link_command(now, opcode, other),
        };
        let blocks = self.resolving.changed(self.aes, &mut self.out);
        self.done(opcode, result.err().unwrap_or(ErrorCode::SUCCESS)).saturating_add(blocks)
    }
}
