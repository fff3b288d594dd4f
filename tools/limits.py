#!/usr/bin/env python3
"""Writes docs/limits.md from the named limits in the sources; with --check, fails if it is not up to date."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "limits.md"
LIMIT = re.compile(r"^\s*(?:static |inline )*constexpr [\w:]+(?: [\w:]+)* (max_\w+|\w+_limit)\s*(?:=|\{)\s*([^;]*?)\}?;")


def reason(lines, index):
    """The comment above a constant, or behind it."""
    behind = re.search(r";\s*//+<?\s*(.*)", lines[index])
    if behind:
        return behind.group(1)
    words = []
    above = index - 1
    while above >= 0 and re.match(r"\s*//", lines[above]):
        words.insert(0, re.sub(r"^\s*//+\s?", "", lines[above]))
        above -= 1
    return " ".join(words)


def table():
    rows = ["# Limits", "", "Made by `tools/limits.py` from the sources. Everything that a peer could make grow stops at one of these.",
            "", "| Limit | Value | Why | Where |", "|---|---|---|---|"]
    for top in ("include", "src"):
        for path in sorted((ROOT / top).rglob("*.[hc]pp")):
            lines = path.read_text().splitlines()
            for index, line in enumerate(lines):
                found = LIMIT.match(line)
                if not found:
                    continue
                name, value = found.groups()
                why = reason(lines, index).replace("|", "\\|")
                rows.append(f"| `{name}` | `{value.strip()}` | {why} | {path.relative_to(ROOT)} |")
    return "\n".join(rows) + "\n"


text = table()
if "--check" in sys.argv:
    if not TARGET.exists() or TARGET.read_text() != text:
        sys.exit("docs/limits.md is not up to date: run tools/limits.py")
    print("limits are up to date")
else:
    TARGET.write_text(text)
