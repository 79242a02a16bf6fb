//! How far SMP got.

use super::air::{Pdu, What};

/// The course of one pairing on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// Index of what began it: a Pairing Request, or the peripheral's Security Request.
    pub begun: usize,
    /// Index of the last SMP command.
    pub last: usize,
    /// Index of Pairing Failed.
    pub failed: Option<usize>,
    /// Index of the LL_START_ENC_RSP that the peripheral ended encryption start with.
    pub encrypted: Option<usize>,
}

impl Pairing {
    /// The last pairing in a connection.
    #[must_use]
    pub fn last_of(pdus: &[Pdu]) -> Option<Self> {
        use ble::pdu::control::ControlPdu;
        let mut pairing: Option<Self> = None;
        for (index, pdu) in pdus.iter().enumerate().filter(|(_, p)| p.is_news()) {
            match (&pdu.what, &mut pairing) {
                (What::Smp(0x01), _) => pairing = Some(Self::new(index)),
                (What::Smp(0x0B), None) => pairing = Some(Self::new(index)),
                (What::Smp(_), Some(p)) => p.last = index,
                (What::PairingFailed(_), Some(p)) => p.failed = Some(index),
                (What::Control(ControlPdu::StartEncRsp), Some(p)) if !pdu.from_central => {
                    p.encrypted = Some(index);
                }
                _ => {}
            }
            // LL_START_ENC_RSP may not have been captured, or read: what the peripheral encrypts
            // comes behind it, if the link was not encrypted before.
            let before = |begun: usize| pdus.get(begun).is_some_and(|pdu| pdu.encrypted);
            if let Some(p) = pairing.as_mut().filter(|p| !before(p.begun))
                && pdu.encrypted
                && !pdu.from_central
            {
                p.encrypted.get_or_insert(index);
            }
        }
        pairing
    }

    /// The PDUs that it is told by.
    pub fn indices(&self) -> impl Iterator<Item = usize> + use<> {
        let ends = [Some(self.begun), Some(self.last), self.failed, self.encrypted];
        ends.into_iter().flatten()
    }

    const fn new(index: usize) -> Self {
        Self { begun: index, last: index, failed: None, encrypted: None }
    }

    /// Whether it had begun and neither failed nor led to encryption when the PDU at `index` was
    /// on air.
    #[must_use]
    pub fn pending_at(&self, index: usize) -> bool {
        let over = [self.failed, self.encrypted].into_iter().flatten().min();
        self.begun <= index && over.is_none_or(|over| over > index)
    }
}
