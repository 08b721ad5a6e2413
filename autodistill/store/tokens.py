"""API tokens: kept as hashes, revoked for good."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from autodistill.access import ApiToken, Scope
from autodistill.errors import Conflict, NotFound
from autodistill.store import tables
from autodistill.store.columns import Clock
from autodistill.store.database import insert

COLUMNS = [c for c in tables.api_token.c if c.name in ApiToken.model_fields]


class Tokens:
    """Making, recognising and revoking."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, token_id: str, name: str, scope: Scope, project: str | None, sha256: str, by: str
    ) -> ApiToken:
        """Remember a token by its hash.

        Raises:
            Conflict: When another one has that name; a name stands for one token for ever.
        """
        values = {
            "id": token_id,
            "name": name,
            "scope": scope,
            "project": project,
            "sha256": sha256,
            "created_at": Clock(),
            "created_by": by,
        }
        added = self._connection.execute(
            insert(self._connection, tables.api_token).values(values).on_conflict_do_nothing()
        )
        if added.rowcount == 0:
            raise Conflict(f'A token "{name}" exists, or has existed; choose another name.')
        return self.get(token_id)

    def get(self, id_or_name: str) -> ApiToken:
        """Return a token by id or by name.

        Raises:
            NotFound: When there is none.
        """
        table = tables.api_token
        query = select(*COLUMNS).where((table.c.id == id_or_name) | (table.c.name == id_or_name))
        row = self._connection.execute(query.order_by(table.c.id != id_or_name)).mappings().first()
        if row is None:
            raise NotFound("token", id_or_name)
        return ApiToken.model_validate(dict(row))

    def holder(self, sha256: str) -> ApiToken | None:
        """Return the token of that hash, unless it was revoked."""
        table = tables.api_token
        query = select(*COLUMNS).where(table.c.sha256 == sha256, table.c.revoked_at.is_(None))
        row = self._connection.execute(query).mappings().first()
        return None if row is None else ApiToken.model_validate(dict(row))

    def has_admin(self) -> bool:
        """Whether somebody can manage the service."""
        table = tables.api_token
        query = select(func.count()).where(
            table.c.scope == Scope.ADMIN, table.c.revoked_at.is_(None)
        )
        return bool(self._connection.scalar(query))

    def list(self, after: str | None = None, limit: int = 100) -> list[ApiToken]:
        """Return tokens by ascending name, those after a name."""
        table = tables.api_token
        query = select(*COLUMNS).order_by(table.c.name).limit(limit)
        if after is not None:
            query = query.where(table.c.name > after)
        rows = self._connection.execute(query).mappings()
        return [ApiToken.model_validate(dict(row)) for row in rows]

    def revoke(self, id_or_name: str) -> ApiToken:
        """Make a token worthless; once more changes nothing.

        Raises:
            NotFound: When there is none.
        """
        table, found = tables.api_token, self.get(id_or_name)
        mine = table.c.id == found.id, table.c.revoked_at.is_(None)
        self._connection.execute(update(table).where(*mine).values(revoked_at=Clock()))
        return self.get(found.id)
