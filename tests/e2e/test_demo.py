"""The main job, with a short training: it must hold together whatever the forecast says."""
import json
import unittest

from program import ProgramTest


class Lab(ProgramTest):
    def lab(self, *settings):
        options = [part for setting in settings for part in ("--set", setting)]
        return self.json("lab", "run", "grokking", *options, "--store", self.store)

    def records(self, run):
        lines = self.ok("export", run, "--format", "jsonl", "--store", self.store).splitlines()
        points = [json.loads(line) for line in lines]
        return [(p["signal"], p["position"], p["value"]) for p in points]

    def test_without_decay_nothing_generalises(self):
        run = self.lab("weight_decay=0", "train_fraction=0.2", "steps=1500")["run"]
        found = self.json("analyze", run, "--store", self.store)
        self.assertFalse([t for t in found["transitions"] if t["order_parameter"] == "test_accuracy"])
        forecast = self.json("forecast", run, "--store", self.store, "--deadline", "20000")["forecast"]
        if forecast["status"] == "ok":
            self.assertLess(forecast["probability"]["estimate"], 0.5)

    def test_equal_seeds_give_equal_records_for_any_number_of_threads(self):
        settings = ["p=23", "steps=300", "seed=7"]
        one = self.records(self.lab(*settings)["run"])
        options = [part for setting in settings for part in ("--set", setting)]
        two = self.json("lab", "run", "grokking", *options, "--threads", "1", "--store", self.store)["run"]
        self.assertEqual(one, self.records(two))
        other = self.records(self.lab("p=23", "steps=300", "seed=8")["run"])
        self.assertNotEqual(one, other)

    def test_bad_settings_are_refused(self):
        for setting, word in [("p=10", "prime"), ("train_fraction=1", "train_fraction"), ("steps=0", "steps"),
                              ("op=pow", "op"), ("nonsense=1", "nonsense")]:
            self.refused(2, "lab", "run", "grokking", "--set", setting, "--store", self.store, naming=word)
        self.refused(2, "lab", "run", "growing", "--store", self.store, naming="growing")


class Demo(ProgramTest):
    def test_the_demo_ends_with_one_document_and_a_report(self):
        out = self.folder / "out"
        result = self.json("demo", "--out", out, "--seed", "1")
        for key in ["transition", "first_alarm", "forecast_crossed_at", "lead", "drivers",
                    "probe_overhead_percent", "report", "steps_per_second"]:
            self.assertIn(key, result)
        self.assertEqual(result["transition"]["kind"], "rise")
        page = open(result["report"]).read()
        self.assertIn("<svg", page)
        self.assertEqual(self.run_program("doctor", result["store"]).returncode, 0)

    def test_bad_arguments_are_refused(self):
        self.refused(2, "demo", "--set", "p=10", "--out", self.folder / "out", naming="prime")
        self.refused(3, "demo", "--out", "/proc/emdyn", naming="/proc/emdyn")


if __name__ == "__main__":
    unittest.main()
