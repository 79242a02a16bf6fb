//! A server's declarations: GATT-DECL, -SVC and -OWN.

use std::collections::BTreeMap;

use bletwin_rules::gatt::{GATT_DECL_1, GATT_DECL_2, GATT_DECL_3, GATT_OWN_1, GATT_SVC_1};

use super::attributes::{
    Attributes, CHARACTERISTIC, Characteristic, Configured, INDICATE, NOTIFY, PRIMARY_SERVICE,
    SECONDARY_SERVICE, kind_asked, short,
};
use super::codes::code;
use super::lists::{List, range};

/// Services of which a server has exactly one: GAP and GATT.
const SINGLE: [u16; 2] = [0x1800, 0x1801];

/// Properties of the characteristics of the GATT Service: Service Changed, Client Supported
/// Features, Database Hash, Server Supported Features.
const OWN: [(u16, u8); 4] = [(0x2A05, 0x20), (0x2B29, 0x0A), (0x2B2A, 0x02), (0x2B3A, 0x02)];

type Faults = Vec<(&'static str, String)>;

/// The declarations found so far, of one server.
#[derive(Default)]
pub(super) struct Declarations {
    /// Where each service of [`SINGLE`] is.
    single: BTreeMap<u16, u16>,
}

impl Declarations {
    /// The faults in the declarations of a response, which `attributes` already contain.
    pub(super) fn faults(
        &mut self,
        attributes: &Attributes,
        request: &[u8],
        response: &[u8],
    ) -> Faults {
        let mut faults = Faults::new();
        let Some(&opcode) = request.first() else { return faults };
        match (opcode, kind_asked(request)) {
            (code::READ_BY_GROUP_TYPE_REQ, Some(PRIMARY_SERVICE | SECONDARY_SERVICE)) => {
                self.services(request, response, &mut faults);
            }
            (code::READ_BY_TYPE_REQ, Some(CHARACTERISTIC)) => {
                characteristics(request, response, &mut faults);
            }
            (code::FIND_INFORMATION_REQ, _) => {
                configurations(attributes, request, response, &mut faults);
            }
            _ => {}
        }
        faults
    }

    /// GATT-DECL-1: service declarations. GATT-SVC-1: one Generic Attribute and one Generic Access
    /// service.
    fn services(&mut self, request: &[u8], response: &[u8], faults: &mut Faults) {
        let Some(list) = List::good(request, response) else { return };
        for (handle, rest) in list.entries() {
            let uuid = rest.get(2..).unwrap_or_default();
            if !matches!(uuid.len(), 2 | 16) {
                let text = format!("service 0x{handle:04X} with a UUID of {} octets", uuid.len());
                faults.push((GATT_DECL_1.id, text));
            }
            let Some(uuid) = short(uuid).filter(|uuid| SINGLE.contains(uuid)) else { continue };
            let first = *self.single.entry(uuid).or_insert(handle);
            if first != handle {
                let text = format!("service 0x{uuid:04X} at 0x{first:04X} and 0x{handle:04X}");
                faults.push((GATT_SVC_1.id, text));
            }
        }
    }
}

/// GATT-DECL-2: characteristic declarations. GATT-OWN-1: properties of the GATT Service.
fn characteristics(request: &[u8], response: &[u8], faults: &mut Faults) {
    let Some(list) = List::good(request, response) else { return };
    let mut entries = list.entries().peekable();
    while let Some((handle, rest)) = entries.next() {
        let next = entries.peek().map(|(next, _)| *next);
        let Some(declared) = Characteristic::read(rest).filter(|_| matches!(rest.len(), 5 | 19))
        else {
            let text = format!("declaration 0x{handle:04X} of {} octets", rest.len());
            faults.push((GATT_DECL_2.id, text));
            continue;
        };
        let value = declared.value;
        if value <= handle || next.is_some_and(|next| value >= next) {
            let text = format!("declaration 0x{handle:04X} names the value 0x{value:04X}");
            faults.push((GATT_DECL_2.id, text));
        }
        let own = OWN.into_iter().find(|(uuid, _)| declared.uuid == Some(*uuid));
        if let Some((uuid, right)) = own.filter(|(_, right)| declared.properties != *right) {
            let text = format!("0x{uuid:04X} has properties 0x{:02X}", declared.properties);
            faults.push((GATT_OWN_1.id, format!("{text}, not 0x{right:02X}")));
        }
    }
}

/// GATT-DECL-3: one configuration where there is something to configure.
fn configurations(attributes: &Attributes, request: &[u8], response: &[u8], faults: &mut Faults) {
    let Some((start, end)) = range(request) else { return };
    let last = List::good(request, response).and_then(|list| list.entries().last());
    let end = match (last, response) {
        (Some((last, _)), _) => last,
        (None, [code::ERROR_RSP, ..]) => end,
        _ => return,
    };
    for characteristic in attributes.around(start, end) {
        let value = characteristic.value;
        match attributes.configuration(value) {
            Configured::Nowhere if characteristic.properties & (NOTIFY | INDICATE) != 0 => {
                let text = format!("value 0x{value:04X} has no configuration");
                faults.push((GATT_DECL_3.id, text));
            }
            Configured::At(first, Some(second)) => {
                let text = format!(
                    "value 0x{value:04X} has configurations 0x{first:04X} and 0x{second:04X}"
                );
                faults.push((GATT_DECL_3.id, text));
            }
            _ => {}
        }
    }
}
