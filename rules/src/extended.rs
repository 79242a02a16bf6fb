//! Extended advertising.

document! {
    "extended.md", Air, "Extended advertising",
    "Advertising on secondary channels: PDUs that point at each other, and who is answered there.";

    LL_EXT_1 = "LL-EXT-1", "fields of extended advertising",
    Shall, Peripheral, judged, "Vol 6, Part B 2.3.1.5 to 2.3.1.8, 2.3.2.3, 2.3.3.2",
    "ADV_EXT_IND has no data, and ADI and AuxPtr both or neither; AUX_ADV_IND has ADI, and where \
     it can be asked AdvA and no chain; the data of a scannable set are in AUX_SCAN_RSP; \
     AUX_CHAIN_IND has no address, AUX_CONNECT_RSP both.",
    "So a connectable set has one PDU for all its data: 245 octets, less what other fields take.";

    LL_EXT_2 = "LL-EXT-2", "AuxPtr",
    Shall, Peripheral, judged, "Vol 6, Part B 2.3.4.5, 4.1.2",
    "AUX_ADV_IND and AUX_CHAIN_IND begin on the channel and PHY that the AuxPtr before names, \
     within one of its units after its offset, and 300 µs or more after the end of the packet with \
     it.",
    "The offset counts from the beginning of the packet with the pointer, in units of 30 µs, or of \
     300 µs from 245.7 ms on.";

    LL_EXT_3 = "LL-EXT-3", "answers on secondary channels",
    Shall, Both, judged, "Vol 6, Part B 4.1.1, 4.4.2, 4.4.3",
    "AUX_SCAN_REQ, AUX_SCAN_RSP, AUX_CONNECT_REQ and AUX_CONNECT_RSP begin T_IFS after the PDU \
     that they answer, on its PHY, with its addresses, and ask for what can be asked.";

    LL_EXT_4 = "LL-EXT-4", "interval of extended advertising",
    Shall, Peripheral, tested, "Vol 6, Part B 4.4.2.2.1, 4.4.2.2.2",
    "Extended advertising events are advInterval and a random advDelay of 0 to 10 ms apart, drawn \
     anew for each; an event that lasts longer than that puts the next one off.";

    LL_EXT_5 = "LL-EXT-5", "ADI",
    Shall, Both, judged, "Vol 6, Part B 4.4.2.11, 2.3.4.4",
    "New data of an advertising set have another DID than those before.",
    "A scanner takes a packet with another ADI than that of the one that names it for another \
     advertisement.";

    LL_EXT_6 = "LL-EXT-6", "connections of extended advertising",
    Shall, Both, tested, "Vol 6, Part B 4.5, 4.5.3",
    "A connection that AUX_CONNECT_REQ and AUX_CONNECT_RSP make begins on their PHY, with Channel \
     Selection Algorithm #2, and its first transmit window 2.5 ms (on LE Coded 3.75 ms) and the \
     offset after the end of AUX_CONNECT_REQ.";
}
