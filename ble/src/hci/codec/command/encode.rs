//! Command → octets.

use super::*;
use crate::address::Address;
use crate::hci::codec::{CodecError, reversed, wire_address, wire_channel_map};
use crate::hci::{
    AdvertisingParameters, AdvertisingType, Command, ConnectionParameters, CreateConnection,
    FilterPolicy, Handle, ScanParameters,
};
use crate::pdu::cursor::Writer;
use crate::phy::PhySet;
use bt_hci::param::{
    AddrKind, AdvChannelMap, AdvFilterPolicy, AdvKind, BdAddr, ConnHandle, DisconnectReason,
    Duration, LeScanKind, PrivacyMode, ScanningFilterPolicy,
};
use bt_hci::{AsHciBytes, FromHciBytes as _};

type Octets = Writer<255>;

/// A command as octets, opcode first.
///
/// # Errors
/// [`CodecError::Unrepresentable`] for a disconnection reason that HCI does not allow and for a
/// channel map beyond five octets.
pub fn encode_command(
    command: &Command,
) -> Result<heapless::Vec<u8, COMMAND_PACKET_MAX>, CodecError> {
    let mut w = Octets::new();
    parameters(&mut w, command).ok_or(CodecError::Unrepresentable)?;
    let octets = w.finish().ok_or(CodecError::Unrepresentable)?;
    let length = u8::try_from(octets.len()).map_err(|_| CodecError::Unrepresentable)?;
    let mut packet = Writer::new();
    packet.u16(command.opcode().0).u8(length).bytes(&octets);
    packet.finish().ok_or(CodecError::Unrepresentable)
}

fn put(w: &mut Octets, value: &impl AsHciBytes) -> Option<()> {
    w.bytes(value.as_hci_bytes());
    Some(())
}

fn parameters(w: &mut Octets, command: &Command) -> Option<()> {
    match command {
        Command::Disconnect { handle, reason } => {
            let reason = DisconnectReason::from_hci_bytes_complete(&[reason.0]).ok()?;
            put(w, &link_control::DisconnectParams { handle: conn(*handle), reason })
        }
        Command::SetEventMask { mask } | Command::LeSetEventMask { mask } => put(w, mask),
        Command::LeSetRandomAddress { address } => put(w, address),
        Command::LeSetAdvertisingParameters { parameters } => put(w, &advertising(parameters)?),
        Command::LeSetAdvertisingData { data } | Command::LeSetScanResponseData { data } => {
            // Both commands have the same layout: a length and 31 octets, padded with zeros.
            let mut padded = [0; 31];
            padded.get_mut(..data.len())?.copy_from_slice(data);
            put(
                w,
                &le::LeSetAdvDataParams { data_len: u8::try_from(data.len()).ok()?, data: padded },
            )
        }
        Command::LeSetAdvertisingEnable { enable }
        | Command::LeSetAddressResolutionEnable { enable } => put(w, enable),
        Command::LeSetScanParameters { parameters } => put(w, &scan(parameters)),
        Command::LeSetScanEnable { enable, filter_duplicates } => put(
            w,
            &le::LeSetScanEnableParams { enable: *enable, filter_duplicates: *filter_duplicates },
        ),
        Command::LeCreateConnection { request } => put(w, &create(request)),
        Command::LeAddToFilterAcceptList { address }
        | Command::LeRemoveFromFilterAcceptList { address }
        | Command::LeRemoveFromResolvingList { identity: address } => device(w, *address),
        _ => of_a_connection(w, command),
    }
}

fn of_a_connection(w: &mut Octets, command: &Command) -> Option<()> {
    match command {
        Command::ReadRemoteVersion { handle }
        | Command::ReadAuthenticatedPayloadTimeout { handle }
        | Command::LeReadChannelMap { handle }
        | Command::LeReadRemoteFeatures { handle }
        | Command::LeLongTermKeyRequestNegativeReply { handle }
        | Command::LeReadPhy { handle } => put(w, &handle.0),
        Command::WriteAuthenticatedPayloadTimeout { handle, timeout } => {
            w.u16(handle.0).u16(*timeout);
            Some(())
        }
        Command::LeConnectionUpdate { handle, parameters }
        | Command::LeRemoteConnectionParameterRequestReply { handle, parameters } => {
            put(w, &connection_update(*handle, *parameters))
        }
        Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason } => {
            w.u16(handle.0).u8(reason.0);
            Some(())
        }
        Command::LeSetHostChannelClassification { channel_map } => {
            put(w, &wire_channel_map(*channel_map)?)
        }
        Command::LeSetDataLength { handle, tx_octets, tx_time } => {
            w.u16(handle.0).u16(*tx_octets).u16(*tx_time);
            Some(())
        }
        Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time } => {
            w.u16(*tx_octets).u16(*tx_time);
            Some(())
        }
        Command::LeSetDefaultPhy { tx, rx } => {
            phys(w, *tx, *rx);
            Some(())
        }
        Command::LeSetPhy { handle, tx, rx, coded_options } => {
            w.u16(handle.0);
            phys(w, *tx, *rx);
            w.u16(*coded_options);
            Some(())
        }
        _ => with_keys(w, command),
    }
}

fn with_keys(w: &mut Octets, command: &Command) -> Option<()> {
    match command {
        Command::LeEncrypt { key, plaintext } => {
            w.bytes(&reversed(*key.expose())).bytes(&reversed(*plaintext.expose()));
            Some(())
        }
        Command::LeEnableEncryption { handle, rand, ediv, ltk } => {
            w.u16(handle.0).u64(*rand).u16(*ediv).bytes(ltk.expose());
            Some(())
        }
        Command::LeLongTermKeyRequestReply { handle, ltk } => {
            w.u16(handle.0).bytes(ltk.expose());
            Some(())
        }
        Command::LeAddToResolvingList { identity, peer_irk, local_irk } => {
            device(w, *identity)?;
            w.bytes(peer_irk.expose()).bytes(local_irk.expose());
            Some(())
        }
        Command::LeSetPrivacyMode { identity, device_privacy } => {
            device(w, *identity)?;
            let mode = if *device_privacy { PrivacyMode::Device } else { PrivacyMode::Network };
            put(w, &mode)
        }
        // The rest has no parameters; those of an unknown command are not kept.
        _ => Some(()),
    }
}

const fn conn(handle: Handle) -> ConnHandle {
    ConnHandle(handle.0)
}

fn device(w: &mut Octets, address: Address) -> Option<()> {
    let (kind, octets) = wire_address(address);
    put(w, &kind)?;
    put(w, &octets)
}

const fn own(random: bool) -> AddrKind {
    if random { AddrKind::RANDOM } else { AddrKind::PUBLIC }
}

fn advertising(p: &AdvertisingParameters) -> Option<le::LeSetAdvParamsParams> {
    let (peer_addr_kind, peer_addr) = wire_address(p.peer);
    Some(le::LeSetAdvParamsParams {
        adv_interval_min: Duration::from_u16(p.interval_min),
        adv_interval_max: Duration::from_u16(p.interval_max),
        adv_kind: match p.kind {
            AdvertisingType::ConnectableUndirected => AdvKind::AdvInd,
            AdvertisingType::DirectedHighDuty => AdvKind::AdvDirectIndHigh,
            AdvertisingType::ScannableUndirected => AdvKind::AdvScanInd,
            AdvertisingType::NonConnectable => AdvKind::AdvNonconnInd,
            AdvertisingType::DirectedLowDuty => AdvKind::AdvDirectIndLow,
        },
        own_addr_kind: own(p.own_address_random),
        peer_addr_kind,
        peer_addr,
        adv_channel_map: AdvChannelMap::from_hci_bytes_complete(&[p.channel_map]).ok()?,
        adv_filter_policy: match p.filter {
            FilterPolicy::Any => AdvFilterPolicy::Unfiltered,
            FilterPolicy::ScanFromList => AdvFilterPolicy::FilterScan,
            FilterPolicy::ConnectFromList => AdvFilterPolicy::FilterConn,
            FilterPolicy::BothFromList => AdvFilterPolicy::FilterConnAndScan,
        },
    })
}

const fn scan(p: &ScanParameters) -> le::LeSetScanParamsParams {
    le::LeSetScanParamsParams {
        le_scan_kind: if p.active { LeScanKind::Active } else { LeScanKind::Passive },
        le_scan_interval: Duration::from_u16(p.interval),
        le_scan_window: Duration::from_u16(p.window),
        own_addr_kind: own(p.own_address_random),
        scanning_filter_policy: if p.filter {
            ScanningFilterPolicy::BasicFiltered
        } else {
            ScanningFilterPolicy::BasicUnfiltered
        },
    }
}

fn create(request: &CreateConnection) -> le::LeCreateConnParams {
    let (peer_addr_kind, peer_addr) =
        request.peer.map_or((AddrKind::PUBLIC, BdAddr([0; 6])), wire_address);
    let p = request.parameters;
    le::LeCreateConnParams {
        le_scan_interval: Duration::from_u16(request.scan_interval),
        le_scan_window: Duration::from_u16(request.scan_window),
        use_filter_accept_list: request.peer.is_none(),
        peer_addr_kind,
        peer_addr,
        own_addr_kind: own(request.own_address_random),
        conn_interval_min: Duration::from_u16(p.interval_min),
        conn_interval_max: Duration::from_u16(p.interval_max),
        max_latency: p.latency,
        supervision_timeout: Duration::from_u16(p.timeout),
        min_ce_length: Duration::from_u16(0),
        max_ce_length: Duration::from_u16(0),
    }
}

const fn connection_update(handle: Handle, p: ConnectionParameters) -> le::LeConnUpdateParams {
    le::LeConnUpdateParams {
        handle: conn(handle),
        conn_interval_min: Duration::from_u16(p.interval_min),
        conn_interval_max: Duration::from_u16(p.interval_max),
        max_latency: p.latency,
        supervision_timeout: Duration::from_u16(p.timeout),
        min_ce_length: Duration::from_u16(0),
        max_ce_length: Duration::from_u16(0),
    }
}

/// The empty set is "no preference", which has a bit of its own.
fn phys(w: &mut Octets, tx: PhySet, rx: PhySet) {
    let no_preference = u8::from(tx == PhySet::NONE) | (u8::from(rx == PhySet::NONE) << 1);
    w.u8(no_preference).u8(tx.0).u8(rx.0);
}
