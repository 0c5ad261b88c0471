"""What a geometry case is: files as a scanner writes them, and the Volumes that must come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.flows.acquisitions import Planes, classic


@dataclass
class Expected:
    """A Volume that must come out: how bright, with which phase, notes and number of holes."""

    factor: float = 1.0
    offset: float = 0.0
    notes: tuple[str, ...] = ()
    holes: int = 0
    kind: str = ""
    value: float | None = None
    dtype: str = "int16"


@dataclass
class Case:
    files: list[bytes]
    volumes: list[Expected]
    refusals: tuple[str, ...] = ()  # of the Stacks without a Volume


CASES: dict[str, Callable[[], Case]] = {}


def case(name: str) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    def keep(make: Callable[[], Case]) -> Callable[[], Case]:
        CASES[name] = make
        return make

    return keep


def plain(where: Planes, notes: tuple[str, ...] = (), holes: int = 0, **attributes: Any) -> Callable[[], Case]:
    return lambda: Case(classic(where, **attributes), [Expected(notes=notes, holes=holes)])


def phases(kind: str, values: list[float | None], **expected: Any) -> list[Expected]:
    return [Expected(1 - i / 10, kind=kind, value=value, **expected) for i, value in enumerate(values)]
