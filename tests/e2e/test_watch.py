"""Following files as they grow, and leaving a valid store behind."""
import json
import pathlib
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

    def test_a_missing_path_is_refused(self):
        self.refused(3, "watch", "absent", "--store", self.store, naming="absent")


if __name__ == "__main__":
    unittest.main()
