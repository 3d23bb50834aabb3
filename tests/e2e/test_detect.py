"""Scores and alarms of single series, from files and from standard input."""
import json
import random
import subprocess
import unittest

from program import EMDYN, ProgramTest


def series(values):
    return "step,value\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values))


class Detect(ProgramTest):
    def test_every_listed_detector_explains_itself_and_runs(self):
        path = self.write("x.csv", series(random.Random(1).choice([0, 1]) for _ in range(300)))
        detectors = self.json("detect", "--list")["detectors"]
        self.assertGreaterEqual(len(detectors), 8)
        for detector in detectors:
            self.assertTrue(detector["paper"] and detector["summary"] and detector["cost"])
            self.assertIn("Source", self.ok("detect", "--explain", detector["name"]))
            found = self.json("detect", path, "--detector", detector["name"], "--scores")
            self.assertEqual(len(found["scores"]), 300, detector["name"])
            self.assertTrue(all(0 <= s <= 1 for s in found["scores"]), detector["name"])

    def test_a_spike_on_a_trend_is_found_and_scored_highest(self):
        noise = random.Random(2)
        values = [5 - 0.003 * i + noise.gauss(0, 0.1) for i in range(1000)]
        values[700] += 2.0
        found = self.json("detect", self.write("x.csv", series(values)), "--scores")
        self.assertEqual(found["scores"].index(max(found["scores"])), 700)
        self.assertEqual([e["position"] for e in found["events"]], [700])

    def test_scores_never_depend_on_the_future(self):
        noise = random.Random(3)
        values = [noise.gauss(0, 1) + (4 if i > 400 else 0) for i in range(600)]
        whole = self.json("detect", self.write("a.csv", series(values)), "--scores")["scores"]
        cut = self.json("detect", self.write("b.csv", series(values[:350])), "--scores")["scores"]
        self.assertEqual(whole[:350], cut)

    def test_standard_input_streams_while_it_is_still_open(self):
        process = subprocess.Popen([EMDYN, "detect", "-", "--detector", "cusum", "--scores"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(b"1\n2\n")
        process.stdin.flush()
        first = json.loads(process.stdout.readline())  # Would hang if the program waited for the end.
        self.assertEqual(first["value"], 1)
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 0)

    def test_segment_places_the_changes_of_a_finished_series(self):
        noise = random.Random(4)
        path = self.write("x.csv", series(noise.gauss(0, 1) + (8 if 200 <= i < 400 else 0) for i in range(600)))
        found = self.json("segment", path)
        onsets = [change["onset"]["estimate"] for change in found["change_points"]]
        self.assertEqual(len(onsets), 2, found)
        self.assertTrue(abs(onsets[0] - 200) <= 2 and abs(onsets[1] - 400) <= 2, onsets)
        flat = self.write("flat.csv", series(noise.gauss(0, 1) for _ in range(600)))
        self.assertEqual(self.json("segment", flat)["change_points"], [])
        self.refused(2, "segment", path, "--set", "search=best", naming="search")

    def test_refusals(self):
        path = self.write("x.csv", series(range(10)))
        self.refused(2, "detect", path, "--detector", "cusun", naming="cusum")
        self.refused(2, "detect", path, "--detector", "cusum", "--set", "slack_sigmas=-1", naming="slack_sigmas")
        self.refused(2, "detect", path, "--detector", "cusum", "--set", "nonsense=1", naming="nonsense")
        self.refused(2, "detect", path, "--alpha", "7", naming="--alpha")
        self.refused(2, "detect", naming="RUN|FILE")
        self.refused(3, "detect", path, "--signal", "absent")
        self.refused(3, "detect", "-", "--detector", "cusum", stdin=b"1\n2\nx\n", naming="-:3")


if __name__ == "__main__":
    unittest.main()
