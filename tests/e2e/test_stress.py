"""Provoke and protect: stress and guard on a network trained here."""
import io
import json
import math
import pathlib
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import zipfile

from program import EMDYN, ProgramTest, digits_folder

TESTING = [["stress", "attack"], ["stress", "certify"], ["stress", "corrupt"], ["stress", "ood"], ["stress", "all"],
           ["guard", "fit"]]


def npy(shape, values, kind="<f4"):
    """The bytes of an npy file of floats, or of whole numbers with kind <i8."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    letter = "f" if kind == "<f4" else "q"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(
        f"<{len(values)}{letter}", *values)


def npz(values, labels=None, shape=(1, 8, 8)):
    size = math.prod(shape)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.npy", npy((len(values) // size, *shape), values))
        if labels is not None:
            archive.writestr("y.npy", npy((len(labels),), labels, "<i8"))
    return packed.getvalue()


class Stress(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="emdyn-e2e-")
        cls.addClassCleanup(cls.kept.cleanup)
        folder = pathlib.Path(cls.kept.name)
        cls.data = digits_folder(folder)
        done = subprocess.run(
            [EMDYN, "model", "train", "cnn", "--data", cls.data, "--out", folder / "net", "--store", folder / "store",
             "--set", "epochs=3", "--set", "learning_rate=0.01", "--set", "warmup_steps=5", "--json"],
            capture_output=True, check=True)
        cls.subject = ["--model", json.loads(done.stdout)["model"], "--data", cls.data]

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

    def test_what_cannot_be_tested_is_refused_in_one_line(self):
        self.refused(2, "stress", "everything", naming=["everything", "attack"])
        self.refused(2, "stress", "ood", *self.subject, "--score", "enrgy", naming=["energy"])
        self.refused(2, "stress", "all", *self.subject, "--epsilon", "-1", naming=["epsilon"])
        self.refused(3, "stress", "attack", "--model", "pipe:/nowhere/model.sock", "--data", self.data,
                     naming=["pipe:/nowhere/model.sock", "no model answers there", "emdyn.Subject"])
        self.refused(3, "stress", "corrupt", "--model", self.folder / "none.safetensors", "--data", self.data,
                     naming=["none.safetensors"])
        junk = self.folder / "junk.bin"
        junk.write_bytes(b"not a guard")
        self.refused(3, "guard", "score", *self.subject, "--guard", junk, naming=["guard"])
        self.refused(3, "stress", "ood", *self.subject, "--ood", junk, naming=["junk.bin"])

    def test_examples_that_do_not_fit_are_refused_by_every_verb(self):
        calm = [0.5] * 64
        cases = [
            ("no examples", npz([], []), "whole numbers from 1 up"),
            ("another shape", npz([0.5] * 36, [0], (1, 6, 6)), "examples are [1, 6, 6], the model takes [1, 8, 8]"),
            ("a label too high", npz(calm, [4]), "label 4 of example 0"),
            ("a label below 0", npz(calm, [-1]), "label -1"),
            ("no labels", npz(calm), "labels are needed"),
            ("fewer labels", npz(calm * 2, [1]), "1 labels for 2"),
            ("not a number", npz([math.nan] + calm[1:], [0]), "not finite"),
            ("infinite", npz([math.inf] + calm[1:], [0]), "not finite"),
            ("outside the box", npz([1.5] + calm[1:], [0]), "outside the model's input box [0, 1]"),
            ("complex numbers", npy((1, 1, 8, 8), [0.0] * 128).replace(b"<f4", b"<c8"), "c8"),
            ("damaged", npz(calm, [0])[:-30], "zip"),
        ]
        # All verbs read by one function (unit tests try each fault): here each fault meets one verb, each verb two.
        for i, (name, content, named) in enumerate(cases):
            verb = TESTING[i % len(TESTING)]
            examples = self.write("examples.npz", content)
            with self.subTest(name, verb=verb):
                self.refused(3, *verb, *self.subject[:2], "--data", examples, naming=named)
        picture = self.folder / "pictures" / "a" / "1.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"\x89PNG\r\n\x1a\n damaged")
        self.refused(3, *TESTING[0], *self.subject[:2], "--data", self.folder / "pictures", naming="pictures")
        self.refused(3, *TESTING[-1], *self.subject[:2], "--data", self.folder / "none", naming="none")

    def test_radii_and_settings_out_of_range_are_refused(self):
        for verb, radius in [("attack", "-0.1"), ("attack", "x"), ("certify", "nan"), ("all", "inf")]:
            with self.subTest(verb=verb, radius=radius):
                self.refused(2, "stress", verb, *self.subject, "--epsilon", radius, naming="epsilon")
        self.refused(2, "stress", "attack", *self.subject, "--attack", "pdg", naming="pgd")
        self.refused(2, "stress", "attack", *self.subject, "--norm", "l3", naming="l3")
        self.refused(2, "stress", "certify", *self.subject, "--norm", "l1", naming="l1")
        self.refused(2, "stress", "attack", *self.subject, "--attack", "pgd", "--set", "pgd.stepz=3", naming="steps")
        self.refused(2, "stress", "attack", *self.subject, "--attack", "pgd", "--set", "pgd.steps=0", naming="steps")
        self.refused(2, "stress", "corrupt", *self.subject, "--corruption", "gausian_noise", naming="gaussian_noise")
        self.refused(2, "stress", "all", *self.subject, "--attack", "none", naming="none")
        self.refused(2, "guard", "fit", *self.subject, "--set", "neighbors=3", naming="neighbours")
        self.refused(2, "guard", "fit", *self.subject, "--set", "fit_share=2", naming="fit_share")
        self.refused(3, "guard", "fit", *self.subject, "--limit", "50", naming=["25 calibration", "40"])
        for fdr in ["0", "1", "-1", "nan"]:
            self.refused(2, "guard", "score", *self.subject, "--fdr", fdr, naming="fdr")
        self.refused(3, "guard", "score", *self.subject, "--guard", self.folder / "none.bin", naming="none.bin")
        self.refused(2, "guard", naming="subcommand")
        self.refused(2, "stress", naming="attack")

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
