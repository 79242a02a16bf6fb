"""A Bumble peripheral and a Bumble central bond over two endpoints and meet again."""

import asyncio

from bumble.core import UUID, AdvertisingData
from bumble.device import Peer
from bumble.gatt import Characteristic, Service
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingDelegate

from twin import IO, find, main, pairing, twin

SERVICE = UUID("50DB505C-8AC4-4738-8448-3B1D9CC09CC5")
SECRET = UUID("486F64C6-4B5F-4B3B-8AFF-EDE134A8446A")


class Shower(PairingDelegate):
    """Shows a passkey."""

    def __init__(self, shown):
        super().__init__(IO.DISPLAY_OUTPUT_ONLY)
        self.shown = shown

    async def display_number(self, number, digits):
        self.shown.set_result(number)


class Typist(PairingDelegate):
    """Types what the other one shows."""

    def __init__(self, shown):
        super().__init__(IO.KEYBOARD_INPUT_ONLY)
        self.shown = shown

    async def get_number(self):
        return await self.shown


async def script():
    async with (
        twin("--endpoint", "tcp:0", "--endpoint", "tcp:0") as air,
        air.host(1, "sensor", "F0:00:00:00:00:01", MemoryKeyStore()) as sensor,
        air.host(2, "reader", "F0:00:00:00:00:02", MemoryKeyStore()) as reader,
    ):
        needs = Characteristic.READABLE | Characteristic.READ_REQUIRES_AUTHENTICATION
        secret = Characteristic(SECRET, Characteristic.Properties.READ, needs, b"42")
        sensor.add_service(Service(SERVICE, [secret]))
        sensor.advertising_data = bytes(
            AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, b"sensor")])
        )
        shown = asyncio.get_running_loop().create_future()
        pairing(sensor, Shower(shown))
        pairing(reader, Typist(shown))

        for bonded in False, True:
            await sensor.start_advertising()
            address = await find(reader, "sensor")
            connection = await reader.connect(address)
            await (connection.encrypt() if bonded else connection.pair())
            peer = Peer(connection)
            await peer.discover_all()
            (characteristic,) = peer.get_characteristics_by_uuid(SECRET)
            assert await characteristic.read_value() == b"42"
            await connection.disconnect()


main(script)
