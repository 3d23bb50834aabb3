"""Networks: look at them, train them, stop and go on."""
import json
import os
import pathlib
import signal
import struct
import subprocess
import time
import unittest

from program import EMDYN, ProgramTest, digits_folder

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "models"


class Model(ProgramTest):
    def quadrants(self):
        return digits_folder(self.folder)

    def train(self, kind, *options, out="out", **more):
        return self.json("model", "train", kind, "--data", self.quadrants(), "--out", self.folder / out,
                         "--store", self.store, *options, **more)

    def test_a_trained_cnn_is_a_model_file_and_a_run(self):
        done = self.train("cnn", "--set", "epochs=3", "--set", "learning_rate=0.01", "--set", "warmup_steps=5")
        self.assertGreater(done["data"]["test_accuracy"], 0.95)
        info = self.json("model", "info", done["model"])
        self.assertEqual(info["input"], [1, 8, 8])
        self.assertEqual(info["classes"], 4)
        self.assertEqual(sum(layer["parameters"] for layer in info["layers"]), info["parameters"])
        tested = self.json("model", "test", done["model"], "--data", self.folder / "digits", "--split", "test")
        self.assertEqual(tested["examples"], 200)
        self.assertAlmostEqual(tested["accuracy"], done["data"]["test_accuracy"])
        points = [json.loads(line) for line in
                  self.ok("export", done["run"], "--format", "jsonl", "--store", self.store).splitlines()]
        accuracies = [p["value"] for p in points if p["signal"] == "test_accuracy"]
        self.assertEqual(accuracies[-1], done["data"]["test_accuracy"])

    def test_equal_weights_for_any_number_of_threads(self):
        settings = ["--set", "epochs=1", "--set", "adversarial_epsilon=0.1"]
        one = self.train("cnn", *settings, "--threads", "1", out="one")
        two = self.train("cnn", *settings, "--threads", "2", out="two")
        self.assertEqual(pathlib.Path(one["model"]).read_bytes(), pathlib.Path(two["model"]).read_bytes())
        self.assertIn("test_robust_accuracy", one["data"])

    def test_interrupted_and_resumed_ends_as_if_nothing_had_happened(self):
        settings = ["--set", "task=digit", "--set", "epochs=8", "--set", "train_sequences=600",
                    "--set", "test_sequences=50", "--set", "frames=3", "--set", "log_every=1"]
        whole = self.train("enn", *settings, out="whole")
        command = [EMDYN, "model", "train", "enn", "--data", str(self.quadrants()), "--out",
                   str(self.folder / "cut"), "--store", self.store, *settings]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            checkpoint = self.folder / "cut" / "checkpoint.safetensors"
            while not checkpoint.exists() and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            stderr = process.communicate()[1].decode()
        if process.returncode == 0:
            self.skipTest("SKIPPED: the training was over before it could be interrupted")
        self.assertEqual(process.returncode, 130, stderr)
        self.assertIn("--resume", stderr)
        rest = self.train("enn", *settings, "--resume", out="cut")
        self.assertGreater(rest["data"]["resumed_at"], 0)
        self.assertEqual(pathlib.Path(rest["model"]).read_bytes(), pathlib.Path(whole["model"]).read_bytes())
        self.assertTrue((self.folder / "cut" / "test.npz").stat().st_size > 50 * 3 * 32 * 32)

    def test_published_network(self):
        weights = self.shared("models/convex_mnist_eps0.1.safetensors")
        info = self.json("model", "info", weights, "--arch", EXAMPLES / "convex_mnist_eps0.1.toml")
        self.assertEqual(info["parameters"], 166406)
        tested = self.json("model", "test", weights, "--arch", EXAMPLES / "convex_mnist_eps0.1.toml", "--data",
                           self.shared("mnist"), "--split", "test")
        self.assertEqual((tested["errors"], tested["examples"]), (180, 10000))  # Published: 1.8 %.
        self.refused(3, "model", "info", weights, naming="--arch")
        self.refused(3, "model", "info", weights, "--arch", EXAMPLES / "outlier_exposure_mnist.toml",
                     naming="conv1.weight")

    def test_bad_input_is_refused_before_work_begins(self):
        digits = self.quadrants()
        out = self.folder / "out"
        self.refused(3, "model", "info", self.folder / "absent.safetensors", naming="absent")
        self.refused(3, "model", "info", self.write("x.safetensors", "junk"), "--arch",
                     EXAMPLES / "convex_mnist_eps0.1.toml", naming="too short")
        self.refused(3, "model", "info", self.write("x.pt", b"PK\x03\x04 script"), naming="--trust")
        self.refused(3, "model", "test", self.train("cnn", "--set", "epochs=1")["model"], "--data",
                     self.write("a.csv", "a,label\n1,0\n"), naming="examples are [1], the model takes [1, 8, 8]")
        self.refused(2, "model", "train", "rnn", "--data", digits, naming="rnn")
        self.refused(2, "model", "train", "cnn", "--data", digits, "--set", "epoch=3", naming="epochs")
        self.refused(3, "model", "train", "cnn", "--data", self.folder, "--out", out, naming="no train part")
        self.refused(3, "model", "train", "cnn", "--data", digits, "--out", out, "--resume",
                     "--store", self.store, naming="checkpoint")
        self.write("digits/train-labels-idx1-ubyte", struct.pack(">HBBI", 0, 8, 1, 1) + b"\0")
        self.refused(3, "model", "train", "cnn", "--data", digits, "--out", out, naming="1 labels for 600")


if __name__ == "__main__":
    unittest.main()
