"""What stress and guard refuse: networks, examples and settings that do not fit, each in one line."""
import math
import unittest

from trained_network import TrainedNetwork, npy, npz

TESTING = [["stress", "attack"], ["stress", "certify"], ["stress", "corrupt"], ["stress", "ood"], ["stress", "all"],
           ["guard", "fit"]]


class Refusals(TrainedNetwork):
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


if __name__ == "__main__":
    unittest.main()
