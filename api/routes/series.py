"""What belongs to one series besides its pictures on the stream."""

from __future__ import annotations

import asyncio

from aiohttp import web

from api.bodies import path_id
from api.parts import BLOBS, DATABASE
from api.permissions import access_of, route
from storage.access import READ_STUDIES
from storage.dicom.stacks import stacks_of
from storage.errors import NotFound
from storage.rendered import thumbnail
from storage.rereading import with_current_headers
from storage.studies import StoredSeries, find_series


@route("GET", "/api/series/{id}/thumbnail", permission=READ_STUDIES)
async def get_thumbnail(request: web.Request) -> web.Response:
    """A small JPEG of the middle image of the series' first stack."""
    series_id = path_id(request)
    async with request.app[DATABASE].acting(access_of(request).where(READ_STUDIES)) as connection:
        stored = await find_series(connection, series_id)
    (series,) = await with_current_headers(request.app[DATABASE], request.app[BLOBS], [stored])
    picture = await asyncio.to_thread(_thumbnail, request, series)
    return web.Response(body=picture, content_type="image/jpeg")


def _thumbnail(request: web.Request, series: StoredSeries) -> bytes:
    stacks = stacks_of(series.instances)
    if not stacks:
        raise NotFound("no image in this series")
    return thumbnail(request.app[BLOBS], series.institution_id, stacks[0])
