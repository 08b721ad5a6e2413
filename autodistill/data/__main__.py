"""`python -m autodistill.data`: the child's side of `ingest_apart`."""

from __future__ import annotations

from autodistill.data.apart import main

if __name__ == "__main__":
    main()
