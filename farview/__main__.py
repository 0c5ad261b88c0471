"""`python -m farview` is the command `farview`."""

from __future__ import annotations

from farview.command import app

app(prog_name="farview")
