#!/usr/bin/env bash
# Bumble 0.0.236, two devices on its own LocalLink: the central believes in 15 ms and a supervision
# timeout of 720 ms, the peripheral of the same connection in 12.5 ms and 100 ms. Both agree only
# after the first connection update.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check bumble==0.0.236

"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
from bumble import hci
from bumble.controller import Controller
from bumble.device import Device
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink


async def pair_of_devices():
    link, devices = LocalLink(), []
    for n in range(2):
        controller = Controller(f"C{n}", link=link, public_address=f"00:00:5E:00:53:0{n}")
        host = Host(controller, AsyncPipeSink(controller))
        devices.append(Device(address=hci.Address(f"C0:00:00:00:00:0{n}"), host=host))
    return devices


async def connect(central, peripheral):
    accepted = asyncio.get_running_loop().create_future()
    peripheral.once("connection", accepted.set_result)
    return await central.connect(peripheral.random_address), await accepted


async def main():
    central, peripheral = await pair_of_devices()
    await central.power_on()
    await peripheral.power_on()
    await peripheral.start_advertising(auto_restart=True)
    seen = []
    for end in await connect(central, peripheral):
        p = end.parameters
        seen.append((p.connection_interval, p.supervision_timeout))
    print("interval and supervision timeout in ms: central", seen[0], "peripheral", seen[1])
    assert seen == [(15.0, 720.0), (12.5, 100.0)], "the behaviour has changed"


asyncio.run(main())
PYTHON
