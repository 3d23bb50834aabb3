"""Logs of other people: what is the position, what is the whole history, what is half written."""
import json
import math
import os
import pathlib
import random
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from program import ProgramTest  # noqa: E402


def noisy(seed=1):
    source = random.Random(seed)
    return lambda mean, scale=0.01: mean + source.gauss(0, scale)


def masked_crc(data):
    table = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
        table.append(c)
    c = 0xFFFFFFFF
    for byte in data:
        c = table[(c ^ byte) & 0xFF] ^ (c >> 8)
    c ^= 0xFFFFFFFF
    return (((c >> 15) | (c << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def event(step, tag, value):
    """One framed record of a TensorBoard event file."""
    def varint(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    scalar = b"\x0a" + varint(len(tag)) + tag.encode() + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + varint(len(scalar)) + scalar
    data = (b"\x09" + struct.pack("<d", 1.7e9 + step) + b"\x10" + varint(step) +
            b"\x2a" + varint(len(summary)) + summary)
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


class Reading(ProgramTest):
    def imported(self, path, *options):
        return self.json("import", path, "--store", self.store, *options)

    def changes(self, path, signal, *options):
        found = self.json("segment", path, "--signal", signal, *options)
        return [change["onset"]["estimate"] for change in found["change_points"]], found

    def warnings(self, *arguments):
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line for line in done.stderr.decode().splitlines() if "warning" in line]


class Positions(Reading):
    def test_a_configuration_in_the_first_line_is_no_position(self):
        value = noisy()
        rows = "".join(json.dumps({"step": i, "loss": round(value(2.0 if i < 101 else 1.0), 5)}) + "\n"
                       for i in range(1, 201))
        for first in ({"lr": 0.001, "epochs": 3, "eps": 1e-8}, {"config": {"epochs": 3}, "name": "a"}):
            at, found = self.changes(self.write("m.jsonl", json.dumps(first) + "\n" + rows), "loss")
            self.assertEqual(at, [101])
            self.assertEqual(found["read"]["sources"][0]["position_column"], "step")
            self.assertEqual(found["read"]["points"], 200)

    def test_a_schedule_of_exploration_is_no_position(self):
        value = noisy(2)
        text = "episode,reward,epsilon\n" + "".join(
            f"{i},{value(20 if i < 200 else 60, 3):.2f},{1 - 0.003 * i:.4f}\n" for i in range(1, 301))
        at, found = self.changes(self.write("log.csv", text), "reward")
        self.assertEqual(at, [200])
        self.assertEqual(found["read"]["sources"][0]["position_column"], "episode")

    def test_rows_of_evaluation_that_leave_a_counter_empty(self):
        rows = ["eval/mean_reward,time/iterations,time/total_timesteps,train/loss"]
        for i in range(1, 101):
            rows.append(f",{i},{2048 * i},{3 / i:.5f}")
            if i % 5 == 0:
                rows.append(f"{30 + i}.5,,{2048 * i + 500},")
        result = self.imported(self.write("progress.csv", "\n".join(rows) + "\n"))
        self.assertEqual(result["sources"][0]["position_column"], "time/total_timesteps")
        self.assertEqual(result["points"], 100 * 2 + 20)

    def test_counts_that_begin_again_in_each_epoch_are_joined(self):
        value = noisy(3)
        lines = [json.dumps({"env_info": "Linux", "seed": 0})]
        table = ["epoch,iter,loss"]
        for epoch in range(1, 7):
            for at in range(10, 501, 10):
                loss = round(value(1.0 if (epoch, at) < (3, 250) else 2.0, 0.02), 5)
                lines.append(json.dumps({"mode": "train", "epoch": epoch, "iter": at, "lr": 0.01, "loss": loss}))
                table.append(f"{epoch},{at},{loss}")
            lines.append(json.dumps({"mode": "val", "epoch": epoch, "iter": 80, "lr": 0.01, "mAP": 0.1 * epoch}))
        for name, text in (("work.log.json", lines), ("log.csv", table)):
            at, found = self.changes(self.write(name, "\n".join(text) + "\n"), "loss")
            self.assertEqual(at, [1250.0], name)  # Epoch 3, iteration 250.
            self.assertEqual(found["read"]["sources"][0]["position_note"], 'joined over "epoch"')

    def test_a_table_in_the_order_of_file_names_is_sorted(self):
        value = noisy(4)
        steps = sorted((2 ** i for i in range(18)), key=str)
        text = "step,acc\n" + "".join(f"{s},{value(0.1 if s < 5000 else 0.9):.4f}\n" for s in steps)
        at, found = self.changes(self.write("evals.csv", text), "acc")
        self.assertEqual(at, [8192])
        self.assertEqual(found["read"]["history"]["sorted"], 1)

    def test_a_position_that_stands_still_is_told(self):
        path = self.write("log.csv", "step,loss\n" + "".join(f"0,{i}\n" for i in range(30)))
        done = self.run_program("segment", path)
        self.assertIn("stands still", done.stderr.decode())
        self.assertEqual(self.json("segment", path)["read"]["sources"][0]["position_column"], "")

    def test_times_in_any_unit(self):
        for factor in (1, 10 ** 3, 10 ** 6, 10 ** 9):
            path = self.write("t.csv", "timestamp,x\n" + "".join(f"{(1700000000 + i) * factor},{i}\n" for i in range(5)))
            run = self.imported(path)["run_ids"][0]
            rows = self.ok("export", run, "--store", self.store).splitlines()[1:]
            self.assertEqual([float(row.split(",")[3]) for row in rows], [1700000000 + i for i in range(5)])

    def test_steps_that_no_double_holds_are_refused(self):
        for name, text in (("s.csv", "step,v\n9007199254740992,1\n9007199254740993,2\n"),
                           ("s.jsonl", '{"step":9007199254740992,"v":1}\n{"step":9007199254740993,"v":2}\n')):
            self.refused(3, "import", self.write(name, text), "--store", self.store, naming=["2^53", name])


class History(Reading):
    """A run that was resumed from step 900 after it had come to 950: as if it had never stopped."""

    def values(self):
        value = noisy(5)
        return [value(0.1 + 0.85 / (1 + math.exp(-(i - 600) / 12)), 0.01) for i in range(1, 1001)]

    def onset(self, path, *options):
        found = self.json("analyze", path, "--signal", "test_accuracy", "--no-keep", *options)
        self.assertEqual(len(found["transitions"]), 1, found)
        return found["transitions"][0]["onset"]["estimate"]

    def files(self):
        values, again = self.values(), noisy(6)
        straight = list(enumerate(values, 1))
        branch = [(i, again(0.95, 0.01)) for i in range(900, 951)]
        resumed = straight[:899] + branch + straight[899:]
        def csv(rows):
            return "step,test_accuracy\n" + "".join(f"{i},{v:.5f}\n" for i, v in rows)
        first = self.folder / "tb"
        first.mkdir(exist_ok=True)
        (first / "events.out.tfevents.1700000000.host").write_bytes(
            b"".join(event(i, "test_accuracy", v) for i, v in straight[:899] + branch))
        (first / "events.out.tfevents.1700010000.host").write_bytes(
            b"".join(event(i, "test_accuracy", v) for i, v in straight[899:]))
        return self.write("straight.csv", csv(straight)), self.write("resumed.csv", csv(resumed)), first

    def test_every_door_gives_the_answer_of_the_straight_run(self):
        straight, resumed, board = self.files()
        wanted = self.onset(straight)
        self.assertAlmostEqual(self.onset(resumed), wanted, places=6)
        self.assertAlmostEqual(self.onset(board), wanted, delta=0.01)
        run = self.imported(resumed)["run_ids"][0]
        self.assertAlmostEqual(self.onset(run, "--store", self.store), wanted, places=6)
        self.assertEqual(self.changes(resumed, "test_accuracy")[0], self.changes(straight, "test_accuracy")[0])
        as_text = lambda path: [(e["position"], e["kind"]) for e in self.json("detect", path)["events"]]
        self.assertEqual(as_text(resumed), as_text(straight))
        report = self.json("report", resumed, "--out", self.folder / "report.html")
        self.assertEqual(report["read"]["history"]["replaced"], 51)
        self.assertEqual(report["read"]["history"]["replaced_from"], 900)

    def test_what_was_replaced_can_be_asked_for(self):
        _, resumed, _ = self.files()
        raw = self.json("segment", resumed, "--raw-segments")
        self.assertEqual(raw["read"]["history"]["replaced"], 0)
        run = self.imported(resumed)["run_ids"][0]
        self.assertEqual(len(self.ok("export", run, "--store", self.store).splitlines()), 1 + 1051)

    def test_a_clock_set_back_loses_nothing(self):
        value = noisy(7)
        hours = [i * 300 for i in range(100)] + [i * 300 - 3600 for i in range(100, 200)]
        text = "timestamp,x\n" + "".join(f"{1700000000 + t},{value(0 if i < 150 else 1):.4f}\n"
                                         for i, t in enumerate(hours))
        at, found = self.changes(self.write("clock.csv", text), "x")
        self.assertEqual(at, [1700000000 + hours[150]])
        self.assertEqual(found["read"]["points"], 200)
        self.assertEqual(found["read"]["history"]["set_back"], 1)


class Leniency(Reading):
    def test_the_half_written_last_line_is_no_value(self):
        value = noisy(8)
        rows = [f"{i},{value(12.34, 0.02):.5f}" for i in range(1, 201)]
        number = self.write("n.csv", "step,loss\n" + "\n".join(rows) + "\n201,1")
        found = self.json("detect", number)
        self.assertEqual(found["events"], [])
        self.assertEqual(found["series"][0]["points"], 200)
        self.assertEqual(found["read"]["torn_rows"], 1)
        lines = "".join(json.dumps({"step": i, "loss": 0.5, "lr": 1e-4}) + "\n" for i in range(1, 201))
        for name, text in (("m.jsonl", lines + '{"step": 201, "lo'),
                           ("m.csv", "step,loss,lr\n" + "".join(f"{i},0.12345,0.0001\n" for i in range(1, 201)) + "201,0.4")):
            self.assertEqual(self.imported(self.write(name, text))["points"], 400)
            self.assertEqual(len(self.warnings("import", self.folder / name, "--store", self.folder / "other")), 1)

    def test_headers_comments_separators_and_units(self):
        files = {
            "again.csv": "epoch,loss\n" + "".join(f"{i},{3 - 0.1 * i:.2f}\n" for i in range(10)) + "epoch,loss\n" +
                         "".join(f"{i},{3 - 0.1 * i:.2f}\n" for i in range(10, 20)),
            "savetxt.csv": "# epoch,loss\n" + "".join(f"{float(i)!r},{3.5 + i!r}\n" for i in range(20)),
            "blanks.txt": "epoch   loss\n" + "".join(f"  {i:4d}   {3.5 + i:.3f}\n" for i in range(20)),
            "excel.csv": "sep=;\nepoch;loss\n" + "".join(f"{i};{i},5\n" for i in range(20)),
            "units.csv": "epoch,loss\n" + "".join(f"{i}/20,{i} %\n" for i in range(20)),
            "open.csv": '#"epoch","loss"\n' + "".join(f"{i},{3.5 + i:.3f}\n" for i in range(20)),
        }
        for name, text in files.items():
            result = self.imported(self.write(name, text))
            self.assertEqual((result["signals"], result["points"]), (1, 20), name)
            self.assertEqual(result["sources"][0]["position_column"], "epoch", name)

    def test_histories_as_arrays_and_dictionaries(self):
        history = {"accuracy": [i / 80 for i in range(80)], "loss": [1 / (i + 1) for i in range(80)]}
        rows = [{"loss": 1 / (i + 1), "epoch": i} for i in range(80)]
        files = {"history.json": (json.dumps(history), 160), "indented.json": (json.dumps(history, indent=2), 160),
                 "inner.json": (json.dumps({"history": history, "params": {"epochs": 80}}), 160),
                 "lines.txt": ("".join(f"{row!r}\n" for row in rows), 80),
                 "stdout.log": ("Loading …\n" + "".join(f"{row!r}\n" for row in rows), 80)}
        for name, (text, points) in files.items():
            self.assertEqual(self.imported(self.write(name, text))["points"], points, name)

    def test_a_log_for_people(self):
        lines = ["building GPT model ..."]
        for i in range(1, 121):
            loss = "" if i > 109 else f"lm loss: {8 - 0.04 * i:.6E} | "
            lines.append(f" iteration {i:8}/    5000 | consumed samples: {64 * i:12} | learning rate: 6.700E-06 | "
                         f"{loss}grad norm: 1.129 | number of nan iterations:   0 |")
        result = self.imported(self.write("train.log", "\n".join(lines) + "\n"))
        self.assertEqual((result["sources"][0]["format"], result["sources"][0]["position_column"]), ("text", "iteration"))
        run = result["run_ids"][0]
        rows = self.ok("export", run, "--signal", "lm loss", "--store", self.store).splitlines()
        self.assertEqual(len(rows), 1 + 109)
        piped = self.ok("detect", "-", "--signal", "lm loss", stdin=("\n".join(lines) + "\n").encode()).splitlines()
        self.assertEqual(json.loads(piped[-1])["samples"], 109)

    def test_no_numbers_says_what_was_seen(self):
        self.refused(3, "import", self.write("words.csv", "name,colour\na,red\nb,blue\n"), "--store", self.store,
                     naming=["no numbers found", "csv", '"colour"'])

    def test_a_refusal_is_one_line_also_behind_warnings(self):
        text = "step,loss,loss,note\n" + "".join(f"{i},1,2,x\n" for i in range(10)) + "10,1,oops,x\n"
        path = self.write("bad.csv", text)
        for verb in (["import", path, "--store", self.store], ["segment", path], ["detect", path], ["analyze", path]):
            self.refused(3, *verb, naming="bad.csv:12")

    def test_equal_warnings_are_one_line_with_a_count(self):
        text = "run,step,loss\n" + "".join(f"r{r},{s},1\n" for r in range(30) for s in (1, 2, 1))
        warnings = self.warnings("import", self.write("many.csv", text), "--store", self.store)
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("29 more like it", warnings[0])


class Folders(Reading):
    def test_links_are_followed_once(self):
        logs = self.folder / "logs"
        (logs / "a").mkdir(parents=True)
        (logs / "a" / "log.csv").write_text("step,x\n1,2\n2,3\n")
        outside = self.folder / "outside"
        outside.mkdir()
        (outside / "more.csv").write_text("step,x\n1,2\n2,3\n")
        os.symlink(logs, logs / "a" / "loop")
        os.symlink(logs / "a", logs / "latest")
        os.symlink(logs / "a" / "log.csv", logs / "copy.csv")
        os.symlink(outside, logs / "linked")
        os.symlink(logs / "gone", logs / "dangling.csv")
        result = self.imported(logs)
        self.assertEqual((result["runs"], result["points"]), (2, 4), result)

    def test_documents_of_trainers_are_found(self):
        logs = self.folder / "out"
        logs.mkdir()
        (logs / "trainer_state.json").write_text(json.dumps({"log_history": [{"step": 1, "loss": 2}, {"step": 2, "loss": 1}]}))
        (logs / "history.json").write_text(json.dumps({"loss": [3, 2, 1]}))
        (logs / "tokenizer.json").write_text(json.dumps({"vocab": {"a": 1}, "list": [1, 2]}))
        (logs / "catalog.json").write_text("[1]")
        result = self.imported(logs)
        self.assertEqual((result["runs"], result["points"], result["warnings"]), (2, 5, []))


class Units(Reading):
    def test_accuracy_in_percent_is_forecast_as_its_fraction(self):
        def table(factor):
            value = noisy(9)
            rows = ["step,train_loss,train_accuracy,test_loss,test_accuracy"]
            for i in range(0, 1001, 10):
                rows.append(f"{i},{4 / (1 + i / 50):.5f},{factor * min(1, 0.02 + i / 150):.4f},{4 + i / 1000:.5f},"
                            f"{factor * max(0, value(0.05, 0.005)):.4f}")
            return "\n".join(rows) + "\n"
        fraction, percent = self.write("fraction.csv", table(1)), self.write("percent.csv", table(100))
        of = lambda path: self.json("forecast", path, "--deadline", 2000, "--at", 500)
        a, b = of(fraction), of(percent)
        self.assertEqual(a["forecast"]["status"], b["forecast"]["status"])
        self.assertEqual(b["in_percent"], ["train_accuracy", "test_accuracy"])
        if a["forecast"]["probability"]:
            self.assertAlmostEqual(a["forecast"]["probability"]["estimate"], b["forecast"]["probability"]["estimate"],
                                   delta=0.02)


if __name__ == "__main__":
    unittest.main()
