"""One request of a signed-in professional that is about no patient: find, journal, deposits, settings, help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from carnet.portal.professional.caller import Caller
from carnet.portal.professional.pro_space import ProSpace
from carnet.portal.shell import Endpoint
from carnet.record.act import Act

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CallerVisit:
    """The request and the professional."""

    space: ProSpace
    request: Request
    caller: Caller

    async def perform(self, act: Act[T]) -> T:
        """Does one act of theirs through the gate, of no patient unless the act finds one."""
        return await self.space.gate.perform(self.caller.requester, act)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page without a patient; its forms are bound to the session alone."""
        done = self.request.query_params.get("fait", "")
        return self.space.page(self.request, template, status=status, done=done, **values)

    async def form(self) -> dict[str, str]:
        """The fields of a form of such a page. Raises ForeignForm, OtherRecord, MalformedMessage."""
        return await self.space.form(self.request)


CallerPage = Callable[[CallerVisit], Awaitable[Response]]


def calling(space: ProSpace, page: CallerPage) -> Endpoint:
    """An endpoint for a signed-in professional: who is not signed in is led to sign in, what fails is a sentence."""

    async def called(request: Request) -> Response:
        return await page(CallerVisit(space, request, space.current_caller(request)))

    return space.endpoint(called)
