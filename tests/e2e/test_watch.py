"""Following files as they grow, and leaving a valid store behind."""
import gzip
import json
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

from program import EMDYN, ProgramTest

LOGGER = pathlib.Path(__file__).resolve().parents[2] / "python"


class Watch(ProgramTest):
    def start(self, path):
        process = subprocess.Popen(
            [EMDYN, "watch", str(path), "--store", self.store, "--json", "--poll", "0.05"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def wait_for_points(self, points):
        for _ in range(400):
            done = self.run_program("runs", "--store", self.store, "--json")
            if done.returncode == 0 and sum(r["points"] for r in json.loads(done.stdout)["runs"]) >= points:
                return
            time.sleep(0.05)
        self.fail(f"never saw {points} points: {done.stdout} {done.stderr}")

    def test_the_python_logger_is_followed_and_ctrl_c_leaves_a_valid_store(self):
        path = self.folder / "run.jsonl"
        path.touch()
        process = self.start(path)
        sys.path.insert(0, str(LOGGER))
        from emdyn_log import Logger
        with Logger(str(path)) as logger:
            for step in range(500):
                logger.log(step, loss=1.0 + 0.01 * (step % 7), bad=float("nan") if step == 100 else 1.0)
        self.wait_for_points(1000)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        events = [json.loads(line) for line in out.splitlines()]
        self.assertTrue(any(e.get("kind") == "nonfinite" and e["position"] == 100 for e in events), out)
        self.assertEqual(self.run_program("doctor", self.store).returncode, 0)
        self.assertEqual(self.json("runs", "--store", self.store)["runs"][0]["points"], 1000)

    def test_rotation_loses_nothing(self):
        path = self.folder / "log.csv"
        path.write_text("step,loss\n" + "".join(f"{i},1\n" for i in range(50)))
        process = self.start(path)
        self.wait_for_points(50)
        path.rename(self.folder / "log.csv.1")
        path.write_text("step,loss\n" + "".join(f"{i},1\n" for i in range(50, 80)))
        self.wait_for_points(80)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(self.json("runs", "--store", self.store)["runs"][0]["points"], 80)

    def events(self, *arguments):
        """The events of `watch --once` and of `detect`, the run left out: one calls it by id, one by name."""
        store = str(self.folder / f"store-{random.random()}")
        lines = self.ok("watch", *arguments, "--once", "--store", store, "--json").splitlines()
        watched = [record for record in map(json.loads, lines) if "kind" in record]
        # What comes live is judged as it comes, also where steps go back.
        found = self.json("detect", *arguments, "--raw-segments")["events"]
        as_text = lambda events: sorted(json.dumps({**e, "run": ""}, sort_keys=True) for e in events)
        return as_text(watched), as_text(found)

    def own_files(self):
        noise = random.Random(21)
        rows = [(noise.gauss(0, 1) + (9 if i >= 400 else 0), 5 - 0.01 * i + noise.gauss(0, 0.1) + (3 if i == 300 else 0))
                for i in range(700)]
        cell = lambda value, i: "" if i % 97 == 5 else "nan" if i in (200, 201, 202, 500) else f"{value:.6g}"
        wide = "step,a,b\n" + "".join(f"{i},{cell(a, i)},{b:.6g}\n" for i, (a, b) in enumerate(rows))
        jsonl = "".join(json.dumps({"step": 10 * i, "loss": a, "val": {"acc": b}}) + "\n" for i, (a, b) in enumerate(rows))
        yield self.write("wide.csv", wide)
        yield self.write("resumed.csv", wide + "".join(f"{i},{a:.6g},{b:.6g}\n" for i, (a, b) in
                                                      enumerate(rows[350:], 350)))
        yield self.write("long.csv", "run,step,name,value\n" + "".join(
            f"r{i % 2},{i // 2},{name},{value:.6g}\n" for i, row in enumerate(rows) for name, value in zip("ab", row)))
        yield self.write("log.jsonl", jsonl)
        yield self.write("plain.csv", "value\n" + "".join(f"{a:.6g}\n" for a, _ in rows))

    def test_a_finished_file_gives_the_events_that_detect_gives(self):
        some = 0
        for path in self.own_files():
            for options in ([], ["--detector", "watch"], ["--detector", "cusum", "--alpha", "1e-4"],
                            ["--detector", "k_sigma", "--set", "k=4", "--refractory", "5"],
                            ["--alpha", "1e-3", "--longest-period", "0"]):
                watched, found = self.events(path, *options)
                self.assertEqual(watched, found, f"{path.name} {options}")
                some += len(found)
        self.assertGreater(some, 60)

    def test_rows_of_a_table_are_judged_alike_too(self):
        noise = random.Random(22)
        lines = ["step,a,b,c"] + [",".join(map(str, (i, noise.gauss(0, 1), noise.gauss(0, 1) + 15 * (i == 400),
                                                     "" if noise.random() < 0.2 else noise.gauss(0, 1))))
                                  for i in range(500)]
        path = self.write("rows.csv", "\n".join(lines) + "\n")
        for name in ("mahalanobis", "loda"):
            watched, found = self.events(path, "--detector", name)
            self.assertEqual(watched, found, name)
            self.assertTrue(found, name)

    def test_import_stores_the_same_events(self):
        path = next(self.own_files())
        run = self.json("import", path, "--store", self.store)["run_ids"][0]
        stored = self.json("events", run, "--store", self.store)["events"]
        found = self.json("detect", path)["events"]
        self.assertEqual(sorted((e["signal"], e["position"], e["kind"]) for e in stored),
                         sorted((e["signal"], e["position"], e["kind"]) for e in found))

    def test_files_of_others_give_the_events_that_detect_gives(self):
        data = self.shared("streams").parent
        every = sorted(path for path in data.glob("*/**/*") if path.suffix in (".csv", ".tsv", ".jsonl") and
                       1000 < path.stat().st_size < 1_000_000)
        chosen, compared = every[::max(1, len(every) // 14)], 0
        for path in chosen:
            if compared == 10 or self.run_program("detect", path, "--detector", "watch").returncode != 0:
                continue  # Enough, or no log of numbers.
            watched, found = self.events(path)
            self.assertEqual(watched, found, path)
            print(f"{path.relative_to(data)}: {len(found)} equal events")
            compared += 1

    def test_a_run_is_forecast_while_it_is_followed(self):
        example = pathlib.Path(__file__).resolve().parents[2] / "examples" / "grokking.csv"
        lines = self.ok("watch", example, "--once", "--store", self.store, "--json", "--deadline", "4000").splitlines()
        made = [record for record in map(json.loads, lines) if "target" in record]
        self.assertGreater(len(made), 5)
        self.assertEqual(made[-1]["status"], "already_past")
        one = next(f for f in made if f["status"] == "ok")
        run = self.json("runs", "--store", self.store)["runs"][0]["id"]
        later = self.json("forecast", run, "--store", self.store, "--deadline", 4000, "--at", one["at"])["forecast"]
        self.assertEqual(later["probability"], one["probability"])
        quiet = self.ok("watch", example, "--once", "--store", self.store, "--json", "--no-forecast").splitlines()
        self.assertFalse([r for r in map(json.loads, quiet) if "target" in r])

    def test_what_cannot_be_watched_is_refused(self):
        path = self.write("x.csv", "step,x\n0,1\n1,2\n")
        self.refused(2, "watch", path, "--store", self.store, "--detector", "cusun", naming="cusum")
        self.refused(2, "watch", path, "--store", self.store, "--detector", "watch", "--set", "alpha=1",
                     naming="--alpha")
        self.refused(2, "import", path, "--store", self.store, "--detector", "cusum", "--set", "nonsense=1",
                     naming="nonsense")
        self.refused(2, "watch", path, "--store", self.store, "--once", "--idle", "3", naming="--once")
        packed = self.folder / "x.csv.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        self.refused(3, "watch", packed, "--store", self.store, "--once", naming="import")

    def test_a_missing_path_is_refused(self):
        self.refused(3, "watch", "absent", "--store", self.store, naming="absent")


if __name__ == "__main__":
    unittest.main()
