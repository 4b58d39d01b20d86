"""Codes of pages and what pairs of pages were found to have in common, over all rounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import insert
from audit.trail.chain import touched

__all__ = ["Likenesses"]

# Keys asked for in one statement.
_CHUNK = 500


class Likenesses:
    """Repository of codes and likenesses of one instrument's pages."""

    def __init__(self, connection: sa.Connection, instrument_id: str) -> None:
        """Work inside the caller's transaction."""
        self.connection = connection
        self.instrument_id = instrument_id

    def uncoded(self, version: bytes) -> Sequence[int]:
        """Pages with a fingerprint that were not compared yet, in rising order.

        Args:
            version: Of the codes; pages that were compared by others count as not compared.
        """
        pages, prints, codes = schema.pages, schema.fingerprints, schema.codes
        coded = sa.exists().where(
            codes.c.page_id == pages.c.id, codes.c.room == "", codes.c.code == version
        )
        query = (
            sa.select(pages.c.id)
            .join(prints, prints.c.page_id == pages.c.id)
            .where(pages.c.instrument_id == self.instrument_id, ~coded)
            .order_by(pages.c.id)
        )
        return list(self.connection.scalars(query))

    def fingerprints(self, keys: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Fingerprints of pages by key."""
        prints = schema.fingerprints
        for start in range(0, len(keys), _CHUNK):
            some = prints.c.page_id.in_(keys[start : start + _CHUNK])
            query = sa.select(prints.c.page_id, prints.c.data).where(some)
            for row in self.connection.execute(query.order_by(prints.c.page_id)):
                yield row[0], row[1]

    def codes(self) -> Iterator[tuple[int, str, bytes]]:
        """Page, room and code of every page that was compared."""
        pages, codes = schema.pages, schema.codes
        query = (
            sa.select(codes.c.page_id, codes.c.room, codes.c.code)
            .join(pages, pages.c.id == codes.c.page_id)
            .where(pages.c.instrument_id == self.instrument_id)
        )
        for row in self.connection.execute(query.execution_options(yield_per=10_000)):
            yield row[0], row[1], row[2]

    def forget(self, keys: Sequence[int]) -> None:
        """Take away what pages were compared by and found to have in common."""
        codes, alike = schema.codes, schema.likenesses
        for start in range(0, len(keys), _CHUNK):
            some = keys[start : start + _CHUNK]
            either = alike.c.one.in_(some) | alike.c.other.in_(some)
            for name, gone in (
                ("codes", sa.delete(codes).where(codes.c.page_id.in_(some))),
                ("likenesses", sa.delete(alike).where(either)),
            ):
                key = codes.c.page_id if name == "codes" else alike.c.one
                touched(self.connection, name, self.connection.scalars(gone.returning(key)).all())

    def save(
        self, codes: Iterable[Mapping[str, Any]], likenesses: Iterable[Mapping[str, Any]]
    ) -> None:
        """Add pages that were compared, and what was found."""
        insert(self.connection, schema.codes, codes)
        insert(self.connection, schema.likenesses, likenesses)

    def until(self, round_id: str) -> Iterator[sa.RowMapping]:
        """Kept pages of a round and of rounds whose period began before its own.

        A row has the page's key, rooms, form page, path, hash, page number and round.
        """
        pages, files, rounds, codes = schema.pages, schema.files, schema.rounds, schema.codes
        own = sa.select(rounds.c.period_from).where(rounds.c.id == round_id).scalar_subquery()
        query = (
            sa.select(
                *(pages.c.id, pages.c.form_page, pages.c.page, codes.c.room),
                *(files.c.path, files.c.sha256, files.c.round_id),
            )
            .join(files, files.c.id == pages.c.file_id)
            .join(rounds, rounds.c.id == files.c.round_id)
            .join(codes, codes.c.page_id == pages.c.id)
            .where(
                pages.c.instrument_id == self.instrument_id,
                files.c.state == "kept",
                (files.c.round_id == round_id) | (rounds.c.period_from < own),
            )
            .order_by(files.c.round_id, files.c.path, files.c.sha256, pages.c.page, codes.c.room)
        )
        streamed = query.execution_options(yield_per=10_000)
        yield from self.connection.execute(streamed).mappings()

    def all(self) -> Iterator[sa.RowMapping]:
        """Everything found, in order of pages."""
        pages, table = schema.pages, schema.likenesses
        query = (
            sa.select(table)
            .join(pages, pages.c.id == table.c.one)
            .where(pages.c.instrument_id == self.instrument_id)
            .order_by(table.c.one, table.c.other, table.c.what)
        )
        yield from self.connection.execute(query).mappings()
