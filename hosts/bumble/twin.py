"""Starts `bletwin serve` for a script and says what it prints."""

import asyncio
import os
import re
import signal
import sys
from contextlib import asynccontextmanager

from bumble.core import UUID
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport

BLETWIN = os.environ.get("BLETWIN", "target/debug/bletwin")
# Simulated time runs this many times as fast as the clock on the wall.
TIMES = float(os.environ.get("BLETWIN_TIMES", "5"))
IO = PairingDelegate.IoCapability

# The firmware: its name, and characteristics of its LED Button Service.
NAME = "Nordic_LBS"
BUTTON = UUID("00001524-1212-EFDE-1523-785FEABCD123")
LED = UUID("00001525-1212-EFDE-1523-785FEABCD123")


class Twin:
    """A simulated air with endpoints and firmware in it."""

    def __init__(self, process):
        self.process = process
        self.endpoints = []
        self.lines = []
        self.mark = 0
        self.news = asyncio.Condition()

    async def read(self):
        """Collects what is printed, until the end."""
        while line := (await self.process.stdout.readline()).decode().rstrip():
            if found := re.match(r"endpoint \d+: tcp:(\S+) ", line):
                self.endpoints.append(found.group(1))
            async with self.news:
                self.lines.append(line)
                self.news.notify_all()

    async def said(self, pattern, after=0):
        """The first line from number `after` on in which the pattern is found."""
        start = after

        def found():
            return any(re.search(pattern, line) for line in self.lines[start:])

        async with self.news:
            await asyncio.wait_for(self.news.wait_for(found), 20)
        for line in self.lines[start:]:
            if match := re.search(pattern, line):
                return match
        return None

    async def type(self, line):
        """Types a line: buttons of the firmware."""
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    async def pause(self, seconds):
        """Lets simulated time pass."""
        await asyncio.sleep(seconds / TIMES)

    @asynccontextmanager
    async def host(self, number, name="host", address="F0:F1:F2:F3:F4:F5", keys=None):
        """A Bumble device on an endpoint (from 1)."""
        transport = await open_transport(f"tcp-client:{self.endpoints[number - 1]}")
        async with transport as (source, sink):
            config = DeviceConfiguration(name=name, address=Address(address))
            device = Device.from_config_with_hci(config, source, sink)
            await device.power_on()
            if keys is not None:
                device.keystore = keys
            yield device


@asynccontextmanager
async def twin(*arguments):
    """Runs `bletwin serve` with these arguments."""
    process = await asyncio.create_subprocess_exec(
        BLETWIN,
        "serve",
        *("--log", "--time", str(TIMES)),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    started = Twin(process)
    reading = asyncio.create_task(started.read())
    try:
        await started.said("^ready$")
        yield started
    finally:
        process.send_signal(signal.SIGINT)
        status = await process.wait()
        reading.cancel()
    assert status == 0, f"bletwin ended with {status}"


async def find(device, name):
    """Scans until a device of this name is heard; its address."""
    found = asyncio.get_running_loop().create_future()

    def on_advertisement(advertisement):
        local = advertisement.data.get(0x09) or advertisement.data.get(0x08)
        local = local.decode() if isinstance(local, bytes) else local
        if local == name and not found.done():
            found.set_result(advertisement.address)

    device.on("advertisement", on_advertisement)
    await device.start_scanning(filter_duplicates=True)
    address = await asyncio.wait_for(found, 10)
    await device.stop_scanning()
    device.remove_listener("advertisement", on_advertisement)
    return address


def pairing(device, delegate, sc=True, mitm=True):
    """Pairs with this delegate from now on. The identity is the address that is used on air: by
    default Bumble gives its public one, and a peer's accept list would wait for that."""
    random = PairingConfig.AddressType.RANDOM
    config = PairingConfig(sc, mitm, True, delegate, identity_address_type=random)
    device.pairing_config_factory = lambda _: config


def main(script):
    """Runs a script; one that fails says so by its status."""
    try:
        asyncio.run(asyncio.wait_for(script(), 60))
    except Exception as error:  # whatever it is, it is a failure
        print(f"FAILED: {error!r}", file=sys.stderr)
        raise
    print("ok")
