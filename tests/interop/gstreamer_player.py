#!/usr/bin/python3
"""Plays a WHEP address with webrtcbin: gstreamer_player.py URL FRAMES. Prints what it got as JSON."""

import json
import sys
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

RECEIVE = "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,packetization-mode=(string)1"
DECODE = (
    "queue ! rtph264depay ! h264parse ! avdec_h264 ! "
    "fakesink name=sink signal-handoffs=true sync=false async=false"
)


class Player:
    def __init__(self, url: str, wanted: int):
        self.url, self.wanted = url, wanted
        self.result = {"version": ".".join(map(str, Gst.version()[:3])), "frames": 0}
        self.loop = GLib.MainLoop()
        # Python drops what only C refers to, and webrtcbin then crashes on it.
        self.kept = []
        self.pipeline = Gst.Pipeline()
        self.bin = Gst.ElementFactory.make("webrtcbin")
        self.bin.set_property("bundle-policy", "max-bundle")
        self.pipeline.add(self.bin)
        self.bin.connect("on-negotiation-needed", self.offer)
        self.bin.connect("notify::ice-gathering-state", self.post_when_gathered)
        self.bin.connect("pad-added", self.decode)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", lambda _, message: self.end(error=str(message.parse_error())))
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        self.kept.append(self.bin.emit("add-transceiver", direction, Gst.Caps.from_string(RECEIVE)))

    def run(self) -> dict:
        GLib.timeout_add_seconds(30, lambda: self.end(error="waited 30 s"))
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.result["state"] = self.bin.get_property("ice-connection-state").value_nick
        self.pipeline.set_state(Gst.State.NULL)
        return self.result

    def end(self, **outcome):
        self.result |= outcome
        self.loop.quit()

    def offer(self, _):
        self.bin.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None))

    def offered(self, promise, _):
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.kept += [promise, reply, offer]
        self.bin.emit("set-local-description", offer, None)

    def post_when_gathered(self, *_):
        if self.bin.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def post(self):
        offer = self.bin.get_property("local-description").sdp.as_text()
        request = urllib.request.Request(self.url, offer.encode(), {"Content-Type": "application/sdp"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                _, sdp = GstSdp.SDPMessage.new_from_text(response.read().decode())
        except OSError as error:
            self.end(error=str(error))
            return
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.kept += [sdp, answer]
        self.bin.emit("set-remote-description", answer, None)

    def decode(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        decoder = Gst.parse_bin_from_description(DECODE, True)
        decoder.get_by_name("sink").connect("handoff", self.count)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def count(self, _sink, _buffer, pad):
        caps = pad.get_current_caps().get_structure(0)
        self.result["size"] = f"{caps.get_value('width')}x{caps.get_value('height')}"
        self.result["frames"] += 1
        if self.result["frames"] == self.wanted:
            GLib.idle_add(self.end)


Gst.init(None)
print(json.dumps(Player(sys.argv[1], int(sys.argv[2])).run()))
