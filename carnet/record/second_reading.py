"""Whether an act failed because something that it read is damaged: it is run once more, over rows that are checked, and taken back."""

from __future__ import annotations

from typing import Any

from carnet.errors import IntegrityFailure
from carnet.identity.directory import confirm
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.requester import Requester


def damage_met(platform: Platform, requester: Requester, act: Act[Any]) -> IntegrityFailure | None:
    """The damage that an act meets, if it meets any. The caller is behind a savepoint, and goes back to it whatever comes of this."""
    checked = platform.checked()
    try:
        if requester.assertion is not None or requester.portal:
            confirm(checked.connection, requester)
        act.run(act.opens(checked, requester, act.name))
    except IntegrityFailure as found:
        return found
    except Exception:  # noqa: BLE001 - it fails as it failed before
        return None
    return None
