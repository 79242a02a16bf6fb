"""A Bumble central scans, connects, discovers, reads, writes and subscribes."""

import asyncio

from bumble.att import ATT_Error
from bumble.core import UUID
from bumble.device import Peer

from twin import LED, NAME, BUTTON, find, main, twin


async def script():
    async with twin("--endpoint", "tcp:0", "--peripheral", "zephyr-2024") as air:
        async with air.host(1) as device:
            connection = await device.connect(await find(device, NAME))
            peer = Peer(connection)
            await peer.discover_all()
            uuids = {str(service.uuid)[:8] for service in peer.services}
            assert "00001523" in uuids, uuids

            names = peer.get_characteristics_by_uuid(UUID(0x2A00))
            assert await names[0].read_value() == NAME.encode()

            (led,) = peer.get_characteristics_by_uuid(LED)
            try:
                await led.write_value(b"\x01", with_response=True)
                raise AssertionError("a protected characteristic was written in the open")
            except ATT_Error as error:
                assert error.error_code == 0x05, error

            (button,) = peer.get_characteristics_by_uuid(BUTTON)
            assert await button.read_value() == b"\x00"
            told = asyncio.Queue()
            await button.subscribe(told.put_nowait)
            for line, value in ("press", b"\x01"), ("release", b"\x00"):
                await air.type(line)
                assert await asyncio.wait_for(told.get(), 5) == value

            await connection.disconnect()
            await air.said(r"Disconnected \(reason 19\)")


main(script)
