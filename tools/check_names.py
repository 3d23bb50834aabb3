#!/usr/bin/env python3
"""Fails when two folders of src/emdyn export a type of the same name. Exported: a class, struct, enum, concept or alias
at namespace scope in a header of a module, headers for tests excepted.
One word has one meaning (concepts.md); where a doubled name is meant, ALLOWED says in words what tells the two apart.

  tools/check_names.py [--list] [FOLDER]      --list prints every exported name with its header"""
import collections
import re
import sys

import source_tree

# name: (last words of the namespaces that may each have it, why nobody takes one for the other)
ALLOWED = {
    "Mahalanobis": (("detect", "ood"), "the same distance: of a row to its stream, and of an input to its class"),
}

DECLARED = re.compile(r"^[ \t]*(?:template\s*<[^;{]*>\s*)?(?:using\s+(\w+)\s*=|concept\s+(\w+)\s*=)", re.M)


def exported(text):
    """(qualified name, line) of the types that a header declares at namespace scope."""
    code = source_tree.blank(text)
    scopes = source_tree.scopes(code)
    spaces = [scope for scope in scopes if scope.kind == "namespace"]

    def qualified(outer, name):
        path = "::".join([scope.name for scope in outer] + [name])
        return None if any(not scope.name or scope.name.endswith("_detail") for scope in outer) else path

    for scope in scopes:
        if scope.kind in ("class", "enum") and scope.name and all(each.kind == "namespace" for each in scope.outer):
            head = code[scope.begin:scope.open]
            if not re.search(rf"\b{scope.name}\s*<", head):  # A specialisation declares nothing new.
                yield qualified(scope.outer, scope.name), code.count("\n", 0, scope.begin) + 1
    for match in DECLARED.finditer(code):
        at = match.start(1) if match.group(1) else match.start(2)
        around = [scope for scope in scopes if scope.open < at < scope.close]
        if around and all(scope in spaces for scope in around):
            yield qualified(around, match.group(1) or match.group(2)), code.count("\n", 0, at) + 1


def names(root):
    """Exported name without its namespace: the (namespace, header, line) that declare it."""
    found = collections.defaultdict(list)
    for module in source_tree.modules(root).values():
        for path in module.headers(root):
            for full, line in exported(path.read_text()):
                if full:
                    namespace, _, name = full.rpartition("::")
                    entry = (namespace, f"{path.relative_to(root)}:{line}")
                    if entry not in found[name]:
                        found[name].append(entry)
    return found


def errors_of(found, own):
    """`own`: the tables above are of this tree."""
    for name, places in sorted(found.items()):
        words = [space.split("::")[-1] for space, _ in places]
        meant = len(set(words)) == len(words) and set(words) <= set(ALLOWED.get(name, ((), ""))[0])
        if len(places) > 1 and not meant:
            yield f"{name} is exported {len(places)} times: " + ", ".join(
                f"{space}::{name} ({where})" for space, where in places)
    for name in sorted(ALLOWED) if own else ():
        if len(found.get(name, ())) < 2:
            yield f"{name} is no longer exported twice: take it out of the table of tools/check_names.py"


def main():
    root = source_tree.root_from(sys.argv[1:])
    found = names(root)
    if "--list" in sys.argv:
        print("\n".join(sorted(f"{space}::{name}  {where}" for name, places in found.items()
                               for space, where in places)))
        return
    source_tree.finish("names", errors_of(found, root == source_tree.ROOT),
                       f" ({len(found)} exported types)")


if __name__ == "__main__":
    main()
