//! What is changed, and what is in flash before.

use ble::address::Address;
use ble::effect::Record;
use ble::log::{Line, Log};
use ble::secret::Secret;
use ble::time::Duration;
use bletwin_models::host::{OwnAddress, Step, Uuid};
use bletwin_models::profile::Profile;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Note, RecordKind};
use firmware_core::host::bonds::Bond;
use store::{Flash, Operation, PAGE_WORDS, PAGES, Put, Store};

use crate::kept::{Records, STORE};
use crate::stage::{CENTRAL, CHIP, Stage, trial};

/// The phone's identity.
const OWNER: [u8; 6] = [0x00, 0x00, 0x5E, 0x00, 0x53, 0x01];
/// The slot that what else is kept is changed in, until the bank is full.
const OTHER_SLOT: u8 = 31;

/// One change.
pub(super) struct Change {
    pub(super) name: &'static str,
    /// Bonds with others that are there.
    others: u8,
    /// The phone has a bond, by another key.
    known: bool,
    /// The next record moves all to the other bank.
    full: bool,
    /// A person deletes all bonds; if not, the phone pairs, and subscribes then.
    pub(super) deletes: bool,
}

impl Change {
    pub(super) fn all() -> [Self; 6] {
        let change =
            |name, others, known, full, deletes| Self { name, others, known, full, deletes };
        [
            change("first bond, then a configuration", 0, false, false, false),
            change("overwritten bond, then a configuration", 1, true, false, false),
            change("oldest of five bonds replaced", 5, false, false, false),
            change("all five bonds deleted", 5, false, false, true),
            change("bank full: overwritten bond moves", 2, true, true, false),
            change("bank full: all bonds deleted", 3, false, true, true),
        ]
    }

    /// A chip to which the change is about to happen: nothing of it is written yet.
    pub(super) fn stage(&self) -> Option<Stage> {
        let mut image = trial()?;
        assert!(image.put(STORE, &flash(self.others, self.known, self.full).octets()));
        let mut phone = Profile::phone();
        phone.controller.public_address = Address::public(OWNER).octets;
        let host = &mut phone.host;
        host.address = OwnAddress::Public;
        host.autostart = !self.deletes;
        host.steps = vec![
            Step::ExchangeMtu,
            Step::Discover,
            Step::Write(Uuid::LED, vec![1]),
            Step::Subscribe(Uuid::BUTTON),
            Step::Stay(Duration::from_secs(60)),
        ];
        let mut stage = Stage::new(image, phone, 1);
        if self.deletes {
            stage.run(1_000);
            let now = stage.world.now();
            stage.world.act(CHIP, now, Act::press("delete-bonds"));
            return Some(stage);
        }
        stage.run(600);
        let now = stage.world.now();
        stage.world.act(CHIP, now, Act::press("pairing"));
        stage.world.act(CHIP, now + Duration::from_ms(100), Act::release("pairing"));
        assert!(stage.until(20_000, |stage| stage.status().bonded), "{:?}", stage.status());
        assert!(
            !self.is_reported(&stage),
            "{}: flash takes longer than the last packet",
            self.name
        );
        Some(stage)
    }

    /// Whether the firmware has said that it is done.
    pub(super) fn is_reported(&self, stage: &Stage) -> bool {
        match self.deletes {
            true => stage.records().iter().any(|record| {
                let line = RecordKind::Note(Note::Log(Log {
                    severity: ble::log::Severity::Info,
                    module: "BLE_Main",
                    line: Line::BondDeleted,
                }));
                record.node == CHIP && record.kind == line
            }),
            false => stage.result()[2] == 1,
        }
    }

    /// Whether what is kept is what the firmware reports.
    pub(super) fn is_in(&self, records: &Records, stage: &Stage) -> bool {
        let bonds: Vec<_> = bonds(records).collect();
        match self.deletes {
            true => bonds.is_empty(),
            false => {
                let host = stage.host().expect("it is on");
                let ltk = &host.bonds().first().expect("it has paired").ltk;
                bonds.iter().any(|bond| &bond.ltk == ltk)
            }
        }
    }
}

/// Flash with bonds with so many others, and with the phone if it is `known`; if it is `full`, the
/// next record moves all.
pub(crate) fn flash(others: u8, known: bool, full: bool) -> Words {
    let mut flash = Words::blank();
    let phone = known.then(|| bond(others, OWNER, 9));
    let others = (0..others).map(|n| bond(n, [n + 1; 6], n.into()));
    for bond in others.chain(phone) {
        flash.put(bond.slot, bond.to_record().expect("it is short"));
    }
    let mut n = 0;
    while full && !flash.is_full() {
        flash.put(OTHER_SLOT, Record::new(&[n; 8]).expect("it is short"));
        n += 1;
    }
    flash
}

/// The bonds of what is kept.
pub(super) fn bonds(records: &Records) -> impl Iterator<Item = Bond> {
    let records = records.iter().filter_map(|(slot, octets)| Some((*slot, Record::new(octets)?)));
    records.filter_map(|(slot, record)| Bond::from_record(slot, &record))
}

/// A bond by a key that is like no other.
pub(crate) fn bond(slot: u8, identity: [u8; 6], number: u32) -> Bond {
    Bond {
        identity: Address::public(identity),
        ltk: Secret::new(std::array::from_fn(|n| 0x51 ^ slot ^ (n as u8).wrapping_mul(37))),
        irk: None,
        level: 2,
        key_size: 16,
        slot,
        cccd: 0,
        configured: 0,
        known: 0,
        number,
    }
}

/// The store's words, which nothing tears.
#[derive(Clone)]
pub(crate) struct Words(pub(crate) Vec<u32>);

impl Flash for Words {
    fn word(&self, at: u16) -> u32 {
        self.0[usize::from(at)]
    }
}

impl Words {
    fn blank() -> Self {
        let mut blank = Self(vec![u32::MAX; usize::from(PAGES) * usize::from(PAGE_WORDS)]);
        blank.put(0, Record::new(&[]).expect("it is short"));
        let mut store = blank.opened();
        assert_eq!(store.put(0, None), Put::Begun);
        blank.finish(&mut store);
        blank
    }

    pub(crate) fn octets(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Opens the store, after all that is to be done first.
    pub(super) fn opened(&mut self) -> Store {
        let mut store = Store::open(self);
        self.finish(&mut store);
        store
    }

    fn finish(&mut self, store: &mut Store) {
        while let Some(operation) = store.next(self).filter(|_| store.is_urgent()) {
            match operation {
                Operation::Write { at, word } => self.0[usize::from(at)] &= word,
                Operation::Erase { page, .. } => {
                    let first = usize::from(page) * usize::from(PAGE_WORDS);
                    self.0[first..first + usize::from(PAGE_WORDS)].fill(u32::MAX);
                }
            }
            store.done(self);
        }
    }

    fn put(&mut self, slot: u8, record: Record) {
        let mut store = self.opened();
        assert_eq!(store.put(slot, Some(record)), Put::Begun);
        self.finish(&mut store);
    }

    /// Whether the next record makes all move.
    fn is_full(&self) -> bool {
        let mut flash = self.clone();
        let mut store = flash.opened();
        assert_eq!(store.put(OTHER_SLOT, Record::new(&[0])), Put::Begun);
        matches!(store.next(&flash), Some(Operation::Erase { .. }))
    }
}

/// Lets go of whatever is pressed: whoever holds a button while power fails begins something new.
pub(super) fn let_go(stage: &mut Stage) {
    let now = stage.world.now();
    stage.world.act(CHIP, now, Act::release("delete-bonds"));
}

/// When the central has sent its last data on a connection.
pub(super) fn last_key(stage: &Stage) -> Option<ble::time::Instant> {
    let says = |record: &&bletwin_sim::record::Record| match &record.kind {
        RecordKind::AirTx(sent) => record.node == CENTRAL && !sent.pdu.payload().is_empty(),
        _ => false,
    };
    stage.records().iter().rev().find(says).map(|record| record.at)
}
