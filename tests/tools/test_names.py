"""tools/check_names.py: exported types, and those exported twice."""
import unittest

from tree import TreeTest


class Names(TreeTest):
    TOOL = "check_names.py"

    def test_what_counts_as_exported(self):
        self.module("core", "EXCLUDE private.hpp", a_hpp="""
namespace emdyn {
class Forward;
template <class T>
struct Box { struct Inner {}; };
template <>
struct Box<int> {};
enum class Kind { one };
using Word = int;
template <class T>
concept Small = sizeof(T) < 8;
namespace core_detail { struct Hidden {}; }
namespace { struct Private {}; }
inline int f() { using Local = int; struct Here {}; return Local{}; }
// struct Said {};
}  // namespace emdyn
""", a_test_hpp="namespace emdyn { struct OnlyTests {}; }\n", private_hpp="namespace emdyn { struct Excluded {}; }\n")
        names = [line.split()[0] for line in self.ok("--list").splitlines()]
        self.assertEqual(names, ["emdyn::Box", "emdyn::Kind", "emdyn::Small", "emdyn::Word"])

    def test_a_doubled_name(self):
        self.module("certify", "", a_hpp="namespace emdyn::certify {\nstruct Zebra {};\n}\n")
        self.module("guard", "", b_hpp="namespace emdyn::guard {\nusing Zebra = int;\n}\n")
        self.assertIn("Zebra is exported 2 times: emdyn::certify::Zebra (src/emdyn/certify/a.hpp:2), emdyn::guard::Zebra "
                      "(src/emdyn/guard/b.hpp:2)", self.run_tool().stdout)
        self.assertEqual(self.run_tool().returncode, 1)


if __name__ == "__main__":
    unittest.main()
