#!/usr/bin/env python3
"""Plants one offence at a time in a small tree and expects the checks to find it."""

import pathlib
import tempfile
import unittest

import check_layers
import tidy

LAYERS = """# layers
base:
net: base
dtls: base
io: base net
<openssl/>: dtls
<asio>: io
<sys/socket.h>: net io
"""

HEADER = "#pragma once\n\nnamespace petrel::inline v0 {}\n"


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("tools/layers.txt", LAYERS)
        self.write("include/petrel/base/bytes.hpp", HEADER + '#include <cstddef>\n')
        self.write("src/net/socket.cpp", '#include "petrel/base/bytes.hpp"\n#include <sys/socket.h>\n')
        self.write("tests/net/socket_test.cpp", "// clean\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class LayersTest(Tree):
    def expect(self, fragment):
        errors = check_layers.check(self.root)
        self.assertTrue(any(fragment in error for error in errors), f"{fragment!r} is not in {errors}")

    def test_a_clean_tree_passes(self):
        self.assertEqual(check_layers.check(self.root), [])

    def test_a_use_of_a_higher_layer(self):
        self.write("src/base/bytes.cpp", '// first line\n#include "petrel/net/endpoint.hpp"\n')
        self.expect("src/base/bytes.cpp:2: base must not include net")

    def test_a_private_header_of_a_higher_layer(self):
        self.write("src/net/x.cpp", '#include "io/socket.hpp"\n')
        self.expect("net must not include io")

    def test_the_entry_header_belongs_to_io(self):
        self.write("include/petrel/peer_connection.hpp", '#include <asio.hpp>\n#include "petrel/net/a.hpp"\n')
        self.assertEqual(check_layers.check(self.root), [])
        self.write("src/net/x.cpp", '#include "petrel/peer_connection.hpp"\n')
        self.expect("net must not include io")

    def test_a_module_without_a_row(self):
        self.write("src/extra/x.cpp", "\n")
        self.expect("the module extra has no row")
        self.write("src/net/y.cpp", '#include "petrel/extra/x.hpp"\n')
        self.expect('"petrel/extra/x.hpp" belongs to no module')

    def test_a_relative_include(self):
        self.write("src/net/x.cpp", '#include "../base/bytes.hpp"\n')
        self.expect("relative include")

    def test_a_private_header_in_a_public_one(self):
        self.write("include/petrel/net/x.hpp", '#include "net/socket.hpp"\n')
        self.expect("a public header includes the private")

    def test_a_library_in_the_wrong_module(self):
        self.write("src/net/x.cpp", "#include <openssl/evp.h>\n")
        self.expect("net must not include <openssl/evp.h>")

    def test_a_library_in_a_public_header(self):
        self.write("include/petrel/dtls/x.hpp", "#include <openssl/ssl.h>\n")
        self.expect("a public header must not include <openssl/ssl.h>")

    def test_a_library_that_nobody_listed(self):
        self.write("src/io/x.cpp", "#include <boost/asio.hpp>\n")
        self.expect("a library that layers.txt does not list")

    def test_a_layer_that_points_up(self):
        self.write("tools/layers.txt", "base: net\nnet:\n")
        self.expect("base uses net, which is not above it")


class TidyTest(Tree):
    def expect(self, rule, name, text):
        self.write(name, text)
        errors = tidy.Tidy(self.root).run()
        self.assertTrue(any(name in error and f"[{rule}]" in error for error in errors), f"{rule} is not in {errors}")

    def test_a_clean_tree_passes(self):
        self.assertEqual(tidy.Tidy(self.root).run(), [])

    def test_offences_of_cores(self):
        for rule, line in (
            ("clock", "auto now = std::chrono::steady_clock::now();"),
            ("clock", "time(nullptr);"),
            ("clock", "gettimeofday(&now, nullptr);"),
            ("thread", "std::thread worker;"),
            ("lock", "std::mutex mutex;"),
            ("lock", "std::atomic<int> count;"),
            ("random", "std::random_device device;"),
            ("random", "int r = rand();"),
            ("openssl-random", "RAND_bytes(out, 4);"),
            ("callback", "std::function<void()> on_event;"),
        ):
            with self.subTest(line):
                self.expect(rule, "src/net/socket.cpp", line + "\n")
        self.expect("cast", "src/base/x.cpp", "auto* p = reinterpret_cast<int*>(q);\n")

    def test_io_may_do_io(self):
        self.write("src/io/clock.cpp", "auto now = std::chrono::steady_clock::now(); std::mutex mutex;\n")
        self.write("tests/io/clock_test.cpp", "// clean\n")
        self.assertEqual(tidy.Tidy(self.root).run(), [])

    def test_comments_and_texts_are_no_code(self):
        self.write("src/net/socket.cpp", '// no std::mutex here\nconst char* text = "std::thread"; /* std::rand */\n')
        self.assertEqual(tidy.Tidy(self.root).run(), [])

    def test_a_sleep_in_a_test(self):
        self.expect("sleep", "tests/net/socket_test.cpp", "std::this_thread::sleep_for(1s);\n")

    def test_headers(self):
        self.expect("pragma-once", "include/petrel/net/a.hpp", "namespace petrel::inline v0 {}\n")
        self.expect("namespace", "include/petrel/net/a.hpp", "#pragma once\n")
        self.expect("namespace", "include/petrel/net/a.hpp", HEADER + "namespace petrel::net {}\n")
        self.expect("namespace", "src/net/socket.cpp", "namespace petrel {\n}\n")

    def test_a_source_without_a_test(self):
        self.expect("test-file", "src/net/lonely.cpp", "\n")

    def test_a_file_that_is_too_long(self):
        self.expect("size", "src/net/socket.cpp", "\n" * 601)

    def test_a_path_of_one_machine(self):
        self.expect("machine-path", "tests/net/socket_test.cpp", 'open("/' + 'tmp/x");\n')
        self.expect("machine-path", "tests/net/socket_test.cpp", "// see /" + "work/notes\n")

    def test_unfinished_work(self):
        self.expect("marker", "src/net/socket.cpp", "// TO" + "DO later\n")

    def test_an_exception_needs_a_reason_and_an_offence(self):
        self.write("src/net/socket.cpp", "std::mutex mutex;\n")
        self.write("tools/tidy_exceptions.txt", "lock src/net/socket.cpp Guards the one global of a C library.\n")
        self.assertEqual(tidy.Tidy(self.root).run(), [])
        self.write("tools/tidy_exceptions.txt", "lock src/net/socket.cpp\n")
        self.assertEqual(len(tidy.Tidy(self.root).run()), 2)
        self.write("src/net/socket.cpp", "\n")
        self.write("tools/tidy_exceptions.txt", "lock src/net/socket.cpp Guards a global.\n")
        self.assertIn("allows nothing", tidy.Tidy(self.root).run()[0])


if __name__ == "__main__":
    unittest.main()
