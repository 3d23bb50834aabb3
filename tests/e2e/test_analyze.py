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


def models_table(sizes=7):
    lines = ["model,family,params,tokens,metric,value"]
    for family, factor in [("alpha", 40), ("beta", 44)]:
        for i in range(sizes):
            parameters = 10**7 * 3**i
            lines.append(f"{family}-{i},{family},{parameters},1000000000,acc,{0.9 - factor * parameters**-0.25:.6f}")
    return "\n".join(lines) + "\n"


class Parts(ProgramTest):
    def test_only_the_parts_asked_for_are_there(self):
        path = self.write("run.csv", grokking_like())
        found = self.json("analyze", path, "--only", "interactions")
        self.assertIsNone(found["transitions"])
        self.assertIsNone(found["early_warning"])
        timeline = found["interactions"]
        self.assertEqual(len(timeline["names"]), timeline["signals"])
        self.assertTrue(timeline["windows"])
        text = self.ok("analyze", path, "--only", "interactions,warning")
        self.assertIn("interactions:", text)
        self.assertIn("early warning:", text)
        self.assertNotIn("changed suddenly", text)
        self.refused(2, "analyze", path, "--only", "chaos", naming="transitions, mirage, warning")

    def test_a_larger_model_is_expected_within_an_interval_beside_baselines(self):
        path = self.write("models.csv", models_table())
        scale = self.json("analyze", path, "--along", "parameters")["scale"]
        self.assertEqual((scale["models"], scale["families"]), (14, 2))
        for row in scale["rows"]:
            self.assertAlmostEqual(row["at"] / row["largest"], 4, places=6)
            self.assertTrue(row["expected"]["low"] <= row["expected"]["estimate"] <= row["expected"]["high"])
            self.assertIn("persistence", row["baselines"])
        self.assertIn("scale: on the largest quarter",
                      self.ok("analyze", path, "--along", "parameters", "--only", "scale", "--to", "1e12"))
        few = self.json("analyze", self.write("few.csv", models_table(2)), "--along", "parameters")["scale"]
        self.assertEqual(few["rows"], [])
        self.assertIn("3 are needed", few["notes"][-1])

    def test_a_slowing_system_warns_and_its_null_does_not(self):
        def trends(lab, *settings):
            options = [word for setting in settings for word in ("--set", setting)]
            run = self.json("lab", "run", lab, "--set", "steps=1200", *options, "--store", self.store)["run"]
            return self.ok("analyze", run, "--only", "warning", "--signal", "state", "--store", self.store)
        self.assertIn(": a warning", trends("transcritical", "end=0.05", "noise=0.02"))
        self.assertIn("none of", trends("no_transition"))


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

    def falling_loss(self):
        rng = random.Random(4)
        return self.write("loss.csv", "step,val_loss\n" + "".join(
            f"{i},{2 + 4 * (i / 10) ** -.5 + rng.gauss(0, .02)}\n" for i in range(1, 801)))

    def test_any_target_of_any_signal(self):
        path = self.falling_loss()
        near, far = (self.json("forecast", path, "--target", f"val_loss <= {level}", "--deadline", "3000")
                     for level in (2.42, 1.5))
        self.assertEqual(near["forecast"]["target"], "val_loss <= 2.42, sustained, before step 3000")
        self.assertGreater(near["forecast"]["probability"]["estimate"], .6)
        self.assertLess(far["forecast"]["probability"]["estimate"], .3)
        self.assertLess(near["value"]["low"], 2 + 4 * 300 ** -.5)
        self.assertGreater(near["value"]["high"], 2 + 4 * 300 ** -.5)
        self.assertEqual({c["name"] for c in near["competitors"]}, {"persistence", "value_now"})
        past = self.json("forecast", path, "--target", "val_loss <= 4", "--deadline", "3000")
        self.assertEqual(past["forecast"]["status"], "already_past")
        self.assertTrue(0 < self.json("forecast", path, "--target", "loss spike within 500")
                        ["forecast"]["probability"]["estimate"] < .5)

    def test_without_a_target_every_main_signal_has_a_line(self):
        path = self.falling_loss()
        one = self.json("forecast", path)["signals"][0]
        self.assertEqual((one["signal"], one["status"]), ("val_loss", "ok"))
        for event in ("jump", "spike", "stall", "divergence"):
            self.assertTrue(0 <= one[event]["probability"]["estimate"] <= 1)
        text = self.ok("forecast", path, "--deadline", "1600")
        self.assertIn("val_loss", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_bad_targets_are_refused_in_one_line(self):
        path = self.falling_loss()
        self.refused(2, "forecast", path, "--target", "val_loss about 2", naming="SIGNAL >=|<= NUMBER")
        self.refused(3, "forecast", path, "--target", "val_los <= 2", "--deadline", "3000", naming="did you mean")
        self.refused(2, "forecast", path, "--target", "val_loss <= 2", naming="--deadline")
        self.refused(3, "forecast", path, "--target", "val_loss <= 2 before 1e9 flops", naming="flops")

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
