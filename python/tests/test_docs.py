"""Every block of docs/python.md runs, in a folder of its own; those that need what is absent are named and skipped."""

import importlib.util
import pathlib
import re

import pytest

import emdyn

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/python.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_page(number, tmp_path, monkeypatch):
    code = BLOCKS[number]
    for needed in re.findall(r"^# needs: (\w+)", code, re.M):
        if importlib.util.find_spec(needed) is None:
            pytest.skip("SKIPPED: %s is not installed" % needed)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EMDYN_STORE", raising=False)
    try:
        exec(compile(code, "docs/python.md, block %d" % number, "exec"), {"__name__": "__main__"})
    finally:
        emdyn.finish()


def test_the_example(tmp_path):
    pytest.importorskip("torch", reason="SKIPPED: torch is not installed")
    path = PAGE.parents[1] / "examples/python/poisoned_batch.py"
    spec = importlib.util.spec_from_file_location("poisoned_batch", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    alone, saved = module.main(str(tmp_path / "store"))
    assert alone < 0.3 and saved > 0.95
