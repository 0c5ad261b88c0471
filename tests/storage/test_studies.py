from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.database import Database
from storage.errors import NotFound
from storage.instances import Patient, Series, Study, insert_instances, place
from storage.studies import find_series, find_studies, find_study, patterns_of
from tests.storage.rows import add_study, instance, make_institution

WANG = Patient("A-17", name="Wang^XiaoDong=王^小东=", sex="M", birth_date=date(1960, 2, 29))
LI = Patient("B_18", name="Li^Na", sex="F")


async def fill(database: Database) -> int:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        chest = Study("1.1", date(2024, 5, 1), time(8, 30), "ACC100%", "Chest CT", "064Y")
        await add_study(connection, here, WANG, chest, instances=3)
        await add_study(connection, here, WANG, chest, series=Series("1.1.2", 2, "SR", body_part="CHEST"))
        await add_study(connection, here, LI, Study("1.2", date(2024, 5, 2), None, "", "Kopf nativ ÄÖÜ"))
        await add_study(connection, here, Patient(""), Study("1.3"))
    return here


async def found(database: Database, query: str, institution: int) -> list[str]:
    async with database.acting([institution]) as connection:
        studies, total = await find_studies(connection, query)
    assert total == len(studies)
    return [study.study_instance_uid for study in studies]


async def test_the_newest_study_comes_first_and_one_without_a_date_last(database: Database) -> None:
    assert await found(database, "", await fill(database)) == ["1.2", "1.1", "1.3"]


async def test_every_word_is_looked_for_in_name_identifier_accession_and_description(database: Database) -> None:
    here = await fill(database)
    for query, expected in {
        "wang": ["1.1"],
        "XIAODONG": ["1.1"],
        "小东": ["1.1"],
        "wang^xiaodong": ["1.1"],
        "wangxiaodong": ["1.1"],
        "王小东": ["1.1"],
        "王小东 (Wang XiaoDong)": ["1.1"],
        "王小东（Wang": ["1.1"],
        "东王": [],
        "(": [],
        "xiao a-17": ["1.1"],
        "ｗａｎｇ": ["1.1"],
        "chest wang": ["1.1"],
        "chest li": [],
        "äöü": ["1.2"],
        "ct": ["1.1"],
        "acc100": ["1.1"],
        "i": ["1.2", "1.1"],
        "nobody": [],
        "   ": ["1.2", "1.1", "1.3"],
    }.items():
        assert await found(database, query, here) == expected, query


async def test_signs_that_mean_something_to_like_mean_themselves(database: Database) -> None:
    here = await fill(database)
    for query, expected in {
        "100%": ["1.1"],
        "1%0": [],
        "b_18": ["1.2"],
        "a_17": [],
        "\\": [],
        "'": [],
        "li\0": ["1.2"],
    }.items():
        assert await found(database, query, here) == expected, query


async def test_pages_follow_each_other_and_the_total_stays(database: Database) -> None:
    here = await fill(database)
    pages = []
    async with database.acting([here]) as connection:
        for offset in (0, 2, 4):
            studies, total = await find_studies(connection, offset=offset, limit=2)
            assert total == 3
            pages.append([study.study_instance_uid for study in studies])
    assert pages == [["1.2", "1.1"], ["1.3"], []]


async def test_a_line_of_the_list_says_everything_about_its_study(database: Database) -> None:
    here = await fill(database)
    async with database.acting([here]) as connection:
        studies, _ = await find_studies(connection, "wang")
    line = studies[0]
    assert (line.institution, line.patient_name, line.patient_id) == ("Here", WANG.name, "A-17")
    assert (line.sex, line.birth_date, line.patient_age) == ("M", date(1960, 2, 29), "064Y")
    assert (line.study_date, line.study_time) == (date(2024, 5, 1), time(8, 30))
    assert (line.accession, line.description, line.body_part) == ("ACC100%", "Chest CT", "CHEST")
    assert (line.modalities, line.series, line.images) == (["CT", "SR"], 2, 4)


async def test_two_people_under_one_identifier_are_each_listed_and_found_by_their_own_name(database: Database) -> None:
    here = await make_institution(database, "Here")
    wang = Patient("17", name="WANG^LEI", sex="M", birth_date=date(1960, 1, 1))
    li = Patient("17", name="LI^NA", sex="F", birth_date=date(1970, 1, 1))
    async with database.acting([here]) as connection:
        await add_study(connection, here, wang, Study("1.1", date(2024, 1, 2)))
        await add_study(connection, here, li, Study("1.2", date(2024, 1, 1)))
        studies, _ = await find_studies(connection)
        opened = [(await find_study(connection, study.id))[0] for study in studies]
    expected = [("WANG^LEI", "M", date(1960, 1, 1), "17"), ("LI^NA", "F", date(1970, 1, 1), "17")]
    for lines in (studies, opened):
        assert [(line.patient_name, line.sex, line.birth_date, line.patient_id) for line in lines] == expected
    assert await found(database, "wang", here) == ["1.1"]
    assert await found(database, "li 17", here) == ["1.2"]


async def test_another_institutions_study_is_not_in_the_list_nor_found(database: Database) -> None:
    here = await fill(database)
    there = await make_institution(database, "There")
    async with database.acting([here]) as connection:
        studies, _ = await find_studies(connection)
        series = (await find_study(connection, studies[0].id))[1][0]
    assert await found(database, "", there) == []
    async with database.acting([there]) as connection:
        with pytest.raises(NotFound):
            await find_study(connection, studies[0].id)
        with pytest.raises(NotFound):
            await find_series(connection, series.id)


async def test_a_study_has_its_series_by_number_and_their_instances_by_number(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        for uid, number in (("1.1.9", None), ("1.1.2", 2), ("1.1.1", 1)):
            series_id = await place(connection, here, WANG, Study("1.1"), Series(uid, number, "CT"))
            await insert_instances(
                connection,
                here,
                [instance(series_id, f"{uid}.{name}", number) for name, number in (("a", None), ("b", 10), ("c", 9))],
            )
        study_id = (await find_studies(connection))[0][0].id
        study, series = await find_study(connection, study_id)
        assert await find_series(connection, series[1].id) == series[1]
    assert study.images == 9
    assert [one.series_instance_uid for one in series] == ["1.1.1", "1.1.2", "1.1.9"]
    assert [one.sop_instance_uid for one in series[0].instances] == ["1.1.1.c", "1.1.1.b", "1.1.1.a"]
    assert series[0].instances[0].header == {"rows": 512, "columns": 512}


async def test_a_series_without_instances_is_found_empty(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        series_id = await place(connection, here, WANG, Study("1.1"), Series("1.1.1"))
        assert (await find_series(connection, series_id)).instances == []


@given(query=st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
@settings(max_examples=60, deadline=None)
def test_no_query_breaks_the_pattern(query: str) -> None:
    """Read by LIKE's own rule, a pattern is a word between two %, in which a backslash only stands before \\ % or _."""
    for pattern in patterns_of(query):
        assert pattern.startswith("%") and pattern.endswith("%") and len(pattern) >= 3
        inner = pattern[1:-1]
        for special in ("\\\\", "\\%", "\\_"):
            inner = inner.replace(special, "")
        assert not set(inner) & set("\\%_\0")
