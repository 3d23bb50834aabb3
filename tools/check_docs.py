#!/usr/bin/env python3
"""Fails on Markdown lines over 120 columns (tables, code and lines that are one long link excepted), on links to files
or headings that are not there, on `paths/of/files` of the repository that are gone, and on pages of docs/ that no
README.md of their folder leads to. An argument names another folder to check."""
import re
import sys

import source_tree

COLUMNS = 120
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(<?([^()\s<>]+(?:\([^()\s]*\))?)>?(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^\s*(```|~~~)")


PATH = re.compile(r"`((?:src|bench|fuzz|tools|scripts|tests|docs|examples|predictors|python|cmake)/[\w./-]+"
                  r"|[\w/]+\.[ch]pp)`")
INCLUDE = re.compile(r'^#include "(emdyn/[^"]+)"', re.MULTILINE)
PLACEHOLDER = re.compile(r"(?<![A-Za-z])[A-Z]{2,}(?![a-z])")  # src/emdyn/detect/NAME.hpp


def prose(text):
    """(line number, line) outside of code blocks."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def anchors(text):
    """Fragments of a page's headings, as GitHub makes them."""
    found = {}
    for _, line in prose(text):
        if match := re.match(r"#{1,6}\s+(.*?)\s*#*$", line):
            title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match.group(1)).replace("`", "")
            name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            count = found.get(name, 0)
            found[name] = count + 1
            yield f"{name}-{count}" if count else name


def pages(root):
    return sorted(path for path in [*root.glob("*.md"), *root.glob(".github/**/*.md"), *(root / "docs").rglob("*.md"),
                                    *(root / "examples").rglob("*.md"), *(root / "python").rglob("*.md")])


def is_there(root, path):
    """A path from the repository's root, from src or from src/emdyn; a bare name of code may lie anywhere."""
    return (any((root / folder / path).exists() for folder in ("", "src", "src/emdyn"))
            or "/" not in path and any(path == each.name for each in source_tree.code_files(root)))


def errors_of(root):
    linked = {}
    for page in pages(root):
        name, text = page.relative_to(root).as_posix(), page.read_text()
        for number, line in prose(text):
            one_link = " " not in line.strip().lstrip("-*[ ").strip()
            if len(line) > COLUMNS and not line.lstrip().startswith("|") and not one_link:
                yield f"{name}:{number}: {len(line)} columns; wrap at {COLUMNS}"
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z][a-z+.-]*:|//", target):
                    continue
                path, _, fragment = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                linked.setdefault(name, set()).add(file)
                if not file.exists():
                    yield f"{name}:{number}: there is no {target}"
                elif fragment and file.suffix == ".md" and fragment not in anchors(file.read_text()):
                    yield f"{name}:{number}: {path or name} has no heading #{fragment}"
            if name != "CHANGELOG.md":  # It tells what was, too.
                for path in PATH.findall(line):
                    if not PLACEHOLDER.search(path) and not is_there(root, path):
                        yield f"{name}:{number}: there is no {path}"
        for header in INCLUDE.findall(text):  # Of the examples, which prose() leaves out.
            if not (root / "src" / header).exists():
                yield f"{name}: an example includes {header}, which is not there"
    for page in pages(root):
        guide = page.parent / "README.md"
        if "docs" in page.relative_to(root).parts and page != guide and page.resolve() not in linked.get(
                guide.relative_to(root).as_posix(), ()):
            yield f"{page.relative_to(root)}: {guide.relative_to(root)} does not lead to it"


def main():
    root = source_tree.root_from(sys.argv[1:])
    source_tree.finish("docs", errors_of(root), f" ({len(pages(root))} pages)")


if __name__ == "__main__":
    main()
