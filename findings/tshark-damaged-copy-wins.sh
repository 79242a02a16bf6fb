#!/usr/bin/env bash
# tshark 4.0.17, LINKTYPE 256: a packet whose flags say "CRC checked" and not "CRC valid" is marked
# as damaged (btle.crc.incorrect), yet dissected up to ATT and used for reassembly. Its repetition,
# received without an error, is taken for a mere retransmission: the value shown in ATT is the one
# with the wrong bit, and no packet shows the right one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=4.0.17-0+deb12u3
tshark=$(command -v tshark || true)
if [ -z "$tshark" ] || ! "$tshark" --version 2>/dev/null | grep -qF "$version"; then
  (cd "$folder" && apt-get download -qq "tshark=$version" "libwireshark16=$version" \
    "libwiretap13=$version" "libwsutil14=$version" "wireshark-common=$version")
  for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
  export LD_LIBRARY_PATH=$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
  tshark=$folder/root/usr/bin/tshark
fi

python3 - "$folder/case.pcap" <<'PYTHON'
import struct
import sys

ADDRESS = 0x50655E91
VALUE = bytes(range(30))


def crc(pdu):
    state = 0x555555
    for octet in pdu:
        for bit in range(8):
            feedback = (state >> 23 ^ octet >> bit) & 1
            state = state << 1 & 0xFFFFFF ^ (0x65B if feedback else 0)
    return int(f"{state:024b}"[::-1], 2).to_bytes(3, "little")


def packet(time, channel, kind, pdu, damaged=False):
    # Kinds: 0 advertising, 2 central to peripheral, 3 peripheral to central.
    address = 0x8E89BED6 if kind == 0 else ADDRESS
    physical = 0 if channel == 37 else channel + (1 if channel < 11 else 2)
    flags = 0x0413 | (0 if damaged else 0x0800) | kind << 7
    heard = pdu[:-1] + bytes([pdu[-1] ^ damaged])
    head = struct.pack("<BbbBIH", physical, -50, -100, 0, address, flags)
    octets = head + struct.pack("<I", address) + heard + crc(pdu)
    return struct.pack("<IIII", 0, time, len(octets), len(octets)) + octets


def data(time, channel, llid, nesn, sn, payload=b"", kind=2, damaged=False):
    return packet(time, channel, kind, bytes([llid | nesn << 2 | sn << 3, len(payload)]) + payload, damaged)


write = bytes([0x12, 0x10, 0x00]) + VALUE
frame = struct.pack("<HH", len(write), 4) + write
connect = (
    bytes([5, 34]) + bytes.fromhex("0253005e0000" "0153005e0000") + struct.pack("<I", ADDRESS)
    + bytes.fromhex("555555") + struct.pack("<BHHHH", 2, 0, 24, 0, 72) + bytes.fromhex("ffffffff1f25")
)
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 256))
    file.write(packet(0, 37, 0, connect))
    file.write(data(20000, 5, 2, 0, 0, frame[:27]) + data(20500, 5, 1, 1, 0, kind=3))
    # The continuation is damaged (the last bit), not acknowledged, and repeated.
    file.write(data(50000, 10, 1, 1, 1, frame[27:], damaged=True) + data(50500, 10, 1, 1, 1, kind=3))
    file.write(data(80000, 15, 1, 0, 1, frame[27:]) + data(80500, 15, 1, 0, 0, kind=3))
PYTHON

seen=$("$tshark" -2 -r "$folder/case.pcap" -Y btatt -T fields -e frame.number -e btatt.value 2>/dev/null)
echo "sent:  $(python3 -c 'print(bytes(range(30)).hex())')"
echo "shown: $seen"
[ "$seen" = $'4\t000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1c' ] || {
  echo "the behaviour has changed" >&2
  exit 1
}
