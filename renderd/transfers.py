"""What a view's volume rendering is coloured by: its preset or its own curve, for the values of its volume."""

from __future__ import annotations

from dataclasses import replace

from kernels.errors import InvalidParameter
from kernels.presets import PRESETS
from kernels.transfer import TransferFunction, from_opacities, percentile_range
from renderd.assemble import Assembly
from renderd.errors import InvalidCurve, PresetNotFound
from renderd.protocol import VolumeView


def transfer_of(view: VolumeView, assembly: Assembly) -> TransferFunction:
    """The view's preset for this volume, or its own curve, lit as the preset is; moved by the view's shift.

    Raises:
        PresetNotFound: there is none of this name.
        InvalidCurve: the curve's values do not rise.
    """
    transfer = PRESETS.get(view.preset)
    if transfer is None:
        raise PresetNotFound(view.preset)
    if transfer.relative:
        transfer = transfer.scaled(*range_of(assembly))
    if view.curve is not None:
        try:
            transfer = replace(transfer, points=from_opacities(view.curve))
        except InvalidParameter as error:
            raise InvalidCurve(str(error)) from None
    return transfer.shifted(view.shift) if view.shift else transfer


def range_of(assembly: Assembly) -> tuple[float, float]:
    """The range that relative functions are stretched over; any thread."""
    if assembly.value_range is None:
        assert assembly.volume is not None
        assembly.value_range = percentile_range(assembly.volume.array)
    return assembly.value_range
