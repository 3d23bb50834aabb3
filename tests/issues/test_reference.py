"""Against a reference, after an alarm, and what watch does with events, through the program."""
import json
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from program import ProgramTest  # noqa: E402


def table(**columns):
    names = list(columns)
    return "step," + ",".join(names) + "\n" + "".join(
        f"{i}," + ",".join(f"{v:.6g}" for v in row) + "\n" for i, row in enumerate(zip(*columns.values())))


def plant(rows=1200, fault=(700, 900), seed=5):
    noise = random.Random(seed)
    columns = {f"s{i}": [] for i in range(4)}
    for t in range(rows):
        a, b = noise.gauss(0, 1), noise.gauss(0, 1)
        row = [a, a + 0.3 * noise.gauss(0, 1), b, a + b + 0.3 * noise.gauss(0, 1)]
        if fault[0] <= t < fault[1]:
            row[1] += 3.0
        for i, value in enumerate(row):
            columns[f"s{i}"].append(value)
    return columns


class Reference(ProgramTest):
    def test_a_fault_that_lasts_is_one_stretch(self):
        path = self.write("plant.csv", table(**plant()))
        found = self.json("detect", path, "--detector", "pca_t2_q", "--reference", "400", "--scores")
        long = [i for i in found["intervals"] if i["end"] and i["end"] - i["begin"] > 50]
        self.assertEqual(len(long), 1, found["intervals"])
        self.assertAlmostEqual(long[0]["begin"], 700, delta=5)
        self.assertAlmostEqual(long[0]["end"], 899, delta=5)
        self.assertEqual(max(found["scores"][:400]), 0)
        self.assertIn("out of the ordinary", self.ok("detect", path, "--detector", "pca_q", "--reference", "400"))

    def test_a_file_is_a_reference_for_every_door(self):
        columns = plant()
        healthy = self.write("healthy.csv", table(**{n: v[:500] for n, v in columns.items()}))
        path = self.write("plant.csv", table(**{n: v[500:] for n, v in columns.items()}))
        for detector in ("pca_q", "cusum"):
            given = ("--detector", detector, "--reference", healthy)
            found = self.json("detect", path, *given)
            self.assertTrue(any(150 < i["begin"] < 300 for i in found["intervals"]), detector)
            lines = self.ok("watch", path, "--once", "--store", str(self.folder / detector), "--json", *given)
            told = [json.loads(line) for line in lines.splitlines()]
            as_text = lambda events: sorted(json.dumps({**e, "run": ""}, sort_keys=True) for e in events)
            self.assertEqual(as_text(e for e in told if "kind" in e), as_text(found["events"]), detector)

    def test_bad_references_are_refused(self):
        path = self.write("x.csv", table(a=[float(i % 7) for i in range(300)]))
        self.refused(2, "detect", path, "--reference", "5", naming="--reference")
        self.refused(2, "detect", path, "--detector", "spot", "--reference", "100", naming="warmed up")
        self.refused(3, "detect", path, "--reference", "absent.csv", naming="absent.csv")
        self.refused(2, "detect", path, "--reference", "100", "--after-alarm", "reset", naming="--after-alarm")
        self.refused(2, "detect", path, "--after-alarm", "sideways", naming="--after-alarm")


class AfterAnAlarm(ProgramTest):
    def test_drift_detectors_hear_nine_steps_of_ten_deviations(self):
        noise = random.Random(3)
        steps = self.write("steps.csv", table(
            x=[noise.gauss(0, 1) + (10 if (i // 500) % 2 else 0) for i in range(5000)]))
        for detector in ("adwin", "hddm_a", "e_sr", "conformal", "kswin", "page_hinkley", "cusum"):
            extra = ("--set", "two_sided=true") if detector == "hddm_a" else ()
            events = self.json("detect", steps, "--detector", detector, *extra)["events"]
            near = [k for k in range(1, 10) if any(0 <= e["position"] - 500 * k < 200 for e in events)]
            self.assertGreaterEqual(len(near), 8, detector)
            self.assertLess(len(events), 40, detector)

    def test_warning_zones_are_told(self):
        noise = random.Random(8)
        errors = self.write("errors.csv", table(
            error=[float(noise.random() < (0.1 if i < 1500 else 0.16 if i < 2200 else 0.6)) for i in range(3000)]))
        found = self.json("detect", errors, "--detector", "ddm")
        self.assertTrue(found["events"])
        self.assertTrue(found["series"][0]["warnings"])
        self.assertNotIn("warnings", self.json("detect", errors, "--detector", "cusum")["series"][0])


class WatchReacts(ProgramTest):
    def log(self):
        noise = random.Random(4)
        bad = lambda i: 30.0 if i == 800 else 0.0
        return self.write("log.csv", table(a=[noise.gauss(0, 1) + bad(i) for i in range(1000)],
                                           b=[noise.gauss(0, 1) + bad(i) for i in range(1000)]))

    def test_a_command_gets_each_event(self):
        told = self.folder / "told"
        done = self.run_program("watch", self.log(), "--once", "--store", self.store, "--json",
                                "--exec", f'cat >> {told}; echo "$EMDYN_SIGNAL $EMDYN_KIND" >> {told}.names',
                                "--exec-at-once", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
        events = [e for e in lines if "kind" in e]
        self.assertGreaterEqual(len(events), 2)
        written = [json.loads(line) for line in told.read_text().splitlines()]
        self.assertEqual(written, events)
        self.assertIn("a spike", (self.folder / "told.names").read_text())
        self.assertEqual([len(e["incident"]["others"]) for e in lines if "incident" in e], [1])

    def test_a_failing_command_is_told_once_and_holds_up_nothing(self):
        done = self.run_program("watch", self.log(), "--once", "--store", self.store, "--exec", "exit 3")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.decode().count("exit code 3"), 1, done.stderr)

    def test_fail_on(self):
        path = self.log()
        store = lambda name: ("--store", str(self.folder / name))
        self.assertEqual(self.run_program("watch", path, "--once", *store("1"), "--fail-on", "spike").returncode, 1)
        self.assertEqual(self.run_program("watch", path, "--once", *store("2"), "--fail-on", "nonfinite").returncode, 0)
        self.assertEqual(self.run_program("watch", path, *store("3"), "--fail-on", "any").returncode, 1)
        self.refused(2, "watch", path, *store("4"), "--fail-on", "boom", naming="--fail-on")


class Segment(ProgramTest):
    def test_a_fixed_number_of_changes_and_signals_together(self):
        noise = random.Random(2)
        level = lambda i: 3.0 if 200 <= i < 400 else 0.0
        path = self.write("x.csv", table(a=[noise.gauss(0, 1) + level(i) for i in range(600)],
                                         b=[noise.gauss(0, 1) - level(i) for i in range(600)]))
        found = self.json("segment", path, "--together", "--changes", "2", "--set", "regime=mean")
        self.assertEqual(len(found["change_points"]), 2)
        self.assertAlmostEqual(found["change_points"][0]["position"], 200, delta=3)
        self.assertEqual(set(found["change_points"][0]["shares"]), {"a", "b"})
        self.assertEqual({c["kind"] for c in found["change_points"]}, {"shift"})
        one = self.json("segment", path, "--signal", "a", "--changes", "2", "--set", "regime=kernel")
        self.assertEqual(len(one["change_points"]), 2)
        self.refused(2, "segment", path, "--changes", "500", naming="changes")


if __name__ == "__main__":
    unittest.main()
