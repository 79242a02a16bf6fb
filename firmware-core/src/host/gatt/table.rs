//! Tables of attributes, built when the firmware is compiled.
//!
//! A [`Table`] begins with the services that every device has, Generic Attribute at handle 0x0001
//! and Generic Access at 0x0009; an application's own follow from 0x0010 on. Declarations and
//! configurations are generated from each [`Characteristic`]. Invalid tables do not compile: a
//! table that is too small, too many configurations, an unknown characteristic.

use super::{
    Access, Attribute, CHARACTERISTIC, CLIENT_CONFIGURATION, CONFIGURATIONS, Configuration, Gatt,
    Inline, PRIMARY_SERVICE, USER_DESCRIPTION, Uuid, Value,
};

/// Broadcasts aside, the properties of a characteristic (Vol 3, Part G, 3.3.1.1).
const READ: u8 = 0x02;
const WRITE_WITHOUT_RESPONSE: u8 = 0x04;
const WRITE: u8 = 0x08;
/// May be notified.
pub(crate) const NOTIFY: u8 = 0x10;
/// May be indicated.
pub(crate) const INDICATE: u8 = 0x20;

/// Handles of the host's own values and descriptors.
pub mod handle {
    /// Value of Service Changed (Vol 3, Part G, 7.1).
    pub const SERVICE_CHANGED: u16 = 0x0003;
    /// Client Characteristic Configuration of Service Changed.
    pub const SERVICE_CHANGED_CONFIGURATION: u16 = 0x0004;
    /// Value of Client Supported Features (Vol 3, Part G, 7.2).
    pub const CLIENT_FEATURES: u16 = 0x0006;
    /// Value of Database Hash (Vol 3, Part G, 7.3).
    pub const DATABASE_HASH: u16 = 0x0008;
    /// Value of Peripheral Preferred Connection Parameters (Vol 3, Part C, 12.3).
    pub const PREFERRED_PARAMETERS: u16 = 0x000F;
}

/// A characteristic of an application. Who may read or write it is [`Access::Level`] 1, anyone,
/// unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Characteristic {
    uuid: Uuid,
    properties: u8,
    read: Access,
    write: Access,
    value: Value,
    description: Option<&'static str>,
}

impl Characteristic {
    /// One without properties.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        let (read, write) = (Access::Never, Access::Never);
        Self { uuid, properties: 0, read, write, value: Value::Variable, description: None }
    }

    /// Anyone may read it.
    #[must_use]
    pub const fn readable(self) -> Self {
        self.readable_by(Access::Level(1))
    }

    /// It can be read.
    #[must_use]
    pub const fn readable_by(self, read: Access) -> Self {
        Self { properties: self.properties | READ, read, ..self }
    }

    /// Anyone may write it.
    #[must_use]
    pub const fn writable(self) -> Self {
        self.writable_by(Access::Level(1))
    }

    /// It can be written.
    #[must_use]
    pub const fn writable_by(self, write: Access) -> Self {
        Self { properties: self.properties | WRITE, write, ..self }
    }

    /// It can be written without a response, too, at the level of [`Self::writable_by`].
    #[must_use]
    pub const fn without_response(self) -> Self {
        Self { properties: self.properties | WRITE_WITHOUT_RESPONSE, ..self }
    }

    /// It can be notified; its configuration follows it.
    #[must_use]
    pub const fn notifies(self) -> Self {
        Self { properties: self.properties | NOTIFY, ..self }
    }

    /// It can be indicated; its configuration follows it.
    #[must_use]
    pub const fn indicates(self) -> Self {
        Self { properties: self.properties | INDICATE, ..self }
    }

    /// Its value never changes.
    #[must_use]
    pub const fn constant(self, value: &'static [u8]) -> Self {
        Self { value: Value::Constant(value), ..self }
    }

    /// It has a Characteristic User Description.
    #[must_use]
    pub const fn described(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }
}

/// At most `N` attributes: fifteen of the host, one for each service of the application, and two
/// to four for each characteristic.
#[derive(Clone, Copy, Debug)]
pub struct Table<const N: usize> {
    name: &'static str,
    attributes: [Attribute; N],
    length: u16,
    configurations: u8,
    advertised: Option<Uuid>,
}

const OPEN: Access = Access::Level(1);

impl<const N: usize> Table<N> {
    /// The services that every device has. `name` is the complete local name and the Device Name
    /// characteristic, at most 24 octets so that advertising data hold it; `appearance` is one of
    /// the assigned numbers, least significant octet first (0: unknown).
    #[must_use]
    pub const fn new(name: &'static str, appearance: &'static [u8; 2]) -> Self {
        // GAP-NAME-1: values of the GAP Service.
        assert!(name.len() <= 24, "the name does not fit into advertising data");
        Self {
            name,
            attributes: [const { Attribute::constant(PRIMARY_SERVICE, &[]) }; N],
            length: 0,
            configurations: 0,
            advertised: None,
        }
        // GATT-SVC-1: one Generic Attribute and one Generic Access service.
        // GATT-OWN-1: properties of the GATT Service.
        .service(Uuid::short(0x1801))
        .characteristic(Characteristic::new(Uuid::short(0x2A05)).indicates())
        .characteristic(Characteristic::new(Uuid::short(0x2B29)).readable().writable())
        .characteristic(Characteristic::new(Uuid::short(0x2B2A)).readable())
        .service(Uuid::short(0x1800))
        .characteristic(
            Characteristic::new(Uuid::short(0x2A00)).readable().constant(name.as_bytes()),
        )
        .characteristic(Characteristic::new(Uuid::short(0x2A01)).readable().constant(appearance))
        .characteristic(Characteristic::new(Uuid::short(0x2A04)).readable())
    }

    /// Begins a primary service.
    // GATT-DECL-1: service declarations.
    #[must_use]
    pub const fn service(self, uuid: Uuid) -> Self {
        self.attribute(Attribute {
            value: Value::Inline(Inline::new(&[], uuid.octets())),
            ..Attribute::constant(PRIMARY_SERVICE, &[])
        })
    }

    /// Begins a primary service whose UUID stands in the scan response.
    #[must_use]
    pub const fn advertised(self, uuid: Uuid) -> Self {
        assert!(self.advertised.is_none(), "one service is advertised");
        Self { advertised: Some(uuid), ..self.service(uuid) }
    }

    /// Adds a characteristic to the service: declaration, value, and the descriptors that it
    /// needs.
    #[must_use]
    pub const fn characteristic(self, c: Characteristic) -> Self {
        let of = self.next_handle().saturating_add(1);
        let [low, high] = of.to_le_bytes();
        // GATT-DECL-2: characteristic declarations.
        let head = [c.properties, low, high];
        let mut table = self
            .attribute(Attribute {
                value: Value::Inline(Inline::new(&head, c.uuid.octets())),
                ..Attribute::constant(CHARACTERISTIC, &[])
            })
            .attribute(Attribute { kind: c.uuid, read: c.read, write: c.write, value: c.value });
        let possible = c.properties & (NOTIFY | INDICATE);
        // GATT-DECL-3: one configuration where there is something to configure.
        if possible != 0 {
            let number = table.configurations;
            assert!((number as usize) < CONFIGURATIONS, "a bond keeps no more configurations");
            table.configurations = number.saturating_add(1);
            let configuration = Value::Configuration(Configuration { number, of, possible });
            table = table.attribute(Attribute {
                kind: CLIENT_CONFIGURATION,
                read: OPEN,
                write: OPEN,
                value: configuration,
            });
        }
        if let Some(description) = c.description {
            table = table.descriptor(USER_DESCRIPTION, description.as_bytes());
        }
        table
    }

    /// Adds a descriptor that never changes to the characteristic before.
    #[must_use]
    pub const fn descriptor(self, kind: Uuid, value: &'static [u8]) -> Self {
        self.attribute(Attribute::constant(kind, value))
    }

    const fn attribute(mut self, attribute: Attribute) -> Self {
        assert!((self.length as usize) < N, "the table is too small for its attributes");
        let (_, free) = self.attributes.split_at_mut(self.length as usize);
        if let Some(place) = free.first_mut() {
            *place = attribute;
        }
        self.length = self.length.saturating_add(1);
        self
    }

    const fn next_handle(&self) -> u16 {
        self.length.saturating_add(1)
    }

    /// What a host needs to know of it.
    #[must_use]
    pub const fn gatt(&'static self) -> Gatt {
        let (attributes, _) = self.attributes.split_at(self.length as usize);
        Gatt { name: self.name, advertised: self.advertised, attributes }
    }

    /// Handle of the value of the first characteristic with this UUID, for a constant.
    ///
    /// # Panics
    /// If there is none; in a constant that is a compile-time error.
    #[must_use]
    pub const fn handle(&self, uuid: Uuid) -> u16 {
        let (mut attributes, _) = self.attributes.split_at(self.length as usize);
        let mut handle = 1_u16;
        let mut found = 0_u16;
        while let Some((attribute, rest)) = attributes.split_first() {
            if found == 0 && attribute.kind.is(&uuid) {
                found = handle;
            }
            (attributes, handle) = (rest, handle.saturating_add(1));
        }
        assert!(found != 0, "no characteristic has this UUID");
        found
    }
}
