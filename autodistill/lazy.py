"""Heavy modules on first use: `from autodistill.lazy import torch` costs nothing until touched."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pandas
    import torch as torch
    import transformers as transformers
else:

    class _Lazy(ModuleType):
        """Stands in for a module and imports it when an attribute is first asked for."""

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):  # introspection must not trigger the import
                raise AttributeError(name)
            return getattr(importlib.import_module(self.__name__), name)

    pandas = _Lazy("pandas")
    torch = _Lazy("torch")
    transformers = _Lazy("transformers")
