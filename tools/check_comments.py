#!/usr/bin/env python3
"""Fails on comments that a formatter or a move has made false or torn: a brace that says it ends a namespace and does
not end that one; a line of one or two words left over where a long line was wrapped; columns run together.
An argument names another folder to check."""
import re
import sys

import source_tree

COMMENT = re.compile(r"(\s*)(//[/!]?<?)(?!\s*(?:clang-format|NOLINT))(.*)$")
NAMESPACE_END = re.compile(r"\}[^\n{}]*//\s*namespace\b[ \t]*([\w:]*)")
WRAPPED_COLUMNS = 80  # A line at least that wide was full: what did not fit stands in the next.
GAP = re.compile(r"(?<=\S) {2,}(?=\S)")


def false_ends(text):
    """(line, what is wrong) of the comments at the ends of namespaces."""
    marked = list(NAMESPACE_END.finditer(text))
    ends = {scope.close: scope.name for scope in source_tree.scopes(source_tree.blank(text))
            if scope.kind == "namespace"} if marked else {}
    for match in marked:
        said, line = match.group(1), text.count("\n", 0, match.start()) + 1
        if match.start() not in ends:
            yield line, f"says that namespace {said or '(unnamed)'} ends here, but no namespace does"
        elif ends[match.start()] != said:
            yield line, f"says namespace {said or '(unnamed)'}, but {ends[match.start()] or 'an unnamed one'} ends here"


def indent(text):
    return len(text) - len(text.lstrip())


def torn(text):
    """(line, what is wrong) of comments that a wrap has torn."""
    lines = text.splitlines()
    found = [COMMENT.match(line) if "//" in line else None for line in lines]
    for i in range(1, len(lines) - 1):
        before, here, after = found[i - 1:i + 2]
        if not here or not before or before.group(1, 2) != here.group(1, 2):
            continue
        words = here.group(3).split()
        goes_on = (after and after.group(1, 2) == here.group(1, 2) and after.group(3).strip()
                   and indent(after.group(3)) >= indent(here.group(3)) and not re.match(r"\s*[-@] ?\w", after.group(3)))
        if (goes_on and 1 <= len(words) <= 2 and len(lines[i - 1]) >= WRAPPED_COLUMNS
                and not re.search(r"[.;,:!?)]$", here.group(3))):
            yield i + 1, f'"{" ".join(words)}" is left over from a wrapped line: join the lines'
        gaps = [match.end() for match in GAP.finditer(here.group(3).rstrip())]
        nearby = {match.end() for other in (before, after) if other for match in GAP.finditer(other.group(3))}
        if len(gaps) > 1 and not nearby & set(gaps):
            yield i + 1, "two columns of a table stand in one line: give each its own"


def main():
    root, errors = source_tree.root_from(sys.argv[1:]), []
    for path in source_tree.code_files(root):
        text = path.read_text(errors="replace")
        errors += [f"{path.relative_to(root)}:{line}: {what}" for line, what in (*false_ends(text), *torn(text))]
    source_tree.finish("comments", errors)


if __name__ == "__main__":
    main()
