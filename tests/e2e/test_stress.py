"""Provoke and protect: stress and guard on a network trained here."""
import signal
import struct
import subprocess
import time
import unittest
import zipfile

from program import EMDYN
from trained_network import TrainedNetwork


class Stress(TrainedNetwork):
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

    def test_signals_end_everything_without_a_page(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            page = self.folder / f"evidence-{number}.html"
            started = subprocess.Popen(
                [EMDYN, "stress", "all", *map(str, self.subject), "--epsilon", "0.3", "--time-limit", "100000",
                 "--out", str(page)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
            time.sleep(2)  # Certificates or attacks are under way; both end the same.
            started.send_signal(number)
            _, told = started.communicate(timeout=120)
            self.assertEqual(started.returncode, 130, told)
            self.assertIn(b"interrupted", told)
            self.assertFalse(page.exists())

    def test_certify_and_attack_bound_the_same_number(self):
        part = [*self.subject, "--epsilon", "0.02", "--limit", "20"]
        attacked = self.json("stress", "attack", *part, "--attack", "pgd")
        proved = self.json("stress", "certify", *part, "--nodes", "20")
        self.assertEqual(attacked["clean_errors"], proved["clean_errors"])
        self.assertLessEqual(attacked["best_attack_errors"], proved["certified_bound"])

    def test_what_broke_is_saved_as_it_was(self):
        saved = self.folder / "broken.npz"
        found = self.json("stress", "attack", *self.subject, "--epsilon", "0.3", "--limit", "40", "--attack", "fgsm",
                          "--save", saved)
        broken = found["best_attack_errors"] - found["clean_errors"]
        self.assertGreater(broken, 0)
        again = self.json("model", "test", self.subject[1], "--data", saved)
        self.assertEqual((again["errors"], again["examples"]), (broken, broken))
        with zipfile.ZipFile(saved) as archive:
            self.assertEqual(sorted(archive.namelist()), ["distance.npy", "index.npy", "x.npy", "y.npy"])
            content = archive.read("distance.npy")
            distances = struct.unpack(f"<{broken}d", content[-8 * broken:])
            self.assertLessEqual(max(distances), 0.3)

    def test_corruptions_and_strange_inputs(self):
        corrupted = self.json("stress", "corrupt", *self.subject, "--limit", "50", "--corruption", "gaussian_noise",
                              "--corruption", "contrast", "--save", self.folder / "worse")
        self.assertEqual(len(list((self.folder / "worse").iterdir())), 10)
        again = self.json("model", "test", self.subject[1], "--data", self.folder / "worse" / "contrast_5.npz")
        self.assertAlmostEqual(again["errors"] / again["examples"], corrupted["corruptions"][1]["error_rate"][4])
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
        self.assertTrue(made["notes"])  # Held out of what the network was trained on: it says so.
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

    def test_certificates_outside_the_box_and_within_a_time(self):
        part = [*self.subject, "--limit", "12", "--epsilon", "0.03", "--nodes", "3"]
        inside = self.json("stress", "certify", *part)
        outside = self.json("stress", "certify", *part, "--no-box")
        self.assertTrue(inside["box"])
        self.assertFalse(outside["box"])
        self.assertGreaterEqual(outside["certified_bound"], inside["certified_bound"])
        self.assertEqual(inside["limits"], {"nodes_per_point": 3, "seconds": 1800.0, "seconds_per_point": None})
        for limit in ["--time-limit", "--time-per-point"]:
            cut = self.json("stress", "certify", *part, "--norm", "l2", limit, "0.000001")
            self.assertEqual(cut["undecided"], cut["cut_short"])


if __name__ == "__main__":
    unittest.main()
