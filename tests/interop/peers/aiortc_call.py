#!/usr/bin/env python3
"""aiortc as a peer; docs/interop.md has the lines that it reads and prints."""

import asyncio
import contextlib
import json
import sys

import aiortc
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.sdp import candidate_from_sdp
from channels import MOST_BUFFERED, Channels, Line

SOURCES = {"audio": AudioStreamTrack, "video": VideoStreamTrack}

# What the start line calls them.
CHANNEL_OPTIONS = {
    "label": "label",
    "ordered": "ordered",
    "max_retransmits": "maxRetransmits",
    "max_packet_life_time": "maxPacketLifeTime",
    "protocol": "protocol",
    "negotiated": "negotiated",
    "id": "id",
}


def parameters(channel) -> dict:
    return {name: getattr(channel, attribute) for name, attribute in CHANNEL_OPTIONS.items()}


def tell(line: dict) -> None:
    print(json.dumps(line), flush=True)


class Call:
    def __init__(self, settings: dict):
        self.settings = settings
        self.received = {medium["kind"]: 0 for medium in settings["media"]}
        self.told_enough = False
        self.tasks = []
        self.connection = RTCPeerConnection(RTCConfiguration([]))
        self.connection.on("connectionstatechange", lambda: tell({"state": self.connection.connectionState}))
        self.channels = Channels(tell)
        self.connection.on("datachannel", self.use_channel)
        for spec in settings.get("data", {}).get("channels", []):
            self.use_channel(self.connection.createDataChannel(**{CHANNEL_OPTIONS[name]: spec[name] for name in spec}))
        self.connection.on("track", lambda track: self.tasks.append(asyncio.ensure_future(self.count(track))))

    def use_channel(self, channel) -> None:
        line = self.channels.use(
            Line(channel.label, channel.send, lambda: channel.bufferedAmount, channel.close, lambda: parameters(channel))
        )
        channel.bufferedAmountLowThreshold = MOST_BUFFERED // 4
        channel.on("message", lambda message: self.channels.handle_message(line, message))
        channel.on("bufferedamountlow", lambda: self.channels.send(line))
        channel.on("close", lambda: self.channels.handle_close(line))

    async def count(self, track) -> None:
        """Each frame that it could decode."""
        try:
            while True:
                await track.recv()
                self.received[track.kind] += 1
                if not self.told_enough and min(self.received.values()) >= self.settings["enough"]:
                    self.told_enough = True
                    tell({"enough": {}})
        except MediaStreamError:
            pass

    def add_tracks(self) -> None:
        for medium in self.settings["media"]:
            self.connection.addTrack(SOURCES[medium["kind"]]())
        for transceiver in self.connection.getTransceivers():
            wanted = [m["codec"].lower() for m in self.settings["media"] if m["kind"] == transceiver.kind]
            codecs = RTCRtpSender.getCapabilities(transceiver.kind).codecs
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType.split("/")[1].lower() in wanted])

    async def describe(self, description: RTCSessionDescription) -> None:
        # It gathers before it has a description, and knows no other way.
        await self.connection.setLocalDescription(description)
        local = self.connection.localDescription
        tell({"description": {"type": local.type, "sdp": local.sdp}})

    async def offer(self) -> None:
        self.add_tracks()
        await self.describe(await self.connection.createOffer())

    async def handle_description(self, description: dict) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(description["sdp"], description["type"]))
        if description["type"] == "offer":
            self.add_tracks()
            await self.describe(await self.connection.createAnswer())

    async def handle_candidate(self, told: dict) -> None:
        if not told["candidate"]:
            with contextlib.suppress(AttributeError):  # aiortc 1.4 has no word for the end.
                await self.connection.addIceCandidate(None)
            return
        candidate = candidate_from_sdp(told["candidate"].removeprefix("candidate:"))
        candidate.sdpMid = told["mid"]
        await self.connection.addIceCandidate(candidate)

    async def report(self) -> None:
        sent = {}
        for report in (await self.connection.getStats()).values():
            if report.type == "outbound-rtp":
                sent[report.kind] = report.packetsSent
        connected = self.connection.connectionState == "connected"
        result = {"connected": connected, "received": self.received, "sent": sent}
        tell({"result": {**result, "channels": self.channels.result()}})


async def main() -> None:
    tell({"hello": {"name": "aiortc", "version": aiortc.__version__}})
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    call = None
    while text := await reader.readline():
        line = json.loads(text)
        if "start" in line:
            call = Call(line["start"])
            if line["start"]["role"] == "offer":
                await call.offer()
        elif "description" in line:
            await call.handle_description(line["description"])
        elif "candidate" in line:
            await call.handle_candidate(line["candidate"])
        elif "report" in line:
            await call.report()
    if call:
        await call.connection.close()


try:
    asyncio.run(main())
except Exception as error:  # Whatever it is, the other end shall hear of it.
    tell({"failed": f"{type(error).__name__}: {error}"})
    raise
