"""Small tables in a card's memory: sent there once, however many frames read them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple, TypeVar

import numpy as np

from kernels.arrays import module_of
from kernels.slices import NEVER, Slices
from kernels.transfer import Table

KEPT = 32

T = TypeVar("T", Table, Slices)

# By the address of a host table's last array. The host table is kept beside its copy: the address stays its own.
_kept: OrderedDict[tuple[str, int], tuple[Any, Any]] = OrderedDict()


class Scale(NamedTuple):
    """The part of a transfer function's table that says in which cell a value lies."""

    low: np.float32
    scale: np.float32


def on_card(table: T, array: Any) -> T:
    """A table where `array` lies, sent once: `kernels.transfer` and volumes give the same host table every time."""
    module = module_of(array)
    key = (module.__name__, id(table[-1]))
    if key not in _kept:
        while len(_kept) >= KEPT:
            _kept.popitem(last=False)
        columns = (_column(value, module) for value in _without_gaps(table))
        _kept[key] = (table, type(table)(*columns))
    _kept.move_to_end(key)
    copy: T = _kept[key][1]
    return copy


def _without_gaps(table: T) -> T:
    """A stack of nothing but holes has no section; a thread then finds one that no ray meets."""
    if isinstance(table, Slices) and table.section_first.size == 0:
        none, never = np.zeros(1, np.int32), np.full(1, NEVER, np.float32)
        return table._replace(section_first=none, section_last=none, section_start=never, section_end=-never)
    return table


def _column(value: Any, module: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    # Nothing may be empty: there is no address for it. Nobody reads an even stack's tables of places.
    return module.asarray(value if value.size else np.zeros(1, value.dtype))
