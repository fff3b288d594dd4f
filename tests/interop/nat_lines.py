#!/usr/bin/python3
"""Lines with a delay between network namespaces, since not every kernel has netem.

Reads lines `HOST_NAMESPACE ROUTER_NAMESPACE MILLISECONDS` until end of file. Each becomes a line between two
TUN interfaces, `up` in the host's namespace and `in` in the router's, whose packets arrive so much later. Says
`ready`, and carries packets until it is ended.
"""

import ctypes
import fcntl
import heapq
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x1001
MTU = 1500

libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace: int) -> None:
    if libc.setns(namespace, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def open_tun(namespace: str, name: str, home: int) -> int:
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    enter(there)
    os.close(there)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), TUN_WITHOUT_HEADER))
    enter(home)
    return tun


def main() -> None:
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    far_end, delay = {}, {}
    poll = select.epoll()
    for line in sys.stdin:
        host, router, milliseconds = line.split()
        ends = open_tun(host, "up", home), open_tun(router, "in", home)
        for end, other in (ends, ends[::-1]):
            far_end[end] = other
            delay[end] = float(milliseconds) / 1000
            poll.register(end, select.EPOLLIN)
    print("ready", flush=True)

    under_way = []
    count = 0
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else -1
        for end, _ in poll.poll(wait):
            try:
                while packet := os.read(end, MTU + 100):
                    count += 1
                    heapq.heappush(under_way, (time.monotonic() + delay[end], count, far_end[end], packet))
            except OSError:
                pass  # Nothing more to read, or an interface that is down.
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(under_way)
            try:
                os.write(end, packet)
            except OSError:
                pass


main()
