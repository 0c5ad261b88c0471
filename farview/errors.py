"""What keeps a command from doing its work. Each is shown as one sentence of farview/words.py, never as a trace.

CommandError
├── SettingRefused     a setting is wrong, or two do not go together
├── PortInUse          another program listens there
├── PathMissing        a file or folder to import is not there
├── ImportRunning      another import works with this home
└── NotReady           the processes did not come up in time
"""

from __future__ import annotations

from farview.words import say


class CommandError(Exception):
    """Base of what ends a command with exit code 2; `key` names its sentence."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return say(self.key, **self.values)


class SettingRefused(CommandError):
    """A setting is wrong, or two settings do not go together."""


class PortInUse(CommandError):
    """Another program listens on this port."""


class PathMissing(CommandError):
    """A file or folder to import is not there."""


class ImportRunning(CommandError):
    """Another import works with this home."""


class NotReady(CommandError):
    """The processes did not come up in time."""
