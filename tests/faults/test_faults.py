"""Memory and disk that fail, and a process that dies, at one point after another of import and watch: the answer is an
exit code with one line, and the store is sound, with all of it or nothing."""
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from program import STUDY, ProgramTest, tell_study  # noqa: E402

SHIM = os.environ.get("EMDYN_FAULT_SHIM", "")
ROWS = 1500


@unittest.skipIf(os.environ.get("EMDYN_SANITIZE"), "a sanitizer has an allocator of its own")
@unittest.skipUnless(os.path.exists(SHIM), "the library that fails on purpose is not built")
class Faults(ProgramTest):
    def setUp(self):
        super().setUp()
        lines = [f"r{i % 3},{i // 3},{1 + 0.01 * (i % 7) + (5 if i == 1200 else 0):.3f}\n" for i in range(ROWS)]
        self.log = self.write("log.csv", "run,step,loss\n" + "".join(lines))

    def faulty(self, verb, fault):
        """Runs the verb with one fault; returns how it ended and its counts of allocations and disk calls."""
        shutil.rmtree(self.store, ignore_errors=True)
        counts = self.folder / "counts"
        counts.unlink(missing_ok=True)
        environment = {"LD_PRELOAD": SHIM, "EMDYN_FAULT_COUNTS": str(counts)}
        if fault:
            environment["EMDYN_FAULT"] = fault
        arguments = ["watch", "--once", "--no-forecast"] if verb == "watch" else ["import"]
        done = self.run_program(*arguments, self.log, "--store", self.store, "--json", env=environment)
        return done, [int(word) for word in counts.read_text().split()] if counts.exists() else None

    def stored(self):
        """Points of each run of the store; what a fault left is collected by opening it for writing."""
        points = []
        for path in sorted(pathlib.Path(self.store).glob("runs/*.db")):
            database = sqlite3.connect(path)
            points.append(database.execute("SELECT sum(count) FROM chunks").fetchone()[0])
            database.close()
        return points

    def judge(self, verb, fault, done):
        message = done.stderr.decode(errors="replace")
        where = f"{verb} {fault}: exit {done.returncode}, {message}"
        if fault.startswith("kill"):
            self.assertIn(done.returncode, (-9, 0), where)
        elif "Fatal glibc error" in message:  # The C library's own refusal, where no program is asked: like a kill.
            self.assertEqual(done.returncode, -6, where)
        else:
            self.assertIn(done.returncode, (0, 3, 4), where)
        if done.returncode in (3, 4):
            refusals = [line for line in message.splitlines() if line.startswith("emdyn: ")]
            self.assertEqual(len(refusals), 1, where)
        runs = pathlib.Path(self.store) / "runs"
        if runs.is_dir():
            examined = self.run_program("doctor", self.store)
            self.assertEqual(examined.returncode, 0, where + examined.stdout.decode())
        if runs.is_dir():  # Whoever opens the store to write finishes what a kill left half published, or clears it away.
            self.run_program("doctor", self.store, "--repair")
        points = self.stored()
        if verb == "import":
            self.assertIn(points, ([], [ROWS // 3] * 3), where)  # All of it or nothing.
        if done.returncode == 0:
            self.assertEqual(points, [ROWS // 3] * 3, where)
        # Done again without a fault, it is whole, once, and nothing is left lying about.
        again = ["watch", "--once", "--no-forecast"] if verb == "watch" else ["import"]
        self.ok(*again, self.log, "--store", self.store, "--json")
        self.assertEqual(sorted(p.suffix for p in runs.iterdir()), [".db"] * 3, where)
        self.assertEqual(self.stored(), [ROWS // 3] * 3, where)

    def try_all(self, verb, kind, count, tries):
        """At `tries` places spread evenly over all of them. @return how many."""
        places = sorted({1 + (count - 1) * i // max(1, tries - 1) for i in range(tries)})
        for n in places:
            done, _ = self.faulty(verb, f"{kind}:{n}")
            self.judge(verb, f"{kind}:{n}", done)
        return len(places)

    def of_verb(self, verb):
        done, counts = self.faulty(verb, None)
        self.assertEqual(done.returncode, 0, done.stderr)
        allocations, disk_calls = counts
        plan = {"malloc": (allocations, 20), "disk": (disk_calls, 10), "full": (disk_calls, 5), "kill": (disk_calls, 12)}
        for kind, (count, tries) in plan.items():
            done = self.try_all(verb, kind, count, tries * STUDY)
            tell_study(f"{verb} {kind}: {done} of {count} places, whole or nothing each time")

    def test_import(self):
        self.of_verb("import")

    def test_watch(self):
        self.of_verb("watch")


if __name__ == "__main__":
    unittest.main()
