"""What is stored holds: interleaved runs, cut lines, stops, kills, full disks, many files, old stores."""
import gzip
import json
import os
import pathlib
import random
import signal
import subprocess
import time
import unittest

from program import EMDYN, STUDY, ProgramTest, tell_study

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "issues"
SPIKES = (300, 700, 1100)


def log_line(step):
    noise = ((step * 7919) % 101 - 50) / 5000
    return f"{step},{1 + noise + (4 if step in SPIKES else 0):.4f}\n"


class Holding(ProgramTest):
    def runs(self):
        return self.json("runs", "--store", self.store)["runs"]

    def points(self, run):
        rows = self.ok("export", run, "--store", self.store).splitlines()[1:]
        return [tuple(row.split(",")[3:5]) for row in rows]

    def sound(self):
        done = self.run_program("doctor", self.store)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def left_in_runs(self):
        return sorted({path.suffix for path in (pathlib.Path(self.store) / "runs").iterdir()})

    def start_watch(self, path, *options):
        process = subprocess.Popen(
            [EMDYN, "watch", str(path), "--store", self.store, "--json", "--no-forecast", "--poll", "0.05", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def wait_for_points(self, wanted):
        for _ in range(400):
            done = self.run_program("runs", "--store", self.store, "--json")
            if done.returncode == 0 and sum(r["points"] for r in json.loads(done.stdout)["runs"]) >= wanted:
                return
            time.sleep(0.05)
        self.fail(f"never saw {wanted} points: {done.stdout} {done.stderr}")


class Interleaved(Holding):
    def test_rows_of_many_runs_in_turn(self):
        path = self.write("many.csv", "run,step,loss\n" + "".join(
            f"r{run},{step},{run + step / 100}\n" for step in range(20) for run in range(300)))
        result = self.json("import", path, "--store", self.store)
        self.assertEqual((result["runs"], result["points"]), (300, 6000))
        self.assertEqual({run["points"] for run in self.runs()}, {20})
        self.assertEqual(self.points("r17"), [(str(s), f"{17 + s / 100:.10g}") for s in range(20)])
        self.assertEqual(self.left_in_runs(), [".db"])
        self.sound()


class Again(Holding):
    def test_importing_again_adds_what_is_new_and_no_more(self):
        path = self.write("log.csv", "step,loss\n" + "".join(map(log_line, range(500))))
        first = self.json("import", path, "--store", self.store)
        again = self.json("import", path, "--store", self.store)
        self.assertEqual(again["run_ids"], first["run_ids"])
        self.assertEqual((again["points"], again["known_runs"], again["events"]), (0, 1, 0))
        with open(path, "a") as file:
            file.writelines(map(log_line, range(500, 1500)))
        more = self.json("import", path, "--store", self.store)
        self.assertEqual((more["run_ids"], more["points"]), (first["run_ids"], 1000))
        self.assertEqual(len(self.points(first["run_ids"][0])), 1500)
        # As if it had been read at once.
        events = [e["position"] for e in self.json("events", "log", "--store", self.store)["events"]]
        self.assertEqual(events, [e["position"] for e in self.json("detect", path)["events"]])
        self.ok("watch", path, "--store", self.store, "--once")
        self.assertEqual(len(self.runs()), 1)
        other = self.json("import", path, "--store", self.store, "--again")
        self.assertEqual((other["points"], len(self.runs())), (1500, 2))
        self.assertEqual(sorted(run["name"] for run in self.runs()), ["log", "log-2"])
        self.sound()

    def test_another_file_of_the_same_name_is_another_run(self):
        path = self.write("log.csv", "step,loss\n1,1\n2,2\n")
        self.ok("import", path, "--store", self.store)
        path.write_text("step,loss\n1,5\n2,6\n3,7\n")
        self.assertEqual(self.json("import", path, "--store", self.store)["points"], 3)
        self.assertEqual(sorted((r["name"], r["points"]) for r in self.runs()), [("log", 2), ("log-2", 3)])

    def test_of_several_paths_all_or_none(self):
        good = self.write("good.csv", "step,loss\n1,1\n")
        bad = self.write("bad.csv", "step,loss\n1,2\n2,oops\n3,1\n")
        self.refused(3, "import", good, bad, "--store", self.store, naming="bad.csv")
        self.assertEqual(self.runs(), [])
        self.ok("import", good, "--store", self.store)
        self.assertEqual(self.left_in_runs(), [".db"])


class Lines(Holding):
    def cut_and_go_on(self, name, head, rest, stop):
        path = self.write(name, head)
        process = self.start_watch(path, *(["--idle", "0.4"] if stop is None else []))
        self.wait_for_points(2)
        if stop is not None:
            time.sleep(0.2)
            process.send_signal(stop)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0 if stop is None else 130, errors)
        self.assertIn(b"pending", errors)
        run = self.runs()[0]["id"]
        self.assertEqual(len(self.points(run)), 2)
        with open(path, "a") as file:
            file.write(rest)
        self.ok("watch", path, "--store", self.store, "--once")
        self.assertEqual(len(self.runs()), 1)
        return self.points(run)

    def test_a_line_counts_when_it_ends(self):
        for i, stop in enumerate([signal.SIGTERM, signal.SIGINT, None]):
            self.store = str(self.folder / f"store{i}")
            points = self.cut_and_go_on(f"a{i}.csv", "step,loss\n1,0.5\n2,0.5\n3,1234", "5678.9\n4,0.5\n", stop)
            self.assertEqual(points[2:], [("3", "12345678.9"), ("4", "0.5")])

    def test_json_lines_too(self):
        points = self.cut_and_go_on("a.jsonl", '{"step":1,"loss":0.5}\n{"step":2,"loss":0.5}\n{"step":3,"lo',
                                    'ss":7}\n', signal.SIGTERM)
        self.assertEqual(points[2:], [("3", "7")])


class Kills(Holding):
    def test_a_killed_watch_goes_on_and_what_it_told_is_stored(self):
        path = self.write("log.csv", "step,loss\n")
        numbers = random.Random(5)
        told, step, kills = [], 0, 0
        while step < 1500 * STUDY:
            kills += 1
            process = self.start_watch(path)
            with open(path, "a") as file:
                for _ in range(numbers.randrange(2, 6)):
                    for _ in range(40):
                        file.write(log_line(step))
                        step += 1
                    file.flush()
                    time.sleep(numbers.random() * 0.04)
            time.sleep(numbers.random() * 0.15)
            process.kill()
            out, _ = process.communicate(timeout=60)
            whole = out[: out.rfind(b"\n") + 1]
            told += [json.loads(line)["position"] for line in whole.splitlines()]
        told += [json.loads(line)["position"] for line in
                 self.ok("watch", path, "--store", self.store, "--once", "--no-forecast", "--json").splitlines()]
        runs = self.runs()
        self.assertEqual([(run["name"], run["points"]) for run in runs], [("log", step)])
        self.assertEqual([int(position) for position, _ in self.points(runs[0]["id"])], list(range(step)))
        stored = [e["position"] for e in self.json("events", runs[0]["id"], "--store", self.store)["events"]]
        self.assertEqual(stored, [e["position"] for e in self.json("detect", path)["events"]])
        self.assertEqual(set(told), set(stored))  # Each at least once, none that is not there.
        self.assertTrue(set(SPIKES) & set(stored))
        self.assertEqual(self.left_in_runs(), [".db"])
        tell_study(f"watch: {kills} kills, {step} points and {len(stored)} events, none lost, none twice")
        # Told once more by nobody.
        self.assertEqual(self.ok("watch", path, "--store", self.store, "--once", "--no-forecast", "--json"), "")
        self.sound()

    def test_a_killed_import_leaves_all_or_nothing(self):
        paths = [self.write(f"{name}.csv", "run,step,loss\n" + "".join(
            f"{name}{i % 30},{i // 30},{i % 13}\n" for i in range(6000))) for name in "ab"]
        numbers = random.Random(6)
        outcomes = set()
        for _ in range(20 * STUDY):
            process = subprocess.Popen([EMDYN, "import", *map(str, paths), "--store", self.store, "--again"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=0.01 + numbers.random() * 0.3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if not os.path.isdir(self.store):
                continue
            runs = self.runs()
            self.assertEqual(len(runs) % 60, 0)
            self.assertEqual({run["points"] for run in runs} - {200}, set())
            outcomes.add(len(runs))
        tell_study(f"import: {20 * STUDY} kills, every run whole, {max(outcomes)} at the end")
        self.ok("import", paths[0], "--store", self.store, "--again")
        self.assertEqual(self.left_in_runs(), [".db"])
        self.sound()


class Limits(Holding):
    def limited(self, limit, *arguments, timeout=120):
        command = " ".join(["trap '' XFSZ;", limit, "; exec", EMDYN, *map(str, arguments)])
        return subprocess.run(["bash", "-c", command], capture_output=True, timeout=timeout,
                              env={**os.environ, "NO_COLOR": "1"})

    def test_an_import_that_fills_the_disk_leaves_no_run(self):
        numbers = random.Random(3)
        path = self.write("log.csv", "run,step,loss\n" + "".join(
            f"r{i % 2},{i},{numbers.random()}\n" for i in range(60_000)))
        done = self.limited("ulimit -f 100", "import", path, "--store", self.store)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.runs(), [])
        self.ok("import", path, "--store", self.store)
        self.assertEqual([run["points"] for run in self.runs()], [30_000, 30_000])
        self.assertEqual(self.left_in_runs(), [".db"])

    @unittest.skipIf(os.environ.get("EMDYN_SANITIZE"), "a sanitizer needs files of its own")
    def test_more_files_than_descriptors(self):
        logs = self.folder / "logs"
        logs.mkdir()
        for i in range(600):
            (logs / f"r{i:03}.csv").write_text("step,loss\n1,1\n2,2\n")
        done = self.limited("ulimit -n 128", "watch", logs, "--store", self.store, "--once", "--no-forecast")
        self.assertEqual(done.returncode, 0, done.stderr)
        for i in (0, 300, 599):
            with open(logs / f"r{i:03}.csv", "a") as file:
                file.write("3,3\n")
        done = self.limited("ulimit -n 128", "watch", logs, "--store", self.store, "--once", "--no-forecast")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"3 points", done.stderr)
        self.assertEqual(sorted(run["points"] for run in self.runs()), [2] * 597 + [3] * 3)

    def test_a_stop_with_many_files_is_quick_and_loses_nothing(self):
        logs = self.folder / "logs"
        logs.mkdir()
        for i in range(200):
            (logs / f"r{i:03}.csv").write_text("step,loss\n1,1\n2,2\n")
        process = self.start_watch(logs)
        self.wait_for_points(400)
        with open(logs / "r100.csv", "a") as file:
            file.write("3,nan\n")
        self.assertEqual(json.loads(process.stdout.readline())["position"], 3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.ok("watch", logs, "--store", self.store, "--once", "--no-forecast")
        self.assertEqual(sorted(run["points"] for run in self.runs()), [2] * 199 + [3])
        self.sound()


class Stores(Holding):
    def old_store(self):
        runs = pathlib.Path(self.store) / "runs"
        runs.mkdir(parents=True)
        file = runs / "1m8q3t5apzqc77mg.db"
        file.write_bytes(gzip.decompress((FIXTURES / "format_1_store" / "run.db.gz").read_bytes()))
        return file

    def test_a_store_of_format_1_is_read_and_written(self):
        self.old_store()
        self.sound()
        run = self.runs()[0]
        self.assertEqual((run["name"], run["points"], run["events"]), ("old", 3000, 1))
        rows = self.ok("export", "old", "--store", self.store, "--signal", "loss").splitlines()
        self.assertEqual((len(rows), rows[1201].split(",")[3]), (1501, "1200"))
        self.ok("runs", "tag", "old", "kept", "--store", self.store)
        self.assertEqual(self.runs()[0]["tags"], ["kept"])
        self.sound()

    def test_a_flipped_bit_is_never_a_wrong_answer(self):
        path = self.write("log.csv", "step,loss\n" + "".join(map(log_line, range(1500))))
        self.ok("import", path, "--store", self.store)
        file = next(pathlib.Path(self.store).glob("runs/*.db"))
        good = file.read_bytes()
        answers = lambda: [self.run_program(*verb, "log", "--store", self.store, "--json") for verb in
                           (["export"], ["events"])] + [self.run_program("runs", "--store", self.store, "--json")]
        right = [done.stdout for done in answers()]
        numbers = random.Random(8)
        refused = 0
        for _ in range(12 * STUDY):
            at = numbers.randrange(len(good))
            file.write_bytes(good[:at] + bytes([good[at] ^ (1 << numbers.randrange(8))]) + good[at + 1:])
            for done, expected in zip(answers()[:2], right):
                if done.returncode == 0:
                    self.assertEqual(done.stdout, expected, f"byte {at}")
                else:
                    refused += 1
        tell_study(f"flips: {12 * STUDY}, two answers each, {refused} refused, none wrong")
        file.write_bytes(good)

    def test_doctor_saves_what_can_be_read(self):
        path = self.write("log.csv", "step,loss\n" + "".join(f"{i},{random.Random(i).random()}\n" for i in range(20_000)))
        self.ok("import", path, "--store", self.store)
        file = next(pathlib.Path(self.store).glob("runs/*.db"))
        content = bytearray(file.read_bytes())
        middle = len(content) // 2 // 4096 * 4096
        content[middle + 100] ^= 0xFF
        file.write_bytes(content)
        self.assertEqual(self.run_program("doctor", self.store).returncode, 1)
        repaired = self.json("doctor", self.store, "--repair")
        self.assertTrue(repaired["sound"])
        saved = repaired["repair"]["salvaged"][0]
        self.assertGreater(saved["points"], 15_000)
        self.assertLessEqual(saved["points"], 20_000)
        self.assertEqual(len(self.points("log")), saved["points"])
        self.assertTrue((pathlib.Path(self.store) / saved["kept_at"]).exists())


if __name__ == "__main__":
    unittest.main()
