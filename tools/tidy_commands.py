#!/usr/bin/env python3
"""Serves tools/check_tidy.sh: from the compile commands of BUILD and the sources named on standard input, writes to
WORK compile commands that clang can use and, in `files`, the sources to check. With MOST: no source that sees torch,
and at most so many; what is left out is told."""
import json
import pathlib
import re
import sys

build, work, most = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
root = pathlib.Path(__file__).resolve().parent.parent
commands = {}
for entry in json.loads((build / "compile_commands.json").read_text()):
    # GCC's precompiled headers, and its options that clang does not know.
    of_gcc = r" -Winvalid-pch| -include \S*cmake_pch\.hxx| -fpch-\S+| -Wno-restrict"
    command, file = re.sub(of_gcc, "", entry["command"]), pathlib.Path(entry["file"])
    unity = "/Unity/" in entry["file"] and file.is_file()
    batch = re.findall(r'#include "([^"]+\.cpp)"', file.read_text()) if unity else [entry["file"]]
    for source in batch:
        commands[source] = {**entry, "file": source, "command": command.replace(entry["file"], source)}
named = [str(root / line.strip()) for line in sys.stdin if line.strip()]
known = [source for source in named if source in commands]
chosen = [source for source in known if not most or "torch/csrc" not in commands[source]["command"]]
torch, chosen = len(known) - len(chosen), chosen[:int(most or len(chosen))]
for left, why in ((len(named) - len(known), f"not compiled in {build}"), (torch, "see torch"),
                  (len(known) - torch - len(chosen), f"beyond the first {most}")):
    if left:
        print(f"tidy: {left} sources left out: {why}", file=sys.stderr)
(work / "compile_commands.json").write_text(json.dumps([commands[source] for source in chosen]))
(work / "files").write_text("".join(source + "\n" for source in chosen))
