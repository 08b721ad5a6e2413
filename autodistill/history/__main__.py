"""`python -m autodistill.history`: the child's side of `understand`."""

from __future__ import annotations

from autodistill.history.apart import main

if __name__ == "__main__":
    main()
