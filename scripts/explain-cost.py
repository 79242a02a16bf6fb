#!/usr/bin/env python3
"""What `bletwin explain` costs, against tshark on the same file in the same run.

explain-cost.py BLETWIN FOLDER   makes FOLDER/long.pcapng of some 100 MB and prints a table

The capture is made by bletwin: runs of `stay` with an interval of 7.5 ms, one after the other in
one file. tshark has five fields and two passes, as people use it.
"""

import os
import resource
import struct
import subprocess
import sys

SIZE = 100_000_000
PACKET = 6
# From the end of one run to the beginning of the next, in ns.
PAUSE = 3_000_000_000
CENTRALS = ("honest", "phone", "android-16", "windows-11", "bluez", "macos")
FIELDS = ("frame.time_epoch", "btle.access_address", "btle.length", "btle_rf.channel",
          "btle.control_opcode")
# What it may cost of tshark's.
CPU, MEMORY = 1 / 3, 1 / 4


def blocks(file):
    """Blocks of a pcapng file: type and octets."""
    at = 0
    while at < len(file):
        kind, length = struct.unpack_from("<II", file, at)
        yield kind, file[at:at + length]
        at += length


def shifted(block, by):
    """A packet so much later, in ns, and its time."""
    high, low = struct.unpack_from("<II", block, 12)
    at = (high << 32 | low) + by
    return block[:12] + struct.pack("<II", at >> 32, at & 0xFFFFFFFF) + block[20:], at


def make(bletwin, path):
    """Writes the capture; how many connections are in it."""
    one, size, last, runs = path + ".one", 0, 0, 0
    with open(path, "wb") as out:
        while size < SIZE:
            central = CENTRALS[runs % len(CENTRALS)]
            subprocess.run(
                [bletwin, "run", "stay", "--central", central, "--seed", str(runs + 1),
                 "--set", "central.interval-us=7500", "--set", "param-update=never",
                 "--pcapng", one], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            with open(one, "rb") as file:
                octets = file.read()
            by = last + PAUSE if runs else 0
            for kind, block in blocks(octets):
                if kind == PACKET:
                    block, last = shifted(block, by)
                elif runs:
                    continue
                out.write(block)
                size += len(block)
            runs += 1
    os.remove(one)
    return runs


def cost(command, output):
    """Processor time in seconds and the most memory in MB that a command takes."""
    with open(output, "wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1_024


def main():
    bletwin, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "long.pcapng")
    runs = make(bletwin, path)
    fields = [word for field in FIELDS for word in ("-e", field)]
    tshark = cost(["tshark", "-2", "-r", path, "-T", "fields", *fields], path + ".fields")
    with open(path + ".fields", "rb") as file:
        packets = sum(1 for _ in file)
    explain = cost([bletwin, "explain", path], path + ".txt")
    size = os.path.getsize(path) / 1e6
    print(f"{size:.0f} MB, {packets:,} packets, {runs} connections.\n")
    print("| | processor time | memory at most |")
    print("|---|---|---|")
    print(f"| `tshark -2 -T fields`, {len(FIELDS)} fields | {tshark[0]:.1f} s | {tshark[1]:.0f} MB |")
    print(f"| `bletwin explain` | {explain[0]:.1f} s | {explain[1]:.0f} MB |")
    shares = [ours / theirs for ours, theirs in zip(explain, tshark)]
    print(f"| share | {shares[0]:.2f} (at most {CPU:.2f}) | {shares[1]:.2f} (at most {MEMORY:.2f}) |")
    for suffix in ("", ".fields", ".txt"):
        os.remove(path + suffix)
    sys.exit(shares[0] > CPU or shares[1] > MEMORY)


main()
