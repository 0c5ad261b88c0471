"""What the handlers share, as keys of the application."""

from __future__ import annotations

from aiohttp import web

from api.attempts import Attempts
from api.page import Page
from api.settings import Settings
from api.trust import Trust
from renderd.pool import LocalPool
from storage.blobs import BlobStore
from storage.database import Database


class Streams(set[web.WebSocketResponse]):
    """The viewers that are connected now."""


SETTINGS = web.AppKey("settings", Settings)
DATABASE = web.AppKey("database", Database)
BLOBS = web.AppKey("blobs", BlobStore)
POOL = web.AppKey("pool", LocalPool)
ATTEMPTS = web.AppKey("attempts", Attempts)
TRUST = web.AppKey("trust", Trust)
PAGE = web.AppKey("page", Page)
STREAMS = web.AppKey("streams", Streams)
