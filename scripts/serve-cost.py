#!/usr/bin/env python3
"""What serving costs: the same loads on several builds of `bletwin`, CPU time and system calls.

    serve-cost.py NAME=BLETWIN NAME=BLETWIN

Prints a table in Markdown, with the last build in relation to the first. `scripts/serve-cost.sh`
builds two commits and calls it. CPU time comes from /proc, system calls from `strace -f -c` in a
run of its own, as it slows down what it counts."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

# Seconds on the wall of each measurement.
WINDOW = float(os.environ.get("WINDOW", "10"))
PERIPHERAL = "zephyr-2024"
# What is served: a name, how time passes, and whether a host is connected.
LOADS = [
    ("endpoints without hosts, real time", "real", False),
    ("endpoints without hosts, `--time 1000`", "1000", False),
    ("one idle connection, real time", "real", True),
    ("one idle connection, `--time 1000`", "1000", True),
]


class Host:
    """A host by hand: commands and events, no more."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.file = self.socket.makefile("rb")

    def send(self, octets):
        self.socket.sendall(bytes(octets))

    def event(self):
        """The next event, with its code; data is passed over."""
        while True:
            kind = self.file.read(1)[0]
            if kind == 2:
                head = self.file.read(4)
                self.file.read(head[2] | head[3] << 8)
                continue
            code, length = self.file.read(2)
            return code, self.file.read(length)

    def command(self, opcode, parameters=()):
        """Its answer."""
        low, high = opcode & 0xFF, opcode >> 8
        self.send([1, low, high, len(parameters), *parameters])
        while True:
            code, event = self.event()
            if code == 0x0E and (event[1], event[2]) == (low, high):
                return event[3:]
            if code == 0x0F and (event[2], event[3]) == (low, high):
                return event

    def connect(self):
        """To the first that can be connected to."""
        self.command(0x0C03)
        self.command(0x0C01, [0xFF] * 8)
        self.command(0x200B, [0, 0x10, 0, 0x10, 0, 0, 0])
        self.command(0x200C, [1, 0])
        while True:
            code, event = self.event()
            if code == 0x3E and event[0] == 2 and event[2] == 0:
                kind, address = event[3], event[4:10]
                break
        self.command(0x200C, [0, 0])
        interval = [24, 0, 24, 0, 0, 0, 200, 0, 0, 0, 0, 0]
        self.command(0x200D, [0x10, 0, 0x10, 0, 0, kind, *address, 0, *interval])
        while True:
            code, event = self.event()
            if code == 0x3E and event[0] == 1:
                assert event[1] == 0, event
                return


class Served:
    """`bletwin serve` with two endpoints: the second tells simulated time to who comes."""

    def __init__(self, bletwin, pace, connected):
        command = [bletwin, "serve", "--endpoint", "tcp:0", "--endpoint", "tcp:0", "--time", pace]
        self.process = subprocess.Popen(
            [*command, "--peripheral", PERIPHERAL],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.addresses = []
        while "ready" not in (line := self.process.stdout.readline()):
            if found := re.match(r"endpoint \d+: tcp:(\S+)", line):
                self.addresses.append(found[1])
        self.host = Host(self.addresses[0]) if connected else None
        if self.host:
            self.host.connect()

    def now(self):
        """Simulated seconds."""
        with socket.create_connection(self.addresses[1].rsplit(":", 1)):
            while True:
                line = self.process.stdout.readline()
                if found := re.match(r"endpoint 2: a host has come at ([0-9_.]+) s", line):
                    return float(found[1].replace("_", ""))

    def cpu(self):
        """Seconds of a processor."""
        threads = f"/proc/{self.process.pid}/task"
        used = 0
        for thread in os.listdir(threads):
            with open(f"{threads}/{thread}/schedstat") as stat:
                used += int(stat.read().split()[0])
        return used / 1e9

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()


def cpu(bletwin, pace, connected):
    """Share of a processor, and of one per simulated second."""
    served = Served(bletwin, pace, connected)
    began, used, wall = served.now(), served.cpu(), time.monotonic()
    time.sleep(WINDOW)
    used, wall = served.cpu() - used, time.monotonic() - wall
    simulated = served.now() - began
    served.end()
    return used / wall, used / simulated


def calls(bletwin, pace, connected):
    """System calls in a second on the wall, and in a simulated second."""
    served = Served(bletwin, pace, connected)
    with tempfile.NamedTemporaryFile("r") as counted:
        began, wall = served.now(), time.monotonic()
        strace = subprocess.Popen(
            ["strace", "-f", "-c", "-o", counted.name, "-p", str(served.process.pid)],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(WINDOW)
        strace.send_signal(signal.SIGINT)
        strace.wait()
        wall = time.monotonic() - wall
        simulated = served.now() - began
        total = next(line for line in counted.read().splitlines() if line.endswith("total"))
    served.end()
    count = int(total.split()[3])
    return count / wall, count / simulated


def short(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def main():
    builds = [build.split("=", 1) for build in sys.argv[1:]]
    print("| load | build | of a core | CPU ms a simulated s | calls a s | calls a simulated s |")
    print("|---|---|---|---|---|---|")
    for name, pace, connected in LOADS:
        rows = []
        for build, bletwin in builds:
            share, used = cpu(bletwin, pace, connected)
            rate, count = calls(bletwin, pace, connected)
            rows.append((used, count))
            print(f"| {name} | {build} | {share:.2%} | {short(used * 1e3)} | {short(rate)} "
                  f"| {short(count)} |", flush=True)
        (used, count), (used_now, count_now) = rows[0], rows[-1]
        print(f"| | ratio | | {used / max(used_now, 1e-9):.2g} : 1 | | "
              f"{count / max(count_now, 1e-9):,.3g} : 1 |", flush=True)


main()
