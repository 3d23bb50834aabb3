"""Runs the program as a user does. The build passes its path in EMDYN."""
import gzip
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

EMDYN = os.environ.get("EMDYN", "build/release/emdyn")
SHARED = pathlib.Path(os.environ.get("EMDYN_SHARED", pathlib.Path(__file__).resolve().parents[3] / "shared"))
# EMDYN_STUDY=20: twenty times as many kills, faults and flipped bits as a test run takes; the counts are printed.
STUDY = int(os.environ.get("EMDYN_STUDY", "1"))


def tell_study(text):
    if STUDY > 1:
        print(f"study: {text}", file=sys.stderr)


def digits_folder(parent):
    """A folder like MNIST's: images of 8 by 8, one bright quadrant, whose number is the label."""
    folder = pathlib.Path(parent) / "digits"
    folder.mkdir(exist_ok=True)
    numbers = random.Random(1)
    for part, count in [("train", 600), ("t10k", 200)]:
        labels = [numbers.randrange(4) for _ in range(count)]
        pixels = bytes(numbers.randrange(100) + (150 if 2 * (i // 32) + i % 8 // 4 == label else 0)
                       for label in labels for i in range(64))
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(struct.pack(">HBBIII", 0, 8, 3, count, 8, 8) + pixels)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">HBBI", 0, 8, 1, count) + bytes(labels))
    return folder


class ProgramTest(unittest.TestCase):
    """Each test has a folder of its own, and a store in it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="emdyn-e2e-"))
        self.store = str(self.folder / "store")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(self, *arguments, stdin=None, cwd=None, env=None, timeout=300):
        environment = {**os.environ, "NO_COLOR": "1", **(env or {})}
        environment.pop("EMDYN_STORE", None)
        return subprocess.run(
            [EMDYN, *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd or self.folder,
            env=environment, timeout=timeout)

    def ok(self, *arguments, **options):
        """The program must end well; returns its standard output as text."""
        done = self.run_program(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def json(self, *arguments, **options):
        return json.loads(self.ok(*arguments, "--json", **options))

    def refused(self, code, *arguments, naming=(), **options):
        """The program must refuse with this exit code, in one line that names what is wrong."""
        done = self.run_program(*arguments, **options)
        message = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, code, f"{arguments}: {message}")
        self.assertTrue(message.startswith("emdyn: "), message)
        self.assertEqual(message.count("\n"), 1, f"more than one line: {message}")
        for word in [naming] if isinstance(naming, str) else naming:
            self.assertIn(word, message)
        return message

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def shared(self, name):
        path = SHARED / "data" / name
        if not path.exists():
            self.skipTest(f"SKIPPED: {path} is absent (set EMDYN_SHARED)")
        return path
