"""Files as they came in, the pages in them, their marks and fingerprints."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import insert, plain
from audit.trail.chain import touched

__all__ = ["Files", "Pages"]


class Files:
    """Repository of files."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def key(self, path: str, sha256: str) -> int:
        """The key of one content at one path."""
        return schema.key_of("file", self.round_id, path, sha256)

    def add(self, path: str, kind: str, sha256: str, size: int, run_id: str) -> int:
        """Note one kept file; another content at the same path counts as replaced.

        Returns:
            Its key.
        """
        key = self.key(path, sha256)
        files = schema.files
        same_path = sa.and_(files.c.round_id == self.round_id, files.c.path == path)
        others = sa.and_(same_path, files.c.id != key, files.c.state != "replaced")
        replaced = self.connection.execute(
            sa.update(files).where(others).values(state="replaced").returning(files.c.id)
        )
        touched(self.connection, "files", replaced.scalars().all())
        found = self.connection.execute(sa.select(files.c.state).where(files.c.id == key)).scalar()
        if found is None:
            row = {"id": key, "round_id": self.round_id, "path": path, "kind": kind}
            row |= {"sha256": sha256, "size": size, "state": "kept", "added_run": run_id}
            insert(self.connection, files, [row])
        elif found == "replaced":
            self.connection.execute(sa.update(files).where(files.c.id == key).values(state="kept"))
            touched(self.connection, "files", [key])
        return key

    def kept(self, *kinds: str) -> Sequence[sa.RowMapping]:
        """Files that count, in order of path; of the given kinds, or all."""
        files = schema.files
        query = sa.select(files).where(files.c.round_id == self.round_id, files.c.state == "kept")
        if kinds:
            query = query.where(files.c.kind.in_(kinds))
        return self.connection.execute(query.order_by(files.c.path)).mappings().all()

    def standing(self, *kinds: str) -> Sequence[sa.RowMapping]:
        """Files of some kinds that count or are withdrawn, in order of path."""
        files = schema.files
        query = sa.select(files).where(
            files.c.round_id == self.round_id,
            files.c.state.in_(("kept", "withdrawn")),
            files.c.kind.in_(kinds),
        )
        return self.connection.execute(query.order_by(files.c.path)).mappings().all()

    def set_state(self, key: int, state: str) -> None:
        """Let a file count, or not."""
        files = schema.files
        self.connection.execute(sa.update(files).where(files.c.id == key).values(state=state))
        touched(self.connection, "files", [key])

    def hashes(self) -> Sequence[tuple[str, str]]:
        """Path and SHA-256 of every file ever kept, in order of path."""
        files = schema.files
        query = sa.select(files.c.path, files.c.sha256).where(files.c.round_id == self.round_id)
        rows = self.connection.execute(query.order_by(files.c.path, files.c.sha256))
        return [(row[0], row[1]) for row in rows]

    def deleted_since(self) -> str | None:
        """When the first original of a file that counts was deleted, if one was."""
        files = schema.files
        query = sa.select(sa.func.min(files.c.deleted_at))
        return self.connection.execute(
            query.where(files.c.round_id == self.round_id, files.c.state == "kept")
        ).scalar()

    def note_deleted(self, keys: Collection[int], at: str) -> None:
        """Note that the originals of files were deleted; their rows and hashes stay."""
        files = schema.files
        for key in sorted(keys):
            self.connection.execute(sa.update(files).where(files.c.id == key).values(deleted_at=at))
        touched(self.connection, "files", keys)

    def every(self) -> Sequence[sa.RowMapping]:
        """Every file of every round of the store, kept, replaced or deleted, in order of path."""
        return self.connection.execute(sa.select(schema.files).order_by("path")).mappings().all()

    def set_reason(self, key: int, reason: str | None) -> None:
        """Note why nothing could be read from a file."""
        files = schema.files
        changed = self.connection.execute(
            sa.update(files)
            .where(files.c.id == key, files.c.reason.is_distinct_from(reason))
            .values(reason=reason)
            .returning(files.c.id)
        )
        touched(self.connection, "files", changed.scalars().all())


class Pages:
    """Repository of pages with their marks and fingerprints."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def _of_round(self) -> sa.Select[tuple[int]]:
        files = schema.files
        return sa.select(files.c.id).where(
            files.c.round_id == self.round_id, files.c.state == "kept", files.c.kind == "scan"
        )

    def work_keys(self) -> Mapping[int, str]:
        """File key -> work key under which its pages were judged."""
        pages = schema.pages
        query = sa.select(pages.c.file_id, pages.c.work_key).where(
            pages.c.file_id.in_(self._of_round())
        )
        return {row[0]: row[1] for row in self.connection.execute(query)}

    def judge_again(self, file_id: int) -> int:
        """Have the next run judge a file anew; how many pages wait for that now."""
        pages = schema.pages
        mine = sa.and_(pages.c.file_id == file_id, pages.c.file_id.in_(self._of_round()))
        changed = self.connection.execute(
            sa.update(pages).where(mine).values(work_key="").returning(pages.c.id)
        )
        keys = list(changed.scalars())
        touched(self.connection, pages.name, keys)
        return len(keys)

    def waiting(self) -> bool:
        """Whether a file waits to be judged anew."""
        pages = schema.pages
        query = sa.select(pages.c.id).where(
            pages.c.work_key == "", pages.c.file_id.in_(self._of_round())
        )
        return self.connection.execute(query.limit(1)).first() is not None

    def replace(
        self,
        file_id: int,
        pages: Sequence[Mapping[str, Any]],
        marks: Iterable[Mapping[str, Any]],
        prints: Iterable[Mapping[str, Any]],
    ) -> None:
        """Put the pages of one file in the place of earlier ones, in one go."""
        table = schema.pages
        stale = sa.select(table.c.id).where(table.c.file_id == file_id)
        links, findings = schema.record_pages, schema.findings
        unlinked = sa.delete(links).where(links.c.page_id.in_(stale)).returning(links.c.record)
        freed = sa.update(findings).where(findings.c.page_id.in_(stale)).values(page_id=None)
        gone = sa.delete(table).where(table.c.file_id == file_id).returning(table.c.id)
        # What was found of these pages among others goes with them.
        codes, alike = schema.codes, schema.likenesses
        uncoded = sa.delete(codes).where(codes.c.page_id.in_(stale)).returning(codes.c.page_id)
        either = alike.c.one.in_(stale) | alike.c.other.in_(stale)
        alone = sa.delete(alike).where(either).returning(alike.c.one)
        for name, statement in (
            ("record_pages", unlinked),
            ("findings", freed.returning(findings.c.id)),
            ("codes", uncoded),
            ("likenesses", alone),
            ("pages", gone),
        ):
            keys = self.connection.execute(statement).scalars().all()
            touched(self.connection, name, keys)
        insert(self.connection, table, pages)
        insert(self.connection, schema.marks, marks)
        insert(self.connection, schema.fingerprints, prints)

    def all(self, instrument_id: str | None = None) -> Sequence[sa.RowMapping]:
        """Pages of the files that count, with path and hash of the file, in order."""
        pages, files = schema.pages, schema.files
        query = (
            sa.select(pages, files.c.path, files.c.sha256)
            .join(files, files.c.id == pages.c.file_id)
            .where(pages.c.file_id.in_(self._of_round()))
            .order_by(files.c.path, files.c.sha256, pages.c.page)
        )
        if instrument_id is not None:
            query = query.where(pages.c.instrument_id == instrument_id)
        return self.connection.execute(query).mappings().all()

    def marks(self, instrument_id: str) -> Mapping[int, list[sa.RowMapping]]:
        """Marks of every page of an instrument."""
        marks, pages = schema.marks, schema.pages
        query = (
            sa.select(marks)
            .join(pages, pages.c.id == marks.c.page_id)
            .where(pages.c.file_id.in_(self._of_round()), pages.c.instrument_id == instrument_id)
        )
        found: dict[int, list[sa.RowMapping]] = {}
        for row in self.connection.execute(query).mappings():
            found.setdefault(row["page_id"], []).append(row)
        return found

    def erased(self, instrument_id: str) -> Mapping[int, list[sa.RowMapping]]:
        """Marks of those pages of an instrument on which a mark was erased, or that have signs."""
        marks, pages, findings = schema.marks, schema.pages, schema.findings
        with_mark = sa.select(marks.c.page_id).where(marks.c.state == "erased")
        with_sign = sa.select(findings.c.page_id).where(
            findings.c.kind.in_(("erasure", "overwrite")), findings.c.page_id.is_not(None)
        )
        query = (
            sa.select(marks)
            .join(pages, pages.c.id == marks.c.page_id)
            .where(
                pages.c.file_id.in_(self._of_round()),
                pages.c.instrument_id == instrument_id,
                marks.c.page_id.in_(with_mark) | marks.c.page_id.in_(with_sign),
            )
        )
        found: dict[int, list[sa.RowMapping]] = {}
        for row in self.connection.execute(query).mappings():
            found.setdefault(row["page_id"], []).append(row)
        return found

    def save_fused(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store what a page is among the others: ``id`` and the fused columns.

        Returns:
            The number of pages that changed.
        """
        pages = schema.pages
        names = ("not_assessable", "matches", "suspicion", "flagged", "severity")
        changed = 0
        for row in rows:
            values = {name: plain(row[name]) for name in names}
            self.connection.execute(sa.update(pages).where(pages.c.id == row["id"]).values(values))
            touched(self.connection, "pages", [row["id"]])
            changed += 1
        return changed
