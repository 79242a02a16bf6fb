//! Error codes on the wire and names for what a peer did wrong.

/// Controller error codes (Vol 1, Part F), as carried by HCI and by link-layer PDUs. Codes without
/// a name here are passed on unchanged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u8);

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* #[doc = concat!(" ", $text, ".")] pub const $name: Self = Self($code);)*

            /// The specification's name of the code.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    _ => "Unnamed error",
                }
            }
        }
    };
}

error_codes! {
    SUCCESS = 0x00, "Success";
    UNKNOWN_COMMAND = 0x01, "Unknown HCI Command";
    UNKNOWN_CONNECTION = 0x02, "Unknown Connection Identifier";
    AUTHENTICATION_FAILURE = 0x05, "Authentication Failure";
    PIN_OR_KEY_MISSING = 0x06, "PIN or Key Missing";
    MEMORY_CAPACITY_EXCEEDED = 0x07, "Memory Capacity Exceeded";
    CONNECTION_TIMEOUT = 0x08, "Connection Timeout";
    CONNECTION_LIMIT_EXCEEDED = 0x09, "Connection Limit Exceeded";
    CONNECTION_ALREADY_EXISTS = 0x0B, "Connection Already Exists";
    COMMAND_DISALLOWED = 0x0C, "Command Disallowed";
    UNSUPPORTED_FEATURE_OR_PARAMETER = 0x11, "Unsupported Feature or Parameter Value";
    INVALID_PARAMETERS = 0x12, "Invalid HCI Command Parameters";
    REMOTE_USER_TERMINATED = 0x13, "Remote User Terminated Connection";
    REMOTE_LOW_RESOURCES = 0x14, "Remote Device Terminated due to Low Resources";
    REMOTE_POWER_OFF = 0x15, "Remote Device Terminated due to Power Off";
    LOCAL_HOST_TERMINATED = 0x16, "Connection Terminated by Local Host";
    PAIRING_NOT_ALLOWED = 0x18, "Pairing Not Allowed";
    UNSUPPORTED_REMOTE_FEATURE = 0x1A, "Unsupported Remote Feature";
    INVALID_LL_PARAMETERS = 0x1E, "Invalid LL Parameters";
    UNSPECIFIED = 0x1F, "Unspecified Error";
    UNSUPPORTED_LL_PARAMETER_VALUE = 0x20, "Unsupported LL Parameter Value";
    LL_RESPONSE_TIMEOUT = 0x22, "LL Response Timeout";
    LL_PROCEDURE_COLLISION = 0x23, "LL Procedure Collision";
    LMP_PDU_NOT_ALLOWED = 0x24, "LMP PDU Not Allowed";
    INSTANT_PASSED = 0x28, "Instant Passed";
    UNIT_KEY_NOT_SUPPORTED = 0x29, "Pairing with Unit Key Not Supported";
    DIFFERENT_TRANSACTION_COLLISION = 0x2A, "Different Transaction Collision";
    CHANNEL_CLASSIFICATION_NOT_SUPPORTED = 0x2E, "Channel Classification Not Supported";
    CONTROLLER_BUSY = 0x3A, "Controller Busy";
    UNACCEPTABLE_CONNECTION_PARAMETERS = 0x3B, "Unacceptable Connection Parameters";
    ADVERTISING_TIMEOUT = 0x3C, "Advertising Timeout";
    MIC_FAILURE = 0x3D, "Connection Terminated due to MIC Failure";
    FAILED_TO_ESTABLISH = 0x3E, "Connection Failed to be Established";
    UNKNOWN_ADVERTISING_IDENTIFIER = 0x42, "Unknown Advertising Identifier";
    LIMIT_REACHED = 0x43, "Limit Reached";
    PACKET_TOO_LONG = 0x45, "Packet Too Long";
}

impl core::fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "0x{:02X} {}", self.0, self.name())
    }
}

/// What a peer did that the rules forbid. A peer's violation is a value: it is recorded, answered
/// as the rules say, and never a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// A PDU or packet shorter or longer than its type allows.
    WrongLength,
    /// A reserved LLID.
    ReservedLlid,
    /// CONNECT_IND with a field out of range.
    InvalidConnectInd,
    /// A control PDU that only the other role may send.
    WrongRole,
    /// An answer to something that was never asked.
    UnexpectedResponse,
    /// Started an incompatible procedure after answering the local one and before its instant.
    ProcedureBeforeInstant,
    /// An instant in the past.
    InstantPassed,
    /// A PDU that must not be sent while encryption starts or pauses.
    NotAllowedWhileEncrypting,
    /// The message integrity check failed.
    BadMic,
    /// No answer within 40 s.
    NoResponse,
    /// More requests than can be answered while it acknowledges nothing.
    TooManyRequests,
    /// Fields with values out of range.
    InvalidParameters,
    /// L2CAP: continuation without start, longer than announced, or beyond the MTU.
    BadL2capFraming,
    /// ATT: a request while one is being served, or a malformed one.
    BadAtt,
    /// SMP: command out of sequence.
    SmpOutOfSequence,
    /// SMP: public key not on the curve, or the local one reflected.
    SmpBadPublicKey,
    /// SMP: confirm value or DHKey check does not verify.
    SmpCheckFailed,
}
