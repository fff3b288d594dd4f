#!/usr/bin/env python3
"""Fails on an include that tools/layers.txt does not allow.

    check_layers.py [root of the project]
"""

import pathlib
import re
import sys

ENTRY_MODULE = "io"  # Headers directly under include/petrel belong to it, and it alone shows Asio to users.
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


class Layers:
    """What layers.txt says."""

    def __init__(self, text):
        self.modules = {}  # module: what it may include, itself among it
        self.libraries = []  # (start of the included path, modules)
        self.errors = []
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            name, colon, uses = line.partition(">:" if line.startswith("<") else ":")
            if not colon:
                self.errors.append(f"layers.txt: cannot read '{line}'")
            elif line.startswith("<"):
                self.libraries.append((name[1:], set(uses.split())))
            else:
                for used in uses.split():
                    if used not in self.modules:
                        self.errors.append(f"layers.txt: {name} uses {used}, which is not above it")
                self.modules[name] = set(uses.split()) | {name}
        for library, users in self.libraries:
            for user in users - set(self.modules):
                self.errors.append(f"layers.txt: <{library}> names {user}, which is no module")

    def users_of(self, header):
        """The modules that may include <header>; None if nobody may, every module for the standard library."""
        matching = [entry for entry in self.libraries if header.startswith(entry[0])]
        if matching:
            return max(matching, key=lambda entry: len(entry[0]))[1]
        return None if re.search(r"[/.]", header) else set(self.modules)


def check_include(layers, module, public, quote, header):
    """What is wrong with this include, or None."""
    if quote == "<":
        users = layers.users_of(header)
        if users is None:
            return f"<{header}> is a library that layers.txt does not list"
        if module not in users:
            return f"{module} must not include <{header}>"
        if public and module != ENTRY_MODULE and re.search(r"[/.]", header):
            return f"a public header must not include <{header}>"
        return None
    if ".." in header.split("/") or header.startswith("."):
        return f'relative include "{header}"'
    parts = header.split("/")
    if parts[0] == "petrel":
        used = parts[1] if len(parts) > 2 else ENTRY_MODULE
    elif public:
        return f'a public header includes the private "{header}"'
    else:
        used = parts[0]
    if used not in layers.modules:
        return f'"{header}" belongs to no module of layers.txt'
    if used not in layers.modules[module]:
        return f"{module} must not include {used}"
    return None


def check(root):
    """All offences of a project tree."""
    layers = Layers((root / "tools" / "layers.txt").read_text())
    errors = list(layers.errors)
    for top, public in ((root / "include" / "petrel", True), (root / "src", False)):
        for path in sorted(top.rglob("*.[hc]pp")):
            name = path.relative_to(root).as_posix()
            parts = path.relative_to(top).parts
            module = parts[0] if len(parts) > 1 else ENTRY_MODULE
            if module not in layers.modules:
                errors.append(f"{name}: the module {module} has no row in layers.txt")
                continue
            text = path.read_text()
            for match in INCLUDE.finditer(text):
                wrong = check_include(layers, module, public, *match.groups())
                if wrong:
                    line = text.count("\n", 0, match.start(1)) + 1
                    errors.append(f"{name}:{line}: {wrong}")
    return errors


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    errors = check(root)
    print("\n".join(errors) or "layers hold")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
