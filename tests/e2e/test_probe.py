"""Weights of checkpoints, measured as a user does."""
import json
import random
import struct
import unittest

from program import ProgramTest


def safetensors(tensors):
    """A file of float32 tensors: {name: (shape, values)}."""
    header, body = {}, b""
    for name, (shape, values) in tensors.items():
        data = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def network(seed):
    noise = random.Random(seed)
    return {"a.weight": ([40, 30], [noise.gauss(0, 1) for _ in range(1200)]),
            "a.bias": ([40], [0.5] * 40)}


class Probe(ProgramTest):
    def test_a_table_and_the_same_in_json(self):
        path = self.write("n.safetensors", safetensors(network(1)))
        words = self.ok("probe", path)
        self.assertIn("a.weight", words)
        self.assertIn("40x30", words)
        self.assertIn("±", words)
        found = self.json("probe", path)
        layers = {layer["name"]: layer for layer in found["checkpoints"][0]["layers"]}
        self.assertEqual(layers["a.weight"]["ranks"]["numerical_rank"], 30)
        self.assertGreater(layers["a.weight"]["tail"]["alpha"]["standard_error"], 0)
        self.assertEqual(layers["a.weight"]["noise"]["spikes"], 0)
        self.assertAlmostEqual(layers["a.bias"]["norm"], 10 ** .5, places=6)
        self.assertIsNone(layers["a.bias"]["ranks"])
        self.assertIsNone(found["run"])
        self.assertEqual(found["settings"]["least_tail"], 10)

    def test_against_another_and_several_as_a_run(self):
        first = self.write("step_10.safetensors", safetensors(network(1)))
        last = self.write("step_200.safetensors", safetensors(network(2)))
        self.assertIn("overlap", self.ok("probe", last, "--against", first))
        found = self.json("probe", last, first, "--against", first, "--set", "traps=false")
        run = found["run"]
        self.assertEqual(run["positions_from"], "numbers in the file names")
        signals = {signal["name"]: signal for signal in run["signals"]}
        self.assertEqual(signals["alpha/a.weight"]["positions"], [10, 200])
        self.assertEqual(signals["change/a.weight"]["values"][0], 0)
        self.assertAlmostEqual(signals["change/a.weight"]["values"][1], 2 ** .5, delta=.1)
        self.assertIsNone(found["checkpoints"][0]["layers"][0]["traps"])
        self.assertIn("step_10", self.ok("probe", first, last))

    def test_an_index_of_shards(self):
        self.write("m-1.safetensors", safetensors({"a": ([12, 12], list(range(144)))}))
        self.write("m-2.safetensors", safetensors({"b": ([2], [3, 4])}))
        index = self.write("m.safetensors.index.json", json.dumps(
            {"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}))
        found = self.json("probe", index)["checkpoints"][0]
        self.assertEqual(found["files"], 2)
        self.assertEqual({layer["name"]: layer["norm"] for layer in found["layers"]}["b"], 5)
        self.assertEqual(self.json("probe", self.folder)["checkpoints"][0]["parameters"], 146)

    def test_every_probe_is_listed(self):
        probes = self.json("probe", "--list")["probes"]
        self.assertGreaterEqual(len(probes), 18)
        words = self.ok("probe", "--list")
        for probe in probes:
            self.assertIn(probe["name"], words)
            self.assertTrue(probe["summary"] and probe["cost"] and probe["needs"] and probe["error"], probe)

    def test_a_published_network(self):
        path = self.shared("models/convex_mnist_eps0.1.safetensors")
        found = self.json("probe", path)["checkpoints"][0]
        self.assertEqual(found["parameters"], 166406)
        dense = next(layer for layer in found["layers"] if layer["name"] == "5.weight")
        self.assertEqual(dense["ranks"]["numerical_rank"], 100)
        self.assertIsNotNone(dense["tail"]["alpha"]["standard_error"])

    def test_refusals_name_the_mend(self):
        path = self.write("n.safetensors", safetensors(network(1)))
        self.refused(2, "probe", naming="CHECKPOINT")
        self.refused(2, "probe", path, "--set", "least_tails=3", naming="least_tail")
        self.refused(2, "probe", path, "--set", "level=2", naming=("level", "0.9999"))
        self.refused(3, "probe", self.folder / "none", naming="none")
        self.refused(3, "probe", self.write("x.safetensors", b"\xff" * 64), naming="header")
        self.refused(3, "probe", self.write("i.safetensors.index.json", json.dumps(
            {"weight_map": {"a": "../n.safetensors"}})), naming="beside the index")


if __name__ == "__main__":
    unittest.main()
