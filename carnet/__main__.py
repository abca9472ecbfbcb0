"""`python -m carnet` is the command `carnet`."""

from __future__ import annotations

from carnet.cli import main

main()
