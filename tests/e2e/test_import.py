"""From a file of points to runs, events and exports."""
import csv
import gzip
import io
import json
import os
import pathlib
import random
import stat
import subprocess
import unittest

from program import ProgramTest


def wide_csv(rows, spike_at=None, seed=1):
    random.seed(seed)
    lines = ["step,loss,val/acc"]
    for step in range(rows):
        loss = 2.0 + random.gauss(0, 0.05) + (5.0 if step == spike_at else 0.0)
        lines.append(f"{step},{loss:.5f},{0.1 + random.gauss(0, 0.01):.5f}")
    return "\n".join(lines) + "\n"


class Import(ProgramTest):
    def imported(self, *paths):
        return self.json("import", *paths, "--store", self.store)

    def test_a_wide_csv_becomes_a_run_with_the_spike_found(self):
        result = self.imported(self.write("log.csv", wide_csv(2000, spike_at=1500)))
        self.assertEqual((result["runs"], result["signals"], result["points"]), (1, 2, 4000))
        run = result["run_ids"][0]
        listed = self.json("runs", "--store", self.store)["runs"]
        self.assertEqual(listed[0]["id"], run)
        self.assertEqual(listed[0]["points"], 4000)
        self.assertEqual(listed[0]["last_position"], 1999)
        events = self.json("events", run, "--store", self.store)["events"]
        self.assertTrue(any(e["signal"] == "loss" and e["position"] == 1500 for e in events), events)

    def test_export_gives_back_every_point(self):
        path = self.write("log.csv", "step,loss\n1,0.1\n2,nan\n3,\n4,-inf\n5,1e-300\n")
        run = self.imported(path)["run_ids"][0]
        rows = list(csv.DictReader(io.StringIO(self.ok("export", run, "--store", self.store))))
        self.assertEqual([(r["position"], r["value"]) for r in rows],
                         [("1", "0.1"), ("2", "nan"), ("4", "-inf"), ("5", "1e-300")])
        lines = self.ok("export", run, "--format", "jsonl", "--store", self.store).splitlines()
        self.assertEqual(json.loads(lines[1])["value"], "nan")
        out = self.folder / "points.csv"
        self.ok("export", run, "--out", out, "--store", self.store)
        self.assertEqual(len(out.read_text().splitlines()), 5)

    def test_gzip_and_jsonl_are_recognised_by_their_content(self):
        lines = "".join(json.dumps({"step": i, "loss": 1.0 / (i + 1)}) + "\n" for i in range(50))
        result = self.imported(self.write("a.bin", gzip.compress(lines.encode())))
        self.assertEqual(result["points"], 50)

    def test_non_finite_values_are_stored_counted_and_raise_an_event(self):
        result = self.imported(self.write("log.csv", "step,loss\n" + "".join(
            f"{i},{'nan' if i == 60 else 1.0 + 0.01 * (i % 7)}\n" for i in range(100))))
        self.assertEqual(result["nonfinite"], 1)
        events = self.json("events", result["run_ids"][0], "--kind", "nonfinite", "--store", self.store)
        self.assertEqual([e["position"] for e in events["events"]], [60])

    def test_a_step_that_goes_back_keeps_both_segments_and_warns_once(self):
        path = self.write("log.csv", "step,loss\n1,1\n2,2\n3,3\n2,20\n3,30\n1,100\n")
        done = self.run_program("import", path, "--store", self.store, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["points"], 6)
        self.assertEqual(done.stderr.decode().count("warning"), 1, done.stderr)

    def test_hostile_names_are_kept_and_escaped(self):
        name = 'a"<script>\x1b[31m'
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["step", name])
        writer.writerow([1, 2.0])
        run = self.imported(self.write("log.csv", text.getvalue()))["run_ids"][0]
        exported = self.ok("export", run, "--format", "jsonl", "--store", self.store)
        self.assertEqual(json.loads(exported)["signal"], name)
        compared = self.run_program("runs", "compare", run, run, "--store", self.store)
        self.assertNotIn(b"\x1b", compared.stdout)


class BadFiles(ProgramTest):
    def refused_import(self, name, content, naming):
        path = self.write(name, content)
        self.refused(3, "import", path, "--store", self.store, naming=[name, *naming])

    def test_missing_empty_and_binary_files(self):
        self.refused(3, "import", "absent.csv", "--store", self.store, naming="absent.csv")
        self.refused_import("empty.csv", "", ["empty"])
        self.refused_import("noise.bin", bytes(range(256)) * 8, [])

    def test_ragged_rows_and_text_in_number_columns_name_the_line(self):
        self.refused_import("ragged.csv", "step,loss\n1,2\n2,3,4\n", ["3"])
        self.refused_import("text.csv", "step,loss\n1,2\n2,3\n3,4\n4,oops\n5,6\n", ["5", "loss"])

    def test_text_that_is_no_utf8(self):
        self.refused_import("latin.csv", b"step,l\xf6ss\n1,2\n", ["UTF-8"])

    def test_a_truncated_gzip(self):
        whole = gzip.compress(wide_csv(1000).encode())
        self.refused_import("cut.csv.gz", whole[: len(whole) // 2], [])

    @unittest.skipIf(os.environ.get("EMDYN_SANITIZE"), "a sanitizer reserves more than the limit this test sets")
    def test_a_gzip_bomb_is_refused_in_bounded_memory(self):
        bomb = gzip.compress(b"0" * (200 << 20), 9)
        path = self.write("bomb.gz", bomb)
        script = f"ulimit -v 1500000; exec {os.environ['EMDYN']} import {path} --store {self.store}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, cwd=self.folder)
        self.assertEqual(done.returncode, 3, done.stderr)


class BadStores(ProgramTest):
    def test_no_store_is_said_with_the_way_to_make_one(self):
        self.refused(3, "runs", "--store", self.store, naming=["no store here", "emdyn import"])

    def test_an_unknown_and_an_ambiguous_run(self):
        path = self.write("log.csv", "step,loss\n1,2\n")
        for _ in range(2):
            self.ok("import", path, "--store", self.store, "--again")
        self.refused(3, "events", "nobody", "--store", self.store, naming="nobody")
        beginning = os.path.commonprefix([run["id"] for run in self.json("runs", "--store", self.store)["runs"]])
        self.refused(2, "events", beginning, "--store", self.store)

    def test_a_store_from_the_future(self):
        self.ok("import", self.write("log.csv", "step,loss\n1,2\n"), "--store", self.store)
        import sqlite3
        for path in pathlib.Path(self.store).glob("runs/*.db"):
            with sqlite3.connect(path) as database:
                database.execute("PRAGMA user_version = 9999")
        for path in pathlib.Path(self.store).glob("catalog.db*"):
            path.unlink()
        done = self.run_program("doctor", self.store)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"newer", done.stdout + done.stderr)

    def test_a_read_only_folder(self):
        if os.geteuid() == 0 and not os.path.exists("/proc/self/mountinfo"):
            self.skipTest("SKIPPED: root may write everywhere")
        self.refused(3, "import", self.write("log.csv", "step,loss\n1,2\n"), "--store", "/proc/emdyn-store")

    def test_doctor_finds_a_damaged_run_and_tags_and_removal_work(self):
        self.ok("import", self.write("log.csv", wide_csv(3000)), "--store", self.store)
        run = self.json("runs", "--store", self.store)["runs"][0]["id"]
        self.assertEqual(self.run_program("doctor", self.store).returncode, 0)
        self.ok("runs", "tag", run, "good", "--store", self.store)
        self.assertEqual(self.json("runs", "--tag", "good", "--store", self.store)["runs"][0]["id"], run)
        database = next(pathlib.Path(self.store).glob("runs/*.db"))
        content = bytearray(database.read_bytes())
        for i in range(len(content) // 2, len(content) // 2 + 2000):
            content[i] ^= 0x5A
        database.write_bytes(content)
        self.assertEqual(self.run_program("doctor", self.store).returncode, 1)


class Recordings(ProgramTest):
    """Real logs; counts equal an independent count."""

    def test_nanogpt(self):
        path = self.shared("runs/nanogpt_train_loss.csv.gz")
        with gzip.open(path, "rt") as file:
            rows = list(csv.DictReader(file))
        result = self.json("import", path, "--store", self.store)
        self.assertEqual(result["runs"], len({row["run"] for row in rows}))
        self.assertEqual(result["points"], sum(1 for row in rows if row["train_loss"] != ""))

    def test_bloom(self):
        path = self.shared("runs/bloom_chronicle_log_lines.csv")
        with open(path) as file:
            rows = list(csv.DictReader(file))
        signals = [name for name in rows[0] if name not in ("file", "iteration")]
        result = self.json("import", path, "--store", self.store)
        self.assertEqual(result["runs"], len({row["file"] for row in rows}))
        self.assertEqual(result["points"], sum(1 for row in rows for name in signals if row[name] != ""))


if __name__ == "__main__":
    unittest.main()
