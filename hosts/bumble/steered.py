"""Bumble that takes its time from bletwin, for `--time controlled`.

The event loop's clock is simulated time, so that the host's own timers run on it; time passes
when the host has nothing to do, to its next timer or to news from its controller. Nothing waits for
a clock on the wall: a run is as fast as this computer, and two runs of one seed are equal, octet
for octet.

`run(main)` is for `asyncio.run(main())`, and `transport()` for Bumble's `open_transport`."""

import asyncio
import heapq
import os
import random
import secrets
import socket

from bumble import crypto
from bumble.transport.common import ParserSource

# Rounds of the event loop without a word, after which the host has nothing to say.
QUIET = 100
# Microseconds of simulated time after which the host is asked again.
STEP = 1_000_000


class SimulatedTime(asyncio.SelectorEventLoop):
    """An event loop whose clock is what it is told."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.due = []

    def time(self):
        return self.now

    def call_at(self, when, callback, *args, context=None):
        heapq.heappush(self.due, when)
        return super().call_at(when, callback, *args, context=context)

    def next_timer(self):
        """When the next timer may be due; it may have been cancelled."""
        while self.due and self.due[0] <= self.now:
            heapq.heappop(self.due)
        return self.due[0] if self.due else float("inf")


class Steered:
    """The way to the controller, and the hand on the clock."""

    def __init__(self):
        self.source = ParserSource()
        self.endpoint = connect(os.environ["BLETWIN_ENDPOINT"])
        self.control = connect(os.environ["BLETWIN_CONTROL"])
        self.replies = self.control.makefile("rb")
        self.sent = self.received = 0
        self.now = 0

    def on_packet(self, packet):
        """A packet of the host's."""
        self.endpoint.sendall(packet)
        self.sent += len(packet)

    async def run(self):
        """Lets time pass until bletwin ends."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self.silence()
                timer = loop.next_timer() * 1e6
                until = max(min(self.now + STEP, timer), self.now + 1)
                octets = self.step(int(until))
                loop.now = self.now / 1e6
                if octets:
                    self.source.parser.feed_data(octets)
        except OSError:
            self.source.on_transport_lost()

    async def silence(self):
        """Gives the host the floor until it has said what it has to say."""
        rounds, sent = 0, self.sent
        while rounds < QUIET:
            await asyncio.sleep(0)
            rounds = rounds + 1 if sent == self.sent else 0
            sent = self.sent

    def step(self, until):
        """To the next news; what the host is told."""
        self.control.sendall(f"RUN {until} 1 1={self.sent}\n".encode())
        kind, *words = self.replies.readline().decode().split() or ["gone"]
        if kind != "AT":
            raise ConnectionError(kind, *words)
        self.now = int(words[0])
        missing = int(words[1].partition("=")[2]) - self.received
        octets = b""
        while len(octets) < missing:
            more = self.endpoint.recv(missing - len(octets))
            if not more:
                raise ConnectionError("gone")
            octets += more
        self.received += missing
        return octets


def connect(address):
    """To `tcp:HOST:PORT`."""
    host, _, port = address.removeprefix("tcp:").rpartition(":")
    return socket.create_connection((host, int(port)))


def draw(seed):
    """Draws all that Bumble draws from one seed."""
    numbers = random.Random(seed)
    secrets.token_bytes = numbers.randbytes
    secrets.randbelow = numbers.randrange

    def generate(cls):
        return cls.from_private_key_bytes(numbers.randbytes(31))

    crypto.EccKey.generate = classmethod(generate)


class Transport:
    """Source and sink, as Bumble wants them."""

    async def __aenter__(self):
        self.steered = Steered()
        self.task = asyncio.create_task(self.steered.run())
        return self.steered.source, self.steered

    async def __aexit__(self, *_):
        self.task.cancel()


def transport():
    """The endpoint that bletwin lends, in its time."""
    return Transport()


def run(main):
    """Runs `main()` in simulated time."""
    draw(int(os.environ.get("BLETWIN_SEED", "1")))
    with asyncio.Runner(loop_factory=SimulatedTime) as runner:
        runner.run(main())
