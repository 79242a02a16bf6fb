//! Steps of a central with characteristics that its profile does not know.

use ble::time::Duration;
use bletwin_models::host::{Step, Uuid};
use firmware_core::host::gatt::{Access, Attribute, CHARACTERISTIC, Gatt, Uuid as OfTable};

/// How long a central that does not pair stays: an application that does something each second, or
/// every five, has done it.
const VISIT: Duration = Duration::from_secs(12);

/// First handle of an application's own services.
const FIRST: u16 = 0x0010;

const READ: u8 = 0x02;
const NOTIFY_OR_INDICATE: u8 = 0x30;

/// The application's own characteristics: UUID, properties, value.
pub(crate) fn characteristics(gatt: &Gatt) -> impl Iterator<Item = (Uuid, u8, &Attribute)> {
    let pairs = gatt.attributes.iter().zip(gatt.attributes.iter().skip(1));
    let own = (1_u16..).zip(pairs).skip(usize::from(FIRST - 1)).map(|(_, pair)| pair);
    own.filter(|(declaration, _)| declaration.kind == CHARACTERISTIC).map(|(declaration, value)| {
        let properties = declaration.constant_value().and_then(|value| value.first().copied());
        let uuid = match value.kind {
            OfTable::Short(octets) => Uuid::Short(u16::from_le_bytes(octets)),
            OfTable::Long(octets) => Uuid::Long(octets),
        };
        (uuid, properties.unwrap_or(0), value)
    })
}

/// The characteristic that a step is about.
const fn about(step: &Step) -> Option<&Uuid> {
    match step {
        Step::Write(uuid, _) | Step::Read(uuid) | Step::Subscribe(uuid) => Some(uuid),
        _ => None,
    }
}

/// The first of these steps whose characteristic is not there, or which has nothing to subscribe
/// to, and which of the two. What may merely not be read or written can be tried: it is refused on
/// air.
pub(crate) fn impossible<'a>(steps: &'a [Step], gatt: &Gatt) -> Option<(&'a Step, &'static str)> {
    steps.iter().find_map(|step| {
        let wanted = about(step)?;
        let there = characteristics(gatt).find(|(uuid, ..)| uuid == wanted);
        match (there, step) {
            (None, _) => Some((step, "does not have it")),
            (Some((_, properties, _)), Step::Subscribe(_))
                if properties & NOTIFY_OR_INDICATE == 0 =>
            {
                Some((step, "neither notifies nor indicates it"))
            }
            _ => None,
        }
    })
}

/// The same steps; but where some are not possible with these characteristics, all that name one
/// make way for a [`tour`] of those that are.
pub(super) fn fitted(steps: &[Step], gatt: &Gatt) -> Vec<Step> {
    if impossible(steps, gatt).is_none() {
        return steps.to_vec();
    }
    let place = steps.iter().position(|step| about(step).is_some()).unwrap_or(steps.len());
    let others = |steps: &[Step]| -> Vec<Step> {
        steps.iter().filter(|step| about(step).is_none()).cloned().collect()
    };
    let (before, after) = steps.split_at(place);
    [others(before), tour(gatt, |_| true), others(after)].concat()
}

/// Reads and subscribes to everything open, stays, and disconnects. `demanded`: the level of
/// attributes whose level the device demands.
pub(super) fn visit(gatt: &Gatt, demanded: u8) -> Vec<Step> {
    let open = |access: Access| match access {
        Access::Level(level) => level <= 1,
        Access::Demanded => demanded <= 1,
        Access::Never => false,
    };
    let mut steps = vec![Step::ExchangeMtu, Step::Discover];
    steps.extend(tour(gatt, open));
    steps.extend([Step::Stay(VISIT), Step::Disconnect]);
    steps
}

/// Reads what may be read, as far as `wanted` selects it, and subscribes to notifications and
/// indications.
fn tour(gatt: &Gatt, wanted: impl Fn(Access) -> bool) -> Vec<Step> {
    let mut steps = Vec::new();
    for (uuid, properties, value) in characteristics(gatt) {
        if properties & READ != 0 && wanted(value.read) {
            steps.push(Step::Read(uuid.clone()));
        }
        if properties & NOTIFY_OR_INDICATE != 0 {
            steps.push(Step::Subscribe(uuid));
        }
    }
    steps
}
