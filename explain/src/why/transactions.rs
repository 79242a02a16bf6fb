//! Pairs ATT requests with their answers.

use super::air::{Pdu, What};

const ERROR_RSP: u8 = 0x01;
const INDICATION: u8 = 0x1D;
const CONFIRMATION: u8 = 0x1E;

/// An ATT request or indication, and what it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Index of the request.
    pub request: usize,
    /// Whether the central asked.
    pub from_central: bool,
    /// Index of the answer.
    pub answer: Option<usize>,
    /// Error code of the answer, if it is an Error Response.
    pub error: Option<u8>,
}

/// All of a connection, in the order of their requests. Each side has one request open at a time.
#[must_use]
pub fn transactions(pdus: &[Pdu]) -> Vec<Transaction> {
    let mut found: Vec<Transaction> = Vec::new();
    for (index, pdu) in pdus.iter().enumerate().filter(|(_, p)| p.is_news()) {
        let What::Att(octets) = &pdu.what else { continue };
        let Some(&opcode) = octets.first() else { continue };
        if asks(opcode) {
            let from_central = pdu.from_central;
            found.push(Transaction { request: index, from_central, answer: None, error: None });
        } else if answers(opcode) {
            let open = found
                .iter_mut()
                .rfind(|t| t.answer.is_none() && t.from_central != pdu.from_central);
            if let Some(open) = open {
                open.answer = Some(index);
                open.error = octets.get(4).copied().filter(|_| opcode == ERROR_RSP);
            }
        }
    }
    found
}

const fn asks(opcode: u8) -> bool {
    matches!(
        opcode,
        0x02 | 0x04 | 0x06 | 0x08 | 0x0A | 0x0C | 0x0E | 0x10 | 0x12 | 0x16 | 0x18 | 0x20
    ) || opcode == INDICATION
}

const fn answers(opcode: u8) -> bool {
    matches!(
        opcode,
        0x03 | 0x05 | 0x07 | 0x09 | 0x0B | 0x0D | 0x0F | 0x11 | 0x13 | 0x17 | 0x19 | 0x21
    ) || opcode == ERROR_RSP
        || opcode == CONFIRMATION
}
