//! Air interface and framing.

document! {
    "framing.md", Air, "Air interface and framing",
    "Bits, channels and the frame around every PDU.";

    LL_AIR_1 = "LL-AIR-1", "air time",
    Shall, Codec, tested, "Vol 6, Part B 2.1, 2.2",
    "A packet with n octets of payload takes 80 + 8n µs on LE 1M and 44 + 4n µs on LE 2M; on LE \
     Coded 720 + 64n µs with S=8 and 462 + 16n µs with S=2.",
    "A MIC counts as payload.";

    LL_AIR_2 = "LL-AIR-2", "advertising access address",
    Shall, Codec, tested, "Vol 6, Part B 2.1.2",
    "Advertising PDUs have the access address 0x8E89BED6 and the CRC preset 0x555555.";

    LL_AIR_3 = "LL-AIR-3", "access address of a connection",
    Shall, Codec, tested, "Vol 6, Part B 2.1.2",
    "The initiator draws the access address of a connection at random and draws again until it has \
     no more than six equal bits in a row, no more than 24 transitions, at least two of them in \
     its six most significant bits, not four equal octets, and more than one bit of difference \
     from the advertising access address.",
    "A CONNECT_IND with another one is ignored.",
    "On devices with LE Coded its eight least significant bits hold at least three ones, and its \
     sixteen least significant bits no more than eleven transitions.";

    LL_CRC_1 = "LL-CRC-1", "CRC preset",
    Shall, Radio, judged, "Vol 6, Part B 3.1.1",
    "Packets of a connection are sent with the CRC preset of its CONNECT_IND.";

    LL_CRC_2 = "LL-CRC-2", "CRC",
    Shall, Radio, tested, "Vol 6, Part B 3.1.1",
    "The CRC of 24 bits, with the polynomial 0x00065B, covers header and payload with its MIC; \
     data enter it with the least significant bit first and it leaves with the most significant \
     bit first.";

    LL_WHITE_1 = "LL-WHITE-1", "whitening",
    Shall, Radio, tested, "Vol 6, Part B 3.2",
    "PDU and CRC are whitened, after the CRC has been computed, by a register of seven bits that \
     starts from a one and the channel index.";

    LL_FRAME_1 = "LL-FRAME-1", "length octet",
    Shall, Codec, judged, "Vol 6, Part B 2.4",
    "The length octet counts the octets between header and CRC.";

    LL_FRAME_2 = "LL-FRAME-2", "reserved header bits",
    Shall, Codec, judged, "Vol 6, Part B 2.4",
    "Reserved bits of the header are zero; so is CP where no tone follows.";

    LL_FRAME_3 = "LL-FRAME-3", "LLID",
    Shall, Both, judged, "Vol 6, Part B 2.4",
    "No PDU has the reserved LLID, and only LLID 1 goes with an empty payload.";
}
