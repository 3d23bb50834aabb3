"""tools/check_comments.py finds false ends of namespaces and comments torn by wrapping."""
import unittest

from tree import TreeTest

LONG = "/// The p-value of a score comes from the calibrator: of the detector's own null distribution, as"


class Comments(TreeTest):
    TOOL = "check_comments.py"

    def test_true_ends_are_fine(self):
        self.write("src/emdyn/a.cpp", "namespace emdyn::detect {\nnamespace {\nint f() { return '{'; }\n}  // namespace\n"
                   "void g() {\n  // namespace x\n}\n}  // namespace emdyn::detect\n")
        self.ok()

    def test_false_ends(self):
        self.write("src/emdyn/a.cpp", "namespace emdyn::old {\nnamespace {\nvoid f() {\n}  // namespace\n}  // namespace detail\n"
                   "}  // namespace emdyn::detect\n")
        self.found("a.cpp:4: says that namespace (unnamed) ends here, but no namespace does",
                   "a.cpp:5: says namespace detail, but an unnamed one ends here",
                   "a.cpp:6: says namespace emdyn::detect, but emdyn::old ends here")

    def test_words_left_over(self):
        self.write("src/emdyn/a.hpp", f"{LONG}\n/// far\n/// as it bears out.\n")
        self.found('a.hpp:2: "far" is left over')

    def test_ends_of_sentences_paragraphs_and_rows_are_none(self):
        self.write("src/emdyn/a.hpp", f"{LONG}\n/// said.\n/// Next.\n{LONG}\n/// told\n///\n/// More\nint a;\n{LONG}\n/// alone\n"
                   f"int b;\n///   rule   {LONG[4:90]}\n///          reported\n///   other  something\n{LONG}\n/// price\n/// @throws\n")
        self.ok()

    def test_columns_run_together(self):
        self.write("src/emdyn/a.hpp", "/// table:\n///   reported refractory  after an alarm none hysteresis  after an\n///   alarm\n"
                   "int a;\n///   a  b   c\n///   d  ee  f\n")
        self.found("a.hpp:2: two columns")


if __name__ == "__main__":
    unittest.main()
