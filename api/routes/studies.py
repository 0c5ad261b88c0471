"""The study list and one study."""

from __future__ import annotations

import asyncio

from aiohttp import web

from api.answers import answer, dump, json_answer
from api.bodies import path_id, query_number
from api.errors import InvalidRequest
from api.messages import StudyList
from api.parts import BLOBS, DATABASE
from api.permissions import access_of, route
from api.studies import study_info, study_row
from storage.access import READ_STUDIES
from storage.rereading import with_current_headers
from storage.studies import count_conflicts, find_studies, find_study

LONGEST_QUERY = 200
LONGEST_PAGE = 200
DEFAULT_PAGE = 50
LAST_OFFSET = 10_000_000


@route("GET", "/api/studies", permission=READ_STUDIES)
async def get_studies(request: web.Request) -> web.Response:
    """One page of the studies that match every word of `query`."""
    query = request.query.get("query", "")
    if len(query) > LONGEST_QUERY or "\x00" in query:
        raise InvalidRequest
    offset = query_number(request, "offset", 0, LAST_OFFSET)
    limit = query_number(request, "limit", DEFAULT_PAGE, LONGEST_PAGE)
    async with request.app[DATABASE].acting(access_of(request).where(READ_STUDIES)) as connection:
        studies, total = await find_studies(connection, query, offset, limit)
    return answer(StudyList([study_row(study) for study in studies], total))


@route("GET", "/api/studies/{id}", permission=READ_STUDIES)
async def get_study(request: web.Request) -> web.Response:
    """A study with its series and stacks. One of another institution is not there."""
    study_id = path_id(request)
    async with request.app[DATABASE].acting(access_of(request).where(READ_STUDIES)) as connection:
        study, series = await find_study(connection, study_id)
        conflicts = await count_conflicts(connection, study_id)
    series = await with_current_headers(request.app[DATABASE], request.app[BLOBS], series)
    # Thousands of headers take a while, and frames pass through this loop meanwhile.
    return json_answer(await asyncio.to_thread(lambda: dump(study_info(study, series, conflicts))))
