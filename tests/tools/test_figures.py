"""tools/house_figures.py measures functions as a reader counts them."""
import json
import unittest

from tree import TreeTest
import house_figures  # Found by tree.py.

SAMPLE = r'''#include <a>
namespace emdyn {
// A brace in a comment {
constexpr int kTable[] = {1, 2, 1'000};
constexpr std::array kRows{Row{"a{", [](int x) { return x; }}, Row{"b", nullptr}};
struct Point {
  int x{0};
  std::function<int(int)> f = [](int a) {
    return a;
  };
  Point() : x{1}, Base<int>(2), names{"a", "b"} {
    run([&] {
      go();
    });
  }
  int get() const noexcept { return x; }
  bool operator==(const Point& other) const {
    return x == other.x;
  }
  int operator()(int a) const { return a; }
  friend auto operator<=>(const Point&, const Point&) = default;
};
enum class Kind { one, two };
template <class T, int N = (3 > 2)>
  requires std::integral<T>
auto twice(T value) -> std::vector<T>
{
  const char* text = R"x(} { )x";
  return {value, '}'};
}
template <class A>
concept Fits = requires(A a) {
  a.fit();
};
const auto lambda = [](int a) {
  return a;
};
#define MACRO(x) { x
extern "C" {
int plain(void (*f)(int)) { return 0; }
}
}  // namespace emdyn
TEST(Point, Works) {
  EXPECT_EQ(1, 1);
}
'''


class Figures(TreeTest):
    TOOL = "house_figures.py"

    def test_functions_and_their_lengths(self):
        found = [(name, length) for name, _, length in house_figures.lengths(SAMPLE)]
        self.assertEqual(found, [("Point::f", 3), ("Point::Point", 5), ("Point::get", 1), ("Point::operator_", 3),
                                 ("Point::operator_", 1), ("twice", 7), ("lambda", 3), ("plain", 1),
                                 ("TEST(Point, Works)", 3)])

    def test_first_lines(self):
        firsts = {name: first for name, first, _ in house_figures.lengths(SAMPLE)}
        self.assertEqual((firsts["Point::Point"], firsts["twice"], firsts["lambda"]), (11, 24, 35))

    def test_comment_lines(self):
        self.assertEqual(house_figures.comment_lines('// a\nint b; // c\n\n/* d\n e */\nconst char* f = "// g";\n'), 3)

    def test_p90_is_a_value_that_is_there(self):
        self.assertEqual([house_figures.p90(range(1, n + 1)) for n in (1, 9, 10, 11, 20)], [1, 9, 9, 10, 18])

    def test_the_table_of_a_small_house(self):
        body = "void g() {\n" + "  f();\n" * 80 + "}\n"
        self.module("core", "", a_cpp="// why\n" + body, b_cpp="int f() { return 1; }\n", a_test_cpp="int x;\n" * 42)
        self.module("detect/level", "DEPENDS detect/drift", c_hpp="int h();\n")
        self.module("detect/drift", "DEPENDS detect/level", d_hpp="int i();\n")
        found = json.loads(self.ok("--json"))
        core = found["wings"]["core"]
        self.assertEqual((core["files"], core["lines"], core["file_median"], core["file_p90"]), (2, 84, 42, 83))
        self.assertEqual((core["functions"], core["function_median"], core["over_70"]), (2, 41.5, 1))
        self.assertEqual((core["comment_share"], core["test_share"]), (0.012, 0.5))
        self.assertEqual(found["number_of_wings"], 2)
        self.assertEqual(found["wings"]["detect"]["folders"], 2)
        self.assertEqual(found["circles"], ["circle: detect/drift -> detect/level -> detect/drift"])
        self.assertEqual([each["name"] for each in found["long_functions"]], ["g"])
        self.assertIn("82 lines  src/emdyn/core/a.cpp:2  g", self.ok())


if __name__ == "__main__":
    unittest.main()
