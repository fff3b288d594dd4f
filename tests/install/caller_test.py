#!/usr/bin/env python3
"""Installs the whole of a build, and calls with what is installed, as a stranger would.

    caller_test.py --source DIR --build DIR --work DIR --cmake PROGRAM --generator NAME --cxx PROGRAM [--launcher PROGRAM]

Found by CMake's find_package and by pkg-config, the installed tree moved before.
"""

import os
import shutil

from install_test import check, parse_arguments, run

EXPECTED_OUTPUT = "hello, too\n"


def main():
    args = parse_arguments("source", "build", "work")
    shutil.rmtree(args.work, ignore_errors=True)
    run(args.cmake, "--install", args.build, "--prefix", args.work / "first")
    prefix = args.work / "moved"
    (args.work / "first").rename(prefix)

    modules = {path.name for path in (prefix / "include" / "petrel").iterdir() if path.is_dir()}
    for header in (args.source / "include").rglob("*.hpp"):
        name = header.relative_to(args.source / "include")
        wanted = len(name.parts) == 2 or name.parts[1] in modules
        check(not wanted or (prefix / "include" / name).exists(), f"{name} is not installed")

    source = args.source / "tests" / "install" / "caller"
    command = [args.cmake, "-S", source, "-B", args.work / "by_cmake", "-G", args.generator,
               f"-DCMAKE_CXX_COMPILER={args.cxx}", "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_PREFIX_PATH={prefix}"]
    if args.launcher:
        command.append(f"-DCMAKE_CXX_COMPILER_LAUNCHER={args.launcher}")
    run(*command)
    run(args.cmake, "--build", args.work / "by_cmake")
    path = os.pathsep.join([str(next(prefix.rglob("pkgconfig"))), os.environ.get("PKG_CONFIG_PATH", "")])
    flags = run("pkg-config", "--static", "--cflags", "--libs", "petrel_io", env=dict(os.environ, PKG_CONFIG_PATH=path))
    compiler = [args.launcher, args.cxx] if args.launcher else [args.cxx]
    objects = args.work / "by_pkg_config.o"
    program = args.work / "by_pkg_config"
    words = flags.split()
    run(*compiler, "-std=c++20", "-c", source / "main.cpp", "-o", objects, *words)
    run(args.cxx, objects, "-o", program, *words)

    for each in (args.work / "by_cmake" / "caller", program):
        output = run(each)
        check(output == EXPECTED_OUTPUT, f"{each} printed {output!r}")
    print("installed, moved, found by CMake and pkg-config, and called with")


if __name__ == "__main__":
    main()
