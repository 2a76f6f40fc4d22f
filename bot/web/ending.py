"""What a visitor gets whose request is cut off because the program is ending: the page with 111.

Without it the server answers two bare English words. It knows no page: it is handed one.
"""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Ending:
    """ASGI: answers for a request that is given up before its answer has begun."""

    def __init__(self, app: ASGIApp, *, cut_off: Callable[[], Response]) -> None:
        """`cut_off` makes the page."""
        self.app = app
        self.cut_off = cut_off

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; when it is cancelled, answer, and let the cancelling go on."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except asyncio.CancelledError:
            if scope["type"] == "http" and not begun:
                await self.cut_off()(scope, receive, send)
            raise
