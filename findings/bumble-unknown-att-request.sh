#!/usr/bin/env bash
# Bumble 0.0.236: an ATT request with an opcode that the server does not know (0x2E; the command flag
# is clear) is logged and left without an answer. The rule is an Error Response, Request Not
# Supported (0x06); without it the client may send nothing more and gives up after 30 s.
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
    answers = asyncio.Queue()
    central.l2cap_channel_manager.register_fixed_channel(4, lambda _, pdu: answers.put_nowait(bytes(pdu)))

    async def ask(pdu):
        central.send_l2cap_pdu(connection.handle, 4, pdu)
        try:
            return (await asyncio.wait_for(answers.get(), 2)).hex()
        except asyncio.TimeoutError:
            return None

    known, unknown = await ask(bytes([0x0A, 0, 0])), await ask(bytes([0x2E]))
    print("Read Request of handle 0:", known, "  request 0x2E:", unknown)
    assert known == "010a000001" and unknown is None, "the behaviour has changed"


asyncio.run(main())
PYTHON
