//! Commands of the host (Vol 4, Part E, 7).

use ble::crypto::aes;
use ble::error::ErrorCode;
use ble::hci::{
    Command, ConnectionComplete, CreateConnection, Event, Handle, HciOpcode, Return, Role,
};
use ble::pdu::advertising::CHANNEL_MAP_ALL;
use ble::pdu::control::FeatureSet;
use ble::phy::{Coding, PhySet};
use ble::radio::RadioCommand;
use ble::time::Instant;
use ble::trace::Procedure;

use super::procedure::parameters::{self, in_range};
use super::procedure::{Local, channels, features};
use super::scan::{LIST, Resolving, Scanner};
use super::served::{Served, Wanted};
use super::shared::Shared;
use super::{Activity, CentralController};

/// A status, or what Command Complete returns beside success.
type Answer = Result<Return, ErrorCode>;

const DONE: Answer = Ok(Return::None);

impl CentralController {
    pub(super) fn execute(&mut self, now: Instant, command: Command) {
        let opcode = command.opcode();
        let answer = match command {
            Command::Disconnect { .. }
            | Command::ReadRemoteVersion { .. }
            | Command::LeReadRemoteFeatures { .. }
            | Command::LeConnectionUpdate { .. }
            | Command::LeEnableEncryption { .. }
            | Command::LeSetPhy { .. }
            | Command::LeCreateConnection { .. } => return self.start(now, opcode, command),
            Command::Reset => {
                self.reset();
                DONE
            }
            Command::LeSetScanParameters { .. }
            | Command::LeSetScanEnable { .. }
            | Command::LeCreateConnectionCancel
            | Command::LeClearFilterAcceptList
            | Command::LeAddToFilterAcceptList { .. }
            | Command::LeRemoveFromFilterAcceptList { .. }
            | Command::LeReadFilterAcceptListSize
            | Command::LeAddToResolvingList { .. }
            | Command::LeRemoveFromResolvingList { .. }
            | Command::LeClearResolvingList
            | Command::LeSetAddressResolutionEnable { .. }
            | Command::LeSetPrivacyMode { .. } => self.scanner_command(now, command),
            Command::ReadAuthenticatedPayloadTimeout { handle }
            | Command::WriteAuthenticatedPayloadTimeout { handle, .. }
            | Command::LeReadChannelMap { handle }
            | Command::LeReadPhy { handle }
            | Command::LeSetDataLength { handle, .. }
            | Command::LeRemoteConnectionParameterRequestReply { handle, .. }
            | Command::LeRemoteConnectionParameterRequestNegativeReply { handle, .. } => {
                self.link_command(now, handle, command)
            }
            other => self.device_command(now, other),
        };
        let (status, returned) = match answer {
            Ok(returned) => (ErrorCode::SUCCESS, returned),
            Err(error) => (error, Return::None),
        };
        self.shared.complete(opcode, status, returned);
        if opcode == Command::LeCreateConnectionCancel.opcode() && status == ErrorCode::SUCCESS {
            self.cancelled();
        }
    }

    /// Commands of the device as a whole.
    fn device_command(&mut self, now: Instant, command: Command) -> Answer {
        let sh = &mut self.shared;
        match command {
            Command::SetEventMask { mask } => sh.set_event_mask(mask),
            Command::LeSetEventMask { mask } => sh.set_le_event_mask(mask),
            Command::ReadBdAddr => return Ok(Return::BdAddr(sh.config.public_address)),
            Command::LeReadBufferSize => {
                return Ok(Return::BufferSize { length: 251, count: sh.config.acl_buffers });
            }
            Command::LeReadLocalFeatures => return Ok(Return::Features(sh.config.features)),
            Command::LeSetRandomAddress { address } => sh.set_random_address(address),
            Command::LeRand => return Ok(Return::Random(sh.host_random.octets())),
            Command::LeEncrypt { key, plaintext } => {
                return Ok(Return::Encrypted(aes::e(key.expose(), plaintext.expose())));
            }
            Command::LeSetHostChannelClassification { channel_map } => {
                return self.classify(now, channel_map);
            }
            Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time } => {
                if !length_in_range(tx_octets, tx_time) {
                    return Err(ErrorCode::INVALID_PARAMETERS);
                }
                sh.suggest_length(tx_octets, tx_time);
            }
            Command::LeReadMaximumDataLength => {
                let (octets, time) = (sh.config.max_octets, sh.config.max_time);
                return Ok(Return::MaximumDataLength {
                    tx_octets: octets,
                    tx_time: time,
                    rx_octets: octets,
                    rx_time: time,
                });
            }
            Command::LeSetDefaultPhy { tx, rx } => {
                let any = |set: PhySet| if set == PhySet::NONE { sh.phys() } else { set };
                let (tx, rx) = (any(tx), any(rx));
                if tx.union(rx).0 & !sh.phys().0 != 0 {
                    return Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
                }
                sh.prefer_phys(tx, rx);
            }
            _ => return Err(ErrorCode::UNKNOWN_COMMAND),
        }
        DONE
    }

    /// Channels that the host knows to be bad: every connection gets a new map.
    fn classify(&mut self, now: Instant, channel_map: u64) -> Answer {
        let map = channel_map & CHANNEL_MAP_ALL;
        if map == 0 || map != channel_map {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        // The link layer needs two channels; with fewer the map stays unchanged.
        if map.count_ones() < 2 {
            return DONE;
        }
        self.shared.classify(map);
        for served in self.links.iter_mut().flatten() {
            let wanted = Wanted::by_itself(Local::ChannelMap(channels::Local::Wanted(map)));
            served.want_instead(&mut self.shared, now, wanted);
        }
        DONE
    }

    /// Commands of one connection that complete immediately.
    fn link_command(&mut self, now: Instant, handle: Handle, command: Command) -> Answer {
        let (links, sh) = (&mut self.links, &mut self.shared);
        let Some(served) = links.iter_mut().flatten().find(|s| s.link.handle == handle) else {
            return Err(ErrorCode::UNKNOWN_CONNECTION);
        };
        let link = &mut served.link;
        match command {
            Command::ReadAuthenticatedPayloadTimeout { .. } => {
                let timeout = link.payload_timer.units();
                Ok(Return::AuthenticatedPayloadTimeout { handle, timeout })
            }
            Command::WriteAuthenticatedPayloadTimeout { timeout, .. } => {
                let units =
                    u64::from(link.parameters.interval) * (u64::from(link.parameters.latency) + 1);
                // Not shorter than one interval with latency: 1.25 ms against 10 ms.
                if timeout == 0 || u64::from(timeout) * 8 < units {
                    return Err(ErrorCode::INVALID_PARAMETERS);
                }
                link.payload_timer.set(timeout);
                Ok(Return::Handle(handle))
            }
            Command::LeReadChannelMap { .. } => {
                Ok(Return::ChannelMap { handle, channel_map: link.channel_map })
            }
            Command::LeReadPhy { .. } => {
                let (tx, rx) = (link.phys.tx(), link.phys.rx());
                Ok(Return::Phy { handle, tx, rx })
            }
            Command::LeSetDataLength { tx_octets, tx_time, .. } => {
                if !length_in_range(tx_octets, tx_time) {
                    return Err(ErrorCode::INVALID_PARAMETERS);
                }
                link.lengths.want(tx_octets, tx_time);
                served.want(sh, now, Wanted::by_host(Local::Length));
                Ok(Return::Handle(handle))
            }
            Command::LeRemoteConnectionParameterRequestReply { parameters, .. } => {
                if !in_range(&parameters) {
                    return Err(ErrorCode::INVALID_PARAMETERS);
                }
                answer_parameters(served, sh, Ok(parameters))
            }
            Command::LeRemoteConnectionParameterRequestNegativeReply { reason, .. } => {
                answer_parameters(served, sh, Err(reason))
            }
            _ => Err(ErrorCode::UNKNOWN_COMMAND),
        }
    }

    /// Commands that begin something: Command Status now, an event later.
    fn start(&mut self, now: Instant, opcode: HciOpcode, command: Command) {
        let (Command::Disconnect { handle, .. }
        | Command::ReadRemoteVersion { handle }
        | Command::LeReadRemoteFeatures { handle }
        | Command::LeConnectionUpdate { handle, .. }
        | Command::LeEnableEncryption { handle, .. }
        | Command::LeSetPhy { handle, .. }) = command
        else {
            return self.start_connection(now, opcode, command);
        };
        let (links, sh) = (&mut self.links, &mut self.shared);
        let Some(served) = links.iter_mut().flatten().find(|s| s.link.handle == handle) else {
            return sh.status(opcode, ErrorCode::UNKNOWN_CONNECTION);
        };
        let status = served.permits(sh, &command);
        sh.status(opcode, status);
        if status == ErrorCode::SUCCESS {
            served.launch(sh, now, &command);
        }
    }

    fn start_connection(&mut self, now: Instant, opcode: HciOpcode, command: Command) {
        let Command::LeCreateConnection { request } = command else {
            return self.shared.status(opcode, ErrorCode::UNKNOWN_COMMAND);
        };
        let result = if self.shared.config.quirks.refuses_connections {
            Err(ErrorCode::COMMAND_DISALLOWED)
        } else {
            self.create(&request)
        };
        self.shared.status(opcode, result.err().unwrap_or(ErrorCode::SUCCESS));
        if result.is_ok() {
            self.stop_scan();
            self.scanner.initiate(now, request);
        }
    }

    pub(super) fn create(&self, request: &CreateConnection) -> Result<(), ErrorCode> {
        if self.scanner.initiating.is_some() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        if self.links.iter().flatten().count() >= self.places {
            return Err(ErrorCode::CONNECTION_LIMIT_EXCEEDED);
        }
        let known = |peer| {
            self.links.iter().flatten().any(|s| s.link.peer == peer || s.link.identity == peer)
        };
        if request.peer.is_some_and(known) {
            return Err(ErrorCode::CONNECTION_ALREADY_EXISTS);
        }
        if !in_range(&request.parameters)
            || !scan_in_range(request.scan_interval, request.scan_window)
        {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        Ok(())
    }

    /// LE Create Connection was cancelled: it completes without a connection.
    fn cancelled(&mut self) {
        let own_random = self.scanner.initiating.take().is_some_and(|r| r.own_address_random);
        self.stop_scan();
        let local = self.shared.own_address(own_random);
        self.shared.event(Event::LeConnectionComplete(ConnectionComplete {
            status: ErrorCode::UNKNOWN_CONNECTION,
            handle: Handle(0),
            role: Role::Central,
            peer: ble::address::Address::public([0; 6]),
            peer_identity: None,
            local,
            interval: 0,
            latency: 0,
            timeout: 0,
            sca: 0,
        }));
    }

    /// Takes the radio from the scanner.
    pub(super) fn stop_scan(&mut self) {
        if self.activity == Activity::Scan {
            self.activity = Activity::Idle;
            self.scanner.release();
            self.shared.radio(RadioCommand::Stop);
        }
    }

    fn reset(&mut self) {
        for link in &mut self.links {
            *link = None;
        }
        if self.activity != Activity::Idle {
            self.activity = Activity::Idle;
            self.shared.radio(RadioCommand::Stop);
        }
        self.scanner = Scanner::default();
        self.shared.reset();
    }

    /// Commands for scanning, initiating and their lists.
    fn scanner_command(&mut self, now: Instant, command: Command) -> Answer {
        match command {
            Command::LeSetScanParameters { parameters } => {
                if self.scanner.scanning() {
                    return Err(ErrorCode::COMMAND_DISALLOWED);
                }
                if !scan_in_range(parameters.interval, parameters.window) {
                    return Err(ErrorCode::INVALID_PARAMETERS);
                }
                self.scanner.parameters = parameters;
            }
            Command::LeSetScanEnable { enable, filter_duplicates } => {
                if self.scanner.initiating.is_none() {
                    self.stop_scan();
                }
                self.scanner.enable(now, enable, filter_duplicates);
            }
            Command::LeCreateConnectionCancel if self.scanner.initiating.is_none() => {
                return Err(ErrorCode::COMMAND_DISALLOWED);
            }
            Command::LeReadFilterAcceptListSize => return Ok(Return::Size(LIST as u8)),
            Command::LeClearFilterAcceptList => self.scanner.accept.clear(),
            Command::LeAddToFilterAcceptList { address } => {
                let accept = &mut self.scanner.accept;
                if !accept.contains(&address) {
                    if accept.len() >= LIST {
                        return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
                    }
                    accept.push(address);
                }
            }
            Command::LeRemoveFromFilterAcceptList { address } => {
                self.scanner.accept.retain(|a| *a != address);
            }
            Command::LeClearResolvingList => self.scanner.resolving.clear(),
            Command::LeAddToResolvingList { identity, peer_irk, local_irk } => {
                let list = &mut self.scanner.resolving;
                list.retain(|peer| peer.identity != identity);
                if list.len() >= LIST {
                    return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
                }
                let irk = peer_irk;
                list.push(Resolving { identity, irk, local_irk, device_privacy: false });
            }
            Command::LeRemoveFromResolvingList { identity } => {
                self.scanner.resolving.retain(|peer| peer.identity != identity);
            }
            Command::LeSetAddressResolutionEnable { enable } => self.scanner.resolve = enable,
            Command::LeSetPrivacyMode { identity, device_privacy } => {
                let peers = self.scanner.resolving.iter_mut();
                for peer in peers.filter(|peer| peer.identity == identity) {
                    peer.device_privacy = device_privacy;
                }
            }
            _ => {}
        }
        DONE
    }
}

impl Served {
    /// Whether a command that begins something is obeyed.
    fn permits(&self, sh: &Shared, command: &Command) -> ErrorCode {
        match command {
            _ if self.link.terminating.is_some() => ErrorCode::COMMAND_DISALLOWED,
            Command::LeConnectionUpdate { parameters, .. } if !in_range(parameters) => {
                ErrorCode::INVALID_PARAMETERS
            }
            Command::LeEnableEncryption { .. } if !sh.has(FeatureSet::ENCRYPTION) => {
                ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER
            }
            Command::LeEnableEncryption { .. } if self.is_requested(Procedure::EncryptionStart) => {
                ErrorCode::COMMAND_DISALLOWED
            }
            Command::LeSetPhy { tx, rx, .. } if tx.union(*rx).0 & !sh.phys().0 != 0 => {
                ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER
            }
            _ => ErrorCode::SUCCESS,
        }
    }

    /// Starts the procedure of a command.
    fn launch(&mut self, sh: &mut Shared, now: Instant, command: &Command) {
        match command {
            Command::Disconnect { reason, .. } => return self.terminate(sh, now, *reason),
            Command::LeReadRemoteFeatures { .. } if self.link.features.is_some() => {
                return features::report(&self.link, sh, ErrorCode::SUCCESS);
            }
            Command::LeSetPhy { coded_options, .. } => {
                self.link.phys.prefer(Coding::preferred(*coded_options));
            }
            _ => {}
        }
        if let Some(local) = Local::of_command(command, &sh.config) {
            self.want(sh, now, Wanted::by_host(local));
        }
    }
}

fn answer_parameters(served: &mut Served, sh: &mut Shared, answer: parameters::Answer) -> Answer {
    if served.host_answers(sh, answer) {
        Ok(Return::Handle(served.link.handle))
    } else {
        Err(ErrorCode::COMMAND_DISALLOWED)
    }
}

const fn length_in_range(octets: u16, time: u16) -> bool {
    octets >= 27 && octets <= 251 && time >= 328 && time <= 17_040
}

/// Scan interval and window, units of 0.625 ms.
const fn scan_in_range(interval: u16, window: u16) -> bool {
    window >= 4 && window <= interval && interval <= 0x4000
}
