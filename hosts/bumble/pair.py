"""A Bumble central pairs with the firmware: each method, the wrong passkey, a bond and its use."""

from bumble.core import ProtocolError
from bumble.device import Peer
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingDelegate

from twin import IO, LED, NAME, find, main, pairing, twin

FIRMWARE = ("--endpoint", "tcp:0", "--peripheral", "zephyr-2024")


class Reader(PairingDelegate):
    """Types the passkey that the firmware shows, or one that is wrong by one."""

    def __init__(self, air, wrong=False):
        super().__init__(IO.KEYBOARD_INPUT_ONLY)
        self.air, self.wrong = air, wrong

    async def get_number(self):
        shown = await self.air.said(r"Passkey for .*: (\d{6})", self.air.mark)
        return (int(shown.group(1)) + self.wrong) % 1_000_000


class Comparer(PairingDelegate):
    """Sees the same number on both devices."""

    def __init__(self, air):
        super().__init__(IO.DISPLAY_OUTPUT_AND_YES_NO_INPUT)
        self.air = air

    async def compare_numbers(self, number, digits):
        shown = await self.air.said(r"Confirm passkey for .*: (\d{6})", self.air.mark)
        return int(shown.group(1)) == number


async def write_led(connection):
    """Writes what needs the firmware's security level."""
    peer = Peer(connection)
    await peer.discover_all()
    (led,) = peer.get_characteristics_by_uuid(LED)
    await led.write_value(b"\x01", with_response=True)


async def passkey():
    """A bond by passkey after a wrong one, and a reconnection with it."""
    async with twin(*FIRMWARE) as air:
        keys = MemoryKeyStore()
        async with air.host(1, keys=keys) as device:
            address = await find(device, NAME)
            connection = await device.connect(address)
            air.mark = len(air.lines)
            pairing(device, Reader(air, wrong=True))
            try:
                await connection.pair()
                raise AssertionError("paired with a wrong passkey")
            except ProtocolError as error:
                assert error.error_code == 0x04, error
            await air.said("Pairing failed: .* reason 0x04")
            await connection.disconnect()

            # The firmware waits a second before it lets the same peer try again; be generous.
            await air.pause(3)
            connection = await device.connect(address)
            air.mark = len(air.lines)
            pairing(device, Reader(air))
            await connection.pair()
            assert connection.is_encrypted and connection.authenticated
            await write_led(connection)
            await air.said("Pairing completed: .* bonded: 1")
            await connection.disconnect()

            air.mark = len(air.lines)
            connection = await device.connect(address)
            await connection.encrypt()
            await write_led(connection)
            await air.said("Security changed: .* level 4", air.mark)
            await connection.disconnect()


async def just_works():
    """The firmware without display and keys, at level 2: nobody pairs before the pairing button
    has been pressed."""
    keys = ("--set", "io=none", "--set", "required-level=2")
    async with twin(*FIRMWARE, *keys) as air, air.host(1) as device:
        connection = await device.connect(await find(device, NAME))
        pairing(device, PairingDelegate(IO.NO_OUTPUT_NO_INPUT), mitm=False)
        try:
            await connection.pair()
            raise AssertionError("paired although nobody had pressed the button")
        except ProtocolError as error:
            assert error.error_code == 0x05, error
        await air.type("pairing")
        await air.said("Pairing mode on")
        await connection.pair()
        await write_led(connection)
        await air.said("Security changed: .* level 2")
        await air.said("Pairing mode off")


async def numeric():
    """Both devices show a number, both people say yes; then the firmware's owner says no."""
    keys = ("--set", "io=display-yes-no")
    async with twin(*FIRMWARE, *keys) as air, air.host(1) as device:
        connection = await device.connect(await find(device, NAME))
        pairing(device, Comparer(air))
        await connection.pair()
        await write_led(connection)
    async with twin(*FIRMWARE, *keys, "--owner", "no") as air, air.host(1) as device:
        connection = await device.connect(await find(device, NAME))
        pairing(device, Comparer(air))
        try:
            await connection.pair()
            raise AssertionError("paired although the owner refused")
        except ProtocolError as error:
            assert error.error_code == 0x0C, error


async def script():
    for part in passkey, just_works, numeric:
        print(part.__name__)
        await part()


main(script)
