"""What the first person with a card will run, at its smallest size and without one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import gpu_check
from kernels import window
from tests.kernels.standin_ndimage import WholeCard, put_cupyx


@pytest.fixture(autouse=True)
def cupyx(monkeypatch: pytest.MonkeyPatch) -> None:
    put_cupyx(monkeypatch)


class Simulated:
    """A card whose threads are Python's."""

    def __init__(self) -> None:
        self.arrays = WholeCard()

    def description(self) -> dict[str, str]:
        return {"card": "simulated"}

    def milliseconds(self, work: Callable[[], object]) -> float:
        begun = time.perf_counter()
        work()
        return (time.perf_counter() - begun) * 1e3


def test_it_checks_then_times_and_writes_one_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.md"
    assert gpu_check.run(Simulated(), path, small=True) == 0
    text = path.read_text("utf-8")
    assert "| card | simulated |" in text
    assert "FAIL" not in text
    for what in (
        "oblique plane",
        "20 mm MIP",
        "ct_cta still",
        "ct_skin moving",
        "window",
        "image",
        "bricks",
        "sending",
        "an empty launch until it returns",
    ):
        assert f"| {what}" in text
    said = capsys.readouterr().out
    assert "PASS  rendering" in said and "PASS  vesselness" in said and "PASS  masks" in said


def test_a_wrong_kernel_is_named_and_nothing_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = window.reference
    monkeypatch.setattr(window, "reference", lambda *arguments: right(*arguments) // 2)
    path = tmp_path / "page.md"
    assert gpu_check.run(Simulated(), path, small=True) == 1
    text = path.read_text("utf-8")
    assert "| window | LINEAR |" in text and "**FAIL**" in text
    assert "Nothing was timed" in text
