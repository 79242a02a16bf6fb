//! Commands (Vol 4, Part E, 5.4.1).

mod encode;
mod parse;

pub use encode::encode_command;
pub use parse::parse_command;

use bt_hci::cmd::{Cmd, controller_baseband as baseband, info, le, link_control};

/// Most octets of a command packet: opcode, length, parameters.
pub const COMMAND_PACKET_MAX: usize = 3 + 255;

/// Opcodes as patterns, from bt-hci.
macro_rules! opcodes {
    ($($name:ident = $command:ty;)*) => {
        $(const $name: u16 = <$command as Cmd>::OPCODE.to_raw();)*
    };
}

opcodes! {
    DISCONNECT = link_control::Disconnect;
    READ_REMOTE_VERSION = link_control::ReadRemoteVersionInformation;
    SET_EVENT_MASK = baseband::SetEventMask;
    RESET = baseband::Reset;
    READ_PAYLOAD_TIMEOUT = baseband::ReadAuthenticatedPayloadTimeout;
    WRITE_PAYLOAD_TIMEOUT = baseband::WriteAuthenticatedPayloadTimeout;
    READ_BD_ADDR = info::ReadBdAddr;
    LE_SET_EVENT_MASK = le::LeSetEventMask;
    LE_READ_BUFFER_SIZE = le::LeReadBufferSize;
    LE_READ_LOCAL_FEATURES = le::LeReadLocalSupportedFeatures;
    LE_SET_RANDOM_ADDRESS = le::LeSetRandomAddr;
    LE_SET_ADVERTISING_PARAMETERS = le::LeSetAdvParams;
    LE_SET_ADVERTISING_DATA = le::LeSetAdvData;
    LE_SET_SCAN_RESPONSE_DATA = le::LeSetScanResponseData;
    LE_SET_ADVERTISING_ENABLE = le::LeSetAdvEnable;
    LE_SET_SCAN_PARAMETERS = le::LeSetScanParams;
    LE_SET_SCAN_ENABLE = le::LeSetScanEnable;
    LE_CREATE_CONNECTION = le::LeCreateConn;
    LE_CREATE_CONNECTION_CANCEL = le::LeCreateConnCancel;
    LE_READ_ACCEPT_LIST_SIZE = le::LeReadFilterAcceptListSize;
    LE_CLEAR_ACCEPT_LIST = le::LeClearFilterAcceptList;
    LE_ADD_TO_ACCEPT_LIST = le::LeAddDeviceToFilterAcceptList;
    LE_REMOVE_FROM_ACCEPT_LIST = le::LeRemoveDeviceFromFilterAcceptList;
    LE_CONNECTION_UPDATE = le::LeConnUpdate;
    LE_SET_CHANNEL_CLASSIFICATION = le::LeSetHostChannelClassification;
    LE_READ_CHANNEL_MAP = le::LeReadChannelMap;
    LE_READ_REMOTE_FEATURES = le::LeReadRemoteFeatures;
    LE_ENCRYPT = le::LeEncrypt;
    LE_RAND = le::LeRand;
    LE_ENABLE_ENCRYPTION = le::LeEnableEncryption;
    LE_LTK_REPLY = le::LeLongTermKeyRequestReply;
    LE_LTK_NEGATIVE_REPLY = le::LeLongTermKeyRequestNegativeReply;
    LE_PARAMETER_REPLY = le::LeRemoteConnectionParameterRequestReply;
    LE_PARAMETER_NEGATIVE_REPLY = le::LeRemoteConnectionParameterRequestNegativeReply;
    LE_SET_DATA_LENGTH = le::LeSetDataLength;
    LE_WRITE_DEFAULT_DATA_LENGTH = le::LeWriteSuggestedDefaultDataLength;
    LE_ADD_TO_RESOLVING_LIST = le::LeAddDeviceToResolvingList;
    LE_REMOVE_FROM_RESOLVING_LIST = le::LeRemoveDeviceFromResolvingList;
    LE_CLEAR_RESOLVING_LIST = le::LeClearResolvingList;
    LE_SET_ADDRESS_RESOLUTION = le::LeSetAddrResolutionEnable;
    LE_READ_MAXIMUM_DATA_LENGTH = le::LeReadMaxDataLength;
    LE_READ_PHY = le::LeReadPhy;
    LE_SET_DEFAULT_PHY = le::LeSetDefaultPhy;
    LE_SET_PHY = le::LeSetPhy;
    LE_SET_PRIVACY_MODE = le::LeSetPrivacyMode;
}
