"""`emdyn`, and `python -m emdyn`: the program that the wheel carries."""

import os
import shutil
import sys


def main():
    name = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "emdyn")
    if not os.path.exists(name):  # A build tree has the program elsewhere.
        name = os.environ.get("EMDYN") or shutil.which("emdyn")
    if not name or os.path.realpath(name) == os.path.realpath(sys.argv[0]):
        sys.exit("emdyn: the program is not part of this installation; install the wheel, or the Debian package")
    os.execv(name, ["emdyn", *sys.argv[1:]])


if __name__ == "__main__":
    main()
