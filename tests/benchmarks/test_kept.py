"""Dense frames are made once for everything they depend on."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.kept import folder, kept


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_an_array_is_made_once(capsys):
    made = []

    def make():
        made.append(1)
        return np.arange(6, dtype=np.float32).reshape(2, 3)

    for _ in range(2):
        assert (kept("frame", ("volume", 0.1), make) == np.arange(6).reshape(2, 3)).all()
    assert len(made) == 1
    assert capsys.readouterr().err.startswith("frame: made in ")


def test_whatever_it_depends_on_makes_another():
    first = kept("frame", ("volume", 0.1), lambda: np.zeros(3))
    assert kept("frame", ("volume", 0.2), lambda: np.ones(3))[0] != first[0]
    assert kept("other", ("volume", 0.1), lambda: np.ones(3))[0] != first[0]


def test_a_file_that_was_cut_off_is_made_again():
    kept("frame", (), lambda: np.zeros(1000))
    (path,) = folder().iterdir()
    path.write_bytes(path.read_bytes()[:500])
    assert kept("frame", (), lambda: np.ones(1000)).all()
