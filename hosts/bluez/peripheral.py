"""Advertises through BlueZ and lets whoever comes bond: peripheral.py [asks]. With `asks` it asks
for security on connecting."""

import asyncio
import sys

from dbus_fast import BusType, Message, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.constants import PropertyAccess
from dbus_fast.service import ServiceInterface, dbus_property, method

WISHES = set(sys.argv[1:])
NAME = "BlueZ"
ADAPTER = "/org/bluez/hci0"


class Agent(ServiceInterface):
    """Nobody is asked: Just Works."""

    def __init__(self):
        super().__init__("org.bluez.Agent1")

    @method()
    def RequestAuthorization(self, device: "o"):  # noqa: F821
        print("authorized", device, flush=True)

    @method()
    def AuthorizeService(self, device: "o", uuid: "s"):  # noqa: F821
        print("authorized", device, uuid, flush=True)

    @method()
    def Cancel(self):
        print("BlueZ has given up asking", flush=True)

    @method()
    def Release(self):
        pass


class Advertisement(ServiceInterface):
    """Connectable, with a name."""

    def __init__(self):
        super().__init__("org.bluez.LEAdvertisement1")

    @dbus_property(access=PropertyAccess.READ)
    def Type(self) -> "s":  # noqa: F821
        return "peripheral"

    @dbus_property(access=PropertyAccess.READ)
    def LocalName(self) -> "s":  # noqa: F821
        return NAME

    @dbus_property(access=PropertyAccess.READ)
    def Discoverable(self) -> "b":  # noqa: F821
        return True

    @method()
    def Release(self):
        pass


async def adapter(bus):
    while True:
        try:
            introspection = await bus.introspect("org.bluez", ADAPTER)
            proxy = bus.get_proxy_object("org.bluez", ADAPTER, introspection)
            return proxy.get_interface("org.freedesktop.DBus.Properties"), proxy
        except Exception:  # Neither the daemon nor the controller is there yet.
            await asyncio.sleep(0.2)


async def pair(bus, path):
    introspection = await bus.introspect("org.bluez", path)
    device = bus.get_proxy_object("org.bluez", path, introspection)
    try:
        await device.get_interface("org.bluez.Device1").call_pair()
    except Exception as error:
        print(f"not paired: {error}", flush=True)


def changed(bus):
    """What to do with news of a device."""

    def news(path, properties):
        print(path, {key: value.value for key, value in properties.items()}, flush=True)
        if "asks" in WISHES and properties.get("Connected", Variant("b", False)).value:
            asyncio.ensure_future(pair(bus, path))

    def handler(message):
        if message.member == "PropertiesChanged" and message.body[0] == "org.bluez.Device1":
            news(message.path, message.body[1])
        if message.member == "InterfacesAdded" and "org.bluez.Device1" in message.body[1]:
            news(message.body[0], message.body[1]["org.bluez.Device1"])

    return handler


async def main():
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    bus.export("/bletwin/agent", Agent())
    bus.export("/bletwin/advertisement", Advertisement())
    properties, proxy = await adapter(bus)
    introspection = await bus.introspect("org.bluez", "/org/bluez")
    bluez = bus.get_proxy_object("org.bluez", "/org/bluez", introspection)
    manager = bluez.get_interface("org.bluez.AgentManager1")
    await manager.call_register_agent("/bletwin/agent", "NoInputNoOutput")
    await manager.call_request_default_agent("/bletwin/agent")
    own = "org.bluez.Adapter1"
    await properties.call_set(own, "Powered", Variant("b", True))
    await properties.call_set(own, "Alias", Variant("s", NAME))
    await properties.call_set(own, "Pairable", Variant("b", True))
    bus.add_message_handler(changed(bus))
    await bus.call(
        Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="AddMatch",
            signature="s",
            body=["type='signal',sender='org.bluez'"],
        )
    )
    await proxy.get_interface("org.bluez.LEAdvertisingManager1").call_register_advertisement(
        "/bletwin/advertisement", {}
    )
    print("advertises", flush=True)
    await bus.wait_for_disconnect()


asyncio.run(main())
