#!/usr/bin/env bash
# Bumble 0.0.236: the simulated controller's LE features have bit 5, LE Data Packet Length Extension.
# LE Set Data Length for a living connection is answered with Unknown HCI Command (0x01).
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
    connection, _ = await connect(central, peripheral)
    offered = bool(await connection.get_remote_le_features() & hci.LeFeatureMask.LE_DATA_PACKET_LENGTH_EXTENSION)
    answer = 0
    try:
        await connection.set_data_length(251, 2120)
    except hci.HCI_Error as error:
        answer = error.error_code
    print("feature bit 5:", offered, "  LE Set Data Length:", hex(answer))
    assert offered and answer == 0x01, "the behaviour has changed"


asyncio.run(main())
PYTHON
