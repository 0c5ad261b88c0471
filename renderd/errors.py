"""What can go wrong between a viewer and its pictures.

RenderError
├── InvalidMessage      the viewer sent something that is not in protocol.py
├── SessionEnded        nobody is signed in with this session any more
├── SeriesNotFound      no such series or stack, or this viewer may not see it
├── PresetNotFound      no such transfer function
├── PaletteNotFound     no such colours
├── OtherPatient        a second volume of somebody else
├── LabelsUnknown       no such labelmap on this connection
├── ToolsCompiling      not yet, after a first start
├── TooManyEdits        no more labelmaps on this connection
├── LabelsTaken         another labelmap has this number
├── InvalidFilter       amounts that a filter does not take
├── FilterNeedsPicture  not for volume renderings
├── FilterNeedsGrey     not for images in colours
├── InvalidCurve        the reader's own curve is no transfer function
├── SeriesChanged       it had that stack when the page asked for it, and has others now
├── NotAVolume          the stack opens in 2-D only; the code says why
├── UnreadableFrame     stored bytes cannot be decoded
└── ReformatError       a series of reformats is not made
    ├── ReformatNotAllowed   this viewer may not add series to that study
    ├── ReformatTooLarge     more images, pixels or bytes than are made at once
    ├── ReformatOutside      none of its planes meets the volume
    ├── ReformatBusy         this viewer has asked for too many others that are not done
    └── ReformatCancelled    nobody wants it any more
"""

from __future__ import annotations

from copy import copy
from typing import Self


class RenderError(Exception):
    """Base of what this package raises; `code` is a key of the viewer's dictionary."""

    code = "render_failed"
    image: tuple[int, int] | None = None  # which image it is about, counted from 1, and of how many

    def fresh(self) -> Self:
        """The same without traceback and cause. To keep an error, and to raise a kept one: a traceback holds every
        frame that it came through with all that it worked on, and grows each time that it is raised.
        """
        return copy(self)


class InvalidMessage(RenderError):
    """The viewer's message is not one of protocol.py's."""

    code = "invalid_message"


class SessionEnded(RenderError):
    """Nobody is signed in with this session, or no longer, or may look at studies no more."""

    code = "session_ended"


class SeriesNotFound(RenderError):
    """There is no such series or stack, or this viewer may not see it: the answer is the same."""

    code = "series_not_found"


class PresetNotFound(RenderError):
    """There is no transfer function of this name."""

    code = "preset_not_found"


class PaletteNotFound(RenderError):
    """There are no colours of this name."""

    code = "palette_not_found"


class OtherPatient(RenderError):
    """Nothing of one patient is laid over another."""

    code = "fusion_other_patient"


class LabelsUnknown(RenderError):
    """The view's labelmap was not made on this connection, or of another stack: the page sends its edits again."""

    code = "labels_unknown"


class ToolsCompiling(RenderError):
    """After the first start what this needs is still being compiled; it is shown when that is done."""

    code = "tools_compiling"


class TooManyEdits(RenderError):
    """A connection has had as many labelmaps as it may."""

    code = "too_many_edits"


class LabelsTaken(RenderError):
    """A labelmap of this number was made on this connection, by other changes: a number means one thing."""

    code = "labels_taken"


class InvalidFilter(RenderError):
    """A view's filter has amounts that it does not take."""

    code = "invalid_filter"


class FilterNeedsPicture(RenderError):
    """The filter works on pictures and projections, not on what a volume rendering shades."""

    code = "filter_needs_picture"


class FilterNeedsGrey(RenderError):
    """Filters work on modality values, which an image in colours does not have."""

    code = "filter_needs_grey"


class InvalidCurve(RenderError):
    """A view's own curve is no transfer function: its values do not rise, or hardly."""

    code = "invalid_curve"


class SeriesChanged(RenderError):
    """The series has no such stack any more: images arrived since the page learned of it."""

    code = "series_changed"


class NotAVolume(RenderError):
    """This stack cannot be reformatted or volume rendered; it still opens as a stack."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnreadableFrame(RenderError):
    """The stored bytes of a frame cannot be decoded."""

    code = "unreadable_frame"

    def __init__(self, frame: int, frames: int, reason: str) -> None:
        """frame: its number in the stack, from 0, of so many. reason: what the decoder says, which is no person."""
        super().__init__(frame, frames, reason)
        self.image = (frame + 1, frames)

    def __str__(self) -> str:
        frame, frames, reason = self.args
        return f"{frame + 1}/{frames}: {reason}"


class ReformatError(RenderError):
    """A series of reformats is not made."""

    code = "reformat_failed"


class ReformatNotAllowed(ReformatError):
    """This viewer may look at the study and not add series to it."""

    code = "reformat_not_allowed"


class ReformatTooLarge(ReformatError):
    """More images, larger ones, or more bytes of them than are made at once; the message says which."""

    code = "reformat_too_large"


class ReformatOutside(ReformatError):
    """No sample of any image lies in the volume: there is nothing to store."""

    code = "reformat_outside"


class ReformatBusy(ReformatError):
    """This viewer has asked for too many series that are not done yet."""

    code = "reformat_busy"


class ReformatCancelled(ReformatError):
    """Nobody wants this series any more; nothing of it was stored."""

    code = "reformat_cancelled"
