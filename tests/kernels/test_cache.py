"""Compiled kernels survive a restart, and never outlive their source."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import caching

from kernels import cache

SOURCES = Path(cache.__file__).parent
PROJECT = SOURCES.parent

SLAB = """
import json, sys
from pathlib import Path
from kernels import cache
if len(sys.argv) > 1:
    cache.use_cache(Path(sys.argv[1]))
import numpy as np
from kernels import window
window.window(np.zeros((3, 3), np.float32), 0, 10)
stats = window.spread_cpu.stats
print(json.dumps([sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), str(stats.cache_path)]))
"""


def run(code: str, *arguments: str, project: Path = PROJECT, **environment: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")}
    result = subprocess.run(
        [sys.executable, "-B", "-c", code, *arguments],
        cwd=project,
        env=kept | {"PYTHONPATH": str(project)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_the_name_depends_on_every_source_file(tmp_path):
    for path in SOURCES.glob("*.py"):
        shutil.copy(path, tmp_path)
    name = cache.fingerprint(tmp_path)
    for path in sorted(tmp_path.glob("*.py")):
        content = path.read_text()
        path.write_text(content + "\n# changed\n")
        assert cache.fingerprint(tmp_path) != name
        path.write_text(content)
    assert cache.fingerprint(tmp_path) == name


def test_the_same_sources_elsewhere_have_another_name(tmp_path):
    """Numba would find nothing in the folder, and its mark would say that nothing is missing."""
    for path in SOURCES.glob("*.py"):
        shutil.copy(path, tmp_path)
    assert cache.fingerprint(tmp_path) != cache.fingerprint()


def test_the_name_depends_on_the_processor(monkeypatch):
    name = cache.fingerprint()
    monkeypatch.setenv("NUMBA_CPU_NAME", "x86-64-v3")
    assert cache.fingerprint() != name


def test_a_folder_that_is_chosen_already_is_not_nested(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setattr(sys.modules["numba"].config if "numba" in sys.modules else os, "CACHE_DIR", "", raising=False)
    chosen = cache.use_cache(tmp_path)
    assert cache.use_cache(chosen) == chosen == cache.ensure_cache()


def test_choosing_a_folder_imports_no_kernel():
    assert run("import sys; from kernels import cache; print('numba' in sys.modules)").strip() == "False"


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path):
    hits, misses, path = json.loads(run(SLAB, str(tmp_path)))
    assert (hits, misses) == (0, 1)
    assert Path(path).is_relative_to(tmp_path / cache.fingerprint())
    hits, misses, _ = json.loads(run(SLAB, str(tmp_path)))
    assert (hits, misses) == (1, 0)


def test_processes_that_save_at_once_lose_nothing_and_find_their_own(tmp_path):
    """Each saves kernels of one driver for types of its own, as fast as it can, when all have come."""
    code = """
import sys, time
from pathlib import Path
import kernels.lanes
from numba.core.caching import IndexDataCacheFile
folder, mine = Path(sys.argv[1]), int(sys.argv[2])
(folder / sys.argv[2]).touch()
while len(list(folder.glob("?"))) < 3:
    time.sleep(0.001)
index = IndexDataCacheFile(str(folder), "driver", 0)
for kind in range(30):
    index.save((mine, kind), (mine, kind))
"""
    processes = [
        subprocess.Popen([sys.executable, "-B", "-c", code, str(tmp_path), str(mine)], cwd=PROJECT) for mine in range(3)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    index = caching.IndexDataCacheFile(str(tmp_path), "driver", 0)
    keys = [(mine, kind) for mine in range(3) for kind in range(30)]
    assert [index.load(key) for key in keys] == keys


@pytest.mark.slow
def test_an_edit_of_another_file_compiles_again(tmp_path):
    """window.py stays as it is; the function it borrows from sampling.py changes."""
    project = tmp_path / "project"
    shutil.copytree(SOURCES, project / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    run(SLAB, str(tmp_path), project=project)
    sampling = project / "kernels" / "sampling.py"
    sampling.write_text(sampling.read_text() + "\n# changed\n")
    hits, misses, _ = json.loads(run(SLAB, str(tmp_path), project=project))
    assert (hits, misses) == (0, 1)


@pytest.mark.slow
def test_without_a_choice_the_users_cache_folder_is_used_even_from_read_only_sources(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(SOURCES, project / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [project / "kernels", *(project / "kernels").iterdir()]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    _, _, path = json.loads(run(SLAB, project=project, XDG_CACHE_HOME=str(tmp_path / "cache")))
    assert Path(path).is_relative_to(tmp_path / "cache" / "farview" / "kernels")
    (project / "kernels").chmod(0o755)


@pytest.mark.slow
def test_an_account_without_a_home_keeps_its_kernels_in_a_private_temporary_folder(tmp_path):
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    _, _, path = json.loads(run(SLAB, XDG_CACHE_HOME=str(nowhere), TMPDIR=str(tmp_path)))
    assert Path(path).is_relative_to(tmp_path)
    assert (tmp_path / f"farview-kernels-{os.getuid()}").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_after_warming_no_first_picture_compiles():
    """Every public call on every type of array is among what warming ran."""
    code = """
import numpy as np
from kernels import warm, plane, rendering, image, window, bricks
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.volume import Volume
warm.compile_all()
known = warm.compile_all()
kinds = [len(d.signatures) for d in warm.DRIVERS]
for dtype in (np.int16, np.float32):
    array = np.zeros((5, 6, 7), dtype); array.flags.writeable = False
    volume = Volume(array, np.eye(4))
    picture = Picture((0, 0, 0), (0, 1, 0), (0, 0, 1), 7, 9)
    for projection in ("max", "min", "mean"):
        values = plane.slab(volume, picture, projection, 3, np.empty((9, 7), np.float32))
    window.window(values, np.float64(3), 7, True, "SIGMOID")
    grid = bricks.bricks(volume)
    for fine in (True, False):
        rendering.volume_rendering(volume, picture, PRESETS["ct_bone"], grid, np.float64(1), 0.02, fine)
        rendering.volume_rendering_rgba(volume, picture, PRESETS["ct_skin"].shifted(3), grid, 1)
for dtype in (np.float32, np.int16, np.uint16, np.uint8):
    image.sample(np.zeros((4, 5), dtype), np.eye(2, 3), 3, 3)
image.sample(np.zeros((4, 5, 3), np.uint8), np.eye(2, 3), 3, 3)
print(known.compiled + known.loaded, kinds == [len(d.signatures) for d in warm.DRIVERS])
"""
    folder = os.environ.get("NUMBA_CACHE_DIR", "")
    assert run(code, **({"NUMBA_CACHE_DIR": folder} if folder else {})).split() == ["0", "True"]
