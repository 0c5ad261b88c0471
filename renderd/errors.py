"""What can go wrong between a viewer and its pictures.

RenderError
├── InvalidMessage      the viewer sent something that is not in protocol.py
├── SessionEnded        nobody is signed in with this session any more
├── SeriesNotFound      no such series or stack, or this viewer may not see it
├── PresetNotFound      no such transfer function
├── SeriesChanged       it had that stack when the page asked for it, and has others now
├── NotAVolume          the stack opens in 2-D only; the code says why
└── UnreadableFrame     stored bytes cannot be decoded
"""

from __future__ import annotations


class RenderError(Exception):
    """Base of what this package raises; `code` is a key of the viewer's dictionary."""

    code = "render_failed"


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
