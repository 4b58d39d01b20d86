"""What matters most at the desk, on PostgreSQL as on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.audit.desk import (
    test_desk_account,
    test_desk_decide,
    test_desk_queue,
    test_desk_remarks,
    test_desk_staff,
)
from tests.audit.desk.conftest import Made, Office, make_office_round, opened
from tests.postgres import NoServer, postgres_server

pytestmark = pytest.mark.slow

# Each writes, reads back, or counts in its own way.
SAME: tuple[Callable[[Office], None], ...] = (
    test_desk_account.test_a_code_counts_once,
    test_desk_account.test_keys_are_moved_and_never_doubled,
    test_desk_decide.test_every_decision_is_told,
    test_desk_decide.test_reopening_needs_an_approver_and_the_password,
    test_desk_decide.test_after_a_decision_the_next_case_of_the_view_comes,
    test_desk_queue.test_what_could_not_be_judged_is_on_top_and_why_is_said,
    test_desk_queue.test_the_round_counts_agreement_and_what_is_not_scored_yet,
    test_desk_remarks.test_an_answer_is_corrected_by_two_and_counts_after_review,
    test_desk_remarks.test_only_the_writer_takes_a_note_back_and_the_row_stays,
    test_desk_staff.test_a_unit_explains_and_only_others_accept_that,
    test_desk_staff.test_batches_stand_in_the_order_in_which_they_came,
    test_desk_staff.test_what_could_not_be_judged_is_queued_for_another_try,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Made]]:
    """A server with the round in one of its databases."""
    try:
        with postgres_server() as url, pytest.MonkeyPatch.context() as patch:
            _create(url, "CREATE DATABASE base")
            patch.setenv("SURVEY_AUDIT__STORE", url.replace("/postgres?", "/base?"))
            yield url, make_office_round(tmp_path_factory.mktemp("pg") / "r")
    except NoServer as error:
        pytest.skip(str(error))


def _create(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def on_postgresql(
    base: tuple[str, Made], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """The desk on a copy of that database."""
    url, made = base
    name = f"copy{abs(hash(request.node.name)) % 10**9}"
    _create(url, f"CREATE DATABASE {name} TEMPLATE base")
    monkeypatch.setenv("SURVEY_AUDIT__STORE", url.replace("/postgres?", f"/{name}?"))
    folder: Path = made.folder
    with opened(folder, made.passwords) as office:
        assert office.store.engine.dialect.name == "postgresql"
        yield office


@pytest.mark.parametrize("same", SAME, ids=lambda test: test.__name__.removeprefix("test_"))
def test_the_same(on_postgresql: Office, same: Callable[[Office], None]) -> None:
    same(on_postgresql)
