"""explain --outcome over tables of trials, and the verb predictor."""
import pathlib
import random
import unittest

from program import ProgramTest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BANK = ROOT / "predictors/bank.jsonl.gz"


def trials():
    """Grokking by design: decay from 0.5 and no SGD; width does nothing."""
    numbers = random.Random(3)
    lines = ["decay,optimiser,width,accuracy"]
    for _ in range(200):
        decay, optimiser = numbers.randrange(11) / 10, numbers.choice(["sgd", "adam"])
        accuracy = 0.99 if decay >= 0.5 and optimiser == "adam" else 0.2
        lines.append(f"{decay},{optimiser},{numbers.choice([16, 32, 64])},{accuracy}")
    lines.append("0.9,sgd,32,0.2")  # Trial 201: only the optimiser is wrong.
    return "\n".join(lines) + "\n"


class ExplainSweep(ProgramTest):
    def test_says_what_decides_and_what_would_turn_a_trial(self):
        path = self.write("trials.csv", trials())
        told = self.json("explain", str(path), "--outcome", "accuracy >= 0.9", "--change", "201", "--json")
        self.assertEqual({told["settings"][0]["name"], told["settings"][1]["name"]}, {"decay", "optimiser"})
        self.assertLess(told["settings"][2]["share"]["mean"], 0.02)
        self.assertGreater(told["held_out_r2"], 0.9)
        self.assertEqual(told["change"]["changes"][0]["to"], "adam")
        text = self.ok("explain", str(path), "--outcome", "accuracy >= 0.9")
        self.assertIn("decay with optimiser", text)
        self.assertIn("probability of accuracy >= 0.9", text)

    def test_refuses_by_name(self):
        path = self.write("trials.csv", trials())
        self.refused(2, "explain", str(path), "--outcome", "acuracy", naming='did you mean "accuracy"?')
        self.refused(3, "explain", str(path), "--outcome", "accuracy", "--change", "999", naming="row 999")
        self.refused(3, "explain", str(self.write("few.csv", "a,b\n1,2\n")), "--outcome", "b", naming="at least 20")

    def test_the_committed_bank_is_explained(self):
        told = self.json("explain", str(BANK), "--outcome", "outcome = reached", "--without", "steps", "--json")
        self.assertEqual(told["rows"], 420)
        self.assertIn(told["settings"][0]["name"], {"train_fraction", "weight_decay", "learning_rate", "optimizer"})


class PredictorVerb(ProgramTest):
    def test_cards_and_refusals(self):
        self.assertEqual(self.json("predictor", "card", "grokking", "--json")["runs"], 418)
        self.refused(2, "predictor", "card", "groking", naming="grokking")
        self.refused(2, "predictor", "eval", str(BANK), "--leave-out", "tusk", naming="task, optimizer")
        self.refused(3, "predictor", "train", str(self.write("bank", "{}")), naming="no bank")
        altered = self.write("altered.json", '{"schema":"emdyn-stacked-predictor-1","checksum":"0"}')
        self.refused(3, "predictor", "card", str(altered), naming="altered or damaged")


if __name__ == "__main__":
    unittest.main()
