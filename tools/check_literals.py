#!/usr/bin/env python3
"""Fails where code outside a registry compares a name with the name of a registry's entry. What an entry can do is a
field of the entry; code that asks for its name goes wrong silently when an entry comes or changes.

Names of entries are those that a method states of itself (kName, beside kSummary or kPaper) and the first words of rows
of tables: AnyEntry{"fog", ...} everywhere, {.name = "fgsm", ...} in registries (registry.cpp, x_registry.cpp).
Found are == and != (compare, contains) with such a literal, with Type::kName or with a constant that holds the literal,
and tables that map two or more names of one registry. --list prints the names and where they are from; --known fails on
those that TO_MEND counts, too."""
import collections
import re
import sys

import source_tree

# (file, word): what else the word is the name of, there.
ALLOWED = {
    ("src/emdyn/app/cli/export.cpp", "csv"),  # What is written, not what is read.
    ("src/emdyn/app/cli/export.cpp", "jsonl"),
}

# How often a file asks today, until the entries have the fields. A file leaves this table with its mending; none comes
# in.
TO_MEND = {}

STATED = re.compile(r'\bkName\s*=\s*"([a-z]\w*)"')
ROW = re.compile(r'\b\w*Entry\s*\{+\s*(?:\.name\s*=\s*)?"([a-z]\w*)"\s*,')
NAMED_ROW = re.compile(r'\.name\s*=\s*"([a-z]\w*)"')
MAPPED = re.compile(r'\{\s*"([a-z]\w*)"\s*,')
CONSTANT = re.compile(r'\bconst(?:expr)?\s+[\w:]+\s+(?:const\s+)?(k\w+)\s*(?:=\s*|\{)"([a-z]\w*)"')
ASKED = re.compile(r'[!=]=\s*("[a-z]\w*"|[\w:]*\bk[A-Z]\w*)|("[a-z]\w*"|[\w:]*\bk[A-Z]\w*)(?:sv|s)?\s*[!=]='
                   r'|\b(?:compare|contains|starts_with)\(\s*("[a-z]\w*")\s*\)')


def is_registry(path):
    return bool(re.search(r"(^|_)registry\.[ch]pp$", path.name))


def read(root):
    """Text of the sources without comments, by path."""
    def keep(match):
        return match.group() if match.group()[0] != "/" else re.sub(r"[^\n]", " ", match.group())
    return {path: source_tree.LITERALS.sub(keep, path.read_text()) for path in sorted((root / "src").rglob("*.?pp"))
            if not source_tree.is_test(path)}


def entry_names(files):
    """The files that state an entry's name."""
    found = collections.defaultdict(set)
    for path, text in files.items():
        names = ROW.findall(text) + (NAMED_ROW.findall(text) if is_registry(path) else [])
        if re.search(r"\bk(Summary|Paper)\s*=", text):
            names += STATED.findall(text)
        for name in names:
            found[name].add(path)
    return found


def errors_of(root):
    files = read(root)
    names = entry_names(files)
    constants = {constant: name for text in files.values() for constant, name in CONSTANT.findall(text)
                 if name in names and constant != "kName"}
    for path, text in files.items():
        if is_registry(path):
            continue
        where = path.relative_to(root).as_posix()

        def told(at, word, what):
            if (where, word) not in ALLOWED:
                stated = min(names[word]).relative_to(root) if word in names else "its own header"
                line = text.count("\n", 0, at) + 1
                yield f"{where}:{line}: {what}, an entry of {stated}: ask a field of the entry"

        for match in ASKED.finditer(text):
            asked = next(filter(None, match.groups()))
            word = constants.get(asked.rpartition(":")[2], asked.strip('"'))
            if asked.endswith("::kName") and not re.search(  # A template may ask for its own parameter's name.
                    rf"template\s*<[^>]*\b{asked.split(':')[-3]}\b", text):
                yield from told(match.start(), asked, f"compares with {asked}")
            elif word in names and path not in names[word]:
                yield from told(match.start(), word, f"compares with {asked}")
        rows = collections.defaultdict(dict)
        for match in MAPPED.finditer(text):
            stated = names.get(match.group(1), set())
            for folder in {each.parent for each in stated if path not in stated}:
                rows[folder].setdefault(match.group(1), match.start())
        for words in rows.values():
            if len(words) > 1:
                word = min(words, key=words.get)
                yield from told(words[word], word, "maps the names " + ", ".join(sorted(words)))


def new_ones(errors):
    """All but those that TO_MEND counts; a file with more of them than counted is told whole."""
    by_file = collections.defaultdict(list)
    for error in errors:
        by_file[error.split(":")[0].rpartition("/")[2]].append(error)
    for name, found in by_file.items():
        if len(found) > TO_MEND.get(name, 0):
            yield from found
        elif len(found) < TO_MEND[name]:
            yield f"{name} asks less often than tools/check_literals.py knows: mend its table"
    for name in sorted(set(TO_MEND) - set(by_file)):
        yield f"{name} is mended: take it out of TO_MEND in tools/check_literals.py"


def main():
    root = source_tree.root_from(sys.argv[1:])
    if "--list" in sys.argv:
        print("\n".join(f"{name}  {', '.join(sorted(path.relative_to(root).as_posix() for path in paths))}"
                        for name, paths in sorted(entry_names(read(root)).items())))
        return
    errors, own = errors_of(root), root == source_tree.ROOT and "--known" not in sys.argv
    told = f" ({sum(TO_MEND.values())} to be mended)" if own else ""
    source_tree.finish("literals", new_ones(errors) if own else errors, told)


if __name__ == "__main__":
    main()
