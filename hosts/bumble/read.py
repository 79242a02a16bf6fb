"""A Bumble central scans, connects, discovers, reads, writes and subscribes."""
import asyncio
from bumble.device import Peer
from twin import find, main, twin

async def script():
    async with twin("--endpoint", "tcp:0", "--peripheral", "zephyr-2024", "--log", "--time", "5", "--ladder") as air:
        async with air.host(1) as device:
            address = await find(device, "MY_LBS2")
            print(address)

main(script)
