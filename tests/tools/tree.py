"""A small source tree in a temporary folder, on which a tool of tools/ runs as in the repository."""
import contextlib
import io
import pathlib
import runpy
import shutil
import sys
import tempfile
import types
import unittest
import unittest.mock

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))


class TreeTest(unittest.TestCase):
    TOOL = ""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="emdyn-tools-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def write(self, name, text=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def module(self, folder, words="", **files):
        """A folder of src/emdyn with its emdyn_module call; files: name with _ for the dot = text."""
        self.write(f"src/emdyn/{folder}/CMakeLists.txt", f"emdyn_module(NAME {folder} {words})\n")
        for name, text in files.items():
            self.write(f"src/emdyn/{folder}/{'.'.join(name.rsplit('_', 1))}", text)

    def run_tool(self, *options):
        """As its own program would run, without the time that starting one takes."""
        output, code = io.StringIO(), 0
        with unittest.mock.patch.object(sys, "argv", [self.TOOL, str(self.root), *options]):
            with contextlib.redirect_stdout(output):
                try:
                    runpy.run_path(str(TOOLS / self.TOOL), run_name="__main__")
                except SystemExit as end:
                    code = int(end.code or 0)
        return types.SimpleNamespace(returncode=code, stdout=output.getvalue())

    def ok(self, *options):
        done = self.run_tool(*options)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def found(self, *wanted):
        """The tool must fail with one line for each of these, in any order, and no others."""
        done = self.run_tool()
        self.assertEqual(done.returncode, 1, done.stdout)
        lines = done.stdout.splitlines()
        for words in wanted:
            self.assertTrue(any(words in line for line in lines), f"{words!r} is not among {lines}")
        self.assertEqual(len(lines), len(wanted), lines)
