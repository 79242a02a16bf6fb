#!/usr/bin/env bash
# Bumble 0.0.236: a peripheral that advertises and connects by its static random address names its
# public address as identity when it bonds (the default of PairingConfig). The central files the key
# under the public address; connected once more to the static random address, which is not private
# and did not change, it has no key for it.
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


from bumble.core import InvalidOperationError
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig


async def main():
    central, peripheral = devices = await pair_of_devices()
    for device in devices:
        device.keystore = MemoryKeyStore()
        device.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True)
        await device.power_on()
    await peripheral.start_advertising(auto_restart=True)
    connection, _ = await connect(central, peripheral)
    on_air = str(connection.peer_address)
    await connection.pair()
    await asyncio.sleep(0.2)
    filed = [name for name, _ in await central.keystore.get_all()]
    await connection.disconnect()
    await asyncio.sleep(0.2)
    connection, _ = await connect(central, peripheral)
    found = True
    try:
        await connection.encrypt()
    except InvalidOperationError as error:
        found = "keys not found" not in str(error)
    print("bonded with", on_air, "  filed under", filed, "  key found on reconnection:", found)
    assert filed == ["00:00:5E:00:53:01/P"] and not found, "the behaviour has changed"


asyncio.run(main())
PYTHON
