"""What `analyze` and `forecast` say: true, in range, and within a screen."""
import math
import pathlib
import random
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from program import ProgramTest  # noqa: E402


def table(columns, rows):
    return ",".join(columns) + "\n" + "".join(",".join(f"{x:.6g}" if isinstance(x, float) else str(x) for x in row) + "\n"
                                              for row in rows)


def logistic(z):
    return 1 / (1 + math.exp(-max(-700, min(700, z))))


def checkpoints():
    return [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000] + list(range(3000, 144000, 10000))


class Analysing(ProgramTest):
    def test_a_bend_says_what_bent_where_and_its_slopes(self):
        noise = random.Random(1)
        rises = [(i, min(1.0, i / 150) - 0.0004 * noise.random()) for i in range(0, 800, 5)]
        path = self.write("accuracy.csv", table(["step", "train_accuracy"], rises))
        bend = self.json("analyze", path)["transitions"][0]
        self.assertEqual((bend["kind"], bend["direction"]), ("bend", "fall"))
        self.assertAlmostEqual(bend["onset"]["estimate"], 150, delta=10)
        self.assertAlmostEqual(bend["slope_before"], 1 / 150, delta=0.0005)
        self.assertAlmostEqual(bend["slope_after"], 0, delta=0.0003)
        self.assertIsNone(bend["size"])
        words = self.ok("analyze", path)
        self.assertIn("bent downwards at step", words)
        self.assertNotIn("fell", words)
        falls = [(i, 6 - 5 * min(1.0, i / 400) + 0.01 * noise.random()) for i in range(0, 1000, 5)]
        bend = self.json("analyze", self.write("loss.csv", table(["step", "loss"], falls)))["transitions"][0]
        self.assertEqual((bend["kind"], bend["direction"]), ("bend", "rise"))
        self.assertAlmostEqual(bend["onset"]["estimate"], 400, delta=10)
        out = self.folder / "r.html"
        self.ok("report", self.folder / "accuracy.csv", "--out", out)
        self.assertNotRegex(out.read_text(), r"fell from|dropped from")

    def test_a_collapse_is_dated_at_its_fall_and_stays_in_range(self):
        noise = random.Random(2)
        rows = [(i, min(1, max(0, 0.1 + 0.85 * (logistic((i - 800) / 30) - logistic((i - 2200) / 30)) + noise.gauss(0, 0.01))))
                for i in range(0, 3000, 10)]
        found = self.json("analyze", self.write("a.csv", table(["step", "val_accuracy"], rows)))["transitions"][0]
        self.assertEqual((found["kind"], found["direction"]), ("collapse", "fall"))
        self.assertAlmostEqual(found["onset"]["estimate"], 2200 - 30 * math.log(9), delta=25)
        self.assertAlmostEqual(found["before"], 0.95, delta=0.03)
        self.assertAlmostEqual(found["after"], 0.1, delta=0.03)
        self.assertLess(found["size"], 0)

    def test_a_percentage_never_leaves_its_range(self):
        noise = random.Random(3)
        rows = [(i, min(100.0, max(0.0, 100 * logistic((i - 1400) / 20) + noise.gauss(0, 1)))) for i in range(0, 1500, 5)]
        path = self.write("p.csv", table(["step", "test_accuracy"], rows))
        found = self.json("analyze", path)["transitions"][0]
        for key in ["before", "after"]:
            self.assertTrue(0 <= found[key] <= 100, found)
        for number in re.findall(r"(-?[0-9.]+) %", self.ok("analyze", path)):
            self.assertTrue(0 <= float(number) <= 100, number)

    def test_all_signals_are_analysed_ranked_and_folded(self):
        noise = random.Random(4)
        names = [f"task_{k}/acc" for k in range(60)]
        jumps = {7: 600, 41: 1200}
        rows = [[step] + [0.25 + (0.6 if k in jumps and step >= jumps[k] else 0) + noise.gauss(0, 0.02) for k in range(60)]
                for step in range(0, 2000, 20)]
        path = self.write("many.csv", table(["step"] + names, rows))
        found = self.json("analyze", path)
        self.assertEqual(found["signals"], 60)
        self.assertEqual({t["order_parameter"] for t in found["transitions"]}, {"task_7/acc", "task_41/acc"})
        for transition in found["transitions"]:
            self.assertLessEqual(transition["evidence"]["q_value"], 0.05)
        self.assertEqual(found["false_discovery_rate"]["procedure"], "Benjamini-Hochberg")
        words = self.ok("analyze", path)
        self.assertTrue(words.startswith("2 of 60 signals changed suddenly\n"), words)
        self.assertLessEqual(len(words.splitlines()), 24)
        self.assertIn("58 did not", words)

    def test_short_series_get_an_answer(self):
        path = self.write("short.csv", table(["step", "test_accuracy"], [
            (1000, 0.25), (2000, 0.252), (3000, 0.248), (4000, 0.251), (5000, 0.70), (6000, 0.71), (7000, 0.705)]))
        found = self.json("analyze", path)["transitions"]
        self.assertEqual([t["kind"] for t in found], ["rise"])
        self.assertTrue(4000 <= found[0]["onset"]["estimate"] <= 5000)
        self.assertIn("exact for 7 points", self.ok("analyze", path))

    def long_table(self):
        noise = random.Random(5)
        rows = []
        sizes = [("70m", 7e7), ("160m", 1.6e8), ("410m", 4.1e8), ("1b", 1e9), ("1.4b", 1.4e9), ("2.8b", 2.8e9), ("6.9b", 6.9e9),
                 ("12b", 1.2e10)]
        # Checkpoints in text order, as files are listed.
        for family in ["base", "deduped"]:
            for name, size in sizes:
                for step in sorted(checkpoints(), key=str):
                    share = logistic(3 * (math.log(max(step, 1)) - math.log(2000)))
                    grown = logistic(4 * (math.log(size) - math.log(2e9))) if step > 100000 else 0
                    for task, metric, value in [("story", "acc", 0.6 * share + 0.01 * noise.random()),
                                                ("story", "ppl", 1 + 40 * math.exp(-2.5 * share) + 0.2 * noise.random()),
                                                ("hard", "acc", 0.25 + 0.6 * grown + 0.02 * noise.random()),
                                                ("flat", "acc", 0.25 + 0.02 * noise.random())]:
                        rows.append((f"net-{name}-{family}", step, task, metric, value))
        return self.write("long.csv", table(["model", "step", "task", "metric", "value"], rows))

    def test_long_tables_turn_along_any_axis(self):
        path = self.long_table()
        along_step = self.json("analyze", path)
        self.assertEqual(len(along_step["runs"]), 16)
        across = {s["signal"]: s["changed"] for s in along_step["overlay"]["signals"]}
        self.assertGreaterEqual(across["story/acc"], 12)
        self.assertEqual(across["flat/acc"], 0)
        first = along_step["runs"][0]
        story = next(t for t in first["transitions"] if t["order_parameter"] == "story/acc")
        self.assertIn(story["mirage"]["verdict"], ["real", "artefact", "undecided"])
        along_size = self.json("analyze", path, "--along", "parameters", "--group", "family")
        runs = {run["run"]: run for run in along_size["runs"]}
        self.assertEqual(len(runs), 2)
        for run in runs.values():
            hard = next(t for t in run["tested"] if t["order_parameter"] == "hard/acc")
            self.assertEqual((hard["kind"], hard["control_parameter"]), ("rise", "parameters"))
            self.assertTrue(1e9 <= hard["onset"]["estimate"] <= 2.8e9, hard["onset"])
            self.assertTrue([m for m in run["mirage"] if m["graded"] == "story/acc"])
        self.refused(2, "analyze", path, "--along", "colour", naming="--along")
        self.refused(2, "analyze", self.write("wide.csv", "step,loss\n1,2\n2,1\n"), "--along", "parameters", naming="long table")

    def test_incidents_that_runs_share_are_found(self):
        noise = random.Random(6)
        rows = []
        for run in range(20):
            for step in range(800):
                spike = 0.5 if step in (523, 640) and noise.random() < 0.7 else 0
                spike += 0.5 if noise.random() < 0.003 else 0
                rows.append((f"seed{run}", step, 3 + 4 * math.exp(-step / 80) + noise.gauss(0, 0.02) + spike))
        path = self.write("runs.csv", table(["run", "step", "train_loss"], rows))
        incidents = self.json("analyze", path)["overlay"]["common_incidents"]
        self.assertEqual({i["position"] for i in incidents[0]["incidents"]}, {523, 640})
        self.assertIn("523", self.ok("analyze", path))

    def test_two_files_are_laid_over_each_other(self):
        noise = random.Random(7)
        for name, drop in [("a", 0.0), ("b", 0.8)]:
            rows = [(i, 3 - (drop if i >= 500 else 0) + noise.gauss(0, 0.05)) for i in range(0, 1000, 5)]
            self.write(f"{name}.csv", table(["step", "loss"], rows))
        overlay = self.json("analyze", "a.csv", "b.csv")["overlay"]
        self.assertEqual(overlay["runs"], 2)
        self.assertEqual([p["difference"]["direction"] for p in overlay["partings"]], ["fall"])
        self.assertAlmostEqual(overlay["partings"][0]["difference"]["onset"]["estimate"], 500, delta=15)

    def test_large_positions_are_printed_in_full(self):
        noise = random.Random(8)
        rows = [(12_000_000 + 2000 * i, (0.2 if i < 80 else 0.9) + noise.gauss(0, 0.01)) for i in range(160)]
        words = self.ok("analyze", self.write("late.csv", table(["step", "test_accuracy"], rows)))
        self.assertRegex(words, r"at step 1215[0-9]{4}|at step 1216[0-9]{4}")
        self.assertNotIn("e+07", words)


class Forecasting(ProgramTest):
    def test_what_was_reached_and_lost_is_said(self):
        rows = []
        for i in range(0, 1000, 5):
            good = 450 <= i < 800
            rows.append((i, 0.1, 1.0, 0.2 if good else 3.0, 0.96 if good else 0.1))
        path = self.write("lost.csv", table(["step", "train_loss", "train_accuracy", "test_loss", "test_accuracy"], rows))
        self.assertIn("reached at 450, lost at 800", self.ok("forecast", path, "--deadline", "1000"))
        told = self.json("forecast", path, "--deadline", "1000")
        self.assertEqual((told["reached_at"], told["lost_at"]), (450, 800))

    def test_an_abstention_names_the_one_missing_thing(self):
        names = [f"signal_{k}" for k in range(12)]
        rows = [[i] + [i * k for k in range(12)] for i in range(60)]
        words = self.ok("forecast", self.write("x.csv", table(["step"] + names, rows)), "--deadline", "1000")
        self.assertIn("abstains on signal_1, signal_2, signal_3 and 4 more: the deadline is 17 times as far", words)
        self.assertLess(len(words), 240)
        words = self.ok("forecast", self.folder / "x.csv", "--deadline", "1000", "--target", "signal_0 >= 0.5")
        self.assertRegex(words, "constant")
        self.assertLess(len(words), 240)


if __name__ == "__main__":
    unittest.main()
