"""The policy checks find what they are there to find."""
import pathlib
import shutil
import tempfile
import unittest

import check_source

HERE = pathlib.Path(__file__).resolve().parent


class Rules(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "tests/policy").mkdir(parents=True)
        shutil.copy(HERE / "layers.txt", self.root / "tests/policy")

    def problems(self, rule, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return list(check_source.RULES[rule](self.root))

    def test_a_dependency_in_a_public_header(self):
        self.assertTrue(self.problems("layers", "include/k8sentry/a.h", "#include <curl/curl.h>\n"))

    def test_simdjson_outside_of_its_room(self):
        self.assertTrue(self.problems("layers", "lib/kube/a.cc", "#include <simdjson.h>\n"))

    def test_a_room_that_knows_an_outer_one(self):
        self.assertTrue(self.problems("layers", "lib/base/a.cc", '#include "runtime/runner.h"\n'))

    def test_the_cli_in_the_library_s_rooms(self):
        self.assertTrue(self.problems("layers", "cli/a.cc", '#include "base/backoff.h"\n'))

    def test_a_room_nobody_named(self):
        self.assertTrue(self.problems("layers", "lib/utils/a.cc", ""))

    def test_an_inner_room_is_allowed(self):
        self.assertFalse(self.problems("layers", "lib/kube/a.cc", '#include "base/backoff.h"\n#include <vector>\n'))

    def test_only_factories_know_the_transport(self):
        self.assertTrue(self.problems("layers", "lib/kube/a.cc", '#include "http/curl_transport.h"\n'))

    def test_a_factory_may_know_the_transport(self):
        self.assertFalse(self.problems("layers", "lib/kube/new_a.cc", '#include "http/curl_transport.h"\n'))

    def test_a_clock_below_the_runtime(self):
        self.assertTrue(self.problems("clocks", "lib/kube/a.cc", "auto t = std::chrono::steady_clock::now();\n"))

    def test_the_environment_in_the_library(self):
        self.assertTrue(self.problems("environment", "lib/sentry/a.cc", 'auto* d = std::getenv("SENTRY_DSN");\n'))

    def test_a_thread_in_a_room(self):
        self.assertTrue(self.problems("threads", "lib/http/a.cc", "std::thread t(f);\n"))

    def test_a_comment_is_no_code(self):
        self.assertFalse(self.problems("threads", "lib/http/a.cc", "// std::thread is not for us\n"))

    def test_text_that_is_not_ascii(self):
        self.assertTrue(self.problems("ascii", "lib/http/a.cc", "// caf\u00e9\n"))


if __name__ == "__main__":
    unittest.main()
