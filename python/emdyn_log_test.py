"""Tests of emdyn_log.py: python3 python/emdyn_log_test.py"""

import contextlib
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import emdyn_log  # noqa: E402


class Scalar:
    """Stands for a NumPy or PyTorch scalar."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return float(self.value)


def forbid(text):
    raise ValueError("not JSON: " + text)


class LoggerTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, "deep", "log.jsonl")

    def tearDown(self):
        self._folder.cleanup()

    def lines(self):
        """Every line, read by a parser that accepts nothing beyond RFC 8259."""
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line, parse_constant=forbid) for line in file if line.strip()]

    def quiet(self):
        stream = io.StringIO()
        return stream, contextlib.redirect_stderr(stream)

    def test_header_then_one_line_a_step(self):
        with emdyn_log.Logger(self.path, run="r/1", config={"lr": 0.5, "net": {"depth": 2}}) as logger:
            logger.log(1, loss=2.5)
            logger.log(2, {"val/acc": 0.5}, loss=1.5)
        header, first, second = self.lines()
        self.assertEqual(header["_emdyn"], 1)
        self.assertEqual(header["run"], "r/1")
        self.assertEqual(header["config"], {"lr": 0.5, "net": {"depth": 2}})
        self.assertEqual((first["_step"], first["loss"]), (1, 2.5))
        self.assertEqual((second["_step"], second["val/acc"], second["loss"]), (2, 0.5, 1.5))
        self.assertGreater(first["_time"], 1.6e9)

    def test_every_line_is_there_at_once(self):
        logger = emdyn_log.Logger(self.path)
        for step in range(5):
            logger.log(step, x=step)
            self.assertEqual(len(self.lines()), step + 2)
        logger.close()

    def test_nonfinite_numbers_are_texts(self):
        with emdyn_log.Logger(self.path) as logger:
            logger.log(1, a=math.nan, b=math.inf, c=-math.inf, d=10**400, e=Scalar("nan"))
        line = self.lines()[1]
        self.assertEqual([line[k] for k in "abcde"], ["NaN", "Infinity", "-Infinity", "Infinity", "NaN"])

    def test_scalars_of_other_libraries_and_other_values(self):
        with emdyn_log.Logger(self.path) as logger:
            logger.log(Scalar(7), a=Scalar(0.25), none=None, yes=True, text="x", nested={"b": Scalar(1)})
        line = self.lines()[1]
        self.assertEqual(line["_step"], 7.0)
        self.assertEqual(line["a"], 0.25)
        self.assertIsNone(line["none"])
        self.assertIs(line["yes"], True)
        self.assertEqual(line["nested"], {"b": 1.0})

    def test_errors_are_told_once_and_never_raised(self):
        stream, redirected = self.quiet()
        with redirected, emdyn_log.Logger(self.path) as logger:
            for _ in range(3):
                logger.log(1, bad=object(), good=1)
                logger.log("no step", good=1)
                logger.log(math.nan, good=1)
                logger.log(1, {"_step": 5})
                logger.log(1, 17)
        self.assertEqual(stream.getvalue().count("bad is no number"), 1)
        self.assertEqual(stream.getvalue().count("told once"), len(stream.getvalue().splitlines()))
        self.assertEqual(len([line for line in self.lines() if line.get("good") == 1]), 3)

    def test_strict_raises(self):
        with emdyn_log.Logger(self.path, strict=True) as logger:
            with self.assertRaises(TypeError):
                logger.log(1, bad=object())
            with self.assertRaises(ValueError):
                logger.log(math.inf, good=1)

    def test_a_path_that_cannot_be_written_only_warns(self):
        stream, redirected = self.quiet()
        os.makedirs(self.path)  # A folder stands where the file should be.
        with redirected, emdyn_log.Logger(self.path) as logger:
            logger.log(1, a=1)
            logger.log(2, a=1)
        self.assertIn("emdyn_log:", stream.getvalue())

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_a_full_disk_only_warns(self):
        stream, redirected = self.quiet()
        with redirected, emdyn_log.Logger("/dev/full") as logger:
            for step in range(100):
                logger.log(step, a=1)
        self.assertEqual(len(stream.getvalue().splitlines()), 1)

    def test_a_torn_last_line_is_ended_before_the_next(self):
        os.makedirs(os.path.dirname(self.path))
        with open(self.path, "w", encoding="utf-8") as file:
            file.write('{"_step":1}\n{"_st')
        with emdyn_log.Logger(self.path) as logger:
            logger.log(2, a=1)
        with open(self.path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        self.assertEqual(lines[1], '{"_st')
        self.assertEqual(json.loads(lines[3])["_step"], 2)

    def test_threads_write_whole_lines(self):
        with emdyn_log.Logger(self.path) as logger:
            def work(k):
                for step in range(200):
                    logger.log(step, {"t%d" % k: step, "pad": "x" * 500})
            threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(self.lines()), 801)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_forked_children_write_whole_lines_and_never_hang(self):
        script = (
            "import os, sys, threading\n"
            "sys.path.insert(0, %r)\n"
            "import emdyn_log\n"
            "logger = emdyn_log.Logger(%r, flush_seconds=0.01)\n"
            "stop = False\n"
            "def spin():\n"
            "    n = 0\n"
            "    while not stop:\n"
            "        logger.log(n, parent=n); n += 1\n"
            "thread = threading.Thread(target=spin); thread.start()\n"
            "for child in range(20):\n"
            "    pid = os.fork()\n"
            "    if pid == 0:\n"
            "        logger.log(child, child=child); logger.flush(); os._exit(0)\n"
            "    os.waitpid(pid, 0)\n"
            "stop = True; thread.join(); logger.close()\n"
        ) % (os.path.dirname(os.path.abspath(emdyn_log.__file__)), self.path)
        subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)
        lines = self.lines()
        self.assertEqual(sorted(line["child"] for line in lines if "child" in line), list(range(20)))
        parents = [line["parent"] for line in lines if "parent" in line]
        self.assertEqual(parents, list(range(len(parents))))  # None lost, none twice.

    def test_lines_can_wait_and_come_at_the_end(self):
        logger = emdyn_log.Logger(self.path, flush_seconds=1000)
        for step in range(10):
            logger.log(step, a=step)
        self.assertEqual(self.lines(), [])
        logger.close()
        self.assertEqual(len(self.lines()), 11)

    def test_module_functions(self):
        logger = emdyn_log.init(self.path, run="mine")
        emdyn_log.log(3, a=1)
        logger.close()
        self.assertEqual(self.lines()[1]["_step"], 3)


if __name__ == "__main__":
    unittest.main()
