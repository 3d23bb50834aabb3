"""Help, version, completion and the refusals every verb shares."""
import json
import os
import subprocess
import unittest

from program import EMDYN, ProgramTest

VERBS = ["analyze", "bench", "completion", "detect", "doctor", "events", "explain", "export", "forecast",
         "import", "predictor", "report", "runs", "segment", "watch"]


class Basics(ProgramTest):
    def test_help_lists_every_verb_and_each_verb_explains_itself(self):
        text = self.ok("--help")
        for verb in [*VERBS, "demo", "lab", "model"]:
            self.assertIn(f"\n  {verb}", text)
        for verb in VERBS:
            help_text = self.ok(verb, "--help")
            self.assertIn("--json", help_text, verb)

    def test_version_as_text_and_json(self):
        self.assertTrue(self.ok("--version").startswith("emdyn "))
        self.assertIn("version", self.json("--version"))

    def test_unknown_words_are_refused_with_the_nearest_known_one(self):
        self.refused(2, "detcet", naming="did you mean detect?")
        self.refused(2, "runs", "--stroe", "x", naming="did you mean --store?")
        self.refused(2, "import", "--json", naming="PATH")
        self.assertEqual(self.run_program().returncode, 2)

    def test_hostile_arguments_are_escaped(self):
        message = self.refused(2, "de\x1b[31mtect")
        self.assertNotIn("\x1b", message)

    def test_completion_scripts_are_valid_shell(self):
        script = self.ok("completion", "bash")
        self.assertIn("forecast", script)
        checked = subprocess.run(["bash", "-n"], input=script.encode(), capture_output=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.refused(2, "completion", "powershell", naming="bash, zsh or fish")

    def test_a_full_disk_behind_standard_output_is_an_error(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("SKIPPED: no /dev/full")
        with open("/dev/full", "w") as full:
            done = subprocess.run([EMDYN, "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"standard output", done.stderr)

    def test_doctor_examines_the_installation(self):
        report = self.json("doctor")
        self.assertGreaterEqual(report["cores"], 1)
        self.assertIn("torch_plugin", report)

    def test_verbs_that_need_torch_say_what_is_missing(self):
        self.refused(4, "model", "info", "x", naming=["torch plugin", "/nowhere"], env={"EMDYN_PLUGIN": "/nowhere"})

    def test_bench_is_a_program_of_its_own(self):
        text = self.ok("bench", "--list")
        listed = [each["name"] for each in self.json("bench", "--list")["benches"]]
        self.assertEqual(listed, [line.split()[0] for line in text.splitlines()])
        self.assertTrue({"detect", "store", "lab", "stress", "nab", "tcpd"} <= set(listed))
        self.assertTrue(self.ok("bench", "--version").startswith("emdyn-bench "))
        rows = self.json("bench", "store", "--points", "4000", "--folder", self.folder)["rows"]
        self.assertTrue(rows)
        for row in rows:
            self.assertTrue({"name", "value", "unit", "baseline", "baseline_name", "ratio"} <= set(row), row)
        for arguments, named in [(["bench", "stroe"], "did you mean store?"), (["bench", "nab"], "--data"),
                                 (["bench", "store", "--pionts", "9"], "did you mean --points?")]:
            done = self.run_program(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertTrue(done.stderr.startswith(b"emdyn-bench: "), done.stderr)
            self.assertIn(named, done.stderr.decode())

    def test_bench_that_is_not_installed_says_where_to_get_it(self):
        self.refused(4, "bench", "store", naming=["emdyn-bench", "/nowhere", "scripts/package.sh"],
                     env={"EMDYN_BENCH": "/nowhere"})
        done = self.run_program("bench", "lab", env={"EMDYN_BENCH_PLUGIN": "/nowhere"})
        self.assertEqual(done.returncode, 4)
        self.assertIn(b"/nowhere", done.stderr)


if __name__ == "__main__":
    unittest.main()
