#!/usr/bin/python3
"""Plays a WHEP address with aiortc: aiortc_player.py URL FRAMES [PICTURE]. Prints what it got as JSON, and
writes the last frame as a PPM file."""

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


def write_picture(path: str, frame) -> None:
    plane = frame.reformat(format="rgb24").planes[0]
    samples = bytes(plane)
    with open(path, "wb") as file:
        file.write(f"P6 {frame.width} {frame.height} 255\n".encode())
        for row in range(frame.height):
            begin = row * plane.line_size
            file.write(samples[begin : begin + 3 * frame.width])


async def main(url: str, wanted: int, picture: str | None) -> None:
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
                if picture:
                    write_picture(picture, frame)
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


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
