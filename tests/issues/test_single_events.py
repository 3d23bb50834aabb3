"""Single events in flat and nearly flat series, and what trainings die of, through the program."""
import math
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from program import ProgramTest  # noqa: E402


def table(**columns):
    names = list(columns)
    rows = zip(*columns.values())
    return "step," + ",".join(names) + "\n" + "".join(
        f"{i}," + ",".join(repr(v) for v in row) + "\n" for i, row in enumerate(rows))


class SingleEvents(ProgramTest):
    def positions(self, text):
        found = self.json("detect", self.write("x.csv", text))
        return [e["position"] for e in found["events"]]

    def test_one_event_in_thousands_of_equal_samples(self):
        for at, event in ((4900, 10.0), (2900, -5.0), (1300, 0.25)):
            values = [0.0] * 5000
            values[at] = event
            self.assertEqual(self.positions(table(value=values)), [at], (at, event))

    def test_an_accuracy_that_collapses_from_its_plateau(self):
        values = [min(i / 150, 1.0) for i in range(1700)]
        values[1400:] = [0.12] * 300
        self.assertEqual(self.positions(table(accuracy=values)), [1400])

    def test_a_nearly_flat_series(self):
        noise = random.Random(3)
        values = [0.5 if noise.random() < 0.01 else 0.501 for _ in range(3000)]
        values[2600] = 0.9
        self.assertEqual(self.positions(table(value=values)), [2600])


class Incidents(ProgramTest):
    def test_steps_of_a_learning_rate_are_told_as_such(self):
        rates = [0.1 if i < 400 else 0.01 for i in range(800)]
        found = self.json("detect", self.write("lr.csv", table(learning_rate=rates)))
        self.assertEqual([(e["position"], e["kind"], e["detector"]) for e in found["events"]],
                         [(400, "shift", "schedule")])
        self.assertEqual((found["events"][0]["before"], found["events"][0]["after"]), (0.1, 0.01))

    def test_one_thing_in_three_signals_is_one_incident(self):
        noise = random.Random(4)
        loss, norm, other = [], [], []
        for i in range(1000):
            bad = 200.0 if i == 800 else 1.0
            loss.append((0.3 + 2.0 / (1 + i / 40)) * math.exp(noise.gauss(0, 0.2)) * bad)
            norm.append(math.exp(noise.gauss(0, 0.3)) * bad)
            other.append(noise.gauss(0, 1))
        path = self.write("run.csv", table(train_loss=loss, gradient_norm=norm, other=other))
        found = self.json("detect", path)
        self.assertEqual(len(found["incidents"]), 1)
        incident = found["incidents"][0]
        self.assertEqual(incident["begin"], 800)
        self.assertEqual({incident["first"]["signal"]} | {e["signal"] for e in incident["others"]},
                         {"train_loss", "gradient_norm"})
        text = self.ok("detect", path)
        self.assertIn("they are of 1 incident:", text)
        self.assertIn("step 800:", text)

    def test_a_frozen_signal_and_a_slow_divergence(self):
        noise = random.Random(5)
        frozen = [noise.gauss(0, 1) for _ in range(600)]
        frozen += [frozen[-1]] * 300
        found = self.json("detect", self.write("f.csv", table(activation=frozen)))
        self.assertEqual([e["detector"] for e in found["events"]], ["frozen"])
        self.assertLessEqual(found["events"][0]["position"], 605)
        loss = [(0.4 + 2.0 / math.sqrt(1 + i / 10) + (max(i - 1000, 0) * 3e-3)) * (1 + noise.gauss(0, 0.1))
                for i in range(2000)]
        found = self.json("detect", self.write("d.csv", table(train_loss=loss)))
        self.assertEqual(found["events"][0]["detector"], "divergence")
        self.assertTrue(1000 <= found["events"][0]["position"] <= 1150, found["events"][0]["position"])

    def test_overfitting(self):
        noise = random.Random(6)
        rows = ["step,train_loss,val_loss\n"]
        for epoch in range(100):
            for i in range(10):
                train = 2.0 / (1 + 0.2 * epoch) * (1 + noise.gauss(0, 0.05))
                val = 0.6 + 1.5 * math.exp(-epoch / 8) + max(epoch - 40, 0) * 0.02 + noise.gauss(0, 0.01)
                rows.append(f"{epoch * 10 + i},{train},{val if i == 9 else ''}\n")
        found = self.json("detect", self.write("o.csv", "".join(rows)))
        told = [e for e in found["events"] if e["detector"] == "overfitting"]
        self.assertEqual(len(told), 1, found["events"])
        self.assertEqual(told[0]["signal"], "val_loss")
        self.assertTrue(400 <= told[0]["position"] <= 600, told[0]["position"])


if __name__ == "__main__":
    unittest.main()
