"""Pages of runs, through the program."""
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from program import ProgramTest  # noqa: E402


def table(columns, rows):
    return ",".join(columns) + "\n" + "".join(",".join(f"{x:.6g}" for x in row) + "\n" for row in rows)


class Reports(ProgramTest):
    def page(self, *arguments):
        out = self.folder / "report.html"
        said = self.ok("report", *arguments, "--out", out)
        return out.read_text(), said

    def test_incidents_of_a_plain_file_are_told_in_a_line(self):
        noise = random.Random(5)
        rows = []
        for i in range(1500):
            bad = 60 if i == 1200 else 1
            rows.append((i, (1 + 0.05 * noise.gauss(0, 1)) * bad, (2 + 0.1 * noise.gauss(0, 1)) * bad))
        page, _ = self.page(self.write("log.csv", table(["step", "train_loss", "grad_norm"], rows)))
        self.assertIn("1 incident (2 alarms in 2 signals), the first at step 1,200", page)
        self.assertRegex(page, r'<a href="#t\d+">step 1,200</a>: (train loss|grad norm) rose ')
        page, _ = self.page(self.folder / "log.csv", "--detector", "none")
        self.assertIn("No alarms.", page)
        self.refused(2, "report", self.folder / "log.csv", "--detector", "nonsense", naming="nonsense")

    def test_characters_that_hide_or_turn_text_are_written_out(self):
        name = "lo\u202ess\u200b\u2066"
        text = f"step,{name}\n" + "".join(f"{i},{i % 7}\n" for i in range(50))
        page, _ = self.page(self.write("bidi.csv", text))
        for character in "\u202e\u200b\u2066":
            self.assertNotIn(character, page)
        self.assertIn("lo⟨U+202E⟩ss⟨U+200B⟩⟨U+2066⟩", page)

    def test_a_signal_is_filed_by_what_it_measures(self):
        rows = [(i, 0.3 + 0.001 * i, 1 / (i + 1)) for i in range(100)]
        path = self.write("evals.csv", table(["step", "activation_quiz/acc", "strange"], rows))
        page, _ = self.page(path, "--role", "gradient_norm=strange")
        self.assertIn("<h3>Loss and accuracy</h3>", page)
        self.assertIn("<h3>Gradients</h3>", page)
        self.assertNotIn("<h3>Activations</h3>", page)

    def test_several_runs_are_laid_over_each_other(self):
        noise = random.Random(8)
        folder = self.folder / "runs"
        folder.mkdir()
        for run in range(5):
            rows = [(i, 2 + run / 10 + 0.03 * noise.gauss(0, 1) + (3 if i in (300, 611) else 0)) for i in range(900)]
            (folder / f"seed{run}.csv").write_text(table(["step", "train_loss"], rows))
        page, said = self.page(folder)
        self.assertIn("2 incidents are common to several runs", said)
        for text in ("seed0", "seed4", 'class="run r4"', 'id="c0-1"', "step 611", "Ends lowest at 2"):
            self.assertIn(text, page)
        self.assertRegex(page, r"5 of 5</td>")
        page, _ = self.page(folder / "seed1.csv", folder / "seed2.csv")
        self.assertIn("looked for in three runs or more", page)
        self.refused(2, "report", folder, "--deadline", 800, naming="--deadline")

    def test_positions_that_are_moments_are_told_as_dates(self):
        text = "timestamp,load\n" + "".join(f"{1396342800 + 300 * i},{10 + 5 * (i > 300) + 0.1 * (i % 5)}\n"
                                            for i in range(600))
        page, _ = self.page(self.write("machine.csv", text))
        self.assertIn("2014-04-0", page)
        self.assertIn("time (UTC)", page)


class Tables(ProgramTest):
    def test_tables_of_a_terminal_keep_within_80_columns(self):
        # A pseudo-terminal of 80 columns.
        import fcntl, os, pty, struct, subprocess, termios  # noqa: E401
        rows = [(i, 1 + (9 if i in (700, 800) else 0) + 0.1 * ((i * 7) % 5)) for i in range(1000)]
        path = self.write("a_rather_long_name_of_a_file.csv", table(["step", "hendrycksTest-marketing/some_score"], rows))
        self.ok("import", "--store", self.store, path)
        for arguments in (["runs"], ["events", "a_rather_long_name_of_a_file"]):
            main, terminal = pty.openpty()
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            process = subprocess.Popen([os.environ.get("EMDYN", "build/release/emdyn"), *arguments, "--store", self.store],
                                       stdout=terminal, stderr=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "1"})
            os.close(terminal)
            said = b""
            try:
                while chunk := os.read(main, 65536):
                    said += chunk
            except OSError:
                pass  # The other end is closed.
            self.assertEqual(process.wait(), 0)
            os.close(main)
            lines = said.decode().splitlines()
            self.assertGreater(len(lines), 1)
            for line in lines:
                self.assertLessEqual(len(line.rstrip()), 80, line)


if __name__ == "__main__":
    unittest.main()
