#!/usr/bin/python3
"""Plays a WHEP address with aiortc: aiortc_player.py URL FRAMES. Prints what it got as JSON."""

import asyncio
import json
import sys
import urllib.request

import aiortc
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError


def post(url: str, offer: str) -> str:
    request = urllib.request.Request(url, offer.encode(), {"Content-Type": "application/sdp"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read().decode()


async def main(url: str, wanted: int) -> None:
    result = {"version": aiortc.__version__, "frames": 0}
    connection = RTCPeerConnection(RTCConfiguration([]))
    enough = asyncio.Event()

    @connection.on("track")
    def play(track):
        async def decode():
            try:
                while result["frames"] < wanted:
                    frame = await track.recv()
                    result["frames"] += 1
                    result["size"] = f"{frame.width}x{frame.height}"
            except MediaStreamError:
                result["error"] = "the track ended"
            enough.set()

        asyncio.ensure_future(decode())

    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    answer = await asyncio.to_thread(post, url, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    try:
        await asyncio.wait_for(enough.wait(), 30)
    except asyncio.TimeoutError:
        result["error"] = f"waited 30 s; {connection.iceConnectionState}, {connection.connectionState}"

    for report in (await connection.getStats()).values():
        if report.type == "inbound-rtp":
            result |= {"packets": report.packetsReceived, "lost": report.packetsLost}
    print(json.dumps(result))
    await connection.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
