"""Transitions, forecasts, explanations and the report, of files and runs."""
import json
import math
import random
import re
import unittest

from program import ProgramTest


def grokking_like(onset=1500, steps=3000, seed=1, rises=True):
    noise = random.Random(seed)
    lines = ["step,train_loss,train_accuracy,test_loss,test_accuracy,gradient_norm,weight_norm"]
    for step in range(0, steps, 10):
        jump = 1 / (1 + math.exp(-(step - onset) / 40)) if rises else 0.0
        memorised = 1 - math.exp(-step / 60)
        lines.append(",".join(f"{x:.6g}" for x in [
            step, 4 * math.exp(-step / 80) + 0.01 + abs(noise.gauss(0, 0.002)),
            min(1, memorised), 4.5 - 4 * jump + noise.gauss(0, 0.05),
            min(1, max(0, 0.02 + 0.96 * jump + noise.gauss(0, 0.004))),
            math.exp(-step / 500) + abs(noise.gauss(0, 0.01)), 30 - step / 200 + noise.gauss(0, 0.02)]))
    return "\n".join(lines) + "\n"


class Analyze(ProgramTest):
    def test_a_jump_is_placed_and_a_flat_run_has_none(self):
        found = self.json("analyze", self.write("jump.csv", grokking_like()))
        jump = next(t for t in found["transitions"] if t["order_parameter"] == "test_accuracy")
        self.assertEqual((jump["kind"], jump["direction"]), ("rise", "rise"))
        self.assertTrue(1300 < jump["onset"]["estimate"] < 1500, jump["onset"])
        self.assertIn("early_warning", found)
        flat = self.json("analyze", self.write("flat.csv", grokking_like(rises=False)))
        self.assertFalse([t for t in flat["transitions"] if t["order_parameter"] == "test_accuracy"])
        self.assertIn("no transition", self.ok("analyze", self.folder / "flat.csv", "--signal", "test_accuracy"))

    def test_too_few_points_and_wrong_signals_are_said(self):
        path = self.write("few.csv", "step,test_accuracy\n1,0.1\n2,0.2\n")
        self.assertEqual(self.json("analyze", path)["transitions"], [])
        self.refused(3, "analyze", path, "--signal", "absent", naming="absent")
        self.refused(3, "analyze", "absent.csv", naming="absent.csv")

    def test_analysis_of_a_stored_run_is_kept_and_exported_in_the_report(self):
        path = self.write("jump.csv", grokking_like())
        run = self.json("import", path, "--store", self.store)["run_ids"][0]
        self.ok("analyze", run, "--store", self.store)
        compared = self.json("runs", "compare", run, run, "--store", self.store)
        self.assertTrue(compared["onsets"])
        out = self.folder / "report.html"
        self.ok("report", run, "--store", self.store, "--out", out)
        page = out.read_text()
        self.assertIn("<svg", page)
        self.assertLess(len(page), 2 << 20)
        self.assertFalse(re.search(r"(src|href)=[\"']https?://", page))


class Forecast(ProgramTest):
    def test_forecasts_see_only_the_prefix(self):
        whole = self.write("whole.csv", grokking_like())
        cut = self.write("cut.csv", "".join(grokking_like().splitlines(keepends=True)[:102]))
        options = ["--deadline", "6000", "--at", "1000"]
        a = self.json("forecast", whole, *options)
        b = self.json("forecast", cut, *options)
        self.assertEqual(a["forecast"]["probability"], b["forecast"]["probability"])
        self.assertEqual(a["forecast"]["at"], 1000)

    def test_a_missing_role_abstains_and_says_how_to_give_it(self):
        path = self.write("x.csv", "step,mystery\n" + "".join(f"{i},{i}\n" for i in range(100)))
        forecast = self.json("forecast", path, "--deadline", "1000")["forecast"]
        self.assertEqual(forecast["status"], "abstained")
        self.assertIn("--role", forecast["reason"])

    def test_a_reached_target_is_past(self):
        path = self.write("whole.csv", grokking_like())
        forecast = self.json("forecast", path, "--deadline", "6000")["forecast"]
        self.assertEqual(forecast["status"], "already_past")

    def test_bad_settings_are_refused(self):
        path = self.write("whole.csv", grokking_like())
        self.refused(2, "forecast", path, "--deadline", "-5", naming="deadline")
        self.refused(2, "forecast", path, "--deadline", "6000", "--role", "nonsense=x", naming="nonsense")

    def test_an_explanation_adds_up(self):
        path = self.write("whole.csv", grokking_like())
        explained = self.json("explain", path, "--deadline", "6000", "--at", "1000")
        attribution = explained["attribution"]
        total = attribution["base"] + sum(c["phi"] for c in attribution["contributions"])
        p = explained["forecast"]["probability"]["estimate"]
        self.assertAlmostEqual(total, math.log(p / (1 - p)), places=6)
        self.assertTrue(explained["change_order"])


if __name__ == "__main__":
    unittest.main()
