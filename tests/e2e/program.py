"""Runs the program as a user does. The build passes its path in EMDYN."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

EMDYN = os.environ.get("EMDYN", "build/release/emdyn")
SHARED = pathlib.Path(os.environ.get("EMDYN_SHARED", pathlib.Path(__file__).resolve().parents[3] / "shared"))


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
