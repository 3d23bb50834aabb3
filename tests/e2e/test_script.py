"""TorchScript files under every verb that tests a network."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from program import EMDYN, ProgramTest, digits_folder

MAKE_SCRIPT = os.environ.get(
    "EMDYN_MAKE_SCRIPT", str(pathlib.Path(EMDYN).resolve().parent / "tests" / "emdyn_make_script"))
# The mean brightness of each quadrant, which is what the digits of digits_folder() differ in.
QUADRANTS = "return torch.flatten(torch.avg_pool2d(x, [4, 4]), 1) * 20.0"


def make_script(path, body):
    subprocess.run([MAKE_SCRIPT, str(path), body], check=True)
    return path


class Script(ProgramTest):
    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory(prefix="emdyn-e2e-")
        cls.addClassCleanup(kept.cleanup)
        folder = pathlib.Path(kept.name)
        cls.data = digits_folder(folder)
        cls.arch = folder / "arch.toml"
        cls.arch.write_text("[model]\ninput = [1, 8, 8]\nclasses = 4\n")
        cls.network = make_script(folder / "network.pt", QUADRANTS)

    def script(self, name, body):
        return make_script(self.folder / name, body)

    def subject(self, model=None, trust=True):
        return ["--model", model or self.network, "--arch", self.arch, "--data", self.data,
                *(["--trust"] if trust else [])]

    def test_attacks_and_corruptions(self):
        found = self.json("stress", "attack", *self.subject(), "--limit", "30", "--epsilon", "0.3", "--attack", "pgd",
                          "--attack", "square", "--set", "square.queries=200")
        self.assertEqual(found["clean_errors"], 0)
        self.assertGreater(found["attacks"][0]["errors"], 10)
        self.assertGreater(found["attacks"][0]["gradient"], 0)
        corrupted = self.json("stress", "corrupt", *self.subject(), "--limit", "20", "--corruption", "contrast")
        self.assertEqual(corrupted["clean_errors"], 0)

    def test_scores_of_logits_work_and_those_of_features_say_what_to_do(self):
        found = self.json("stress", "ood", *self.subject(), "--fit-limit", "300")
        scores = {row["score"] for row in found["scores"]}
        self.assertEqual(scores, {"energy", "gen", "max_logit", "msp", "odin", "odin_temperature"})
        self.assertIn("mahalanobis", found["note"])
        self.refused(3, "stress", "ood", *self.subject(), "--score", "knn", naming=["knn", "features", "safetensors"])

    def test_certificates_need_layers_and_say_so(self):
        self.refused(3, "stress", "certify", *self.subject(), naming=["stress certify", "layers", "TOML"])

    def test_all_leaves_out_what_cannot_be(self):
        found = self.json("stress", "all", *self.subject(), "--limit", "200", "--curve-limit", "10", "--side-limit",
                          "200", "--attack", "fgsm", "--out", self.folder / "evidence.html")
        self.assertIsNone(found["certified_bound"])
        notes = " ".join(found["notes"])
        self.assertIn("No certificates", notes)
        self.assertIn("mahalanobis", notes)
        self.assertIn("tripwire", notes)

    def test_a_guard_of_logits(self):
        guard = self.folder / "guard.bin"
        made = self.json("guard", "fit", *self.subject(), "--out", guard)
        self.assertTrue(any("logits stand in" in note for note in made["notes"]), made["notes"])
        found = self.json("guard", "score", *self.subject(), "--guard", guard, "--summary")
        self.assertLessEqual(found["flagged"], 0.1 * found["inputs"], found)
        self.refused(3, "guard", "score", *self.subject(), "--guard", guard, "--tripwires",
                     naming=["tripwire", "layers"])
        trained = self.json("model", "train", "cnn", "--data", self.data, "--out", self.folder / "net", "--store",
                            self.store, "--set", "epochs=1")
        self.refused(3, "guard", "score", "--model", trained["model"], "--data", self.data, "--guard", guard,
                     naming=["fitted on 4 features"])

    def test_without_trust_nothing_is_run(self):
        # All verbs load by one function; these are the ones that differ in what they load besides.
        self.ok("guard", "fit", *self.subject(), "--out", self.folder / "guard.bin")
        for verb in [["stress", "attack"], ["stress", "all"],
                     ["guard", "score", "--guard", self.folder / "guard.bin"]]:
            self.refused(3, *verb, *self.subject(trust=False), naming=["network.pt", "--trust"])

    def test_a_network_without_gradients(self):
        silent = self.script("silent.pt", QUADRANTS.replace("(x,", "(x.detach(),"))
        self.refused(3, "stress", "attack", *self.subject(silent), "--attack", "pgd", naming=["pgd", "gradient", "square"])
        self.refused(3, "stress", "all", *self.subject(silent), naming="gradient")
        found = self.json("stress", "attack", *self.subject(silent), "--limit", "10", "--attack", "square", "--set",
                          "square.queries=100", "--epsilon", "0.3")
        self.assertGreater(found["best_attack_errors"], 0)

    def test_what_is_no_torchscript(self):
        junk = self.write("junk.pt", b"PK\x03\x04 no archive")
        self.refused(3, "stress", "attack", *self.subject(junk), naming=["junk.pt", "no TorchScript"])
        wide = self.script("wide.pt", "return torch.flatten(x, 1)")
        self.refused(3, "stress", "attack", *self.subject(wide), naming=["[1, 4]", "64"])
        pair = self.script("pair.pt", "return (x, x)")
        self.refused(3, "guard", "fit", *self.subject(pair), naming="Tuple")
        self.refused(3, "stress", "attack", "--model", self.network, "--data", self.data, "--trust", naming="--arch")


if __name__ == "__main__":
    unittest.main()
