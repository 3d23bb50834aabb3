"""What the tests of the package share. They need NumPy and pytest; those that need torch say so where it is absent."""

import os
import warnings

import pytest

import emdyn

warnings.filterwarnings("default", category=emdyn.EmdynWarning)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("EMDYN_STORE", str(tmp_path / "store"))
    yield str(tmp_path / "store")
    emdyn.finish()


@pytest.fixture(scope="session")
def program():
    path = os.environ.get("EMDYN")
    if not path or not os.path.exists(path):
        pytest.skip("SKIPPED: the program is not named by $EMDYN")
    return path


@pytest.fixture
def told(recwarn):
    """Texts of emdyn's warnings so far."""
    return lambda: [str(w.message) for w in recwarn.list if issubclass(w.category, emdyn.EmdynWarning)]
