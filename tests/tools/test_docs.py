"""tools/check_docs.py: long lines, dead links, pages nobody is led to."""
import unittest

from tree import TreeTest


class Docs(TreeTest):
    TOOL = "check_docs.py"

    def test_pages_in_order(self):
        self.write("README.md", "# Name\n\n[docs](docs/README.md) [there](docs/a.md#what-it-does--how) [out](https://x.y/z)\n"
                   "[above](#name)\n")
        self.write("docs/README.md", '- [a](a.md)\n- [a again]( a.md "not a link: a blank")\n')
        self.write("docs/a.md", f"# A\n\n## What *it* does / `how`\n\n| {'x' * 130} | y |\n|---|---|\n\n```sh\n{'run ' * 40}\n"
                   f"[no](nowhere.md)\n```\n\n- <https://{'x' * 130}>\n\n`[no](nowhere.md)`\n")
        self.ok()

    def test_faults(self):
        self.write("docs/README.md", "[a](a.md#none), [b](b.md)\n" + "word " * 30 + "\n")
        self.write("docs/a.md", "# A `src/emdyn/core` `tools/gone.py`\n`emdyn/core/gone.hpp` `emdyn/core/here.hpp` `core/here.hpp`\n`here.hpp` `away.hpp`\n")
        self.write("src/emdyn/core/here.hpp")
        self.write("docs/lost.md", "# Lost\n")
        self.found("docs/README.md:1: a.md has no heading #none", "docs/README.md:1: there is no b.md",
                   "docs/README.md:2: 150 columns", "docs/a.md:1: there is no tools/gone.py",
                   "docs/a.md:2: there is no emdyn/core/gone.hpp", "docs/a.md:3: there is no away.hpp", "docs/lost.md: docs/README.md does not lead to it")


if __name__ == "__main__":
    unittest.main()
