"""Settings of the API, from `AUTODISTILL_…` in the environment; built in `create_app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the API finds things, and what it lets in."""

    model_config = SettingsConfigDict(env_prefix="AUTODISTILL_", frozen=True)

    data_root: Path = Path("var")
    """Folder of database, artifacts and uploads."""
    database_url: str = ""
    """SQLAlchemy URL; a SQLite file in the data root when empty."""
    allowed_roots: tuple[Path, ...] = ()
    """Folders, besides the data root, that datasets and models may be registered from by path."""
    hub: bool = False
    """Whether models may be fetched from the Hugging Face hub."""
    max_upload_mib: Annotated[int, Ge(1)] = 512
    """Largest upload, in MiB."""

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
