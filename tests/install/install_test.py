#!/usr/bin/env python3
"""Installs petrel with the module stun alone, and uses it as a stranger would.

    install_test.py --source DIR --work DIR --cmake PROGRAM --generator NAME --cxx PROGRAM [--launcher PROGRAM]

Once with static and once with shared libraries, each found by CMake's find_package and by
pkg-config, the installed tree moved in between. Nothing but libcrypto may be needed.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

MODULES = ("base", "net", "crypto", "stun")
EXPECTED_OUTPUT = "consumer sent 64 bytes; nothing is: the STUN message is cut short\n"
# What a C++ program of the toolchain needs anyway.
RUNTIME = re.compile(r"^(libstdc\+\+|libm|libgcc_s|libc|libpthread|ld-linux[\w-]*)\.so")


def run(*command, env=None, fails=False):
    """The output of a command; stops the test unless it ends as expected."""
    command = [str(part) for part in command]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if (done.returncode != 0) != fails:
        sys.exit(f"{'succeeded' if fails else 'failed'}: {' '.join(command)}\n{done.stdout}")
    return done.stdout


def check(holds, message):
    if not holds:
        sys.exit(f"wrong: {message}")


def needed_by(binary):
    """The shared libraries that a program or library names."""
    return re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-d", binary))


class Install:
    def __init__(self, args, shared):
        self.args = args
        self.shared = shared
        self.folder = args.work / ("shared" if shared else "static")
        self.prefix = self.folder / "moved"

    def configure(self, source, build, *options):
        command = [self.args.cmake, "-S", source, "-B", build, "-G", self.args.generator]
        command += [f"-DCMAKE_CXX_COMPILER={self.args.cxx}", "-DCMAKE_BUILD_TYPE=Debug", *options]
        if self.args.launcher:
            command.append(f"-DCMAKE_CXX_COMPILER_LAUNCHER={self.args.launcher}")
        return command

    def install(self):
        build = self.folder / "petrel"
        options = [f"-DPETREL_{part}=OFF" for part in ("TESTS", "EXAMPLES", "FUZZERS", "BENCHMARKS")]
        options += [f"-DPETREL_MODULES={';'.join(MODULES)}", f"-DBUILD_SHARED_LIBS={'ON' if self.shared else 'OFF'}"]
        options.append(f"-DCMAKE_INSTALL_PREFIX={self.folder / 'first'}")
        run(*self.configure(self.args.source, build, *options))
        run(self.args.cmake, "--build", build)
        run(self.args.cmake, "--install", build)
        (self.folder / "first").rename(self.prefix)
        self.libraries = next(self.prefix.rglob("libpetrel_stun.*")).parent

    def run_consumer(self, program):
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.libraries))
        output = run(program, env=environment)
        check(output == EXPECTED_OUTPUT, f"{program} printed {output!r}")
        for library in needed_by(program):
            fits = library.startswith("libpetrel_") if self.shared else library.startswith("libcrypto.so")
            check(fits or RUNTIME.match(library), f"{program} needs {library}")

    def use_by_cmake(self):
        source = self.args.source / "tests" / "install" / "consumer"
        build = self.folder / "by_cmake"
        prefix = f"-DCMAKE_PREFIX_PATH={self.prefix}"
        run(*self.configure(source, build, prefix, "-DWANTED_COMPONENTS=stun"))
        run(self.args.cmake, "--build", build)
        self.run_consumer(build / "consumer")
        refusal = run(*self.configure(source, self.folder / "refused", prefix, "-DWANTED_COMPONENTS=peer"), fails=True)
        check("petrel was built without the module peer" in " ".join(refusal.split()), refusal)

    def use_by_pkg_config(self):
        path = os.pathsep.join([str(self.libraries / "pkgconfig"), os.environ.get("PKG_CONFIG_PATH", "")])
        static = [] if self.shared else ["--static"]
        flags = run("pkg-config", *static, "--cflags", "--libs", "petrel_stun", env=dict(os.environ, PKG_CONFIG_PATH=path))
        for library in re.findall(r"(?:^|\s)-l(\S+)", flags):
            check(library.startswith("petrel_") or library in ("crypto", "dl", "pthread", "z"), f"pkg-config says -l{library}")
        program = self.folder / "by_pkg_config"
        source = self.args.source / "tests" / "install" / "consumer" / "main.cpp"
        run(self.args.cxx, "-std=c++20", source, "-o", program, *flags.split())
        self.run_consumer(program)

    def check_headers(self):
        installed = {path.name for path in (self.prefix / "include" / "petrel").iterdir()}
        check(installed == set(MODULES), f"headers of {sorted(installed)} are installed")

    def check_shared_libraries(self):
        for module in MODULES:
            library = self.libraries / f"libpetrel_{module}.so"
            soname = re.findall(r"\(SONAME\).*\[(.+)\]", run("readelf", "-d", library))
            check(soname == [f"libpetrel_{module}.so.0.1"], f"the SONAME of {module} is {soname}")
            for needed in needed_by(library):
                fits = needed.startswith("libpetrel_") or (module == "crypto" and needed.startswith("libcrypto.so"))
                check(fits or RUNTIME.match(needed), f"{library.name} needs {needed}")
        symbols = run("nm", "-DC", "--defined-only", self.libraries / "libpetrel_stun.so")
        check("petrel::v0::stun::MessageView::parse(" in symbols, "MessageView::parse is not exported")
        for private in ("find_row", "read_xor_address", "masked", "write_address", "::Category"):
            check(f"{private}" not in symbols, f"{private} is private, yet exported")


def parse_arguments(*folders):
    parser = argparse.ArgumentParser()
    for name in folders:
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("cmake", "generator", "cxx"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--launcher", default="")
    return parser.parse_args()


def main():
    args = parse_arguments("source", "work")
    shutil.rmtree(args.work, ignore_errors=True)
    for shared in (False, True):
        install = Install(args, shared)
        install.install()
        install.check_headers()
        install.use_by_cmake()
        install.use_by_pkg_config()
        if shared:
            install.check_shared_libraries()
    print("installed, moved, found and used, with static and with shared libraries")


if __name__ == "__main__":
    main()
