"""aiortc, both ends of a pair in this process:

    aiortc_peer.py data SIZE SECONDS | setup COUNT | pairs COUNT

prints one line of JSON, with the fields of petrel-bench. aiortc does not trickle.
"""

import asyncio
import gc
import json
import os
import resource
import sys
import time

import aiortc
from aiortc import RTCConfiguration, RTCPeerConnection


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def status_field(name):
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


class Pair:
    async def open(self):
        self.ends = [RTCPeerConnection(RTCConfiguration([])) for _ in range(2)]
        self.channel = self.ends[0].createDataChannel("bench")
        opened = asyncio.Event()
        remote = asyncio.get_running_loop().create_future()
        self.channel.on("open", opened.set)
        self.ends[1].on("datachannel", remote.set_result)
        offerer, answerer = self.ends
        await offerer.setLocalDescription(await offerer.createOffer())
        await answerer.setRemoteDescription(offerer.localDescription)
        await answerer.setLocalDescription(await answerer.createAnswer())
        await offerer.setRemoteDescription(answerer.localDescription)
        await opened.wait()
        self.remote = await remote
        return self

    async def close(self):
        for end in self.ends:
            await end.close()


async def data(size, seconds):
    high, low = 1 << 20, 1 << 18
    pair = await Pair().open()
    received = 0

    def count(message):
        nonlocal received
        received += len(message)

    pair.remote.on("message", count)
    message = bytes(size)
    pair.channel.bufferedAmountLowThreshold = low

    def pump():
        while pair.channel.bufferedAmount < high:
            pair.channel.send(message)

    pair.channel.on("bufferedamountlow", pump)
    pump()
    await asyncio.sleep(1.5)
    before, cpu, begun = received, cpu_seconds(), time.monotonic()
    await asyncio.sleep(seconds)
    elapsed, sent = time.monotonic() - begun, received - before
    return {
        "size": size,
        "MBps": round(sent / 1e6 / elapsed, 2),
        "cpu_s_per_GB": round((cpu_seconds() - cpu) / (sent / 1e9), 2),
    }


async def setup(count):
    warm_up = 3
    times = []
    for i in range(count + warm_up):
        begun = time.monotonic()
        pair = await Pair().open()
        if i >= warm_up:
            times.append((time.monotonic() - begun) * 1e3)
        await pair.close()
        await asyncio.sleep(0.1)
    times.sort()

    def at(share):
        return round(times[min(len(times) - 1, int(len(times) * share))], 2)

    return {"count": count, "open_ms_median": at(0.5), "open_ms_p95": at(0.95)}


async def pairs(count):
    kept = [await Pair().open()]
    gc.collect()
    before = status_field("VmRSS")
    for _ in range(count):
        kept.append(await Pair().open())
    await asyncio.sleep(1)
    gc.collect()
    grown = status_field("VmRSS") - before
    cpu = cpu_seconds()
    await asyncio.sleep(3)
    return {
        "count": count,
        "KiB_per_pair": round(grown / count),
        "threads": status_field("Threads"),
        "idle_cpu_pct": round((cpu_seconds() - cpu) / 3 * 100, 1),
    }


def main():
    work = {"data": data, "setup": setup, "pairs": pairs}
    if len(sys.argv) < 3 or sys.argv[1] not in work:
        sys.exit(__doc__)
    figures = asyncio.run(run(work[sys.argv[1]], [int(each) for each in sys.argv[2:]]))
    print(json.dumps({"peer": "aiortc", "version": f"aiortc {aiortc.__version__}", **figures}), flush=True)
    os._exit(0)  # Open calls would keep the loop.


async def run(work, arguments):
    return await work(*arguments)


main()
