"""bleak on Bumble: a backend that needs neither a kernel nor an operating system's Bluetooth."""

import asyncio
import sys

from bleak.assigned_numbers import CharacteristicPropertyName, gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError
from bleak.uuids import normalize_uuid_str
from bumble.core import AdvertisingData
from bumble.device import Device, Peer
from bumble.hci import Address
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport


class Agent(PairingDelegate):
    """Asks whoever sits at the terminal, as the dialog of an operating system does."""

    def __init__(self):
        super().__init__(PairingDelegate.IoCapability.KEYBOARD_INPUT_ONLY)
        self.typed = None

    async def get_number(self):
        print("passkey?", flush=True)
        if self.typed is None:
            self.typed = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(self.typed)
            await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        line = (await self.typed.readline()).strip()
        return int(line) if line.isdigit() else None


class Adapter:
    """The one Bumble device of this process."""

    address = "127.0.0.1:9001"
    _device = None

    @classmethod
    async def device(cls):
        if cls._device is None:
            cls.transport = await open_transport(f"tcp-client:{cls.address}")
            own = Address("F0:F1:F2:F3:F4:F5")
            source, sink = cls.transport.source, cls.transport.sink
            cls._device = Device.with_hci("bleak", own, source, sink)
            config = PairingConfig(
                delegate=Agent(), identity_address_type=PairingConfig.AddressType.RANDOM
            )
            cls._device.pairing_config_factory = lambda _: config
            await cls._device.power_on()
        return cls._device


class Scanner(BaseBleakScanner):
    """Scans with the adapter."""

    def __init__(self, detection_callback, service_uuids, scanning_mode, **_):
        super().__init__(detection_callback, service_uuids)
        self.active = scanning_mode == "active"

    def heard(self, advertisement):
        data = advertisement.data
        name = data.get(AdvertisingData.COMPLETE_LOCAL_NAME) or data.get(
            AdvertisingData.SHORTENED_LOCAL_NAME
        )
        uuids = data.get(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS) or []
        adv = AdvertisementData(
            local_name=name,
            manufacturer_data={},
            service_data={},
            service_uuids=[normalize_uuid_str(str(uuid)) for uuid in uuids],
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(advertisement,),
        )
        key = str(advertisement.address)
        device = self.create_or_update_device(key, key, name, advertisement.address, adv)
        if self.is_allowed_uuid(adv.service_uuids):
            self.call_detection_callbacks(device, adv)

    async def start(self):
        self.seen_devices = {}
        device = await Adapter.device()
        device.on("advertisement", self.heard)
        await device.start_scanning(active=self.active)

    async def stop(self):
        device = await Adapter.device()
        await device.stop_scanning()
        device.remove_listener("advertisement", self.heard)


class Client(BaseBleakClient):
    """A connection of the adapter."""

    def __init__(self, address_or_ble_device, *, services=None, **kwargs):
        super().__init__(
            address_or_ble_device,
            disconnected_callback=kwargs.get("disconnected_callback"),
            timeout=kwargs.get("timeout", 10.0),
        )
        self.peer_address = getattr(address_or_ble_device, "details", self.address)
        self.connection = self.peer = None

    @property
    def name(self):
        return self.address

    @property
    def mtu_size(self):
        return self.connection.att_mtu

    @property
    def is_connected(self):
        return self.connection is not None

    def lost(self, reason):
        self.connection = None
        print(f"disconnected, reason {reason}", file=sys.stderr, flush=True)
        if self._disconnected_callback:
            self._disconnected_callback()

    async def connect(self, pair, **_):
        device = await Adapter.device()
        self.connection = await device.connect(self.peer_address, timeout=self._timeout)
        self.connection.on("disconnection", self.lost)
        if pair:
            await self.pair()
        self.peer = Peer(self.connection)
        await self.peer.discover_all()
        self.services = self.collect()

    def collect(self):
        services = BleakGATTServiceCollection()
        for service in self.peer.services:
            known = BleakGATTService(service, service.handle, uuid(service))
            services.add_service(known)
            for item in service.characteristics:
                properties: list[CharacteristicPropertyName] = list(
                    gatt_char_props_to_strs(int(item.properties))
                )
                characteristic = BleakGATTCharacteristic(
                    item, item.handle, uuid(item), properties, lambda: self.mtu_size - 3, known
                )
                services.add_characteristic(characteristic)
                for descriptor in item.descriptors:
                    kind = hexadecimal(descriptor.type)
                    services.add_descriptor(
                        BleakGATTDescriptor(descriptor, descriptor.handle, kind, characteristic)
                    )
        return services

    async def disconnect(self):
        if self.connection:
            await self.connection.disconnect()

    async def pair(self, *_, **__):
        try:
            await self.connection.pair()
        except Exception as error:
            raise BleakError(f"pairing failed: {error!r}") from error

    async def unpair(self):
        raise NotImplementedError

    async def read_gatt_char(self, characteristic, **_):
        return bytearray(await characteristic.obj.read_value())

    async def read_gatt_descriptor(self, descriptor, **_):
        return bytearray(await descriptor.obj.read_value())

    async def write_gatt_char(self, characteristic, data, response):
        await characteristic.obj.write_value(bytes(data), with_response=response)

    async def write_gatt_descriptor(self, descriptor, data):
        await descriptor.obj.write_value(bytes(data), with_response=True)

    async def start_notify(self, characteristic, callback, **_):
        await characteristic.obj.subscribe(lambda value: callback(bytearray(value)))

    async def stop_notify(self, characteristic):
        await characteristic.obj.unsubscribe()


def uuid(item):
    """As bleak writes UUIDs."""
    return hexadecimal(item.uuid)


def hexadecimal(value):
    """A Bumble UUID in the form of bleak."""
    return normalize_uuid_str(value.to_hex_str("-"))
