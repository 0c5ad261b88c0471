"""The page and its files."""

from __future__ import annotations

from aiohttp import web

from api.errors import PageNotBuilt
from api.page import Page
from api.parts import PAGE
from api.permissions import PUBLIC, route
from storage.errors import NotFound


@route("GET", r"/{path:(?!api/|stream$).*}", permission=PUBLIC)
async def get_file(request: web.Request) -> web.Response:
    """The page, or one of its files. Nothing here is about a patient."""
    page: Page = request.app[PAGE]
    if not page.built:
        raise PageNotBuilt("the page is not built: `pip install .` builds it")
    file = page.find(request.match_info["path"])
    if file is None:
        raise NotFound("no such file")
    headers = file.headers()
    if file.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if file.gzipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=file.gzipped, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=file.body, headers=headers)
