"""tools/check_literals.py: names of entries compared outside their registry."""
import unittest

from tree import TreeTest


class Literals(TreeTest):
    TOOL = "check_literals.py"

    def setUp(self):
        super().setUp()
        self.write("src/emdyn/detect/level/cusum.hpp", 'class Cusum {\n  static constexpr std::string_view kName = "cusum";\n'
                   '  static constexpr std::string_view kSummary = "a shift";\n};\n')
        self.write("src/emdyn/corrupt/registry.cpp", 'constexpr std::array kEntries{\n    Entry{"fog", "mist", &fog},\n'
                   '    Entry{"snow", "flakes", &snow},\n};\nif (name == "fog") return;\n')
        self.write("src/emdyn/attack/registry.cpp", 'constexpr std::array kEntries{\n    Made<F>::of({.name = "fgsm", .help = ""}),\n};\n')

    def test_registries_and_tests_may_and_other_words_are_free(self):
        self.write("src/emdyn/cli/a.cpp", 'if (word == "linf") {}  // name == "fgsm"\nprint("snow == fog");\nrun("fgsm");\n')
        self.write("src/emdyn/cli/a_test.cpp", 'EXPECT_TRUE(name == "cusum");\n')
        self.ok()
        self.assertEqual([line.split()[0] for line in self.ok("--list").splitlines()], ["cusum", "fgsm", "fog", "snow"])

    def test_comparisons(self):
        self.write("src/emdyn/cli/a.cpp", 'if (entry.name == "fgsm") {}\nif ("cusum" != name) {}\n'
                   'if (name.compare("fog") == 0) {}\nif (name == Cusum::kName) {}\n')
        self.found('a.cpp:1: compares with "fgsm", an entry of src/emdyn/attack/registry.cpp', 'a.cpp:2: compares with "cusum"',
                   'a.cpp:3: compares with "fog"', "a.cpp:4: compares with Cusum::kName")

    def test_constants_that_hold_a_name(self):
        self.write("src/emdyn/cli/a.hpp", 'inline constexpr std::string_view kDefault = "cusum";\n')
        self.write("src/emdyn/cli/a.cpp", "const bool mine = options.detector == cli::kDefault;\n")
        self.found("a.cpp:1: compares with cli::kDefault")

    def test_tables_of_names_and_templates_that_ask_their_parameter(self):
        self.write("src/emdyn/cli/a.cpp", 'const std::map kCost{{"fog", 1}, {"snow", 2}};\n')
        self.write("src/emdyn/cli/b.cpp", "template <class Method>\nbool same(std::string_view name) { return name == Method::kName; }\n")
        self.found("a.cpp:1: maps the names fog, snow")


if __name__ == "__main__":
    unittest.main()
