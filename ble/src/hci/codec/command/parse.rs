//! Octets → command.

use super::*;
use crate::error::ErrorCode;
use crate::hci::codec::{CodecError, channel_map, peer_address, reversed};
use crate::hci::{
    AdvertisingParameters, AdvertisingType, Command, ConnectionParameters, CreateConnection,
    FilterPolicy, Handle, HciOpcode, ScanParameters,
};
use crate::pdu::advertising::AdvertisingData;
use crate::pdu::cursor::Reader;
use crate::phy::PhySet;
use crate::secret::Secret;
use bt_hci::FromHciBytes;
use bt_hci::param::{
    AddrKind, AdvFilterPolicy, AdvKind, LeScanKind, PrivacyMode, ScanningFilterPolicy,
};

/// A command from octets, opcode first. An opcode that the waist does not carry is
/// [`Command::Unknown`], whatever its parameters.
///
/// # Errors
/// [`CodecError::Framing`] if the length octet and the packet disagree,
/// [`CodecError::Parameters`] if the parameters are not those of the command.
pub fn parse_command(packet: &[u8]) -> Result<Command, CodecError> {
    let mut r = Reader::new(packet);
    let (Some(opcode), Some(length)) = (r.u16(), r.u8()) else {
        return Err(CodecError::Framing);
    };
    let octets = r.rest();
    if octets.len() != usize::from(length) {
        return Err(CodecError::Framing);
    }
    let wrong = CodecError::Parameters(HciOpcode(opcode));
    if opcode >> 10 != 8 {
        return general(opcode, octets).ok_or(wrong);
    }
    match opcode {
        LE_SET_EVENT_MASK..=LE_REMOVE_FROM_ACCEPT_LIST => discovery(opcode, octets),
        LE_ADD_TO_RESOLVING_LIST..=LE_SET_ADDRESS_RESOLUTION | LE_SET_PRIVACY_MODE => {
            privacy(opcode, octets)
        }
        LE_ENCRYPT..=LE_LTK_NEGATIVE_REPLY => security(opcode, octets),
        _ => connection(opcode, octets),
    }
    .ok_or(wrong)
}

/// All octets as a value of fixed layout.
fn all<'a, T: FromHciBytes<'a>>(octets: &'a [u8]) -> Option<T> {
    T::from_hci_bytes_complete(octets).ok()
}

fn nothing(octets: &[u8], command: Command) -> Option<Command> {
    octets.is_empty().then_some(command)
}

fn handle(octets: &[u8]) -> Option<Handle> {
    all(octets).map(Handle)
}

fn general(opcode: u16, octets: &[u8]) -> Option<Command> {
    Some(match opcode {
        DISCONNECT => {
            let p: link_control::DisconnectParams = all(octets)?;
            Command::Disconnect {
                handle: Handle(p.handle.into_inner()),
                reason: ErrorCode(p.reason as u8),
            }
        }
        READ_REMOTE_VERSION => Command::ReadRemoteVersion { handle: handle(octets)? },
        SET_EVENT_MASK => Command::SetEventMask { mask: all(octets)? },
        RESET => return nothing(octets, Command::Reset),
        READ_PAYLOAD_TIMEOUT => {
            Command::ReadAuthenticatedPayloadTimeout { handle: handle(octets)? }
        }
        WRITE_PAYLOAD_TIMEOUT => {
            let p: baseband::WriteAuthenticatedPayloadTimeoutParams = all(octets)?;
            Command::WriteAuthenticatedPayloadTimeout {
                handle: Handle(p.handle.into_inner()),
                timeout: { p.timeout }.as_u16(),
            }
        }
        READ_BD_ADDR => return nothing(octets, Command::ReadBdAddr),
        _ => Command::Unknown(HciOpcode(opcode)),
    })
}

/// Masks, sizes, advertising, scanning, initiating, the accept list.
fn discovery(opcode: u16, octets: &[u8]) -> Option<Command> {
    Some(match opcode {
        LE_SET_EVENT_MASK => Command::LeSetEventMask { mask: all(octets)? },
        LE_READ_BUFFER_SIZE => return nothing(octets, Command::LeReadBufferSize),
        LE_READ_LOCAL_FEATURES => return nothing(octets, Command::LeReadLocalFeatures),
        LE_SET_RANDOM_ADDRESS => {
            let [a, b, c, d, e, f] = *octets else { return None };
            Command::LeSetRandomAddress { address: [a, b, c, d, e, f] }
        }
        LE_SET_ADVERTISING_PARAMETERS => {
            Command::LeSetAdvertisingParameters { parameters: advertising(octets)? }
        }
        LE_SET_ADVERTISING_DATA => {
            let p: le::LeSetAdvDataParams = all(octets)?;
            Command::LeSetAdvertisingData { data: advertising_data(p.data_len, p.data)? }
        }
        LE_SET_SCAN_RESPONSE_DATA => {
            let p: le::LeSetScanResponseDataParams = all(octets)?;
            Command::LeSetScanResponseData { data: advertising_data(p.data_len, p.data)? }
        }
        LE_SET_ADVERTISING_ENABLE => Command::LeSetAdvertisingEnable { enable: all(octets)? },
        LE_SET_SCAN_PARAMETERS => Command::LeSetScanParameters { parameters: scan(octets)? },
        LE_SET_SCAN_ENABLE => {
            let p: le::LeSetScanEnableParams = all(octets)?;
            Command::LeSetScanEnable { enable: p.enable, filter_duplicates: p.filter_duplicates }
        }
        LE_CREATE_CONNECTION => Command::LeCreateConnection { request: create(octets)? },
        LE_CREATE_CONNECTION_CANCEL => return nothing(octets, Command::LeCreateConnectionCancel),
        LE_READ_ACCEPT_LIST_SIZE => {
            return nothing(octets, Command::LeReadFilterAcceptListSize);
        }
        LE_CLEAR_ACCEPT_LIST => return nothing(octets, Command::LeClearFilterAcceptList),
        LE_ADD_TO_ACCEPT_LIST => {
            let p: le::LeAddDeviceToFilterAcceptListParams = all(octets)?;
            Command::LeAddToFilterAcceptList { address: peer_address(p.addr_kind, p.addr)? }
        }
        LE_REMOVE_FROM_ACCEPT_LIST => {
            let p: le::LeRemoveDeviceFromFilterAcceptListParams = all(octets)?;
            Command::LeRemoveFromFilterAcceptList { address: peer_address(p.addr_kind, p.addr)? }
        }
        _ => Command::Unknown(HciOpcode(opcode)),
    })
}

fn connection(opcode: u16, octets: &[u8]) -> Option<Command> {
    Some(match opcode {
        LE_CONNECTION_UPDATE => {
            let (handle, parameters) = connection_update(octets)?;
            Command::LeConnectionUpdate { handle, parameters }
        }
        LE_SET_CHANNEL_CLASSIFICATION => {
            let [a, b, c, d, e] = *octets else { return None };
            let channel_map = channel_map([a, b, c, d, e]);
            Command::LeSetHostChannelClassification { channel_map }
        }
        LE_READ_CHANNEL_MAP => Command::LeReadChannelMap { handle: handle(octets)? },
        LE_READ_REMOTE_FEATURES => Command::LeReadRemoteFeatures { handle: handle(octets)? },
        LE_PARAMETER_REPLY => {
            // Laid out like LE Connection Update.
            let (handle, parameters) = connection_update(octets)?;
            Command::LeRemoteConnectionParameterRequestReply { handle, parameters }
        }
        LE_PARAMETER_NEGATIVE_REPLY => {
            let mut r = Reader::new(octets);
            let (handle, reason) = (Handle(r.u16()?), ErrorCode(r.u8()?));
            r.end()?;
            Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason }
        }
        LE_SET_DATA_LENGTH => {
            let p: le::LeSetDataLengthParams = all(octets)?;
            Command::LeSetDataLength {
                handle: Handle(p.handle.into_inner()),
                tx_octets: p.tx_octets,
                tx_time: p.tx_time,
            }
        }
        LE_WRITE_DEFAULT_DATA_LENGTH => {
            let p: le::LeWriteSuggestedDefaultDataLengthParams = all(octets)?;
            Command::LeWriteSuggestedDefaultDataLength {
                tx_octets: p.suggested_max_tx_octets,
                tx_time: p.suggested_max_tx_time,
            }
        }
        LE_READ_MAXIMUM_DATA_LENGTH => return nothing(octets, Command::LeReadMaximumDataLength),
        LE_READ_PHY => Command::LeReadPhy { handle: handle(octets)? },
        LE_SET_DEFAULT_PHY => {
            let mut r = Reader::new(octets);
            let (tx, rx) = phys(&mut r)?;
            r.end()?;
            Command::LeSetDefaultPhy { tx, rx }
        }
        LE_SET_PHY => {
            let mut r = Reader::new(octets);
            let handle = Handle(r.u16()?);
            let (tx, rx) = phys(&mut r)?;
            let coded_options = r.u16()?;
            r.end()?;
            Command::LeSetPhy { handle, tx, rx, coded_options }
        }
        _ => Command::Unknown(HciOpcode(opcode)),
    })
}

fn security(opcode: u16, octets: &[u8]) -> Option<Command> {
    Some(match opcode {
        LE_ENCRYPT => {
            let p: le::LeEncryptParams = all(octets)?;
            Command::LeEncrypt {
                key: Secret::new(reversed(p.key)),
                plaintext: Secret::new(reversed(p.plaintext)),
            }
        }
        LE_RAND => return nothing(octets, Command::LeRand),
        LE_ENABLE_ENCRYPTION => {
            let p: le::LeEnableEncryptionParams = all(octets)?;
            Command::LeEnableEncryption {
                handle: Handle(p.handle.into_inner()),
                rand: u64::from_le_bytes(p.random),
                ediv: p.encrypted_diversifier,
                ltk: Secret::new(p.long_term_key),
            }
        }
        LE_LTK_REPLY => {
            let p: le::LeLongTermKeyRequestReplyParams = all(octets)?;
            Command::LeLongTermKeyRequestReply {
                handle: Handle(p.handle.into_inner()),
                ltk: Secret::new(p.long_term_key),
            }
        }
        LE_LTK_NEGATIVE_REPLY => {
            Command::LeLongTermKeyRequestNegativeReply { handle: handle(octets)? }
        }
        _ => Command::Unknown(HciOpcode(opcode)),
    })
}

/// The resolving list.
fn privacy(opcode: u16, octets: &[u8]) -> Option<Command> {
    Some(match opcode {
        LE_ADD_TO_RESOLVING_LIST => {
            let p: le::LeAddDeviceToResolvingListParams = all(octets)?;
            Command::LeAddToResolvingList {
                identity: peer_address(p.peer_id_addr_kind, p.peer_id_addr)?,
                peer_irk: Secret::new(p.peer_irk),
                local_irk: Secret::new(p.local_irk),
            }
        }
        LE_REMOVE_FROM_RESOLVING_LIST => {
            let p: le::LeRemoveDeviceFromResolvingListParams = all(octets)?;
            Command::LeRemoveFromResolvingList {
                identity: peer_address(p.peer_id_addr_kind, p.peer_id_addr)?,
            }
        }
        LE_CLEAR_RESOLVING_LIST => return nothing(octets, Command::LeClearResolvingList),
        LE_SET_ADDRESS_RESOLUTION => Command::LeSetAddressResolutionEnable { enable: all(octets)? },
        LE_SET_PRIVACY_MODE => {
            let p: le::LeSetPrivacyModeParams = all(octets)?;
            Command::LeSetPrivacyMode {
                identity: peer_address(p.peer_id_addr_kind, p.peer_id_addr)?,
                device_privacy: p.privacy_mode == PrivacyMode::Device,
            }
        }
        _ => Command::Unknown(HciOpcode(opcode)),
    })
}

/// Own_Address_Type: whether the random address is used.
const fn own_random(kind: AddrKind) -> Option<bool> {
    match kind.0 {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn advertising(octets: &[u8]) -> Option<AdvertisingParameters> {
    let p: le::LeSetAdvParamsParams = all(octets)?;
    Some(AdvertisingParameters {
        interval_min: { p.adv_interval_min }.as_u16(),
        interval_max: { p.adv_interval_max }.as_u16(),
        kind: match p.adv_kind {
            AdvKind::AdvInd => AdvertisingType::ConnectableUndirected,
            AdvKind::AdvDirectIndHigh => AdvertisingType::DirectedHighDuty,
            AdvKind::AdvScanInd => AdvertisingType::ScannableUndirected,
            AdvKind::AdvNonconnInd => AdvertisingType::NonConnectable,
            AdvKind::AdvDirectIndLow => AdvertisingType::DirectedLowDuty,
        },
        own_address_random: own_random(p.own_addr_kind)?,
        peer: peer_address(p.peer_addr_kind, p.peer_addr)?,
        channel_map: p.adv_channel_map.into_inner(),
        filter: match p.adv_filter_policy {
            AdvFilterPolicy::Unfiltered => FilterPolicy::Any,
            AdvFilterPolicy::FilterScan => FilterPolicy::ScanFromList,
            AdvFilterPolicy::FilterConn => FilterPolicy::ConnectFromList,
            AdvFilterPolicy::FilterConnAndScan => FilterPolicy::BothFromList,
        },
    })
}

fn advertising_data(len: u8, data: [u8; 31]) -> Option<AdvertisingData> {
    AdvertisingData::from_slice(data.get(..usize::from(len))?).ok()
}

fn scan(octets: &[u8]) -> Option<ScanParameters> {
    let p: le::LeSetScanParamsParams = all(octets)?;
    Some(ScanParameters {
        active: p.le_scan_kind == LeScanKind::Active,
        interval: { p.le_scan_interval }.as_u16(),
        window: { p.le_scan_window }.as_u16(),
        own_address_random: own_random(p.own_addr_kind)?,
        filter: match p.scanning_filter_policy {
            ScanningFilterPolicy::BasicUnfiltered => false,
            ScanningFilterPolicy::BasicFiltered => true,
            ScanningFilterPolicy::ExtUnfiltered | ScanningFilterPolicy::ExtFiltered => {
                return None;
            }
        },
    })
}

fn create(octets: &[u8]) -> Option<CreateConnection> {
    let p: le::LeCreateConnParams = all(octets)?;
    let peer = peer_address(p.peer_addr_kind, p.peer_addr);
    Some(CreateConnection {
        scan_interval: { p.le_scan_interval }.as_u16(),
        scan_window: { p.le_scan_window }.as_u16(),
        peer: if p.use_filter_accept_list { None } else { Some(peer?) },
        own_address_random: own_random(p.own_addr_kind)?,
        parameters: ConnectionParameters {
            interval_min: { p.conn_interval_min }.as_u16(),
            interval_max: { p.conn_interval_max }.as_u16(),
            latency: p.max_latency,
            timeout: { p.supervision_timeout }.as_u16(),
        },
    })
}

fn connection_update(octets: &[u8]) -> Option<(Handle, ConnectionParameters)> {
    let p: le::LeConnUpdateParams = all(octets)?;
    let parameters = ConnectionParameters {
        interval_min: { p.conn_interval_min }.as_u16(),
        interval_max: { p.conn_interval_max }.as_u16(),
        latency: p.max_latency,
        timeout: { p.supervision_timeout }.as_u16(),
    };
    Some((Handle(p.handle.into_inner()), parameters))
}

/// ALL_PHYS, TX_PHYS, RX_PHYS. "No preference" becomes the empty set; a preference for no PHY at
/// all is an error.
fn phys(r: &mut Reader<'_>) -> Option<(PhySet, PhySet)> {
    let [no_preference, tx, rx] = r.array()?;
    let set = |no_preference: bool, set: u8| match (no_preference, set) {
        (true, _) => Some(PhySet::NONE),
        (false, 0) => None,
        (false, set) => Some(PhySet(set)),
    };
    Some((set(no_preference & 1 != 0, tx)?, set(no_preference & 2 != 0, rx)?))
}
