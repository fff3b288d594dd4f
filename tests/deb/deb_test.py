"""What petrel-camera's package does in a clean Debian: see run, which starts this in namespaces of its own.

    deb_test.py booted|by-hand ROOT VIEWERS
"""

import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request

PAGE = "http://127.0.0.1:8080/"
# How long a service may take to answer under an emulator on a busy machine; nothing is asserted about it.
PATIENCE = 120
# What a purge of other packages leaves, and apt's own traces.
REMAINS = re.compile(
    r"/(var/(lib/(apt|dpkg|systemd|pam)|cache|log|tmp)|run|tmp|root|dev|proc|sys)(/|$)"
    r"|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|/etc/\.(pwd\.lock)$|/etc/(ld\.so\.cache|machine-id|resolv\.conf|hostname|mtab)$"
    r"|.*/__pycache__(/|$)|/etc/systemd/system/multi-user\.target\.wants$"
)


def check(holds, message):
    if not holds:
        sys.exit(f"wrong: {message}")


def say(text):
    print(f"  {text}", flush=True)


def wait_for(what, attempt):
    """The first outcome of `attempt` that is not None."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        outcome = attempt()
        if outcome is not None:
            return outcome
        time.sleep(0.1)
    sys.exit(f"wrong: waited in vain for {what}")


class Root:
    """The folder, and commands that run in it."""

    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()
        self.enter = ["chroot", str(self.path)]

    def run(self, *command, fails=False):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        done = subprocess.run([*self.enter, *command], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check((done.returncode != 0) == fails, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def read(self, path):
        return (self.path / path.lstrip("/")).read_text()

    def status(self, path):
        return os.lstat(self.path / path.lstrip("/"))

    def files(self):
        found = set()
        for folder, folders, files in os.walk(self.path):
            inside = "/" + os.path.relpath(folder, self.path)
            inside = "" if inside == "/." else inside
            folders[:] = [name for name in folders if not REMAINS.match(f"{inside}/{name}")]
            found.update(f"{inside}/{name}" for name in (*folders, *files) if not REMAINS.match(f"{inside}/{name}"))
        return found


class BootedService:
    """systemd runs in the root, and the unit by it."""

    def __init__(self, root):
        self.root = root
        boot = pathlib.Path(__file__).with_name("boot")
        self.container = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", boot, root.path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        first = wait_for("the container's first process", self.first_process)
        root.enter = ["nsenter", "--target", first, "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd"]
        self.first = first
        state = wait_for("systemd", self.system_state)
        say(f"systemd runs as process 1 of the root, and calls the system {state}")

    def first_process(self):
        children = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        # Until it has become systemd, it still makes its mounts.
        if children and pathlib.Path(f"/proc/{children[0]}/comm").read_text() == "systemd\n":
            return children[0]
        return None

    def system_state(self):
        done = subprocess.run([*self.root.enter, "systemctl", "is-system-running"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip() if done.stdout.strip() in ("running", "degraded") else None

    def property(self, name):
        return self.root.run("systemctl", "show", "--property", name, "--value", "petrel-camera").strip()

    def begins(self):
        """The installation has started it."""
        check(self.property("ActiveState") == "active", f"the unit is {self.property('ActiveState')}:\n{self.log()}")
        say("the installation has started the unit")

    def check_that_it_runs(self):
        check(self.property("ActiveState") != "failed", f"the unit has failed:\n{self.log()}")

    def pid(self):
        # As it is called out here.
        for name in self.root.run("systemctl", "show", "--property", "MainPID", "--value", "petrel-camera").split():
            for status in pathlib.Path("/proc").glob("[0-9]*/status"):
                try:
                    found = re.search(r"^NSpid:\s+(.*)$", status.read_text(), re.M)
                except OSError:
                    continue
                if found and found[1].split()[-1] == name and len(found[1].split()) > 1:
                    return int(status.parent.name)
        sys.exit("wrong: the unit has no process")

    def log(self):
        return self.root.run("journalctl", "--unit", "petrel-camera", "--output", "cat", "--no-pager")

    def reload(self):
        self.root.run("systemctl", "reload", "petrel-camera")

    def dies(self):
        """Somebody kills it; systemd starts it again."""
        before = self.pid()
        os.kill(before, signal.SIGKILL)
        wait_for("the restart", lambda: self.property("NRestarts") == "1" or None)
        wait_for("the restart", lambda: self.property("ActiveState") == "active" or None)
        say("killed, it is started again")

    def stop(self):
        self.root.run("systemctl", "stop", "petrel-camera")
        result = self.property("Result"), self.property("ExecMainStatus"), self.property("ExecMainCode")
        check(result == ("success", "0", "1"), f"the unit stopped with {result}:\n{self.log()}")
        say("stopped, with exit code 0")

    def look_at_journal(self):
        # A file that cannot be read is a complaint of the next reload.
        config = self.root.path / "etc/petrel-camera.conf"
        text = config.read_text()
        servers = self.root.path / "etc/petrel-camera/ice-servers"
        servers.write_text("stun:127.0.0.1\n")
        servers.chmod(0o644)
        config.write_text(text + "ice-server-file = /etc/petrel-camera/ice-servers\n")
        self.root.run("systemctl", "restart", "petrel-camera")
        # The command has become the camera, and listens.
        wait_for("the page", lambda: page_status("") == 401 or None)
        servers.write_text("nonsense\n")
        self.reload()
        wait_for("the complaint", lambda: "nonsense" in self.log() or None)
        entries = [json.loads(line) for line in self.root.run(
            "journalctl", "--unit", "petrel-camera", "--identifier", "petrel-camera", "--output", "json",
            "--no-pager").splitlines()]
        complaint = next(entry for entry in entries if "nonsense" in entry["MESSAGE"])
        check(complaint["PRIORITY"] == "4", f"the priority of {complaint['MESSAGE']} is {complaint['PRIORITY']}")
        check(not any(entry["MESSAGE"].startswith("<") for entry in entries), "a prefix is in a message")
        say(f"in the journal, as a warning: {complaint['MESSAGE']}")
        config.write_text(text + "sice = 1\n")
        self.root.run("systemctl", "restart", "petrel-camera")
        line = len(text.splitlines()) + 1
        wait_for("the complaint", lambda: f"line {line}: there is no option sice" in self.log() or None)
        say(f"a wrong key: line {line} is named in the journal")
        config.write_text(text)
        servers.unlink()
        self.root.run("systemctl", "restart", "petrel-camera")

    def security(self):
        table = self.root.run("systemd-analyze", "security", "--no-pager", "petrel-camera")
        say(table.strip().splitlines()[-1].lstrip("→ "))

    def end(self):
        os.kill(int(self.first), signal.SIGKILL)
        self.container.wait()


class ServiceByHand:
    """The unit's command, as the unit's user, without privileges."""

    def __init__(self, root):
        self.root = root
        for source, target in (("proc", "proc"), ("sysfs", "sys")):
            subprocess.run(["mount", "-t", source, source, root.path / target], check=True)

    def begins(self):
        unit = self.root.read("/usr/lib/systemd/system/petrel-camera.service")
        command = re.search(r"^ExecStart=(.+)$", unit, re.M)[1].split()
        user = re.search(r"^User=(.+)$", unit, re.M)[1]
        groups = re.search(r"^SupplementaryGroups=(.+)$", unit, re.M)[1].split()
        identity = self.root.run("id", "-u", user).strip(), self.root.run("id", "-g", user).strip()
        group_ids = [re.search(rf"^{name}:x:(\d+):", self.root.read("/etc/group"), re.M)[1] for name in groups]
        self.output = open(self.root.path / "tmp/log", "w+")
        self.process = subprocess.Popen(
            ["setpriv", "--no-new-privs", "chroot", "--userspec", ":".join(identity), "--groups", ",".join(group_ids),
             str(self.root.path), *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        say(f"started by hand: {' '.join(command)}, as {user}")

    def check_that_it_runs(self):
        check(self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log()}")

    def pid(self):
        return self.process.pid

    def log(self):
        return (self.root.path / "tmp/log").read_text()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def dies(self):
        pass

    def look_at_journal(self):
        pass

    def security(self):
        pass

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        check(code == 0, f"SIGTERM ended it with {code}:\n{self.log()}")
        say("stopped by SIGTERM, with exit code 0")

    def end(self):
        for target in ("proc", "sys"):
            subprocess.run(["umount", "--lazy", self.root.path / target], check=True)


def page_status(query):
    try:
        with urllib.request.urlopen(PAGE + query, timeout=PATIENCE) as response:
            return response.status
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return None


def look_at_installation(root):
    check("x86-64" not in root.path.name, root.path)
    say(root.run("dpkg-query", "--show", "--showformat",
                 "${Package} ${Version} ${Architecture}, ${Installed-Size} KiB, needs ${Depends}",
                 "petrel-camera").strip())
    uid, gid = (int(root.run("id", option, "petrel-camera")) for option in ("-u", "-g"))
    check(0 < uid < 1000, f"the user's number is {uid}")
    check("/usr/sbin/nologin" in root.run("getent", "passwd", "petrel-camera"), "the user can log in")
    token = root.status("/etc/petrel-camera/token")
    check((stat.S_IMODE(token.st_mode), token.st_uid, token.st_gid) == (0o640, 0, gid), "the token's permissions")
    check(re.fullmatch(r"[0-9a-f]{32}\n", root.read("/etc/petrel-camera/token")), "the token")
    folder = root.status("/etc/petrel-camera")
    check((stat.S_IMODE(folder.st_mode), folder.st_gid) == (0o750, gid), "the folder's permissions")
    check(stat.S_IMODE(root.status("/etc/petrel-camera/environment").st_mode) == 0o600, "the environment's permissions")
    unit = "/usr/lib/systemd/system/petrel-camera.service"
    complaints = root.run("systemd-analyze", "verify", "--man=no", unit).strip()
    check(not complaints, f"systemd-analyze verify says: {complaints}")
    say("user, token, permissions and unit are as they should be")


def watch(service, viewers, token):
    def page_is_there():
        service.check_that_it_runs()
        return page_status("") == 401 or None

    wait_for("the page", page_is_there)
    check(page_status("?token=" + "0" * 32) == 401, "a wrong token opens the page")
    check(page_status(f"?token={token}") == 200, "the token does not open the page")
    say("the page: 401 without the token, 200 with it")
    done = subprocess.run([viewers, f"{PAGE}whep?token={token}", "1", "30"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 0, f"no picture: {done.stderr}")
    picture = json.loads(done.stdout)
    check((picture["width"], picture["height"]) == (1280, 720), f"the picture is {picture}")
    check(picture["brightest"] - picture["darkest"] > 100, f"there is nothing in the picture: {picture}")
    say(f"watched by WHEP: 30 frames of {picture['width']}x{picture['height']}, the first decoded, "
        f"the first after {picture['longest_to_first_frame_ms']} ms")


def look_at_process(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    check(re.search(r"^NoNewPrivs:\s+1$", status, re.M), "it may gain privileges")
    check(re.search(r"^Uid:\s+(?!0\s)", status, re.M), "it runs as root")
    check(re.search(r"^CapEff:\s+0+$", status, re.M), "it has capabilities")
    resident = re.search(r"^VmRSS:\s+(\d+)", status, re.M)[1]
    say(f"no privileges, {int(resident) / 1024:.1f} MiB resident")


def main():
    mode, folder, viewers = sys.argv[1:]
    root = Root(folder)
    before = root.files()
    service = BootedService(root) if mode == "booted" else ServiceByHand(root)
    try:
        told = root.run("apt-get", "install", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0",
                        "/petrel-camera.deb")
        token = root.read("/etc/petrel-camera/token").strip()
        check(f".local:8080/?token={token}" in told, f"the installation does not say where to watch:\n{told}")
        look_at_installation(root)
        service.begins()
        watch(service, viewers, token)
        look_at_process(service.pid())
        service.security()
        service.reload()
        watch(service, viewers, token)
        service.look_at_journal()
        service.dies()
        watch(service, viewers, token)

        # What the owner has changed survives an installation of the same package.
        root.run("apt-get", "install", "-y", "--reinstall", "--no-install-recommends", "/petrel-camera.deb")
        check(root.read("/etc/petrel-camera/token").strip() == token, "another installation made another token")
        service.stop()

        root.run("apt-get", "remove", "-y", "petrel-camera")
        check(root.read("/etc/petrel-camera/token").strip() == token, "removing took the token away")
        root.run("apt-get", "purge", "-y", "--auto-remove", "petrel-camera")
        left = sorted(root.files() - before)
        check(not left, f"left after the purge: {left[:20]}")
        check("petrel" not in root.read("/etc/passwd") + root.read("/etc/group"), "the user is left")
        say("purged: nothing is left")
    finally:
        service.end()
    print(f"tests/deb: passed ({mode})")


main()
