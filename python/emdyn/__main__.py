"""`emdyn`, and `python -m emdyn`: the program that the wheel carries."""

import os
import sys


def main():
    from emdyn import _program

    name = _program.path_or_none()
    if not name or os.path.realpath(name) == os.path.realpath(sys.argv[0]):
        sys.exit("emdyn: the program is not part of this installation; install the wheel, or the Debian package")
    os.execv(name, ["emdyn", *sys.argv[1:]])


if __name__ == "__main__":
    main()
