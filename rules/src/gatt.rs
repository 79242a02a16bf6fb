//! Profiles above attributes: GATT and GAP.

document! {
    "gatt.md", Gatt, "GATT and GAP",
    "Services, notifications, bonds and what a device may demand.";

    GATT_CCCD_1 = "GATT-CCCD-1", "nothing that nobody subscribed to",
    Shall, Peripheral, tested, "Vol 3, Part G 3.3.3.3",
    "A server notifies or indicates only who has set the bit for it in the Client Characteristic \
     Configuration.";

    GATT_CCCD_2 = "GATT-CCCD-2", "subscriptions are kept with the bond",
    Shall, Peripheral, tested, "Vol 3, Part G 3.3.3.3",
    "Each client has a configuration of its own; that of a bonded client lasts from connection to \
     connection, that of another one begins with 0x0000.";

    GATT_IND_1 = "GATT-IND-1", "who subscribes, confirms",
    Shall, Central, tested, "Vol 3, Part G 4.11.1",
    "A client confirms each indication.";

    GATT_HASH_1 = "GATT-HASH-1", "database hash",
    Shall, Peripheral, tested, "Vol 3, Part G 7.3",
    "The Database Hash is the AES-CMAC, with a key of zeros, of the declarations and descriptors \
     that the text names, in the order of their handles.";

    GATT_DISC_1 = "GATT-DISC-1", "a discovery ends",
    Shall, Central, tested, "Vol 3, Part G 4.4.1, 4.6.1, 4.7.1",
    "A discovery goes on behind the last handle that was found, until Attribute Not Found (ATT \
     0x0A) or the end of the range.";

    GAP_BOND_1 = "GAP-BOND-1", "bonding only where it is allowed",
    Shall, Peripheral, tested, "Vol 3, Part C 9.4.2, 9.4.3",
    "A device that is not in bondable mode does not bond: it refuses the pairing, or pairs with \
     Bonding_Flags 0.";

    GAP_SEC_1 = "GAP-SEC-1", "levels of security",
    Shall, Both, tested, "Vol 3, Part C 10.2.1",
    "Level 2 is an encrypted link, level 3 one whose key is authenticated, level 4 an \
     authenticated Secure Connections key of 16 octets.";

    GAP_SEC_2 = "GAP-SEC-2", "a lost key is not replaced silently",
    Shall, Central, tested, "Vol 3, Part C 10.3.2; Part H 2.4.4.2",
    "A central whose peripheral has lost the key of a bond says so to its user and does not pair \
     by itself.";

    GAP_ENC_1 = "GAP-ENC-1", "bonded devices encrypt",
    Shall, Central, tested, "Vol 3, Part C 10.3.2",
    "A central that finds its request refused for want of encryption or authentication, and has a \
     key that is good enough, encrypts with it and asks again.";

    GAP_RPA_1 = "GAP-RPA-1", "private addresses are resolved",
    Shall, Both, tested, "Vol 3, Part C 10.8.2.3",
    "A device with the IRK of a bonded peer knows it by its resolvable private addresses.";
}
