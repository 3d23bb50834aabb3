"""Finds and runs the program `emdyn`, which computes what the extension does not carry."""

import glob
import json
import os
import shutil
import subprocess
import sys

from ._native import ConfigError, DataError, Error, UnavailableError

_HERE = os.path.dirname(os.path.abspath(__file__))
_KINDS = {2: ConfigError, 3: DataError, 4: UnavailableError}  # By exit code.
_PLUGIN = "libemdyn_torch.so"


def candidates():
    """Programs in the order they are tried: $EMDYN_PROGRAM, the wheel's, $EMDYN, those on the PATH."""
    named = os.environ.get("EMDYN_PROGRAM")
    if named:
        return [named]
    found = [os.path.join(_HERE, "bin", "emdyn"), os.environ.get("EMDYN") or ""]
    found += [os.path.join(folder, "emdyn") for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [each for each in found if each and os.access(each, os.X_OK) and not _is_script(each)]


def _is_script(path):
    """Whether it is this package's own console script, which would only start the next one."""
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def has_plugin(program):
    """Whether the torch plugin lies where this program looks for it."""
    if os.environ.get("EMDYN_PLUGIN"):
        return True
    folder = os.path.dirname(os.path.realpath(program))
    places = [os.path.join(folder, _PLUGIN), *glob.glob(os.path.join(folder, "..", "lib*", "emdyn", _PLUGIN)),
              *glob.glob(os.path.join(folder, "..", "lib", "*", "emdyn", _PLUGIN))]
    return any(os.path.exists(place) for place in places)


def find(plugin=False):
    """The path of the program; with plugin=True of one that has the torch plugin. Raises UnavailableError."""
    found = candidates()
    for each in found:
        if not plugin or has_plugin(each):
            return each
    if os.environ.get("EMDYN_PROGRAM") and not found:
        raise UnavailableError("$EMDYN_PROGRAM names no program: %s" % os.environ["EMDYN_PROGRAM"])
    if plugin and found:
        raise UnavailableError(
            "%s has no torch plugin (%s), which attacks need; install Debian's package of emdyn, or name a program "
            "that has it by $EMDYN_PROGRAM. Your own torch is not used for it" % (found[0], _PLUGIN))
    raise UnavailableError("the program emdyn is not found; install the wheel or Debian's package, or name it by "
                           "$EMDYN_PROGRAM")


def path_or_none():
    """What the console script starts."""
    return next(iter(candidates()), None) or shutil.which("emdyn")


def run(arguments, plugin=False, quiet=True, failed=None):
    """What the program prints with --json. quiet=False: what it says of its progress goes to this stderr.

    failed() is asked for an exception of our own to be the cause of the one that is raised for the exit code.
    """
    program = find(plugin)
    environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    process = subprocess.Popen([program, *map(str, arguments), "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE if quiet else sys.stderr, env=environment)
    try:
        out, told = process.communicate()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if process.returncode == 130 or process.returncode == -2:
        raise KeyboardInterrupt
    if process.returncode != 0:
        lines = (told or b"").decode("utf-8", "replace").strip().splitlines()
        text = lines[-1] if lines else "it ended with %d" % process.returncode
        for prefix in ("emdyn: ", "error: "):
            text = text[len(prefix):] if text.startswith(prefix) else text
        raise _KINDS.get(process.returncode, Error)(text) from (failed() if failed else None)
    return json.loads(out)
