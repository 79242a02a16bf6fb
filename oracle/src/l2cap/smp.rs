//! SMP-PDU, -ROLE, -FEAT, -SEQ, -DIST, -FAIL, -SEC and -TIME, GAP-BOND-1: pairing.

use ble::hci::Role;
use ble::time::Instant;
use bletwin_rules::gatt::GAP_BOND_1;
use bletwin_rules::smp::{
    SMP_DIST_1, SMP_DIST_4, SMP_FEAT_1, SMP_FEAT_2, SMP_FEAT_3, SMP_PDU_1, SMP_ROLE_1, SMP_SEC_1,
    SMP_TIME_2,
};

use super::commitments::Commitments;
use super::pairing::{Pairing, Violation};
use super::terms::{Features, Terms, code, length, name};
use super::{Court, SentFrame, TIMEOUT};

/// Both ends of a connection.
#[derive(Default)]
pub(super) struct Smp {
    /// The pairing as each end knows it, by role.
    pairings: [Pairing; 2],
    /// Since when the timer of each end runs.
    timers: [Option<Instant>; 2],
    commitments: Commitments,
    /// When the last pairing had passed its stages, and octets of its key.
    agreed: Option<(Instant, u8)>,
}

impl Smp {
    pub(super) fn sent(&mut self, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        let Some(&command) = frame.octets.first() else { return };
        let pairing = &mut self.pairings[frame.by as usize];
        let under_way = pairing.is_under_way();
        let Some(octets) = length(command) else { return };
        let name = name(command);
        if frame.octets.len() != octets {
            let text = format!("{name} of {} octets, where {octets} are right", frame.octets.len());
            court.report(SMP_PDU_1.id, frame, text);
            *pairing = Pairing::Open;
            return;
        }
        if may_not(frame.by, command) {
            court.report(SMP_ROLE_1.id, frame, format!("{name} of the {}", role(frame.by)));
            *pairing = Pairing::Open;
            return;
        }
        self.features(frame, court);
        let is_key = (code::LTK..=code::CSRK).contains(&command);
        if is_key && !frame.is_encrypted() {
            court.report(SMP_DIST_1.id, frame, format!("{name} on a link in the clear"));
        }
        if command == code::ADDRESS && !is_identity(frame.octets) {
            court.report(SMP_DIST_4.id, frame, format!("{name} with a private address"));
        }
        if command == code::SECURITY && under_way {
            court.report(SMP_SEC_1.id, frame, format!("{name} while the pairing goes on"));
        }
        self.timer(command, frame, court);
        if command == code::REQUEST {
            self.commitments = Commitments::default();
        }
        let pairing = &mut self.pairings[frame.by as usize];
        let bonds = |terms: &Terms| terms.bonds[frame.by as usize];
        if is_key && pairing.terms().is_some_and(|terms| !bonds(terms)) {
            court.report(GAP_BOND_1.id, frame, format!("{name} of who does not bond"));
        }
        if let Err(Violation(rule, because)) = pairing.sent(frame.by, frame.octets) {
            court.report(rule, frame, format!("{name}, although {because}"));
        }
        let agreed = pairing.terms().filter(|_| !pairing.is_under_way());
        if let Some(terms) = agreed.filter(|_| under_way) {
            self.agreed = Some((frame.at(), terms.key_size));
        }
        // The end whose turn it is has received all earlier commands.
        if let Some(terms) = pairing.terms().filter(|terms| terms.secure) {
            let wrong = self.commitments.sent(frame.by, frame.octets, terms.method);
            for (rule, because) in wrong.into_iter().flatten() {
                court.report(rule, frame, format!("{name}, {because}"));
            }
        }
    }

    /// SMP-FEAT-3: size of the key. Of the keys that hosts have given, the last ones are known.
    pub(super) fn keys(&self, court: &mut Court<'_, '_>) {
        let Some((at, size)) = self.agreed else { return };
        for by in [Role::Central, Role::Peripheral] {
            let Some((given, key)) = court.link.keys[by as usize] else { continue };
            let beyond = key.expose().iter().skip(size.into()).any(|octet| *octet != 0);
            let packet = court.link.packets.iter().rev().find(|packet| packet.item.at <= given);
            if let Some(packet) = packet.filter(|_| beyond && given >= at) {
                let text = format!("a key of more than {size} octets is given to the controller");
                court.link.accuse(court.findings, SMP_FEAT_3.id, by, packet, &[], text);
            }
        }
    }

    /// SMP-TIME-2: silence after a timeout.
    fn timer(&mut self, command: u8, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        let by = frame.by;
        let runs = self.timers[by as usize].filter(|_| self.pairings[by as usize].is_timed());
        if runs.is_some_and(|since| court.was_idle(by, since + TIMEOUT)) {
            let text = format!("{} after 30 s without a command of its own", name(command));
            court.report(SMP_TIME_2.id, frame, text);
        }
        self.timers[by as usize] = Some(frame.at());
    }

    pub(super) fn received(&mut self, frame: &SentFrame<'_>) {
        let by = frame.by;
        let end = 1 - by as usize;
        // A Keypress Notification resets it, too, but only should.
        if let Some(&(code::REQUEST | code::KEYPRESS)) = frame.octets.first() {
            self.timers[end] = Some(frame.at());
        }
        self.pairings[end].received(by, frame.octets);
    }

    /// SMP-FEAT-1: values of the feature exchange. SMP-FEAT-2: keys of the response.
    fn features(&self, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        let (code::REQUEST | code::RESPONSE) = frame.octets.first().copied().unwrap_or_default()
        else {
            return;
        };
        let Some(features) = Features::read(frame.octets) else { return };
        if features.is_reserved() {
            let text = format!(
                "IO capability {}, OOB data flag {}, maximum key size {}",
                features.io, features.oob, features.key_size
            );
            court.report(SMP_FEAT_1.id, frame, text);
        }
        let Pairing::Asked(request) = &self.pairings[frame.by as usize] else { return };
        let mut keys = features.keys.iter().zip(request.keys);
        if frame.by == Role::Peripheral && keys.any(|(keys, offered)| keys & !offered != 0) {
            let text = "a Pairing Response with keys that were not offered".to_owned();
            court.report(SMP_FEAT_2.id, frame, text);
        }
    }
}

fn may_not(by: Role, command: u8) -> bool {
    match command {
        code::REQUEST => by == Role::Peripheral,
        code::RESPONSE | code::SECURITY => by == Role::Central,
        _ => false,
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Central => "central",
        Role::Peripheral => "peripheral",
    }
}

/// Whether Identity Address Information names a public or a static random address.
fn is_identity(octets: &[u8]) -> bool {
    match octets {
        [_, 0, ..] => true,
        [_, 1, .., most] => most >> 6 == 0b11,
        _ => false,
    }
}
