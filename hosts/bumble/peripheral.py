"""A Bumble peripheral for `bletwin serve --central … --host 'python peripheral.py [WISH…]'`.

It advertises, lets whoever comes bond, and reads its wishes from the command line: `2m` asks for the
2M PHY as soon as somebody has connected, `2m-later` once the link is encrypted; `asks` asks for security on
connecting; `passkey` shows one (123456) where otherwise nobody is asked.

With `--time controlled` it takes its time from bletwin (steered.py)."""

import asyncio
import os
import sys

from bumble.core import AdvertisingData
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address, Phy
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport

import steered

WISHES = set(sys.argv[1:])
CONTROLLED = "BLETWIN_CONTROL" in os.environ
PASSKEY = 123456
PHY_2M = [Phy.LE_2M]


class Shows(PairingDelegate):
    """Shows the passkey, always the same."""

    def __init__(self):
        super().__init__(PairingDelegate.IoCapability.DISPLAY_OUTPUT_ONLY)

    async def generate_passkey(self):
        return PASSKEY

    async def display_number(self, number, digits):
        print(f"passkey {number:0{digits}}", flush=True)


async def ask_for_2m(connection):
    try:
        await connection.set_phy(tx_phys=PHY_2M, rx_phys=PHY_2M)
    except Exception as error:  # The central may refuse, or be gone.
        print(f"no 2M: {error}", flush=True)


async def transport():
    if CONTROLLED:
        return steered.transport()
    host, port = os.environ["BLETWIN_HOST"], os.environ["BLETWIN_PORT"]
    return await open_transport(f"tcp-client:{host}:{port}")


async def main():
    async with await transport() as (source, sink):
        config = DeviceConfiguration(name="Thermo", address=Address("F0:F1:F2:F3:F4:F5"))
        device = Device.from_config_with_hci(config, source, sink)
        delegate = Shows if "passkey" in WISHES else PairingDelegate
        device.pairing_config_factory = lambda connection: PairingConfig(
            sc=True, mitm="passkey" in WISHES, bonding=True, delegate=delegate()
        )
        await device.power_on()
        data = [
            (AdvertisingData.FLAGS, bytes([0x06])),
            (AdvertisingData.COMPLETE_LOCAL_NAME, b"Thermo"),
        ]
        device.advertising_data = bytes(AdvertisingData(data))

        @device.on("connection")
        def connected(connection):
            if "2m" in WISHES:
                asyncio.ensure_future(ask_for_2m(connection))
            if "asks" in WISHES:
                connection.request_pairing()

            @connection.on("connection_encryption_change")
            def encrypted():
                if "2m-later" in WISHES and connection.is_encrypted:
                    asyncio.ensure_future(ask_for_2m(connection))

        await device.start_advertising(auto_restart=True)
        await source.wait_for_termination()


if CONTROLLED:
    steered.run(main)
else:
    asyncio.run(main())
