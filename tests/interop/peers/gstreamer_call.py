#!/usr/bin/python3
"""GStreamer's webrtcbin as a peer; docs/interop.md has the lines that it reads and prints."""

import json
import sys
import threading

import gi
from channels import MOST_BUFFERED, Channels, Line

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PAYLOAD_TYPES = {"VP8": 96, "H264": 102, "opus": 111}
SOURCES = {
    "VP8": "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! vp8enc deadline=1"
    " keyframe-max-dist=30 ! rtpvp8pay",
    "H264": "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! videoconvert ! openh264enc"
    " gop-size=30 ! h264parse ! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
    "opus": "audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay",
}
TYPES = {"offer": GstWebRTC.WebRTCSDPType.OFFER, "answer": GstWebRTC.WebRTCSDPType.ANSWER}

# Data channels: its names and types of what the start line says of one.
CHANNEL_OPTIONS = {
    "ordered": ("ordered", bool),
    "max_retransmits": ("max-retransmits", int),
    "max_packet_life_time": ("max-packet-lifetime", int),
    "protocol": ("protocol", str),
    "negotiated": ("negotiated", bool),
    "id": ("id", int),
}


def channel_options(spec: dict):
    options = Gst.Structure.new_empty("options")
    for name, (property_name, kind) in CHANNEL_OPTIONS.items():
        if name in spec:
            options.set_value(property_name, kind(spec[name]))
    return options


def parameters(channel) -> dict:
    told = {name: channel.get_property(property_name) for name, (property_name, _) in CHANNEL_OPTIONS.items()}
    # -1: there is no such limit.
    return {name: None if value == -1 else value for name, value in told.items()}


def send(channel, message) -> None:
    if isinstance(message, str):
        channel.emit("send-string", message)
    else:
        channel.emit("send-data", GLib.Bytes.new(message) if message else None)


def tell(line: dict) -> None:
    print(json.dumps(line), flush=True)


class Call:
    def __init__(self, settings: dict):
        self.settings = settings
        self.received = {medium["kind"]: 0 for medium in settings["media"]}
        self.told_enough = False
        self.payload_types = dict(PAYLOAD_TYPES)
        # Python drops what only C refers to, and webrtcbin then crashes on it.
        self.kept = []
        self.pipeline = Gst.Pipeline()
        self.bin = Gst.ElementFactory.make("webrtcbin")
        self.bin.set_property("bundle-policy", "max-bundle")
        self.pipeline.add(self.bin)
        self.bin.connect("pad-added", self.receive)
        self.bin.connect("notify::connection-state", lambda *_: tell({"state": self.state()}))
        self.bin.connect("notify::ice-gathering-state", self.gathered)
        self.bin.connect("on-ice-candidate", self.found)
        self.channels = Channels(tell)
        self.bin.connect("on-data-channel", lambda _, channel: self.use_channel(channel))
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", lambda _, message: tell({"failed": str(message.parse_error())}))
        if settings["role"] == "offer":
            self.send()
        self.pipeline.set_state(Gst.State.PLAYING)
        for spec in settings.get("data", {}).get("channels", []):
            self.use_channel(self.bin.emit("create-data-channel", spec["label"], channel_options(spec)))
        if settings["role"] == "offer":
            self.ask("create-offer", "offer")

    def state(self) -> str:
        return self.bin.get_property("connection-state").value_nick

    def use_channel(self, channel) -> None:
        """Its signals come on threads of its own, and are taken to the one that lines come on."""
        self.kept.append(channel)
        line = self.channels.use(
            Line(
                channel.get_property("label"),
                lambda message: send(channel, message),
                lambda: channel.get_property("buffered-amount"),
                lambda: channel.emit("close"),
                lambda: parameters(channel),
            )
        )

        def later(call, *arguments) -> None:
            GLib.idle_add(lambda: call(line, *arguments) and False)

        channel.set_property("buffered-amount-low-threshold", MOST_BUFFERED // 4)
        channel.connect("on-message-string", lambda _, text: later(self.channels.handle_message, text or ""))
        channel.connect(
            "on-message-data", lambda _, data: later(self.channels.handle_message, data.get_data() if data else b"")
        )
        channel.connect("on-buffered-amount-low", lambda _: later(self.channels.send))
        channel.connect("on-close", lambda _: later(self.channels.handle_close))

    def send(self) -> None:
        """Gives webrtcbin a source for each kind of media."""
        for medium in self.settings["media"]:
            codec = medium["codec"]
            caps = (
                f"application/x-rtp,media={medium['kind']},encoding-name={codec.upper()},"
                f"payload={self.payload_types[codec]}"
            )
            # What it offers is made of these, since the encoder has not said anything yet. RFC 7587 7: two channels.
            caps += ",clock-rate=48000,encoding-params=(string)2" if codec == "opus" else ",clock-rate=90000"
            source = Gst.parse_bin_from_description(f"{SOURCES[codec]} ! capsfilter caps={caps}", True)
            self.pipeline.add(source)
            source.link(self.bin)
            source.sync_state_with_parent()

    def ask(self, what: str, kind: str) -> None:
        self.bin.emit(what, None, Gst.Promise.new_with_change_func(self.described, kind))

    def described(self, promise, kind: str) -> None:
        reply = promise.get_reply()
        description = reply.get_value(kind) if reply.has_field(kind) else None
        self.kept += [promise, reply, description]
        if description is None:
            return tell({"failed": f"no {kind}: {reply.to_string()}"})
        self.bin.emit("set-local-description", description, None)
        if self.settings["trickle"]:
            tell({"description": {"type": kind, "sdp": description.sdp.as_text()}})

    def found(self, _, line_index: int, candidate: str) -> None:
        if self.settings["trickle"]:
            tell({"candidate": {"candidate": candidate, "mid": ""}})

    def gathered(self, *_) -> None:
        if self.bin.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            return
        if self.settings["trickle"]:
            return tell({"candidate": {"candidate": "", "mid": ""}})
        GLib.idle_add(self.tell_local)

    def tell_local(self) -> None:
        local = self.bin.get_property("local-description")
        kind = "offer" if local.type == GstWebRTC.WebRTCSDPType.OFFER else "answer"
        tell({"description": {"type": kind, "sdp": local.sdp.as_text()}})

    def handle_description(self, told: dict) -> None:
        _, sdp = GstSdp.SDPMessage.new_from_text(told["sdp"])
        description = GstWebRTC.WebRTCSessionDescription.new(TYPES[told["type"]], sdp)
        self.kept += [sdp, description]
        if told["type"] == "answer":
            self.bin.emit("set-remote-description", description, None)
            return
        for codec in SOURCES:
            for line in told["sdp"].splitlines():
                if line.startswith("a=rtpmap:") and line.split(" ")[1].lower().startswith(f"{codec.lower()}/"):
                    self.payload_types[codec] = int(line.split(":")[1].split(" ")[0])
        promise = Gst.Promise.new_with_change_func(self.answer, None)
        self.kept.append(promise)
        self.bin.emit("set-remote-description", description, promise)

    def answer(self, *_) -> None:
        GLib.idle_add(lambda: (self.send(), self.ask("create-answer", "answer")) and False)

    def receive(self, _, pad) -> None:
        if pad.direction != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string("media")
        sink = Gst.parse_bin_from_description(
            "queue ! fakesink name=sink signal-handoffs=true sync=false async=false", True
        )
        sink.get_by_name("sink").connect("handoff", lambda *_: self.count(kind))
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def count(self, kind: str) -> None:
        self.received[kind] += 1
        if not self.told_enough and min(self.received.values()) >= self.settings["enough"]:
            self.told_enough = True
            tell({"enough": {}})

    def handle(self, line: dict) -> None:
        if "description" in line:
            self.handle_description(line["description"])
        elif "candidate" in line:
            if line["candidate"]["candidate"]:
                self.bin.emit("add-ice-candidate", 0, line["candidate"]["candidate"])
        elif "report" in line:
            result = {"connected": self.state() == "connected", "received": self.received}
            tell({"result": {**result, "channels": self.channels.result()}})


def main() -> None:
    Gst.init(None)
    tell({"hello": {"name": "GStreamer", "version": ".".join(map(str, Gst.version()[:3]))}})
    loop = GLib.MainLoop()
    calls = []

    def handle(line: dict) -> bool:
        if "start" in line:
            calls.append(Call(line["start"]))
        else:
            calls[0].handle(line)
        return False

    def read() -> None:
        for text in sys.stdin:
            GLib.idle_add(handle, json.loads(text))
        GLib.idle_add(loop.quit)

    threading.Thread(target=read, daemon=True).start()
    loop.run()
    for call in calls:
        call.pipeline.set_state(Gst.State.NULL)


main()
