//! Profiles above attributes: GATT and GAP.

document! {
    "gatt.md", Gatt, "GATT and GAP",
    "Services, notifications, bonds and what a device may demand.";

    GATT_DECL_1 = "GATT-DECL-1", "service declarations",
    Shall, Peripheral, judged, "Vol 3, Part G 3.1",
    "The value of a service declaration is a UUID of 2 or 16 octets.";

    GATT_DECL_2 = "GATT-DECL-2", "characteristic declarations",
    Shall, Peripheral, judged, "Vol 3, Part G 3.3, 3.3.1, 3.3.2",
    "A characteristic declaration has properties, a handle and a UUID of 2 or 16 octets; that \
     handle is the next attribute, which has this type.",
    "Handles may leave gaps: the oracle asks that the value lies behind its declaration and before \
     the next one.";

    GATT_DECL_3 = "GATT-DECL-3", "one configuration where there is something to configure",
    Shall, Peripheral, judged, "Vol 3, Part G 3.3.1.1, 3.3.3.3",
    "A characteristic that can be notified or indicated has a Client Characteristic Configuration, \
     and no characteristic has two.",
    "Judged once every attribute up to the end of the characteristic was named in this connection.";

    GATT_SVC_1 = "GATT-SVC-1", "one Generic Attribute and one Generic Access service",
    Shall, Peripheral, judged, "Vol 3, Part G 7; Part C 12",
    "A server has at most one GATT Service, and one GAP Service.";

    GATT_OWN_1 = "GATT-OWN-1", "properties of the GATT Service",
    Shall, Peripheral, judged, "Vol 3, Part G 7.1 to 7.4",
    "Service Changed can be indicated, Client Supported Features read and written, Database Hash \
     and Server Supported Features read; and nothing else.";

    GATT_PROP_1 = "GATT-PROP-1", "what a characteristic permits",
    Shall, Peripheral, judged, "Vol 3, Part G 3.3.1.1, 4.10, 4.11",
    "What is notified or indicated is the value of a characteristic with this property.";

    GATT_CCCD_1 = "GATT-CCCD-1", "nothing that nobody subscribed to",
    Shall, Peripheral, judged, "Vol 3, Part G 3.3.3.3, 4.10.1, 4.11.1",
    "A server notifies or indicates only who has set the bit for it in the Client Characteristic \
     Configuration.",
    "The oracle knows the configuration from what the client has read or written in this \
     connection; as long as it has done neither, a bond may have kept another, and so may one \
     that encryption or pairing reveals.";

    GATT_CCCD_2 = "GATT-CCCD-2", "subscriptions are kept with the bond",
    Shall, Peripheral, tested, "Vol 3, Part G 3.3.3.3",
    "Each client has a configuration of its own; that of a bonded client lasts from connection to \
     connection, that of another one begins with 0x0000.",
    "Which client is bonded, and with which earlier connection, is not on the air.";

    GATT_CCCD_3 = "GATT-CCCD-3", "a configuration has two octets",
    Shall, Peripheral, judged, "Vol 3, Part G 3.3.3.3",
    "The value of a Client Characteristic Configuration has two octets.";

    GATT_IND_1 = "GATT-IND-1", "each indication is confirmed",
    Shall, Central, judged, "Vol 3, Part G 4.11.1; Part F 3.3.3, 3.4.7.2",
    "A client confirms each indication, also one of a handle that it does not know.",
    "The oracle waits 30 s.";

    GATT_HASH_1 = "GATT-HASH-1", "database hash",
    Shall, Peripheral, tested, "Vol 3, Part G 7.3.1",
    "The Database Hash is the AES-CMAC, with a key of zeros, of the declarations and descriptors \
     that the text names, in the order of their handles.",
    "Clients seldom read everything that goes into it.";

    GATT_HASH_2 = "GATT-HASH-2", "the database hash is read by its type",
    Shall, Central, judged, "Vol 3, Part G 7.3",
    "A client reads the Database Hash with ATT_READ_BY_TYPE_REQ, never by its handle.";

    GATT_FEAT_1 = "GATT-FEAT-1", "client features stay set",
    Shall, Peripheral, judged, "Vol 3, Part G 7.2",
    "A client clears no bit of Client Supported Features that it has set; a server refuses that \
     with Value Not Allowed (ATT 0x13).",
    "The oracle names the client, and a server that accepts it.";

    GATT_SYNC_1 = "GATT-SYNC-1", "bonded clients are told of changes",
    Shall, Peripheral, tested, "Vol 3, Part G 2.5.2, 7.1",
    "A server whose attributes have become others while a bonded client was away indicates Service \
     Changed to it when it comes back, if it has subscribed to that.",
    "Which client is bonded, and what it has seen before, is not on the air.";

    GATT_SYNC_2 = "GATT-SYNC-2", "robust caching",
    Shall, Peripheral, tested, "Vol 3, Part G 2.5.2.1",
    "A client that has asked for robust caching and does not know of a change gets Database Out Of \
     Sync (ATT 0x12) once for a request by handle; until it knows, its commands are ignored and \
     nothing but Service Changed is sent to it. Its next request, another one after it has read \
     the Database Hash, or the confirmation of Service Changed show that it knows.",
    "What a client knows is not on the air.";

    GATT_SYNC_3 = "GATT-SYNC-3", "what has changed is discovered anew",
    Shall, Central, judged, "Vol 3, Part G 2.5.2, 2.5.2.1",
    "A client that has confirmed Service Changed, or has got Database Out Of Sync (ATT 0x12), uses \
     no handle that it knew before it has discovered the services again or read the Database Hash.",
    "The oracle knows Service Changed where it was discovered in the same connection.";

    GATT_DISC_1 = "GATT-DISC-1", "a discovery ends",
    Shall, Central, tested, "Vol 3, Part G 4.4.1, 4.6.1, 4.7.1",
    "A discovery goes on behind the last handle that was found, until Attribute Not Found (ATT \
     0x0A) or the end of the range; it may end early.",
    "Which procedure a request belongs to is not on the air.";

    GATT_DISC_2 = "GATT-DISC-2", "declarations are open to everybody",
    Shall, Peripheral, judged, "Vol 3, Part G 3.1 to 3.3, 4.4.1, 4.5.1, 4.6.2, 8.1",
    "Services, includes and characteristics can be discovered without authentication or \
     authorization: there is no Read Not Permitted (ATT 0x02), Insufficient Authentication (0x05) \
     or Insufficient Authorization (0x08).";

    GAP_AD_1 = "GAP-AD-1", "structures of advertising data",
    Shall, Peripheral, judged, "Vol 3, Part C 11",
    "Advertising and scan response data are a sequence of structures, each with a length that is \
     not zero, and end with the last one or with zeros.",
    "Judged in legacy PDUs: those of extended advertising may hold a part.";

    GAP_AD_2 = "GAP-AD-2", "data types in their places",
    Shall, Peripheral, judged, "Vol 3, Part C 11; Supplement, Part A 1, Table 1.1",
    "Flags stand in no scan response; Flags, Local Name, Appearance, target addresses, Advertising \
     Interval and LE Supported Features stand at most once in a block.";

    GAP_DISC_1 = "GAP-DISC-1", "one discoverable mode",
    Shall, Peripheral, judged, "Vol 3, Part C 9.2.3.2, 9.2.4.2",
    "LE Limited and LE General Discoverable Mode are not set together; a discoverable device \
     without BR/EDR says so and does not claim both transports at once.";

    GAP_DISC_2 = "GAP-DISC-2", "who is discoverable answers everybody",
    Shall, Peripheral, judged, "Vol 3, Part C 9.2.2.2, 9.2.3.2, 9.2.4.2",
    "In a discoverable mode scan and connection requests of all devices are processed; who \
     advertises otherwise sets neither discoverable flag.",
    "The oracle has the filter policy from HCI.";

    GAP_NAME_1 = "GAP-NAME-1", "values of the GAP Service",
    Shall, Peripheral, judged, "Vol 3, Part C 12.1 to 12.4",
    "The Device Name is UTF-8, at most 248 octets long; the Appearance has 2 octets, Central \
     Address Resolution 1. Peripheral Preferred Connection Parameters have 8, each field 0xFFFF \
     or as in LL_CONNECTION_PARAM_REQ.";

    GAP_PAR_1 = "GAP-PAR-1", "30 s between two requests for parameters",
    Shall, Peripheral, judged, "Vol 3, Part C 9.3.9.2, Appendix A",
    "A peripheral sends no L2CAP_CONNECTION_PARAMETER_UPDATE_REQ within 30 s of a response to one.";

    GAP_PAR_2 = "GAP-PAR-2", "requests for parameters that are possible",
    Shall, Both, judged, "Vol 3, Part A 4.20",
    "L2CAP_CONNECTION_PARAMETER_UPDATE_REQ is sent by the peripheral alone, with an interval of \
     7.5 ms to 4 s, a latency of at most 499 and a timeout of 100 ms to 32 s that is no shorter \
     than twice (1 + latency) × the longest interval.";

    GAP_BOND_1 = "GAP-BOND-1", "bonding only where it is allowed",
    Shall, Peripheral, judged, "Vol 3, Part C 9.4.2, 9.4.3",
    "A device that is not in bondable mode does not bond: it refuses the pairing, or pairs with \
     Bonding_Flags 0 and distributes no key.",
    "The oracle judges keys of who has said No Bonding.";

    GAP_IRK_1 = "GAP-IRK-1", "a key of zeros for an address that never changes",
    Shall, Peripheral, tested, "Vol 3, Part C 9.4.4.2",
    "Who has no resolvable private addresses and sends Identity Information sends an IRK of zeros.",
    "Whether a device will ever use one is not on the air.";

    GAP_SEC_1 = "GAP-SEC-1", "levels of security",
    Shall, Both, tested, "Vol 3, Part C 10.2.1",
    "Level 2 is an encrypted link, level 3 one whose key is authenticated, level 4 an \
     authenticated Secure Connections key of 16 octets.",
    "What level an attribute needs is not on the air.";

    GAP_SEC_2 = "GAP-SEC-2", "a lost key is not replaced silently",
    Shall, Central, tested, "Vol 3, Part C 10.3.2; Part H 2.4.4.2",
    "A central whose peripheral has lost the key of a bond asks its user before it pairs again.",
    "Users are not on the air.";

    GAP_ENC_1 = "GAP-ENC-1", "bonded devices encrypt",
    Shall, Central, tested, "Vol 3, Part C 10.3.2",
    "A central whose request gets Insufficient Encryption (ATT 0x0F) on a link in the clear, and \
     that has a key, starts encryption.",
    "Whether it has one is not on the air.";

    GAP_ENC_2 = "GAP-ENC-2", "a key is tried before a pairing",
    Should, Central, tested, "Vol 3, Part C 10.3.2",
    "A central whose request gets Insufficient Authentication (ATT 0x05) on a link in the clear, \
     and that has a key, starts encryption; only if that fails does it pair.";

    GAP_CAR_1 = "GAP-CAR-1", "who is called by a private address",
    Shall, Peripheral, tested, "Vol 3, Part C 12.4",
    "A peripheral names the target of directed advertising by a private address only if the \
     central's Central Address Resolution says 1; who has none is taken not to resolve it.",
    "What was read in an earlier connection is not always in what is judged.";

    GAP_RPA_1 = "GAP-RPA-1", "private addresses are resolved",
    Shall, Both, tested, "Vol 3, Part C 10.8, 10.8.2.3",
    "A bonded device knows a peer by its resolvable private addresses, with its IRK or by \
     authentication once it is connected.",
    "What somebody knows is not on the air.";

    GAP_RPA_2 = "GAP-RPA-2", "private addresses change",
    Shall, Peripheral, tested, "Vol 3, Part C 10.7.1.2, 10.8.2.2",
    "Who advertises under a resolvable private address makes another one at the end of \
     TGAP(private_addr_int) at the latest, each from random bits of its own.",
    "Whose two addresses are is not on the air.";
}
