"""What leaves the program is safe to show, what is odd in a file is said, and a store heals what it can."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from program import EMDYN, ProgramTest  # noqa: E402

HIDDEN = "lo\u202ess\u200b"
NOBODY = 65534


def noisy_table(signals, rows, seed=1, jump=None):
    """A wide table of normal noise; from row `jump` on the first signal stands 8 sigma higher."""
    source = random.Random(seed)
    lines = ["step," + ",".join(f"s{i}" for i in range(signals))]
    for row in range(rows):
        values = [source.gauss(0, 1) + (8 if i == 0 and jump and row >= jump else 0) for i in range(signals)]
        lines.append(f"{row}," + ",".join(f"{v:.4f}" for v in values))
    return "\n".join(lines) + "\n"


class Holding(ProgramTest):
    def imported(self, path, *options):
        return self.json("import", path, "--store", self.store, *options)

    def exported(self, path, *options):
        run = self.imported(path, "--no-detect")["run_ids"][0]
        return self.ok("export", run, "--store", self.store, *options).splitlines()

    def test_times_in_any_unit_are_seconds(self):
        wanted = [f"{1700000000 + i}.5" for i in range(6)]
        for name, factor in [("timestamp", 10**9), ("timestamp_ns", 10**9), ("time_us", 10**6), ("ts_ms", 10**3),
                             ("wall_time", 1)]:
            rows = "".join(f"{i},{(1700000000 + i) * factor + factor // 2 if factor > 1 else 1700000000.5 + i},0.{i}\n"
                           for i in range(6))
            lines = self.exported(self.write(f"{name}.csv", f"step,{name},loss\n" + rows))
            self.assertEqual([line.split(",")[5] for line in lines[1:]], wanted, name)
        # Counted from a start of its own, only the name says the unit.
        rows = "".join(f"{i * 250_000_000},0.{i}\n" for i in range(6))
        lines = self.exported(self.write("own.csv", "time_ns,loss\n" + rows))
        self.assertEqual([line.split(",")[2:4] for line in lines[1:]],
                         [["seconds", f"{0.25 * i:g}"] for i in range(6)])
        objects = "".join(json.dumps({"step": i, "timestamp_ns": (1700000000 + i) * 10**9 + 5 * 10**8, "loss": i / 10})
                          + "\n" for i in range(6))
        lines = self.exported(self.write("ns.jsonl", objects))
        self.assertEqual([line.split(",")[5] for line in lines[1:]], wanted)

    def test_hidden_characters_reach_neither_terminal_nor_page(self):
        path = self.write(f"{HIDDEN}.csv", f"step,{HIDDEN}\n" + "".join(f"{i},{i % 7}\n" for i in range(40)))
        run = self.imported(path)["run_ids"][0]
        page = self.folder / "page.html"
        shown = [self.ok("runs", "--store", self.store), self.ok("analyze", run, "--store", self.store),
                 self.run_program("analyze", HIDDEN + "x", "--store", self.store).stderr.decode()]
        self.ok("report", run, "--store", self.store, "--out", page)
        for text in shown:
            self.assertNotIn("\u202e", text)
            self.assertNotIn("\u200b", text)
        self.assertIn("lo\\u202ess\\u200b", shown[0])
        # What is data stays as it is.
        self.assertIn(HIDDEN, self.ok("export", run, "--store", self.store))

    def test_names_are_no_formulas_in_a_spreadsheet(self):
        path = self.write("sheet.csv", "step,=cmd(),+a,-b,@c,plain\n1,-2,3,4,5,6\n2,-2.5,3,4,5,6\n")
        lines = self.exported(path)
        self.assertEqual(sorted({line.split(",")[1] for line in lines[1:]}), ["'+a", "'-b", "'=cmd()", "'@c", "plain"])
        self.assertEqual([line.split(",")[4] for line in lines[1:3]], ["-2", "-2.5"])  # Numbers are never touched.
        names = {json.loads(line)["signal"] for line in self.exported(path, "--format", "jsonl")}
        self.assertIn("=cmd()", names)

    def test_keys_that_stand_twice_are_said(self):
        for name, text in [("value.jsonl", '{"step":1,"loss":2,"loss":3}\n{"step":2,"loss":4,"loss":5}\n'),
                           ("step.jsonl", '{"step":1,"step":3,"loss":3}\n{"step":2,"step":4,"loss":5}\n'),
                           ("run.jsonl", '{"run":"a","run":"b","step":1,"loss":3}\n{"run":"b","step":2,"loss":5}\n'),
                           ("arrays.json", '{"loss":[1,2,3],"loss":[4,5,6],"acc":[1,2,3]}')]:
            warnings = self.imported(self.write(name, text), "--no-detect")["warnings"]
            self.assertTrue(any("stands twice" in warning for warning in warnings), (name, warnings))
        self.assertIn("b", [run["name"] for run in json.loads(self.ok("runs", "--store", self.store, "--json"))["runs"]])

    def test_a_missing_catalogue_is_no_fault_and_is_made_by_who_reads(self):
        run = self.imported(self.write("log.csv", noisy_table(1, 20)), "--no-detect")["run_ids"][0]
        catalogue = pathlib.Path(self.store) / "catalog.db"
        for verb in (["runs"], ["analyze", "log"], ["export", "log"]):
            catalogue.unlink()
            self.assertIn("sound", self.ok("doctor", self.store))
            self.ok(*verb, "--store", self.store)
            self.assertTrue(catalogue.exists(), verb)
        catalogue.write_bytes(b"no catalogue" * 1000)
        self.ok("runs", "--store", self.store)
        self.assertIn("sound", self.ok("doctor", self.store))
        self.assertIn(run, self.ok("runs", "--store", self.store))

    def test_a_store_is_copied_while_a_watch_writes_it(self):
        log = self.write("log.csv", noisy_table(2, 500))
        copy = self.folder / "copy"
        watching = subprocess.Popen([EMDYN, "watch", log, "--store", self.store, "--poll", "0.02", "--no-forecast"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        source = random.Random(2)
        row, seen = 500, 0
        for _ in range(60):
            with open(log, "a") as file:
                for _ in range(40):
                    file.write(f"{row},{source.gauss(0, 1):.4f},{source.gauss(0, 1):.4f}\n")
                    row += 1
            if not list(pathlib.Path(self.store).glob("runs/*.db")):
                time.sleep(0.1)
                continue
            self.ok("doctor", self.store, "--copy", copy)
            self.assertIn("sound", self.ok("doctor", copy))
            points = json.loads(self.ok("runs", "--store", copy, "--json"))["runs"][0]["points"]
            self.assertGreaterEqual(points, seen)  # Never less than an earlier copy.
            seen = points
            if seen > 1200:
                break
        self.assertGreater(seen, 0)
        self.refused(3, "doctor", self.store, "--copy", self.store, naming="onto itself")
        self.refused(2, "doctor", "--copy", copy, naming="needs a STORE")

    @unittest.skipUnless(os.geteuid() == 0, "only root can make a file that this test may not read")
    def test_a_file_that_may_not_be_read_is_named_as_such(self):
        os.chmod(self.folder, 0o755)
        log = self.write("log.csv", noisy_table(1, 20))
        run = self.imported(log, "--no-detect")["run_ids"][0]
        database = pathlib.Path(self.store) / "runs" / f"{run}.db"
        os.chmod(database, 0)
        os.chmod(log, 0)

        def as_nobody(*arguments):
            done = subprocess.run([EMDYN, *arguments], capture_output=True, user=NOBODY, group=NOBODY, extra_groups=[],
                                  cwd="/", env={"NO_COLOR": "1"})
            return done.returncode, (done.stdout + done.stderr).decode()

        shutil.chown(self.store, NOBODY, NOBODY)
        for arguments in (["analyze", run, "--store", self.store], ["doctor", self.store],
                          ["doctor", self.store, "--repair"]):
            code, text = as_nobody(*arguments)
            self.assertNotEqual(code, 0)
            self.assertIn("may not be read by this user: check its permissions", text)
            self.assertNotIn("restore", text)
        code, text = as_nobody("detect", str(log))
        self.assertEqual(code, 3)
        self.assertIn("Permission denied", text)
        os.chmod(database, 0o644)
        self.assertIn("sound", self.ok("doctor", self.store))

    def events(self, *options, cores=None):
        log = self.folder / "many.csv"
        if not log.exists():
            log.write_text(noisy_table(5, 3000, jump=2000))
        limit = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        done = subprocess.run([EMDYN, "import", log, "--again", "--store", self.store, "--json", *options],
                              capture_output=True, check=True, preexec_fn=limit)
        result = json.loads(done.stdout)
        events = json.loads(self.ok("events", result["run_ids"][0], "--store", self.store, "--json"))["events"]
        for event in events:
            del event["run"]
        return result, events

    def test_signals_are_judged_on_all_cores_with_the_same_events_in_the_same_order(self):
        options = ["--alpha", "1e-3"]
        result, together = self.events(*options)
        self.assertEqual(result["detector"], "auto")
        self.assertTrue(any(event["signal"] == "s0" and 2000 <= event["position"] < 2050 for event in together))
        one = {min(os.sched_getaffinity(0))}
        self.assertEqual(self.events(*options, cores=one)[1], together)
        alone = json.loads(self.ok("detect", self.folder / "many.csv", *options, "--json"))
        listed = [event for each in alone.get("signals", [alone]) for event in each.get("events", [])]
        if listed:
            key = [(event["signal"], event["position"]) for event in together]
            self.assertEqual(sorted(key), sorted((e["signal"], e["position"]) for e in listed))

    def test_a_large_import_is_watched_by_the_cheap_detector_and_says_so(self):
        log = self.write("large.csv", noisy_table(10, 20_100, jump=15_000))
        done = self.run_program("import", log, "--store", self.store)
        self.assertIn("watched by watch", done.stderr.decode())
        result = self.imported(log, "--again")
        self.assertEqual((result["detector"], result["points"]), ("watch", 201_000))
        told = json.loads(self.ok("events", result["run_ids"][0], "--store", self.store, "--json"))["events"]
        self.assertTrue(any(event["signal"] == "s0" and 15_000 <= event["position"] < 15_050 for event in told))
        # As if it had been asked for, sample by sample.
        asked = self.imported(log, "--again", "--detector", "watch", "--longest-period", "0")
        self.assertEqual(asked["events"], result["events"])


if __name__ == "__main__":
    unittest.main()
