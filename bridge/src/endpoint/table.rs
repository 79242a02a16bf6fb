//! The commands that an endpoint has, one row each: which bit of Supported Commands it sets, which
//! feature it needs, when it may come, how it is answered, and what carries it out. No other file
//! knows an opcode.

use ble::error::ErrorCode;
use ble::hci::HciOpcode;
use ble::pdu::control::FeatureSet;

use super::arbiter::Side::{Central, Peripheral};
use super::commands::Handler::{self, Activity, Half, Link, Octets, Waist};
use super::commands::{Family, none};
use super::extended::parameters;
use super::{Endpoint, connections, device, direct_test, flow, key_pair, masks, privacy};

/// The immediate answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Command Status; an event follows later.
    Status,
    /// Command Complete, once the command is done.
    Complete,
    /// Command Complete that names the connection, after an error too.
    Handle,
}

/// A command, as the endpoint serves it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandRow {
    /// OGF and OCF.
    pub(super) opcode: u16,
    /// Its name in the specification.
    #[cfg_attr(not(test), expect(dead_code, reason = "for who reads the table, and for tests"))]
    pub(super) name: &'static str,
    /// Octet and bit in Supported Commands; vendor commands have none.
    pub(super) bit: Option<(u8, u8)>,
    /// Without this feature the command does not exist.
    pub(super) needs: FeatureSet,
    /// When it may come.
    pub(super) family: Family,
    /// How it is answered.
    pub(super) answer: Answer,
    /// Octets that its Command Complete returns after the status, and after the connection if it
    /// names one.
    pub(super) returned: usize,
    /// What carries it out.
    pub(super) handler: Handler,
}

const ALWAYS: FeatureSet = FeatureSet(0);
const ENCRYPTION: FeatureSet = FeatureSet::ENCRYPTION;
const PARAMETERS: FeatureSet = FeatureSet::CONNECTION_PARAMETERS_REQUEST;
const PING: FeatureSet = FeatureSet::PING;
const LENGTH: FeatureSet = FeatureSet::DATA_LENGTH_EXTENSION;
const PRIVACY: FeatureSet = FeatureSet::PRIVACY;
const PHY: FeatureSet = FeatureSet::LE_2M;
const EXTENDED: FeatureSet = FeatureSet::EXTENDED_ADVERTISING;

/// Parameters are read, then it is seen whether the command may come, then it is carried out.
macro_rules! octets {
    ($method:ident) => {
        Octets(|endpoint, call| {
            none(call)?;
            endpoint.admit(call)?;
            endpoint.$method(call.now)
        })
    };
    ($read:expr => $method:ident) => {
        Octets(|endpoint, call| {
            let parameters = $read(call)?;
            endpoint.admit(call)?;
            endpoint.$method(call.now, parameters)
        })
    };
}

/// A command of the waist, and its handler with the parsed parameters.
macro_rules! waist {
    ($command:pat => $method:ident($($said:expr),*)) => {
        Waist(|endpoint, now, command| {
            use ble::hci::Command::*;
            match command {
                $command => endpoint.$method(now, $($said),*),
                _ => Err(ErrorCode::UNKNOWN_COMMAND),
            }
        })
    };
}

/// The same, with the octet at which Own_Address_Type stands.
macro_rules! activity {
    ($own:literal, $command:ident { $said:ident } => $method:ident) => {
        Activity($own, |endpoint, now, command, private| match command {
            ble::hci::Command::$command { $said } => endpoint.$method(now, $said, private),
            _ => Err(ErrorCode::UNKNOWN_COMMAND),
        })
    };
}

macro_rules! bit {
    ($octet:literal : $bit:literal) => {
        Some(($octet, $bit))
    };
    () => {
        None
    };
}

macro_rules! rows {
    ($($opcode:literal $name:literal [$($bit:tt)*] $needs:ident $family:ident,
       $answer:ident $returned:literal, $handler:expr;)*) => {
        /// All commands, by opcode.
        pub(super) const COMMANDS: &[CommandRow] = &[$(CommandRow {
            opcode: $opcode,
            name: $name,
            bit: bit!($($bit)*),
            needs: $needs,
            family: Family::$family,
            answer: Answer::$answer,
            returned: $returned,
            handler: $handler,
        }),*];
    };
}

// Opcode, name, octet and bit of Supported Commands, feature, family; answer and the octets that it
// returns, handler.
rows! {
    0x0406 "Disconnect" [0:5] ALWAYS Any,
        Status 0, Link(None);
    0x041D "Read Remote Version Information" [2:7] ALWAYS Any,
        Status 0, Link(None);
    0x0C01 "Set Event Mask" [5:6] ALWAYS Any,
        Complete 0, waist!(SetEventMask { mask } => set_event_mask(mask));
    0x0C03 "Reset" [5:7] ALWAYS Test,
        Complete 0, waist!(Reset => reset());
    0x0C2D "Read Transmit Power Level" [10:2] ALWAYS Any,
        Handle 1, octets!(connections::level => read_transmit_power_level);
    0x0C31 "Set Controller To Host Flow Control" [10:5] ALWAYS Any,
        Complete 0, octets!(flow::wanted => set_host_flow_control);
    0x0C33 "Host Buffer Size" [10:6] ALWAYS Any,
        Complete 0, octets!(flow::host_buffers => set_host_buffers);
    0x0C35 "Host Number Of Completed Packets" [10:7] ALWAYS Any,
        Complete 0, octets!(flow::completed => host_completed);
    0x0C63 "Set Event Mask Page 2" [22:2] ALWAYS Any,
        Complete 0, octets!(masks::mask => set_event_mask_page_2);
    0x0C7B "Read Authenticated Payload Timeout" [32:4] PING Any,
        Handle 2, Link(None);
    0x0C7C "Write Authenticated Payload Timeout" [32:5] PING Any,
        Handle 0, Link(None);
    0x1001 "Read Local Version Information" [14:3] ALWAYS Any,
        Complete 8, octets!(read_local_version);
    0x1002 "Read Local Supported Commands" [14:4] ALWAYS Any,
        Complete 64, octets!(read_supported_commands);
    0x1003 "Read Local Supported Features" [14:5] ALWAYS Any,
        Complete 8, octets!(read_supported_features);
    0x1009 "Read BD_ADDR" [15:1] ALWAYS Any,
        Complete 6, waist!(ReadBdAddr => read_bd_addr());
    0x1405 "Read RSSI" [15:5] ALWAYS Any,
        Handle 1, octets!(connections::handle => read_rssi);
    0x2001 "LE Set Event Mask" [25:0] ALWAYS Any,
        Complete 0, waist!(LeSetEventMask { mask } => set_le_event_mask(mask));
    0x2002 "LE Read Buffer Size" [25:1] ALWAYS Any,
        Complete 3, waist!(LeReadBufferSize => read_buffer_size());
    0x2003 "LE Read Local Supported Features" [25:2] ALWAYS Any,
        Complete 8, waist!(LeReadLocalFeatures => read_local_features());
    0x2005 "LE Set Random Address" [25:4] ALWAYS Any,
        Complete 0, waist!(LeSetRandomAddress { address } => set_random_address(address));
    0x2006 "LE Set Advertising Parameters" [25:5] ALWAYS Legacy,
        Complete 0,
        activity!(5, LeSetAdvertisingParameters { parameters } => set_advertising_parameters);
    0x2007 "LE Read Advertising Physical Channel Tx Power" [25:6] ALWAYS Legacy,
        Complete 1, octets!(read_advertising_power);
    0x2008 "LE Set Advertising Data" [25:7] ALWAYS Legacy,
        Complete 0, Half(Peripheral);
    0x2009 "LE Set Scan Response Data" [26:0] ALWAYS Legacy,
        Complete 0, Half(Peripheral);
    0x200A "LE Set Advertising Enable" [26:1] ALWAYS Legacy,
        Complete 0, waist!(LeSetAdvertisingEnable { enable } => set_advertising_enable(enable));
    0x200B "LE Set Scan Parameters" [26:2] ALWAYS Legacy,
        Complete 0, activity!(5, LeSetScanParameters { parameters } => set_scan_parameters);
    0x200C "LE Set Scan Enable" [26:3] ALWAYS Legacy,
        Complete 0,
        waist!(LeSetScanEnable { enable, filter_duplicates } =>
            set_scan_enable(enable, filter_duplicates));
    0x200D "LE Create Connection" [26:4] ALWAYS Legacy,
        Status 0, activity!(12, LeCreateConnection { request } => create_connection);
    0x200E "LE Create Connection Cancel" [26:5] ALWAYS Any,
        Complete 0, Half(Central);
    0x200F "LE Read Filter Accept List Size" [26:6] ALWAYS Any,
        Complete 1, waist!(LeReadFilterAcceptListSize => read_accept_list_size());
    0x2010 "LE Clear Filter Accept List" [26:7] ALWAYS Any,
        Complete 0, Waist(Endpoint::change_accept_list);
    0x2011 "LE Add Device To Filter Accept List" [27:0] ALWAYS Any,
        Complete 0, Waist(Endpoint::change_accept_list);
    0x2012 "LE Remove Device From Filter Accept List" [27:1] ALWAYS Any,
        Complete 0, Waist(Endpoint::change_accept_list);
    0x2013 "LE Connection Update" [27:2] ALWAYS Any,
        Status 0, Link(None);
    0x2014 "LE Set Host Channel Classification" [27:3] ALWAYS Any,
        Complete 0, Half(Central);
    0x2015 "LE Read Channel Map" [27:4] ALWAYS Any,
        Handle 5, Link(None);
    0x2016 "LE Read Remote Features" [27:5] ALWAYS Any,
        Status 0, Link(None);
    0x2017 "LE Encrypt" [27:6] ALWAYS Any,
        Complete 16, waist!(LeEncrypt { key, plaintext } => encrypt(&key, &plaintext));
    0x2018 "LE Rand" [27:7] ALWAYS Any,
        Complete 8, waist!(LeRand => random_number());
    0x2019 "LE Enable Encryption" [28:0] ENCRYPTION Any,
        Status 0, Link(Some(Central));
    0x201A "LE Long Term Key Request Reply" [28:1] ENCRYPTION Any,
        Handle 0, Link(Some(Peripheral));
    0x201B "LE Long Term Key Request Negative Reply" [28:2] ENCRYPTION Any,
        Handle 0, Link(Some(Peripheral));
    0x201C "LE Read Supported States" [28:3] ALWAYS Any,
        Complete 8, octets!(read_supported_states);
    0x201D "LE Receiver Test [v1]" [28:4] ALWAYS Test,
        Complete 0, octets!(direct_test::receiver => begin_test);
    0x201E "LE Transmitter Test [v1]" [28:5] ALWAYS Test,
        Complete 0, octets!(direct_test::transmitter => begin_test);
    0x201F "LE Test End" [28:6] ALWAYS Test,
        Complete 2, octets!(end_test);
    0x2020 "LE Remote Connection Parameter Request Reply" [33:4] PARAMETERS Any,
        Handle 0, Link(None);
    0x2021 "LE Remote Connection Parameter Request Negative Reply" [33:5] PARAMETERS Any,
        Handle 0, Link(None);
    0x2022 "LE Set Data Length" [33:6] LENGTH Any,
        Handle 0, Link(None);
    0x2023 "LE Read Suggested Default Data Length" [33:7] LENGTH Any,
        Complete 4, octets!(read_default_data_length);
    0x2024 "LE Write Suggested Default Data Length" [34:0] LENGTH Any,
        Complete 0,
        waist!(LeWriteSuggestedDefaultDataLength { tx_octets, tx_time } =>
            write_default_data_length(tx_octets, tx_time));
    0x2025 "LE Read Local P-256 Public Key" [34:1] ALWAYS Any,
        Status 0, octets!(read_public_key);
    0x2026 "LE Generate DHKey" [34:2] ALWAYS Any,
        Status 0, octets!(key_pair::point => generate_dhkey);
    0x2027 "LE Add Device To Resolving List" [34:3] PRIVACY Any,
        Complete 0,
        waist!(LeAddToResolvingList { identity, peer_irk, local_irk } =>
            add_to_resolving_list(identity, peer_irk, local_irk));
    0x2028 "LE Remove Device From Resolving List" [34:4] PRIVACY Any,
        Complete 0,
        waist!(LeRemoveFromResolvingList { identity } => remove_from_resolving_list(identity));
    0x2029 "LE Clear Resolving List" [34:5] PRIVACY Any,
        Complete 0, waist!(LeClearResolvingList => clear_resolving_list());
    0x202A "LE Read Resolving List Size" [34:6] PRIVACY Any,
        Complete 1, octets!(read_resolving_list_size);
    0x202B "LE Read Peer Resolvable Address" [34:7] PRIVACY Any,
        Complete 6, octets!(privacy::identity => read_peer_private);
    0x202C "LE Read Local Resolvable Address" [35:0] PRIVACY Any,
        Complete 6, octets!(privacy::identity => read_own_private);
    0x202D "LE Set Address Resolution Enable" [35:1] PRIVACY Any,
        Complete 0,
        waist!(LeSetAddressResolutionEnable { enable } => set_address_resolution(enable));
    0x202E "LE Set Resolvable Private Address Timeout" [35:2] PRIVACY Any,
        Complete 0, octets!(privacy::timeout => set_private_timeout);
    0x202F "LE Read Maximum Data Length" [35:3] LENGTH Any,
        Complete 8, Half(Central);
    0x2030 "LE Read PHY" [35:4] PHY Any,
        Handle 2, Link(None);
    0x2031 "LE Set Default PHY" [35:5] PHY Any,
        Complete 0, Waist(Endpoint::set_default_phy);
    0x2032 "LE Set PHY" [35:6] PHY Any,
        Status 0, Link(None);
    0x2033 "LE Receiver Test [v2]" [35:7] PHY Test,
        Complete 0, octets!(direct_test::receiver_of_phy => begin_test);
    0x2034 "LE Transmitter Test [v2]" [36:0] PHY Test,
        Complete 0, octets!(direct_test::transmitter_of_phy => begin_test);
    0x2035 "LE Set Advertising Set Random Address" [36:1] EXTENDED Extended,
        Complete 0, octets!(parameters::random_address => set_random_address_of_set);
    0x2036 "LE Set Extended Advertising Parameters" [36:2] EXTENDED Extended,
        Complete 1, octets!(parameters::Parameters::parse => set_parameters);
    0x2037 "LE Set Extended Advertising Data" [36:3] EXTENDED Extended,
        Complete 0, octets!(parameters::data => set_data);
    0x2038 "LE Set Extended Scan Response Data" [36:4] EXTENDED Extended,
        Complete 0, octets!(parameters::data => set_scan_response);
    0x2039 "LE Set Extended Advertising Enable" [36:5] EXTENDED Extended,
        Complete 0, octets!(parameters::enable => enable_sets);
    0x203A "LE Read Maximum Advertising Data Length" [36:6] EXTENDED Extended,
        Complete 2, octets!(read_maximum_advertising_data);
    0x203B "LE Read Number of Supported Advertising Sets" [36:7] EXTENDED Extended,
        Complete 1, octets!(read_number_of_sets);
    0x203C "LE Remove Advertising Set" [37:0] EXTENDED Extended,
        Complete 0, octets!(parameters::one_handle => remove_set);
    0x203D "LE Clear Advertising Sets" [37:1] EXTENDED Extended,
        Complete 0, octets!(clear_sets);
    0x2041 "LE Set Extended Scan Parameters" [37:5] EXTENDED Extended,
        Complete 0, octets!(parameters::scan => extended_scan_parameters);
    0x2042 "LE Set Extended Scan Enable" [37:6] EXTENDED Extended,
        Complete 0, octets!(parameters::scan_enable => extended_scan_enable);
    0x2043 "LE Extended Create Connection" [37:7] EXTENDED Extended,
        Status 0, octets!(parameters::connect => extended_connect);
    0x204B "LE Read Transmit Power" [38:7] ALWAYS Any,
        Complete 2, octets!(read_transmit_power);
    0x204E "LE Set Privacy Mode" [39:2] PRIVACY Any,
        Complete 0,
        waist!(LeSetPrivacyMode { identity, device_privacy } =>
            set_privacy_mode(identity, device_privacy));
    0xFC06 "Zephyr: Write BD_ADDR" [] ALWAYS Any,
        Complete 0, octets!(device::address => write_bd_addr);
}

/// The row of a command, if a device with these features has it.
pub(super) fn row(
    HciOpcode(opcode): HciOpcode,
    features: FeatureSet,
) -> Option<&'static CommandRow> {
    let index = COMMANDS.binary_search_by_key(&opcode, |row| row.opcode).ok()?;
    COMMANDS.get(index).filter(|row| features.has(row.needs))
}

/// Supported Commands of a device with these features.
pub(super) fn supported_commands(features: FeatureSet) -> [u8; 64] {
    let mut mask = [0; 64];
    for row in COMMANDS.iter().filter(|row| features.has(row.needs)) {
        if let Some((octet, bit)) = row.bit {
            mask[usize::from(octet)] |= 1 << bit;
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(COMMANDS.is_sorted_by_key(|row| row.opcode));
    }

    #[test]
    fn a_command_of_a_missing_feature_is_neither_there_nor_announced() {
        let all = FeatureSet(u64::MAX);
        let length = HciOpcode(0x2022);
        assert!(row(length, all).is_some() && row(length, all.without(LENGTH)).is_none());
        assert_eq!(supported_commands(all)[33] & 1 << 6, 1 << 6);
        assert_eq!(supported_commands(all.without(LENGTH))[33] & 1 << 6, 0);
    }
}
