"""Runs a bleak program with an agent at BlueZ that types the passkey which the firmware shows:
agent.py LOG PROGRAM [ARGUMENTS], where LOG is what `bletwin serve --log` prints."""

import asyncio
import pathlib
import re
import runpy
import sys
import threading

from dbus_fast import BusType
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, method

PATH = "/bletwin"


class Agent(ServiceInterface):
    """Has keys to type on, and nothing to show."""

    def __init__(self, log):
        super().__init__("org.bluez.Agent1")
        self.log = log

    @method()
    async def RequestPasskey(self, device: "o") -> "u":  # noqa: F821
        while not (shown := re.findall(r"Passkey for .*: (\d{6})", self.log.read_text())):
            await asyncio.sleep(0.1)
        return int(shown[-1])

    @method()
    def Cancel(self):
        print("BlueZ has given up asking", flush=True)

    @method()
    def Release(self):
        pass


async def serve(log, ready):
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    bus.export(PATH, Agent(log))
    introspection = await bus.introspect("org.bluez", "/org/bluez")
    bluez = bus.get_proxy_object("org.bluez", "/org/bluez", introspection)
    manager = bluez.get_interface("org.bluez.AgentManager1")
    await manager.call_register_agent(PATH, "KeyboardOnly")
    await manager.call_request_default_agent(PATH)
    ready.set()
    await asyncio.Event().wait()


if len(sys.argv) < 3:
    sys.exit(__doc__)
present = threading.Event()
threading.Thread(
    target=lambda: asyncio.run(serve(pathlib.Path(sys.argv[1]), present)), daemon=True
).start()
if not present.wait(10):
    sys.exit("BlueZ takes no agent: is bluetoothd running?")
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
