"""Scores and alarms of single series, from files and from standard input."""
import json
import random
import signal
import subprocess
import unittest

from program import EMDYN, ProgramTest


def series(values):
    return "step,value\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values))


def rows(noise, count, jump=None, missing=0.0):
    """Three columns of noise; jump = (row, column, height); column c is missing now and then."""
    lines = ["step,a,b,c"]
    for i in range(count):
        cells = {name: noise.gauss(0, 1) for name in "abc"}
        if jump and i == jump[0]:
            cells[jump[1]] += jump[2]
        gone = noise.random() < missing
        lines.append(f"{i},{cells['a']},{cells['b']},{'' if gone else cells['c']}")
    return "\n".join(lines) + "\n"


class Detect(ProgramTest):
    def test_every_listed_detector_explains_itself_and_runs(self):
        one = self.write("x.csv", series(random.Random(1).choice([0, 1]) for _ in range(300)))
        many = self.write("y.csv", rows(random.Random(1), 300))
        detectors = self.json("detect", "--list")["detectors"]
        self.assertGreaterEqual(len(detectors), 30)
        self.assertEqual(len({detector["name"] for detector in detectors}), len(detectors))
        self.assertEqual([d["name"] for d in detectors if d["default"]], ["auto"])
        for detector in detectors:
            name = detector["name"]
            self.assertTrue(detector["paper"] and detector["summary"] and detector["cost"] and detector["domain"])
            self.assertIn(detector["kind"], ("scalar", "vector"))
            self.assertTrue(all("default" in p and p["help"] for p in detector["parameters"]), name)
            words = self.ok("detect", "--explain", name)
            self.assertTrue("Source" in words and "Budget" in words, name)
            self.assertEqual(self.json("detect", "--explain", name), detector)
            path = many if detector["kind"] == "vector" else one
            found = self.json("detect", path, "--detector", name, "--scores")
            self.assertEqual(len(found["scores"]), 300, name)
            self.assertTrue(all(0 <= s <= 1 for s in found["scores"]), name)

    def test_rows_are_samples_and_alarms_name_their_channels(self):
        path = self.write("y.csv", rows(random.Random(7), 500, jump=(400, "b", 15.0)))
        for name in ("mahalanobis", "random_cut_forest", "loda"):
            found = self.json("detect", path, "--detector", name, "--scores")
            self.assertEqual(len(found["scores"]), 500)
            self.assertEqual(found["scores"].index(max(found["scores"])), 400, name)
            self.assertEqual(found["channels"], ["a", "b", "c"])
            shares = dict(zip(found["channels"], found["attribution"][400]))
            self.assertEqual(max(shares, key=shares.get), "b", name)
            alarm = next(e for e in found["events"] if e["position"] == 400)
            self.assertEqual(alarm["shares"][0]["name"], "b", name)
        # A column that is empty in every row but a few silences nothing.
        gaps = self.write("gaps.csv", rows(random.Random(7), 500, jump=(400, "b", 15.0), missing=0.9))
        found = self.json("detect", gaps, "--detector", "mahalanobis", "--scores")
        self.assertEqual(len(found["scores"]), 500)
        self.assertIn(400, [e["position"] for e in found["events"]])

    def test_scores_have_one_entry_a_row_even_where_cells_are_empty(self):
        path = self.write("x.csv", "timestamp,value\n2014-04-01 00:00:00,\n2014-04-01 00:05:00,2\n"
                                   "2014-04-01 00:10:00,\n2014-04-01 00:15:00,3\n")
        found = self.json("detect", path, "--scores")
        self.assertEqual(len(found["scores"]), 4)
        self.assertEqual(len(found["positions"]), 4)

    def test_explain_says_why_each_alarm_fired(self):
        noise = random.Random(2)
        values = [noise.gauss(0, 0.1) for i in range(1000)]
        values[700] += 2.0
        path = self.write("x.csv", series(values))
        words = self.ok("detect", path, "--explain")
        self.assertIn("700", words)
        self.assertIn("upwards", words)
        self.assertIn("Parameters", words)
        self.assertEqual(words, self.ok("detect", "--explain", path))
        self.assertIn("cusum", self.ok("detect", "--explain", "cusum", path))
        self.assertIn("upwards", self.json("detect", path, "--explain")["events"][0]["explanation"])

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

    def stream(self, *arguments):
        return subprocess.Popen([EMDYN, "detect", "-", *arguments], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def send(self, process, data):
        process.stdin.write(data)
        process.stdin.flush()

    def test_standard_input_streams_while_it_is_still_open(self):
        for sent, detector in ((b"1\n2\n", "cusum"), (b'{"loss":1}\n{"loss":2}\n', "auto"),
                               (b"step,loss\n0,1\n1,2\n", "watch"), (b"a,b\n1,2\n3,4\n", "loda")):
            process = self.stream("--detector", detector)
            self.send(process, sent)
            first = json.loads(process.stdout.readline())  # Would hang if the program waited for the end.
            self.assertEqual(first["position"], 0)
            self.assertTrue(0 <= first["score"] <= 1)
            out, _ = process.communicate(timeout=60)
            end = json.loads(out.splitlines()[-1])
            self.assertEqual((end["end"], end["samples"], end["malformed"]), ("input", 2, 0))
            self.assertEqual(process.returncode, 0)

    def test_control_c_leaves_a_valid_end_line(self):
        process = self.stream("--detector", "cusum")
        self.send(process, b"1\n2\n")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(json.loads(out.splitlines()[-1])["end"], "interrupted")

    def test_a_closed_pipe_ends_quietly(self):
        process = self.stream("--detector", "cusum")
        self.send(process, b"1\n")
        process.stdout.readline()
        process.stdout.close()
        try:
            while process.poll() is None:
                self.send(process, b"1\n" * 1000)
        except BrokenPipeError:
            pass
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        process.wait(timeout=60)
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass

    def test_malformed_lines_are_counted_and_never_fatal_unless_asked(self):
        data = b"1\n2\nx\n\xff\n\n3\n"
        out = subprocess.run([EMDYN, "detect", "-", "--detector", "cusum"], input=data, capture_output=True)
        self.assertEqual(out.returncode, 0, out.stderr)
        lines = [json.loads(line) for line in out.stdout.splitlines()]
        self.assertEqual([line["value"] for line in lines[:-1]], [1, 2, 3])
        self.assertEqual(lines[-1]["malformed"], 2)
        self.assertIn(b"-:3", out.stderr)
        self.refused(3, "detect", "-", "--detector", "cusum", "--strict", stdin=data, naming="-:3")
        self.refused(3, "detect", "-", stdin=b"", naming="empty")
        self.refused(3, "detect", "-", stdin=b"hello\nworld\n", naming="no numbers")

    def test_file_and_stream_give_equal_scores(self):
        text = rows(random.Random(9), 200, missing=0.2)
        path = self.write("y.csv", text)
        for name, wanted in (("mahalanobis", None), ("auto", "b")):
            chosen = ["--signal", wanted] if wanted else []
            file = self.json("detect", path, "--detector", name, "--scores", *chosen)["scores"]
            out = subprocess.run([EMDYN, "detect", "-", "--detector", name, *chosen], input=text.encode(),
                                 capture_output=True, check=True).stdout
            self.assertEqual([json.loads(line)["score"] for line in out.splitlines()[:-1]], file)

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
        self.refused(2, "detect", path, "--strict", naming="standard input")
        self.refused(2, "detect", path, "--detector", "loda", "--front-end", naming="front end")
        self.refused(2, "detect", path, "--detector", "watch", "--set", "alpha=1", naming="--alpha")
        self.refused(2, "detect", "--explain", "cusun", naming="cusum")
        self.refused(3, "detect", self.write("empty.csv", ""), naming="empty")
        self.refused(3, "detect", self.write("text.csv", "a,b\nx,y\n"), naming="no numbers")
        self.refused(3, "detect", self.write("binary.bin", "\0\1\2\3" * 100))
        self.refused(3, "detect", "no_such_file.csv", naming="no_such_file.csv")

    def test_odd_series_are_answered(self):
        for name, text in (("one", series([1])), ("constant", series([5] * 500)), ("nan", series(["nan"] * 20)),
                           ("huge", series([1e308, -1e308] * 50)), ("tiny", series([1e-320] * 50))):
            path = self.write(name + ".csv", text)
            for detector in ("auto", "cusum", "watch", "loda"):
                found = self.json("detect", path, "--detector", detector, "--scores")
                self.assertEqual(len(found["scores"]), len(text.splitlines()) - 1)
                self.assertTrue(all(0 <= s <= 1 for s in found["scores"]))

    def test_by_default_no_trend_alarms_and_a_spike_on_it_does(self):
        numbers = random.Random(7)
        values = [0.01 * i + numbers.gauss(0, 1) for i in range(3000)]
        values[2000] += 12
        path = self.write("trend.csv", series(values))
        found = self.json("detect", path, "--scores")
        self.assertEqual([(e["position"], e["detector"]) for e in found["events"]], [(2000, "auto")])
        self.assertEqual(len(found["scores"]), 3000)
        self.assertEqual(found["scores"].index(max(found["scores"])), 2000)
        self.assertEqual(self.json("detect", path, "--detector", "auto", "--scores"), found)

    def test_a_change_of_level_in_a_short_series_alarms_at_its_onset(self):
        noise = random.Random(11)
        path = self.write("short.csv", series(20 + noise.gauss(0, 1) + (5 if i >= 60 else 0) for i in range(100)))
        events = self.json("detect", path)["events"]
        self.assertTrue(any(abs(e["onset"]["estimate"] - 60) <= 3 for e in events), events)
        calm = self.write("calm.csv", series(20 + noise.gauss(0, 1) for i in range(100)))
        self.assertEqual(self.json("detect", calm)["events"], [])

    def test_an_alarm_without_a_past_to_rank_in_has_no_p_value(self):
        path = self.write("short.csv", series(i % 3 + 40 * (i >= 30) for i in range(60)))
        events = self.json("detect", path, "--detector", "bocpd")["events"]
        self.assertEqual([event["p_value"] for event in events], [None])
        self.assertEqual(events[0]["onset"]["estimate"], 30)

    def test_levels_that_arm_and_disarm_are_options(self):
        # k_sigma with a given baseline scores |x| / 3; one excursion wavers between 5 and 3.5.
        values = [0.5] * 20 + [5, 3.5] * 10 + [0.5] * 20
        path = self.write("waver.csv", series(values))
        given = ["--detector", "k_sigma", "--no-front-end", "--set", "warmup_samples=0", "--refractory", "0"]
        count = lambda *options: len(self.json("detect", path, *given, *options)["events"])
        self.assertEqual(count("--arm-score", "1.5", "--hysteresis", "0.8"), 10)
        self.assertEqual(count("--arm-score", "1.5", "--disarm-score", "1"), 1)
        self.assertEqual(count("--arm-score", "1.5", "--disarm-score", "1.2"), 10)
        self.assertEqual(count("--arm-score", "2"), 0)
        self.refused(2, "detect", path, *given, "--disarm-score", "3", naming="disarm_score")
        self.refused(2, "detect", path, "--alpha", "1e-3", "--disarm-p", "1e-4", naming="disarm_p")
        self.refused(2, "detect", path, "--alpha", "1e-3", "--arm-score", "2", naming="--arm-score")

    def test_a_stream_of_many_signals_bounds_false_discoveries(self):
        noise = random.Random(12)
        lines = ["step," + ",".join(f"s{c}" for c in range(20))]
        for i in range(400):
            cells = [noise.gauss(0, 1) + (15 if i == 250 and c < 2 else 0) for c in range(20)]
            lines.append(f"{i}," + ",".join(map(str, cells)))
        data = ("\n".join(lines) + "\n").encode()

        def told(*options):
            out = subprocess.run([EMDYN, "detect", "-", "--detector", "k_sigma", "--alpha", "1e-3", "--alarms",
                                  *options], input=data, capture_output=True, check=True).stdout
            return [(e["signal"], e["position"]) for line in out.splitlines()[:-1] for e in json.loads(line)["events"]]
        everything, sure = told(), told("--fdr", "0.1")
        self.assertTrue({("s0", 250), ("s1", 250)} <= set(sure), sure)
        self.assertTrue(set(sure) < set(everything))
        self.assertLessEqual(len(sure), 3)

    def test_the_longest_season_is_an_option(self):
        noise = random.Random(13)
        shape = [noise.gauss(0, 5) for _ in range(40)]
        values = [shape[i % 40] + noise.gauss(0, 0.5) for i in range(1200)]
        values[1000] += 5
        path = self.write("season.csv", series(values))
        for detector in ("watch", "k_sigma"):
            with_season = self.json("detect", path, "--detector", detector, "--alpha", "1e-4")["events"]
            without = self.json("detect", path, "--detector", detector, "--alpha", "1e-4", "--longest-period",
                                "0")["events"]
            self.assertIn(1000, [e["position"] for e in with_season], detector)
            self.assertNotIn(1000, [e["position"] for e in without], detector)
        self.json("detect", path, "--longest-period", "48")
        self.refused(2, "detect", path, "--detector", "bocpd", "--longest-period", "48", naming="front end")
        self.refused(2, "detect", path, "--longest-period", "5000", naming="--longest-period")

    def test_help_shows_defaults(self):
        words = self.ok("detect", "--help")
        for option, default in (("--detector", "auto"), ("--hysteresis", "0.5"), ("--refractory", "25"),
                                ("--calibrator", "pot"), ("--alpha", "1e-05"), ("--longest-period", "336"),
                                ("--arm-score", "1 where")):
            self.assertIn(default, words[words.index("  " + option):][:400], option)


if __name__ == "__main__":
    unittest.main()
