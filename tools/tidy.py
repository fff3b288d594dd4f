#!/usr/bin/env python3
"""House rules that a compiler cannot check.

    tidy.py [root of the project]

An offence that has to stay is listed in tools/tidy_exceptions.txt, with its reason.
"""

import pathlib
import re
import sys

TOPS = ("include", "src", "tests", "fuzz", "bench", "examples")
MAX_LINES = 600

# rule: (what is found, why not, modules that may). For the protocol cores: all modules but io.
CORE_RULES = {
    "clock": (
        r"\b(?:steady|high_resolution)_clock\b|\b(?:system|utc|file)_clock::now\b|\b(?:gettimeofday|clock_gettime|localtime\w*|gmtime\w*)\s*\("
        r"|\btime\s*\(\s*(?:NULL|nullptr|0|&\w+)\s*\)",
        "a core is told the time, it never asks",
        (),
    ),
    "thread": (
        r"\bstd::(?:thread|jthread|async|this_thread|future|promise)\b|\bpthread_\w+",
        "one executor per peer; threads belong to io",
        (),
    ),
    "lock": (
        r"\bstd::(?:\w*mutex|atomic\w*|condition_variable\w*|lock_guard|unique_lock|scoped_lock|call_once|counting_semaphore"
        r"|binary_semaphore|latch|barrier)\b",
        "one executor per peer, so there is nothing to lock",
        (),
    ),
    "random": (
        r"\bstd::(?:rand|random_device|mt19937\w*|default_random_engine|minstd_rand\w*)\b|\b(?:rand|random|srand|getrandom"
        r"|arc4random\w*)\s*\(\s*\)|\bgetrandom\s*\(",
        "randomness comes from a RandomSource",
        (),
    ),
    "openssl-random": (r"\bRAND_\w+\s*\(", "randomness comes from a RandomSource", ("crypto",)),
    "callback": (
        r"\bstd::(?:enable_shared_from_this|function)\b",
        "queue an event instead",
        ("sim",),
    ),
    "cast": (
        r"\breinterpret_cast\b",
        "only base/bytes.hpp and the adapters of C libraries reinterpret memory",
        ("net", "crypto", "dtls", "srtp", "sctp"),
    ),
}

SLEEP = r"\bsleep_(?:for|until)\b|\b(?:u|nano)?sleep\s*\("
BARE_NAMESPACE = r"^[ \t]*namespace\s+petrel\s*(?:\{|::\s*(?!inline\s+v0\b)\w+)"
HOUSE_NAMESPACE = r"\bnamespace petrel::inline v0\b"
MACHINE_PATH = r"(?<![\w.>}])/(?:work|tmp|home|root)/"
MARKER = r"\b(?:TODO|FIXME|XXX)\b"

COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL
)


def code_of(text):
    """The text with comments and strings blanked, line by line as before."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


class Tidy:
    def __init__(self, root):
        self.root = root
        self.offences = []  # (rule, file, line or 0, message)

    def report(self, rule, name, line, message):
        self.offences.append((rule, name, line, message))

    def find(self, rule, name, text, pattern, why):
        for match in re.finditer(pattern, text, re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            self.report(rule, name, line, f"'{match.group().strip()}': {why}")

    def check_file(self, path):
        name = path.relative_to(self.root).as_posix()
        top = name.split("/")[0]
        text = path.read_text()
        code = code_of(text)

        self.find("marker", name, text, MARKER, "finish it, or open an issue")
        self.find("machine-path", name, text, MACHINE_PATH, "a path of one machine")
        if text.count("\n") > MAX_LINES:
            self.report("size", name, 0, f"has {text.count(chr(10))} lines; over {MAX_LINES} it is two files")
        if path.suffix == ".hpp" and "#pragma once" not in text:
            self.report("pragma-once", name, 0, "a header without #pragma once")
        if top == "tests":
            self.find("sleep", name, code, SLEEP, "advance virtual time")
        if top in ("include", "src"):
            self.find("namespace", name, code, BARE_NAMESPACE, "write namespace petrel::inline v0")
            if path.suffix == ".hpp" and not re.search(HOUSE_NAMESPACE, code):
                self.report("namespace", name, 0, "a header outside of namespace petrel::inline v0")
            self.check_core(path, name, code)
        if top == "src" and path.suffix == ".cpp":
            test = pathlib.Path("tests") / path.relative_to(self.root / "src").with_name(path.stem + "_test.cpp")
            if not (self.root / test).exists():
                self.report("test-file", name, 0, f"has no {test.as_posix()}")

    def check_core(self, path, name, code):
        parts = path.relative_to(self.root / ("include/petrel" if name.startswith("include") else "src")).parts
        if len(parts) == 1 or parts[0] == "io" or name == "include/petrel/base/bytes.hpp":
            return
        for rule, (pattern, why, modules) in CORE_RULES.items():
            if parts[0] not in modules:
                self.find(rule, name, code, pattern, why)

    def run(self):
        for top in TOPS:
            for path in sorted((self.root / top).rglob("*.[hc]pp")):
                self.check_file(path)
        return self.without_exceptions()

    def without_exceptions(self):
        """The offences that no line of tidy_exceptions.txt allows, and the lines that allow nothing."""
        errors = []
        used = set()
        allowed = {}
        listed = self.root / "tools" / "tidy_exceptions.txt"
        for line in listed.read_text().splitlines() if listed.exists() else []:
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split(maxsplit=2)
            if len(fields) < 3:
                errors.append(f"tidy_exceptions.txt: '{line}' gives no reason")
            else:
                allowed[tuple(fields[:2])] = line
        for rule, name, line, message in self.offences:
            if (rule, name) in allowed:
                used.add((rule, name))
            else:
                errors.append(f"{name}{f':{line}' if line else ''}: [{rule}] {message}")
        for key in sorted(set(allowed) - used):
            errors.append(f"tidy_exceptions.txt: '{allowed[key]}' allows nothing any more")
        return errors


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    errors = Tidy(root).run()
    print("\n".join(errors) or "tidy")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
