#!/usr/bin/env python3
"""A USB camera that is not there: speaks USB/IP to a kernel's vhci-hcd, which then has a camera for uvcvideo.

usb_camera.py PORT [FRAMES_PER_SECOND]

Gives YUYV of 320x240 by a bulk endpoint (USB Video Class 1.0): eight colour bars, and a bar that moves. Waits for one
kernel at a time; when that goes, for the next. On SIGUSR1 it unplugs itself. What the messages look like is in the
kernel's Documentation/usb/usbip_protocol.rst, and what the descriptors mean in the USB Video Class.
"""

import collections
import select
import signal
import socket
import struct
import sys
import time

WIDTH, HEIGHT = 320, 240
FRAME_BYTES = WIDTH * HEIGHT * 2
ENDPOINT = 0x81
PAYLOAD = 16384  # What one URB holds: a header of two bytes, and a piece of a frame.
YUY2 = bytes.fromhex("5955593200001000800000aa00389b71")
STALL = -32  # -EPIPE
GONE = -104  # -ECONNRESET

SUBMIT, UNLINK, SUBMITTED, UNLINKED = 1, 2, 3, 4


def device_descriptor():
    return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0xEF, 2, 1, 64, 0x1209, 0x0001, 0x0100, 1, 2, 0, 1)


def configuration_descriptor(interval):
    control = struct.pack("<BBBHHIBB", 13, 0x24, 1, 0x0100, 13 + 18 + 9, 48_000_000, 1, 1)
    control += struct.pack("<BBBBHBBHHHB3B", 18, 0x24, 2, 1, 0x0201, 0, 0, 0, 0, 0, 3, 0, 0, 0)  # The camera
    control += struct.pack("<BBBBHBBB", 9, 0x24, 3, 2, 0x0101, 0, 1, 0)  # goes to USB.
    bits = FRAME_BYTES * 8 * 10_000_000 // interval
    formats = struct.pack("<BBBBB", 27, 0x24, 4, 1, 1) + YUY2 + struct.pack("<6B", 16, 1, 0, 0, 0, 0)
    formats += struct.pack("<BBBBBHHIIIIBI", 30, 0x24, 5, 1, 0, WIDTH, HEIGHT, bits, bits, FRAME_BYTES, interval, 1, interval)
    formats += struct.pack("<6B", 6, 0x24, 0x0D, 1, 1, 4)
    streaming = struct.pack("<BBBBHBBBBBBBB", 14, 0x24, 1, 1, 14 + len(formats), ENDPOINT, 0, 2, 0, 0, 0, 1, 0) + formats
    body = struct.pack("<8B", 8, 0x0B, 0, 2, 0x0E, 3, 0, 0)
    body += struct.pack("<9B", 9, 4, 0, 0, 0, 0x0E, 1, 0, 0) + control
    body += struct.pack("<9B", 9, 4, 1, 0, 1, 0x0E, 2, 0, 0) + streaming
    body += struct.pack("<BBBBHB", 7, 5, ENDPOINT, 2, 512, 0)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 2, 1, 0, 0x80, 50) + body


def string_descriptor(index):
    if index == 0:
        return struct.pack("<BBH", 4, 3, 0x0409)
    text = {1: "petrel", 2: "Pretended camera"}.get(index, "?").encode("utf-16-le")
    return struct.pack("<BB", 2 + len(text), 3) + text


def bars(number):
    """A frame: bars of 75 % in BT.601, and a white bar at the bottom that goes to the right."""
    colours = [(180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212), (35, 212, 114), (16, 128, 128)]
    row = bytearray()
    for x in range(0, WIDTH, 2):
        y, u, v = colours[x * 8 // WIDTH]
        row += bytes((y, u, y, v))
    moving = bytearray(bytes((16, 128)) * WIDTH)
    at = number * 8 % (WIDTH - 16)
    moving[2 * at : 2 * at + 32] = bytes((235, 128)) * 16
    return bytes(row) * (HEIGHT * 3 // 4) + bytes(moving) * (HEIGHT // 4)


class Camera:
    def __init__(self, connection, frames_per_second):
        self.connection = connection
        self.interval = 10_000_000 // frames_per_second  # In 100 ns, as UVC has it.
        self.waiting = collections.deque()  # URBs for pictures: (number, room).
        self.committed = self.probe()
        self.frame, self.number, self.sent = b"", 0, 0
        self.due = time.monotonic()

    def probe(self):
        return struct.pack("<HBBIHHHHHII", 1, 1, 1, self.interval, 0, 0, 0, 0, 0, FRAME_BYTES, PAYLOAD)

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                raise ConnectionError("the kernel has let go")
            data += piece
        return data

    def reply(self, number, status, data=b"", length=None):
        length = len(data) if length is None else length
        self.connection.sendall(struct.pack(">IIIIIiiiii8x", SUBMITTED, number, 0, 0, 0, status, length, 0, 0, 0) + data)

    def run(self):
        while True:
            timeout = max(0, self.due - time.monotonic()) if self.waiting else None
            if select.select([self.connection], [], [], timeout)[0]:
                self.handle_message()
            self.give_pictures()

    def handle_message(self):
        command, number, _, inwards, endpoint = struct.unpack(">5I", self.read(20))
        rest = self.read(28)
        if command == UNLINK:
            return self.unlink(number, struct.unpack(">I", rest[:4])[0])
        length = struct.unpack(">i", rest[4:8])[0]
        data = b"" if inwards else self.read(length)
        if endpoint == 0:
            self.control(number, rest[20:28], data)
        else:
            self.waiting.append((number, length))

    def unlink(self, number, unwanted):
        before = len(self.waiting)
        self.waiting = collections.deque(urb for urb in self.waiting if urb[0] != unwanted)
        status = GONE if len(self.waiting) < before else 0
        self.connection.sendall(struct.pack(">IIIIIi24x", UNLINKED, number, 0, 0, 0, status))

    def control(self, number, setup, data):
        kind, request, value, index, length = struct.unpack("<BBHHH", setup)
        if not kind & 0x80:
            if kind == 0x21 and request == 0x01 and index & 0xFF == 1:
                self.frame = b""  # Another stream begins.
            return self.reply(number, 0, length=len(data))
        answer = None
        if kind == 0x80 and request == 6:  # GET_DESCRIPTOR
            answer = {1: device_descriptor, 2: lambda: configuration_descriptor(self.interval),
                      3: lambda: string_descriptor(value & 0xFF)}.get(value >> 8, lambda: None)()
        elif kind & 0x60 == 0:  # GET_STATUS, GET_CONFIGURATION, GET_INTERFACE
            answer = bytes(length)
        elif kind == 0xA1 and index & 0xFF == 1 and value >> 8 in (1, 2):
            answer = {0x85: struct.pack("<H", 26), 0x86: b"\x03"}.get(request, self.probe())
        if answer is None:
            return self.reply(number, STALL)
        self.reply(number, 0, answer[:length])

    def give_pictures(self):
        while self.waiting and time.monotonic() >= self.due:
            if not self.frame:
                self.frame, self.sent = bars(self.number), 0
            number, room = self.waiting.popleft()
            piece = self.frame[self.sent : self.sent + room - 2]
            self.sent += len(piece)
            last = self.sent == len(self.frame)
            self.reply(number, 0, bytes((2, 0x80 | (2 if last else 0) | self.number & 1)) + piece)
            if last:
                self.frame = b""
                self.number += 1
                self.due = max(self.due + self.interval / 1e7, time.monotonic() - 0.2)


class Unplugged(Exception):
    pass


def unplug(*_):
    raise Unplugged


def main():
    port = int(sys.argv[1])
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with socket.create_server(("127.0.0.1", port)) as server:
        signal.signal(signal.SIGUSR1, unplug)
        while True:
            try:
                connection, _ = server.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                print("plugged in", flush=True)
                with connection:
                    Camera(connection, rate).run()
            except (Unplugged, ConnectionError) as why:
                print(f"unplugged {why}", flush=True)


main()
