//! PHY update.

document! {
    "phy.md", Control, "PHY update",
    "LL_PHY_REQ, LL_PHY_RSP and LL_PHY_UPDATE_IND.";

    LL_PHY_1 = "LL-PHY-1", "PHY in force",
    Shall, Both, judged, "Vol 6, Part B 5.1.10",
    "Each direction uses its PHY; both ends change it in the event of the instant.";

    LL_PHY_2 = "LL-PHY-2", "order of PDUs",
    Shall, Both, tested, "Vol 6, Part B 5.1.10",
    "The central answers the peripheral's LL_PHY_REQ with LL_PHY_UPDATE_IND; the peripheral \
     answers the central's with LL_PHY_RSP, and LL_PHY_UPDATE_IND follows.";

    LL_PHY_3 = "LL-PHY-3", "the central decides",
    Shall, Central, judged, "Vol 6, Part B 5.1.10",
    "Each direction gets a PHY that its sender likes to send on and its receiver to receive on, or \
     stays as it is.";

    LL_PHY_4 = "LL-PHY-4", "the same PHY both ways",
    Shall, Central, judged, "Vol 6, Part B 5.1.10",
    "Who asks for one and the same PHY in both directions gets it in both or in neither.";

    LL_PHY_5 = "LL-PHY-5", "no change",
    Shall, Both, tested, "Vol 6, Part B 5.1.10",
    "LL_PHY_UPDATE_IND with both fields zero ends the procedure at once; its instant means \
     nothing.";

    LL_PHY_6 = "LL-PHY-6", "fields that name no PHY",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.10",
    "A field of LL_PHY_UPDATE_IND that names several PHYs, a reserved or an unsupported one leaves \
     its direction as it is.";

    LL_PHY_7 = "LL-PHY-7", "length while a PHY may change",
    Shall, Peripheral, judged, "Vol 6, Part B 5.1.10, Table 5.1",
    "From its LL_PHY_REQ or LL_PHY_RSP to the instant a peripheral sends only what fits on each \
     PHY that may come to apply.",
    "A central is bound from LL_PHY_UPDATE_IND on.";

    LL_PHY_8 = "LL-PHY-8", "failure changes nothing",
    Shall, Both, tested, "Vol 6, Part B 5.1.10",
    "A PHY update that fails leaves both PHYs as they are; the host that asked is told why.";
}
