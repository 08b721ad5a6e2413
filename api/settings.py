"""Settings of the API, from `AUTODISTILL_…` in the environment; built in `create_app`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge
from pydantic import field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Where the API finds things, and what it lets in."""

    model_config = SettingsConfigDict(env_prefix="AUTODISTILL_", frozen=True)

    data_root: Path = Path("var")
    """Folder of database, artifacts and uploads."""
    database_url: str = ""
    """SQLAlchemy URL; a SQLite file in the data root when empty."""
    allowed_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders, besides the data root, that datasets and models may be registered from by path;
    in the environment as in PATH, with colons between."""
    hub: bool = False
    """Whether models may be fetched from the Hugging Face hub."""
    max_upload_mib: Annotated[int, Ge(1)] = 512
    """Largest upload, in MiB."""

    @field_validator("allowed_roots", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [p for p in value.split(os.pathsep) if p] if isinstance(value, str) else value

    @property
    def root(self) -> Path:
        """The data root, absolute."""
        return self.data_root.resolve()

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.root / 'autodistill.db'}"

    @property
    def roots(self) -> tuple[Path, ...]:
        """Every folder that may be read by path."""
        return (self.root, *(root.resolve() for root in self.allowed_roots))
