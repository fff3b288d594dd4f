"""What petrel takes of a small board: files and memory, beside the figures that AWS's C SDK has published.

    size.py STATIC_BUILD SHARED_BUILD      in a network namespace of its own; scripts/bench size does that

Sizes are of stripped files. Memory is what /proc/PID/status calls resident (VmRSS), of which the libraries' own pages
are shared with other programs, and what it calls anonymous, which is the process's alone.
"""

import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# amazon-kinesis-video-streams-webrtc-sdk-c, its README: the library alone, with its signaling client, and memory.
AWS_LIBRARY, AWS_WITH_SIGNALING, AWS_MEMORY = "0.5", "0.92", "10 to 13"
# Until pools have grown and the encoder has seen some pictures. Nothing depends on it but the figure's stability.
SETTLING_S = 5


def stripped(path, folder):
    copy = folder / path.name
    shutil.copy(path.resolve(), copy)
    subprocess.run(["strip", copy], check=True)
    return copy.stat().st_size


def row(name, figure, theirs=""):
    print(f"{name:<66} {figure:>10}   {theirs}", flush=True)


def mb(size):
    return f"{size / 1e6:.2f} MB"


def sizes(static, shared, folder):
    nothing = stripped(static / "bin/petrel-size-nothing", folder)
    peer = stripped(static / "bin/petrel-size-peer", folder)
    kvs = stripped(static / "bin/petrel-size-kvs", folder)
    row("a program with one call, petrel linked in, less a program without", mb(peer - nothing), f"{AWS_LIBRARY} MB")
    row("the same, with signaling by Kinesis Video Streams", mb(kvs - nothing), f"{AWS_WITH_SIGNALING} MB")
    libraries = {path.name[len("libpetrel_"):-len(".so")]: stripped(path, folder)
                 for path in sorted(shared.rglob("libpetrel_*.so"))}
    signaling = ("http", "web", "kvs")
    unneeded = ("sim", "sim_clock", "turn_server")
    media = sum(size for name, size in libraries.items() if name not in signaling + unneeded)
    row("shared libraries that a call needs, together", mb(media), f"{AWS_LIBRARY} MB")
    row("and with those of the signaling", mb(media + sum(libraries[name] for name in signaling)),
        f"{AWS_WITH_SIGNALING} MB")
    print("  " + ", ".join(f"{name} {size / 1e3:.0f}" for name, size in libraries.items()) + " kB")
    row("petrel-camera", mb(stripped(static / "bin/petrel-camera", folder)))


class Camera:
    def __init__(self, static, *options):
        self.process = subprocess.Popen([static / "bin/petrel-camera", *options], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while not (line := self.process.stdout.readline()).startswith("Watch at "):
            if not line:
                sys.exit("petrel-camera did not start")
        self.url = line.split()[2]

    def memory(self):
        time.sleep(SETTLING_S)
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return [int(re.search(rf"^{name}:\s+(\d+)", status, re.M)[1]) / 1024 for name in ("VmRSS", "RssAnon")]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()
        if self.process.returncode != 0:
            sys.exit(f"petrel-camera ended with {self.process.returncode}")


class Viewers:
    def __init__(self, static, url, count, *more):
        self.process = subprocess.Popen([static / "bin/petrel-whep-viewers", f"{url}whep", str(count), *more],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            sys.exit("the viewers did not get their picture")

    def leave(self):
        self.process.communicate()


def memory_row(name, figures, theirs=""):
    resident, anonymous = figures
    row(name, f"{resident:.1f} MiB", f"{theirs}    {anonymous:.1f} MiB anonymous".strip())


def memory(static, name, *options):
    camera = Camera(static, "--max-viewers", "10", *options)
    memory_row(f"petrel-camera, {name}, nobody watches", camera.memory())
    for count in (1, 10):
        viewers = Viewers(static, camera.url, count)
        memory_row(f"  {count} watch{'es' if count == 1 else ''}", camera.memory(), f"{AWS_MEMORY} MB")
        viewers.leave()
    memory_row("  all have left", camera.memory())
    camera.stop()


def main():
    static, shared = (pathlib.Path(name) for name in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        row(f"on {platform.machine()}", "petrel", "AWS's C SDK, as published")
        sizes(static, shared, folder)
        # A clip is what the C SDK's sample sends: no encoder is in the process.
        clip = folder / "clip.h264"
        camera = Camera(static, "--size", "1280x720")
        Viewers(static, camera.url, 1, "90", str(clip)).leave()
        camera.stop()
        memory(static, "H.264 from a file", "--source", f"file:{clip}", "--fps", "30")
        memory(static, "1280x720 encoded by OpenH264", "--source", "pattern", "--size", "1280x720")


os.environ["LC_ALL"] = "C"
main()
