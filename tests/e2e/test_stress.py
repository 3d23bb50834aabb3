"""Provoke and protect: stress and guard on a network trained here."""
import unittest

from program import ProgramTest, digits_folder


class Stress(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = digits_folder(self.folder)
        trained = self.json("model", "train", "cnn", "--data", self.data, "--out", self.folder / "net", "--store",
                            self.store, "--set", "epochs=3", "--set", "learning_rate=0.01", "--set", "warmup_steps=5")
        self.subject = ["--model", trained["model"], "--data", self.data]

    def test_all_is_one_document_and_one_page(self):
        page = self.folder / "evidence.html"
        found = self.json("stress", "all", *self.subject, "--epsilon", "0.1", "--limit", "40", "--curve-limit", "20",
                          "--side-limit", "40", "--attack", "fgsm", "--attack", "apgd_ce", "--time-limit", "2",
                          "--out", page)
        self.assertEqual(found["examples"], 40)
        self.assertEqual([a["name"] for a in found["attacks"]], ["fgsm", "apgd_ce"])
        for attack in found["attacks"]:
            self.assertGreaterEqual(attack["errors"], found["clean_errors"])
            self.assertLessEqual(attack["errors"], found["best_attack_errors"])
        self.assertLessEqual(found["best_attack_errors"], found["certified_bound"])
        self.assertEqual(found["undecided"], found["certified_bound"] - found["best_attack_errors"])
        values = [p["value"]["estimate"] for p in found["curves"][0]["curve"]["points"]]
        self.assertEqual(values, sorted(values, reverse=True))
        self.assertGreater(len(found["corruptions"]), 19)
        text = page.read_text()
        self.assertIn("40 examples are wrong without any attack", text)
        self.assertLess(len(text), 2_000_000)

    def test_certify_and_attack_bound_the_same_number(self):
        part = [*self.subject, "--epsilon", "0.02", "--limit", "20"]
        attacked = self.json("stress", "attack", *part, "--attack", "pgd")
        proved = self.json("stress", "certify", *part, "--nodes", "20")
        self.assertEqual(attacked["clean_errors"], proved["clean_errors"])
        self.assertLessEqual(attacked["best_attack_errors"], proved["certified_bound"])

    def test_corruptions_and_strange_inputs(self):
        corrupted = self.json("stress", "corrupt", *self.subject, "--limit", "50", "--corruption", "gaussian_noise",
                              "--corruption", "contrast")
        self.assertEqual([c["name"] for c in corrupted["corruptions"]], ["gaussian_noise", "contrast"])
        self.assertEqual(len(corrupted["curve"]["points"]), 6)
        strange = self.json("stress", "ood", *self.subject, "--fit-limit", "500", "--score", "energy", "--score",
                            "mahalanobis")
        sets = {row["set"] for row in strange["scores"]}
        self.assertEqual(sets, {"gaussian_noise", "bernoulli_noise", "uniform_noise", "negatives"})
        self.assertIn(strange["chosen"], ["energy", "mahalanobis", "msp"])

    def test_a_guard_keeps_its_rate_and_says_why(self):
        guard = self.folder / "guard.bin"
        made = self.json("guard", "fit", *self.subject, "--out", guard)
        self.assertGreater(made["calibration"], 100)
        self.assertTrue(made["note"])  # Held out of what the network was trained on: it says so.
        calm = self.json("guard", "score", *self.subject, "--guard", guard, "--fdr", "0.1", "--batch", "100")
        self.assertEqual(calm["inputs"], 200)
        self.assertEqual(len(calm["batch_p_values"]), 2)
        low = sum(v["p_value"] <= 0.1 for v in calm["verdicts"]) / 200
        self.assertLess(low, 0.3)
        one = calm["verdicts"][0]
        self.assertEqual(len(one["reason"]["nearest"]), 3)
        self.assertAlmostEqual(one["p_value"] * one["e_value"],
                               calm["verdicts"][1]["p_value"] * calm["verdicts"][1]["e_value"])
        online = self.json("guard", "score", *self.subject, "--guard", guard, "--online", "--summary")
        self.assertNotIn("verdicts", online)

    def test_what_cannot_be_tested_is_refused_in_one_line(self):
        self.refused(2, "stress", "everything", naming=["everything", "attack"])
        self.refused(2, "stress", "ood", *self.subject, "--score", "enrgy", naming=["energy"])
        self.refused(2, "stress", "all", *self.subject, "--epsilon", "-1", naming=["epsilon"])
        self.refused(3, "stress", "corrupt", "--model", self.folder / "none.safetensors", "--data", self.data,
                     naming=["none.safetensors"])
        junk = self.folder / "junk.bin"
        junk.write_bytes(b"not a guard")
        self.refused(3, "guard", "score", *self.subject, "--guard", junk, naming=["guard"])
        self.refused(3, "stress", "ood", *self.subject, "--ood", junk, naming=["junk.bin"])


if __name__ == "__main__":
    unittest.main()
