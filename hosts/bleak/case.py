"""The founding case with a real program: `led.py` on a phone's link layer, on the laptop's, and
on the laptop's with the firmware cured. Says how each ends, and fails unless they end so.

case.py CENTRAL [OPTIONS OF bletwin serve]: one run, to see how it ends."""

import asyncio
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "bumble"))

from twin import main, twin  # noqa: E402

PROGRAM = [sys.executable, str(HERE / "run.py")]
CURED = ("--set", "phy-update=after-bonding")
# Seconds on the wall.
PATIENCE = 40


async def play(central, *options):
    """Runs the program: what it printed, and what the firmware logged."""
    firmware = ("--peripheral", "zephyr-2024", *options)
    async with twin("--endpoint", f"tcp:0={central}", *firmware, lockstep=True) as air:
        program = await asyncio.create_subprocess_exec(
            *(*PROGRAM, air.endpoints[0], str(HERE / "led.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        air.relay.watched.append(program.pid)

        async def user():
            shown = await air.said(r"Passkey for .*: (\d{6})")
            program.stdin.write(f"{shown.group(1)}\n".encode())

        typing = asyncio.create_task(user())
        output = await asyncio.wait_for(program.stdout.read(), PATIENCE)
        await program.wait()
        # The peripheral may notice the end a little later.
        await air.said("Disconnected")
        typing.cancel()
        log = [line for line in air.lines if re.search("BLE_Main|bt_smp", line)]
        return output.decode().splitlines(), log


async def all_three():
    meetings = [("phone", (), True), ("windows-intel", (), False), ("windows-intel", CURED, True)]
    # Each has a twin of its own, and most of its time is silence that has to be heard out.
    plays = await asyncio.gather(*(play(central, *options) for central, options, _ in meetings))
    for (central, options, works), (said, log) in zip(meetings, plays):
        ends = [line for line in log if re.search("Security|Disconnected", line)]
        print(f"--- {central} {' '.join(options)}", *ends, *said[-1:], sep="\n")
        assert ("the LED is on" in said) == works, said
        failed = any("err 9" in line for line in log)
        assert failed != works, log


async def one():
    said, log = await play(*sys.argv[1:])
    print(*log, *said, sep="\n")


main(one if sys.argv[1:] else all_three)
