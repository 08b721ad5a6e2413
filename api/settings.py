"""Settings of the API, from `AUTODISTILL_…` in the environment; built in `create_app`."""

from __future__ import annotations

import ipaddress
import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le
from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from autodistill.logs import Form

Network = IPv4Network | IPv6Network
MIN_ROOT_TOKEN = 32


def is_loopback(host: str) -> bool:
    """Whether an address or a name is this machine's own and no other can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(BaseSettings):
    """Where the API finds things, and what it lets in."""

    model_config = SettingsConfigDict(env_prefix="AUTODISTILL_", frozen=True)

    host: str = "127.0.0.1"
    """Address to listen on; beyond loopback every request needs a token."""
    port: Annotated[int, Ge(0), Le(65535)] = 8000
    """Port to listen on."""
    tokens: bool = False
    """Ask for tokens on loopback too, as behind a proxy."""
    root_token: SecretStr | None = None
    """A token with scope admin, to make the first others with; at least 32 characters."""
    rate_per_s: Annotated[float, Ge(0)] = 100.0
    """Requests a second of one token or address, ten times as many at once; 0 is no limit."""
    log_format: Form = "text"
    """`text` for people, `json` for machines."""
    drain_s: Annotated[float, Ge(0)] = 0.0
    """So long it still answers, but is not ready, after it was told to stop."""
    data_root: Path = Path("var")
    """Folder of database, artifacts and uploads."""
    database_url: str = ""
    """SQLAlchemy URL; a SQLite file in the data root when empty."""
    allowed_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders, besides the data root, that datasets and models may be registered from by path;
    in the environment as in PATH, with colons between."""
    webhook_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """Networks, besides the public ones, that webhooks may lead to, such as `10.0.0.0/8`; with
    commas between."""
    hub: bool = False
    """Whether models may be fetched from the Hugging Face hub."""
    shipped_history: bool = True
    """Whether recommendations and searches also rest on the history that comes with the package."""
    max_upload_mib: Annotated[int, Ge(1)] = 512
    """Largest upload, in MiB."""
    ingest_mib: Annotated[int, Ge(512)] = 4096
    """Memory that reading one dataset may take, in MiB."""

    @field_validator("allowed_roots", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [p for p in value.split(os.pathsep) if p] if isinstance(value, str) else value

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return [n for n in value.split(",") if n] if isinstance(value, str) else value

    @field_validator("root_token")
    @classmethod
    def _long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MIN_ROOT_TOKEN:
            way_out = "make one with: openssl rand -hex 32"
            raise ValueError(f"A root token has at least {MIN_ROOT_TOKEN} characters; {way_out}")
        return value

    @property
    def guarded(self) -> bool:
        """Whether tokens are asked for."""
        return self.tokens or not is_loopback(self.host)

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
