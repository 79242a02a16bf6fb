"""A Bumble host as it powers on suggests 251 octets and 2,120 µs: its controller announces them."""

from twin import NAME, find, main, twin

FIRMWARE = ("--endpoint", "tcp:0", "--peripheral", "zephyr-2024", "--ladder")
# Number of the connection, time, connEventCount.
LENGTH_REQ = r"^#\d+\s+\S+\s+(\d+)\s+C ──▶ P\s+LL_LENGTH_REQ (.*)$"


async def announced():
    """LL_LENGTH_REQ comes in the first events of each connection, and the host asks for nothing."""
    async with twin(*FIRMWARE) as air:
        async with air.host(1) as device:
            address = await find(device, NAME)
            for _ in range(2):
                mark = len(air.lines)
                connection = await device.connect(address)
                request = await air.said(LENGTH_REQ, mark)
                assert int(request.group(1)) <= 1, request.group(0)
                assert "251" in request.group(2), request.group(0)
                await air.said(r"C ◀── P\s+LL_LENGTH_RSP", mark)
                await connection.disconnect()


main(announced)
