#!/usr/bin/env python3
"""Figures of the house: for each wing of src/emdyn its folders, files, lines, lengths of files and functions, the share
of lines that are comments, and lines of tests per line of code; below them the functions over 70 lines and the circles.

  tools/house_figures.py [--json] [FOLDER]

Tests (x_test.cpp and what serves them) count in the last column only. A function's length is the number of lines from
its first word, templates included, to its closing brace."""
import collections
import json
import statistics
import sys

import check_layers
import source_tree

LONG_LINES = 70


def p90(values):
    """Nearest rank."""
    return sorted(values)[max(0, -(-9 * len(values) // 10) - 1)]


def lengths(text):
    """(name, first line, lines) of each function of a file."""
    code = source_tree.blank(text)
    starts = [scope for scope in source_tree.scopes(code) if scope.kind == "function"]
    for scope in starts:
        first = code.count("\n", 0, scope.begin) + 1
        names = [outer.name for outer in scope.outer if outer.kind == "class"] + [scope.name]
        yield "::".join(names), first, code.count("\n", scope.begin, scope.close) + 1


def comment_lines(text):
    """Lines on which a comment and nothing else stands."""
    return sum(not bare.strip() and bool(line.strip())
               for bare, line in zip(source_tree.blank(text).splitlines(), text.splitlines()))


class Wing:
    def __init__(self):
        self.folders, self.files, self.functions = set(), [], []
        self.comments = self.filled = self.tests = 0

    def add(self, path, where):
        text = path.read_text()
        count = text.count("\n")
        self.folders.add(path.parent)
        if source_tree.is_test(path):
            self.tests += count
            return
        self.files.append(count)
        self.comments += comment_lines(text)
        self.filled += sum(bool(line.strip()) for line in text.splitlines())
        self.functions += [(length, f"{where}:{first}", name) for name, first, length in lengths(text)]

    def figures(self):
        functions, lines = [each[0] for each in self.functions] or [0], sum(self.files)
        return {"folders": len(self.folders), "files": len(self.files), "lines": lines,
                "file_median": statistics.median(self.files or [0]), "file_p90": p90(self.files or [0]),
                "functions": len(self.functions), "function_median": statistics.median(functions),
                "function_p90": p90(functions), "over_70": sum(each > LONG_LINES for each in functions),
                "comment_share": round(self.comments / max(self.filled, 1), 3),
                "test_share": round(self.tests / max(lines, 1), 2)}


def figures(root):
    wings, every = collections.defaultdict(Wing), Wing()
    source = root / "src/emdyn"
    for path in sorted(source.rglob("*.?pp")):
        wings[path.relative_to(source).parts[0]].add(path, path.relative_to(root))
    for wing in wings.values():
        every.folders |= wing.folders
        every.files += wing.files
        every.functions += wing.functions
        every.comments, every.filled = every.comments + wing.comments, every.filled + wing.filled
        every.tests += wing.tests
    modules = source_tree.modules(root)
    return {"wings": {name: wing.figures() for name, wing in sorted(wings.items())}, "all": every.figures(),
            "number_of_wings": len(wings),
            "long_functions": [{"lines": length, "where": where, "name": name}
                               for length, where, name in sorted(every.functions, reverse=True) if length > LONG_LINES],
            "circles": check_layers.circles({name: each.depends for name, each in modules.items()}, "circle")}


def main():
    found = figures(source_tree.root_from(sys.argv[1:]))
    if "--json" in sys.argv:
        print(json.dumps(found, indent=1))
        return
    columns = list(found["all"])
    print(f"{'wing':13}" + "".join(f"{name.replace('_', ' '):>{len(name) + 2}}" for name in columns))
    for name, row in [*found["wings"].items(), ("all", found["all"])]:
        print(f"{name:13}" + "".join(f"{row[column]:>{len(column) + 2}g}" for column in columns))
    print(f"wings {found['number_of_wings']}, circles {len(found['circles'])}, "
          f"functions over {LONG_LINES} lines {len(found['long_functions'])}")
    for each in found["long_functions"]:
        print(f"  {each['lines']:4} lines  {each['where']}  {each['name']}")
    print("".join(f"  {each}\n" for each in found["circles"]), end="")


if __name__ == "__main__":
    main()
