"""Volumes in a card's memory: sent there once, and as many as fit.

The card's pool hands memory that was freed to whoever asks next, with its old content. So what leaves is overwritten
with zeros first, and so are pictures once they have been brought to the machine's own memory: no array of one
institution can be seen in another's. (The machine's own memory needs nothing of the kind: numpy's large arrays go back
to the system when they are freed, and the system zeroes a page before anybody gets it again. What the driver stages of
a transfer is the driver's, and not overwritten by us.)

Only the compute thread draws. The one place that imports cupy (`pip install 'farview[gpu]'`).
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from kernels.bricks import Bricks, bricks
from kernels.errors import KernelError
from kernels.volume import Volume
from renderd.assemble import Assembly
from renderd.cache import Key

log = structlog.get_logger()

SHARE_OF_CARD = 0.8  # of what is free at the start; the rest is for pictures, tables and the compiled kernels


class Resident:
    """One volume on the card, and what is made from it there."""

    def __init__(self, assembly: Assembly, module: Any) -> None:
        host = assembly.volume
        assert host is not None
        self.volume = Volume(send(host.array, module), host.affine, host.places, host.holes)
        self.assembly = weakref.ref(assembly)
        self.size_bytes = device_bytes(host)
        self._bricks: Bricks | None = None

    @property
    def bricks(self) -> Bricks:
        """Made when the first rendering needs them."""
        if self._bricks is None:
            self._bricks = bricks(self.volume)
        return self._bricks

    @property
    def held(self) -> bool:
        """Whether a picture is being rendered from it."""
        assembly = self.assembly()
        return assembly is not None and assembly.held

    def erase(self) -> None:
        """Overwrite all that could tell something of the patient. It is not used after this."""
        for array in self._arrays():
            array.fill(0)

    def _arrays(self) -> Iterator[Any]:
        yield self.volume.array
        if self._bricks is not None:
            yield from self._bricks.arrays()


class Residence:
    """The volumes on one card within a budget of bytes; what was used longest ago goes first."""

    def __init__(self, module: Any, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._module = module
        self._residents: OrderedDict[Key, Resident] = OrderedDict()
        self._failed = False

    def __len__(self) -> int:
        return len(self._residents)

    @property
    def size_bytes(self) -> int:
        return sum(resident.size_bytes for resident in self._residents.values())

    def draw(self, assembly: Assembly, paint: Callable[[Resident], None]) -> bool:
        """Paint from the volume's copy on the card; False when there is no room for one, or no card any more.

        The caller then paints with the CPU. KernelError says that the picture is impossible, there too.
        """
        try:
            resident = None if self._failed else self._find(assembly)
            if resident is None:
                return False
            paint(resident)
        except KernelError:
            raise
        except MemoryError:
            return False
        except Exception as error:
            # After a fault on a card every later call fails too, so this process makes no more pictures there.
            self._failed = True
            log.error("gpu_given_up", exc_info=error)
            with suppress(Exception):
                self.clear()
            self._residents.clear()
            return False
        return True

    def _find(self, assembly: Assembly) -> Resident | None:
        self._forget_gone()
        resident = self._residents.get(assembly.key)
        if resident is not None and resident.assembly() is not assembly:
            self._remove(assembly.key)  # of an assembly that was given up and made anew
            resident = None
        if resident is None:
            assert assembly.volume is not None
            if not self._make_room(device_bytes(assembly.volume)):
                return None
            resident = self._residents[assembly.key] = Resident(assembly, self._module)
        self._residents.move_to_end(assembly.key)
        return resident

    def _make_room(self, needed: int) -> bool:
        free = self.budget_bytes - self.size_bytes
        leaving = []
        for key, resident in self._residents.items():
            if free >= needed:
                break
            if not resident.held:
                leaving.append(key)
                free += resident.size_bytes
        if free < needed:
            return False  # nobody is sent away in vain
        for key in leaving:
            self._remove(key)
        return True

    def _forget_gone(self) -> None:
        """What the machine's own memory no longer holds need not lie here either."""
        for key in [key for key, resident in self._residents.items() if resident.assembly() is None]:
            self._remove(key)

    def _remove(self, key: Key) -> None:
        self._residents.pop(key).erase()

    def clear(self) -> None:
        """Erase everything."""
        for key in list(self._residents):
            self._remove(key)


def device_bytes(volume: Volume) -> int:
    """What a volume takes on a card, with its bricks (a thirty-second) and their occupancies (as much again)."""
    return int(volume.array.nbytes * 1.07) + 4096


def send(array: NDArray[Any], module: Any) -> Any:
    """A copy in the card's memory, and nowhere else.

    `module.asarray` would go through pinned memory that cupy keeps for later, content and all, and still holds when
    asked to free it: the transfer may not have ended.
    """
    copy = module.empty(array.shape, array.dtype)
    copy.set(array)
    return copy


def bring(array: Any, out: NDArray[np.uint8]) -> None:
    """A picture from the card's memory to this one's; its place on the card is overwritten."""
    out[...] = array.get()
    array.fill(0)


def open_residence(setting: str) -> Residence | None:
    """This machine's card, once each kernel has given right pictures on it; else None, and one line says why.

    Any thread. Compiling the kernels takes about half a minute.
    """
    if setting == "off":
        log.info("gpu", used=False, reason="FARVIEW_GPU is off")
        return None
    try:
        import cupy  # noqa: PLC0415 - a hundred megabytes, and not there on most machines

        if cupy.cuda.runtime.getDeviceCount() < 1:
            raise RuntimeError("no card")
        from kernels.cuda.check import checks  # noqa: PLC0415 - brings numba-cuda

        wrong = [f"{check.kernel} ({check.case})" for check in checks(cupy) if not check.passed]
        if wrong:
            raise RuntimeError(f"wrong pictures: {', '.join(wrong)}")
        free, total = cupy.cuda.runtime.memGetInfo()
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    except ImportError as error:
        log.info("gpu", used=False, reason=f"{error.name} is not installed")
        return None
    except Exception as error:
        log.info("gpu", used=False, reason=f"{type(error).__name__}: {error}")
        return None
    log.info("gpu", used=True, card=name, free_bytes=free, total_bytes=total)
    return Residence(cupy, int(free * SHARE_OF_CARD))
