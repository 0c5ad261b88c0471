"""Numpy's memory as a card's: what tests give kernels where cupy's arrays would be.

`Array` says like cupy's that it lies on a card, `Card` makes it and hands freed memory on with its old content, as
cupy's pool does. A card counts what was freed and whether it had been overwritten with zeros by then.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class Array(np.ndarray[Any, Any]):
    """Numpy's array with the two marks of cupy's."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return self.__array_interface__

    def get(self) -> NDArray[Any]:
        return np.array(self)

    def set(self, values: NDArray[Any]) -> None:
        """Without a copy on the way, as cupy does it."""
        self[...] = values
        sys.modules[type(self).__module__].sent_bytes += values.nbytes  # type: ignore[attr-defined]


class Block(bytearray):
    """One allocation; tells its card when nothing looks at it any more."""

    card: Card

    def __del__(self) -> None:
        if self.card._pool is not None:  # when Python ends it empties modules first, and a card is one
            self.card.take_back(self)


class Card(ModuleType):
    """An array module with a pool."""

    ndarray = Array

    def __init__(self, capacity_bytes: int = 1 << 40) -> None:
        super().__init__("standin")
        self.capacity_bytes = capacity_bytes
        self.used_bytes = 0
        self.sent_bytes = 0  # from the machine's memory
        self.pinned: list[int] = []  # sizes of the copies that `asarray` leaves in the pool of pinned memory
        self.freed_zero: list[int] = []  # sizes of blocks, in the order they were freed
        self.freed_dirty: list[int] = []
        self._pool: dict[int, list[bytes]] = {}
        # Arrays name their module, and so find the card that was made last.
        Array.__module__ = self.__name__
        sys.modules[self.__name__] = self

    def take_back(self, block: Block) -> None:
        (self.freed_dirty if any(block) else self.freed_zero).append(len(block))
        self.used_bytes -= len(block)
        self._pool.setdefault(len(block), []).append(bytes(block))

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike = np.float64) -> Array:
        """Memory as the pool has it."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self.used_bytes + size > self.capacity_bytes:
            raise MemoryError(size)
        freed = self._pool.get(size)
        block = Block(freed.pop() if freed else size)
        block.card = self
        self.used_bytes += size
        return np.frombuffer(block, dtype).reshape(shape).view(Array)

    def asarray(self, values: ArrayLike) -> Array:
        if isinstance(values, Array):
            return values
        host = np.asarray(values)
        array = self.empty(host.shape, host.dtype)
        array[...] = host
        self.sent_bytes += host.nbytes
        self.pinned.append(host.nbytes)
        return array

    def ascontiguousarray(self, array: Array) -> Array:
        return array if array.flags.c_contiguous else self.asarray(np.ascontiguousarray(array.get()))
