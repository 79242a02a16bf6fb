"""An ordinary bleak program: finds the LED Button Service, pairs, and switches the LED on.

It knows nothing of a simulation. On a laptop it runs as it is; `run.py` runs it on an endpoint.
"""

import asyncio
import sys

from bleak import BleakClient, BleakScanner

LED = "00001525-1212-efde-1523-785feabcd123"


async def main():
    device = await BleakScanner.find_device_by_name("Nordic_LBS")
    if device is None:
        sys.exit("no such device")
    # Pairs before anything else, as adding a device on a laptop's settings page does.
    async with BleakClient(device, pair=True) as client:
        await client.write_gatt_char(LED, b"\x01", response=True)
        print("the LED is on")


asyncio.run(main())
