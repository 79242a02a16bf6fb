"""Asks for the 2M PHY on Linux, which has no word for the PHY of one connection: phy.py [WISH…].

It listens to the controller beside BlueZ and sends LE Set PHY past it: `2m` as soon as somebody
has connected, `2m-later` once the link is encrypted. As root, with a Python that knows Bluetooth
sockets (Debian's does)."""

import socket
import struct
import sys

WISHES = set(sys.argv[1:])
EVENT, ENCRYPTION_CHANGE, LE_META = 0x04, 0x08, 0x3E
CONNECTION_COMPLETE, ENHANCED_CONNECTION_COMPLETE = 0x01, 0x0A

hci = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_RAW, socket.BTPROTO_HCI)
# Which packets and which events are let through: two sets of bits.
events = 1 << LE_META | 1 << ENCRYPTION_CHANGE
wanted = struct.pack("<IIIH2x", 1 << EVENT, events & 0xFFFF_FFFF, events >> 32, 0)
hci.setsockopt(socket.SOL_HCI, socket.HCI_FILTER, wanted)
hci.bind((0,))


def ask(handle):
    print("LE Set PHY", flush=True)
    hci.send(bytes([1, 0x32, 0x20, 7]) + handle + bytes([0, 2, 2, 0, 0]))


while True:
    _, event, _, *rest = packet = hci.recv(260)
    if event == LE_META and rest[0] in (CONNECTION_COMPLETE, ENHANCED_CONNECTION_COMPLETE):
        if rest[1] == 0 and "2m" in WISHES:
            ask(packet[5:7])
    if event == ENCRYPTION_CHANGE and rest[0] == 0 and rest[3] and "2m-later" in WISHES:
        ask(packet[4:6])
