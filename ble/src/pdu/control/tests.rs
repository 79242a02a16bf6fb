use super::*;
use std::vec::Vec;

#[test]
fn length_of_a_captured_length_request() {
    let octets = [0x14, 0xfb, 0x00, 0x48, 0x08, 0xfb, 0x00, 0x48, 0x08];
    let pdu = ControlPdu::parse(&octets).unwrap();
    let expected =
        DataLength { max_rx_octets: 251, max_rx_time: 2120, max_tx_octets: 251, max_tx_time: 2120 };
    assert_eq!(pdu, ControlPdu::LengthReq(expected));
    assert_eq!(pdu.encode().as_slice(), octets);
}

/// LL-CTRL-1: length of a control PDU.
#[test]
fn every_defined_opcode_has_exactly_one_length() {
    for code in 0..=0x29 {
        let opcode = Opcode(code);
        let len = opcode.ctr_data_len().unwrap();
        for wrong in [len + 1, len.wrapping_sub(1)] {
            if wrong < 40 {
                let octets: Vec<u8> =
                    core::iter::once(code).chain(core::iter::repeat_n(0, wrong)).collect();
                assert_eq!(ControlPdu::parse(&octets), Err(ControlError::WrongLength(opcode)));
            }
        }
    }
    assert_eq!(ControlPdu::parse(&[]), Err(ControlError::Empty));
}

proptest::proptest! {
    #[test]
    fn what_is_parsed_is_written_back(octets in proptest::collection::vec(0u8.., 0..40)) {
        if let Ok(pdu) = ControlPdu::parse(&octets)
            && pdu.opcode().0 <= 0x19
        {
            let written = pdu.encode();
            proptest::prop_assert_eq!(written.as_slice(), &octets[..]);
        }
    }
}
