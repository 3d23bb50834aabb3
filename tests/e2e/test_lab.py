"""Labs without a network: the program runs them itself, and their runs show what theory says."""
import unittest

from program import ProgramTest

NO_PLUGIN = {"EMDYN_PLUGIN": "/nowhere"}


class Lab(ProgramTest):
    def lab(self, name, *settings):
        options = [word for setting in settings for word in ("--set", setting)]
        return self.json("lab", "run", name, *options, "--store", self.store, env=NO_PLUGIN)

    def test_critical_points_are_where_theory_puts_them(self):
        for name, settings, quantity in [
                ("ising", ["size=16", "clusters=600"], "critical temperature"),
                ("kuramoto", ["oscillators=500"], "critical coupling"),
                ("percolation", ["nodes=8000"], "critical mean degree")]:
            with self.subTest(name):
                truth = {each["quantity"]: each for each in self.lab(name, *settings)["truth"]}[quantity]
                self.assertLess(truth["relative_error"], 0.02, truth)
                self.assertLessEqual(truth["measured"]["low"], truth["measured"]["high"])

    def test_the_whole_says_more_than_its_elements_but_not_in_the_null(self):
        def along(*settings):
            return [scale["effective_information"]
                    for scale in self.lab("hierarchy", "steps=200", *settings)["data"]["along_scale"]]
        coupled, null = along(), along("coupling=0")
        self.assertLess(coupled[0], 0.01)
        self.assertGreater(coupled[-1], 0.6)
        self.assertEqual(coupled, sorted(coupled))
        self.assertEqual(null, sorted(null, reverse=True))

    def test_a_run_is_stored_and_can_be_analysed(self):
        run = self.lab("kuramoto", "oscillators=300")["run"]
        found = self.json("analyze", run, "--store", self.store)
        self.assertEqual(found["signals"], 4)

    def test_the_list_states_each_truth_and_slips_are_told(self):
        listed = self.json("lab", "list", env=NO_PLUGIN)["experiments"]
        self.assertIn("hierarchy", [each["name"] for each in listed])
        for each in listed:
            self.assertTrue(each["truth"], each["name"])
        self.refused(2, "lab", "run", "isng", "--store", self.store, naming="did you mean \"ising\"", env=NO_PLUGIN)
        self.refused(2, "lab", "run", "ising", "--set", "size=9", "--store", self.store, naming="even", env=NO_PLUGIN)
        self.refused(4, "lab", "run", "grokking", "--store", self.store, naming="torch plugin", env=NO_PLUGIN)


if __name__ == "__main__":
    unittest.main()
