//! The commands that an endpoint has: one table says which bit of Supported Commands each sets,
//! which feature it needs, and how it is answered.

use ble::pdu::control::FeatureSet;

/// How a command is answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Command Status; an event follows later.
    Status,
    /// Command Complete.
    Complete,
    /// Command Complete that names the connection, after an error too.
    Handle,
}

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// OGF and OCF.
    pub opcode: u16,
    /// Its name in the specification.
    pub name: &'static str,
    /// Octet and bit in Supported Commands; vendor commands have none.
    pub bit: Option<(u8, u8)>,
    /// Without this feature the command does not exist.
    pub needs: FeatureSet,
    /// How it is answered.
    pub answer: Answer,
}

const ALWAYS: FeatureSet = FeatureSet(0);
const ENCRYPTION: FeatureSet = FeatureSet::ENCRYPTION;
const PARAMETERS: FeatureSet = FeatureSet::CONNECTION_PARAMETERS_REQUEST;
const PING: FeatureSet = FeatureSet::PING;
const LENGTH: FeatureSet = FeatureSet::DATA_LENGTH_EXTENSION;
const PRIVACY: FeatureSet = FeatureSet::PRIVACY;
const PHY: FeatureSet = FeatureSet::LE_2M;
const EXTENDED: FeatureSet = FeatureSet::EXTENDED_ADVERTISING;

macro_rules! rows {
    ($($opcode:literal, $bit:expr, $needs:ident, $answer:ident, $name:literal;)*) => {
        /// All commands, by opcode.
        pub const COMMANDS: &[Row] = &[$(Row {
            opcode: $opcode,
            name: $name,
            bit: $bit,
            needs: $needs,
            answer: Answer::$answer,
        }),*];
    };
}

rows! {
    0x0406, Some((0, 5)), ALWAYS, Status, "Disconnect";
    0x041D, Some((2, 7)), ALWAYS, Status, "Read Remote Version Information";
    0x0C01, Some((5, 6)), ALWAYS, Complete, "Set Event Mask";
    0x0C03, Some((5, 7)), ALWAYS, Complete, "Reset";
    0x0C2D, Some((10, 2)), ALWAYS, Handle, "Read Transmit Power Level";
    0x0C31, Some((10, 5)), ALWAYS, Complete, "Set Controller To Host Flow Control";
    0x0C33, Some((10, 6)), ALWAYS, Complete, "Host Buffer Size";
    0x0C35, Some((10, 7)), ALWAYS, Complete, "Host Number Of Completed Packets";
    0x0C63, Some((22, 2)), ALWAYS, Complete, "Set Event Mask Page 2";
    0x0C7B, Some((32, 4)), PING, Handle, "Read Authenticated Payload Timeout";
    0x0C7C, Some((32, 5)), PING, Handle, "Write Authenticated Payload Timeout";
    0x1001, Some((14, 3)), ALWAYS, Complete, "Read Local Version Information";
    0x1002, Some((14, 4)), ALWAYS, Complete, "Read Local Supported Commands";
    0x1003, Some((14, 5)), ALWAYS, Complete, "Read Local Supported Features";
    0x1009, Some((15, 1)), ALWAYS, Complete, "Read BD_ADDR";
    0x1405, Some((15, 5)), ALWAYS, Handle, "Read RSSI";
    0x2001, Some((25, 0)), ALWAYS, Complete, "LE Set Event Mask";
    0x2002, Some((25, 1)), ALWAYS, Complete, "LE Read Buffer Size";
    0x2003, Some((25, 2)), ALWAYS, Complete, "LE Read Local Supported Features";
    0x2005, Some((25, 4)), ALWAYS, Complete, "LE Set Random Address";
    0x2006, Some((25, 5)), ALWAYS, Complete, "LE Set Advertising Parameters";
    0x2007, Some((25, 6)), ALWAYS, Complete, "LE Read Advertising Physical Channel Tx Power";
    0x2008, Some((25, 7)), ALWAYS, Complete, "LE Set Advertising Data";
    0x2009, Some((26, 0)), ALWAYS, Complete, "LE Set Scan Response Data";
    0x200A, Some((26, 1)), ALWAYS, Complete, "LE Set Advertising Enable";
    0x200B, Some((26, 2)), ALWAYS, Complete, "LE Set Scan Parameters";
    0x200C, Some((26, 3)), ALWAYS, Complete, "LE Set Scan Enable";
    0x200D, Some((26, 4)), ALWAYS, Status, "LE Create Connection";
    0x200E, Some((26, 5)), ALWAYS, Complete, "LE Create Connection Cancel";
    0x200F, Some((26, 6)), ALWAYS, Complete, "LE Read Filter Accept List Size";
    0x2010, Some((26, 7)), ALWAYS, Complete, "LE Clear Filter Accept List";
    0x2011, Some((27, 0)), ALWAYS, Complete, "LE Add Device To Filter Accept List";
    0x2012, Some((27, 1)), ALWAYS, Complete, "LE Remove Device From Filter Accept List";
    0x2013, Some((27, 2)), ALWAYS, Status, "LE Connection Update";
    0x2014, Some((27, 3)), ALWAYS, Complete, "LE Set Host Channel Classification";
    0x2015, Some((27, 4)), ALWAYS, Handle, "LE Read Channel Map";
    0x2016, Some((27, 5)), ALWAYS, Status, "LE Read Remote Features";
    0x2017, Some((27, 6)), ALWAYS, Complete, "LE Encrypt";
    0x2018, Some((27, 7)), ALWAYS, Complete, "LE Rand";
    0x2019, Some((28, 0)), ENCRYPTION, Status, "LE Enable Encryption";
    0x201A, Some((28, 1)), ENCRYPTION, Handle, "LE Long Term Key Request Reply";
    0x201B, Some((28, 2)), ENCRYPTION, Handle, "LE Long Term Key Request Negative Reply";
    0x201C, Some((28, 3)), ALWAYS, Complete, "LE Read Supported States";
    0x201D, Some((28, 4)), ALWAYS, Complete, "LE Receiver Test [v1]";
    0x201E, Some((28, 5)), ALWAYS, Complete, "LE Transmitter Test [v1]";
    0x201F, Some((28, 6)), ALWAYS, Complete, "LE Test End";
    0x2020, Some((33, 4)), PARAMETERS, Handle, "LE Remote Connection Parameter Request Reply";
    0x2021, Some((33, 5)), PARAMETERS, Handle,
        "LE Remote Connection Parameter Request Negative Reply";
    0x2022, Some((33, 6)), LENGTH, Handle, "LE Set Data Length";
    0x2023, Some((33, 7)), LENGTH, Complete, "LE Read Suggested Default Data Length";
    0x2024, Some((34, 0)), LENGTH, Complete, "LE Write Suggested Default Data Length";
    0x2025, Some((34, 1)), ALWAYS, Status, "LE Read Local P-256 Public Key";
    0x2026, Some((34, 2)), ALWAYS, Status, "LE Generate DHKey";
    0x2027, Some((34, 3)), PRIVACY, Complete, "LE Add Device To Resolving List";
    0x2028, Some((34, 4)), PRIVACY, Complete, "LE Remove Device From Resolving List";
    0x2029, Some((34, 5)), PRIVACY, Complete, "LE Clear Resolving List";
    0x202A, Some((34, 6)), PRIVACY, Complete, "LE Read Resolving List Size";
    0x202B, Some((34, 7)), PRIVACY, Complete, "LE Read Peer Resolvable Address";
    0x202C, Some((35, 0)), PRIVACY, Complete, "LE Read Local Resolvable Address";
    0x202D, Some((35, 1)), PRIVACY, Complete, "LE Set Address Resolution Enable";
    0x202E, Some((35, 2)), PRIVACY, Complete, "LE Set Resolvable Private Address Timeout";
    0x202F, Some((35, 3)), LENGTH, Complete, "LE Read Maximum Data Length";
    0x2030, Some((35, 4)), PHY, Handle, "LE Read PHY";
    0x2031, Some((35, 5)), PHY, Complete, "LE Set Default PHY";
    0x2032, Some((35, 6)), PHY, Status, "LE Set PHY";
    0x2033, Some((35, 7)), PHY, Complete, "LE Receiver Test [v2]";
    0x2034, Some((36, 0)), PHY, Complete, "LE Transmitter Test [v2]";
    0x2035, Some((36, 1)), EXTENDED, Complete, "LE Set Advertising Set Random Address";
    0x2036, Some((36, 2)), EXTENDED, Complete, "LE Set Extended Advertising Parameters";
    0x2037, Some((36, 3)), EXTENDED, Complete, "LE Set Extended Advertising Data";
    0x2038, Some((36, 4)), EXTENDED, Complete, "LE Set Extended Scan Response Data";
    0x2039, Some((36, 5)), EXTENDED, Complete, "LE Set Extended Advertising Enable";
    0x203A, Some((36, 6)), EXTENDED, Complete, "LE Read Maximum Advertising Data Length";
    0x203B, Some((36, 7)), EXTENDED, Complete, "LE Read Number of Supported Advertising Sets";
    0x203C, Some((37, 0)), EXTENDED, Complete, "LE Remove Advertising Set";
    0x203D, Some((37, 1)), EXTENDED, Complete, "LE Clear Advertising Sets";
    0x2041, Some((37, 5)), EXTENDED, Complete, "LE Set Extended Scan Parameters";
    0x2042, Some((37, 6)), EXTENDED, Complete, "LE Set Extended Scan Enable";
    0x2043, Some((37, 7)), EXTENDED, Status, "LE Extended Create Connection";
    0x204B, Some((38, 7)), ALWAYS, Complete, "LE Read Transmit Power";
    0x204E, Some((39, 2)), PRIVACY, Complete, "LE Set Privacy Mode";
    0xFC06, None, ALWAYS, Complete, "Zephyr: Write BD_ADDR";
}

impl Row {
    /// Octets that its Command Complete returns after the status, and after the connection if it
    /// names one.
    #[must_use]
    pub const fn returned(&self) -> usize {
        match self.opcode {
            0x2007 | 0x0C2D | 0x1405 | 0x200F | 0x202A | 0x2036 | 0x203B => 1,
            0x0C7B | 0x201F | 0x2030 | 0x203A | 0x204B => 2,
            0x2002 => 3,
            0x2023 => 4,
            0x2015 => 5,
            0x1009 | 0x202B | 0x202C => 6,
            0x1001 | 0x1003 | 0x2003 | 0x2018 | 0x201C | 0x202F => 8,
            0x2017 => 16,
            0x1002 => 64,
            _ => 0,
        }
    }
}

/// The row of a command, if a device with these features has it.
#[must_use]
pub fn row(opcode: u16, features: FeatureSet) -> Option<&'static Row> {
    let index = COMMANDS.binary_search_by_key(&opcode, |row| row.opcode).ok()?;
    COMMANDS.get(index).filter(|row| features.has(row.needs))
}

/// Supported Commands of a device with these features.
#[must_use]
pub fn supported_commands(features: FeatureSet) -> [u8; 64] {
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
        assert!(row(0x2022, all).is_some() && row(0x2022, all.without(LENGTH)).is_none());
        assert_eq!(supported_commands(all)[33] & 1 << 6, 1 << 6);
        assert_eq!(supported_commands(all.without(LENGTH))[33] & 1 << 6, 0);
    }
}
