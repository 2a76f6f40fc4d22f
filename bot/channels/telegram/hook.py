"""Being called by the platform instead of asking it: commit, then 200; and watching the address.

Whoever sets another address for this bot has its token. It knows no route and no person, and
says nothing of the secret.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from bot.channels.channel import Failed, Hopeless, Inbox, Limited, Undelivered, Unknown
from bot.channels.telegram.fields import number, table
from bot.channels.telegram.parse import UPDATES
from bot.channels.telegram.poll import Pace
from bot.channels.telegram.stretch import Stretch

PATH = "/telegram"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
LOOK_EVERY_S = 45.0
"""Seconds between two looks: a stolen token is told within a minute."""
AT_ONCE = 40
"""Calls that the platform may make at the same time; one chat's come one after the other."""
FAILING_FOR = timedelta(minutes=3)
"""So old a failed delivery counts, as long as something waits for another."""

Call = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Door(Protocol):
    """What is needed of the door."""

    reached: datetime | None
    caught_up: bool

    async def accept(self, updates: list[Any], inbox: Inbox) -> None:
        """Take updates in; returning means: committed."""

    def odd(self) -> None:
        """Count something that could not be read."""


class Hook:
    """One address that the platform calls. `failing`: why it does not work now, as was last seen."""

    path, header = PATH, HEADER

    def __init__(
        self,
        door: Door,
        call: Call,
        inbox: Inbox,
        *,
        url: str,
        secret: str,
        now: Callable[[], datetime],
        pace: Pace,
        alarms: Callable[[str], None],
    ) -> None:
        """`url`: where the platform calls, from outside; `secret`: what it must show."""
        self._door, self._call, self._inbox = door, call, inbox
        self._url, self._secret = url, secret
        self._now, self._pace, self.alarms = now, pace, alarms
        self._ours = False
        """Whether the address was ours at the last look."""
        self._soon = 20
        """How many more looks may follow each other quickly, at the start."""
        self.changed = Stretch(timedelta(minutes=5))
        self.failing = False

    def knows(self, secret: str) -> bool:
        """Tell, in the same time whatever it is, whether somebody shows the secret."""
        return hmac.compare_digest(secret.encode(), self._secret.encode())

    async def deliver(self, body: bytes) -> int:
        """Take one update in; gives the status to answer with. What the inbox raises goes on.

        What cannot be read is counted and answered 200: the platform would bring it for a day,
        and everything else of that chat after it.
        """
        try:
            update = json.loads(body)
        except (json.JSONDecodeError, UnicodeDecodeError):
            self._door.odd()
            return HTTPStatus.BAD_REQUEST
        except (ValueError, RecursionError):
            update = None
        await self._door.accept([update], self._inbox)
        self._door.reached = self._now()
        return HTTPStatus.OK

    async def watch(self) -> NoReturn:
        """Set the address, then look at it for ever. Raises Failed(TOKEN)."""
        trouble = 0
        while True:
            just_set = not self._ours
            try:
                if just_set:
                    await self._set()
                await self._look()
            except Failed as failure:
                if failure.why is Hopeless.TOKEN:
                    raise
                self._fails()
                trouble += 1
                await self._pace.rest(trouble)
            except Limited as pause:
                await self._pace.sleep(pause.seconds)
            except Undelivered:
                trouble += 1
                await self._pace.rest(trouble)
            else:
                if just_set and not self._ours:  # setting it changes nothing: do not spin
                    trouble += 1
                    await self._pace.rest(trouble)
                    continue
                trouble = 0
                await self._rest()

    async def _rest(self) -> None:
        """Wait for the next look: soon while something waits from before the start."""
        if not self._ours:
            return
        self._soon -= 1
        early = self._soon > 0 and not self._door.caught_up
        await self._pace.sleep(1.0 if early else LOOK_EVERY_S)

    async def _set(self) -> None:
        """Tell the platform where to call. What waits there is kept, always."""
        await self._call(
            "setWebhook",
            {
                "url": self._url,
                "secret_token": self._secret,
                "allowed_updates": list(UPDATES),
                "max_connections": AT_ONCE,
            },
        )
        self._ours = True

    async def _look(self) -> None:
        """Ask where the platform calls, and how it fares."""
        info = await self._call("getWebhookInfo", {})
        if not isinstance(info, dict):
            raise Unknown("no info")
        self._door.reached = self._now()
        if plain(info.get("url")) != plain(self._url):
            self._ours = False
            if self.changed.again(self._now()):
                self.alarms("webhook-changed")
            return
        waits = (number(info.get("pending_update_count")) or 0) > 0
        self._door.caught_up = self._door.caught_up or not waits
        if waits and self._recent(table(info).get("last_error_date")):
            self._fails()
            self._door.caught_up = True  # nothing will come soon: do not wait for it any longer
        else:
            self.failing = False

    def _fails(self) -> None:
        """The platform cannot call us, or does not want to: told once, until it is over."""
        if not self.failing:
            self.alarms("webhook-failing")
        self.failing = True

    def _recent(self, at: object) -> bool:
        seconds = number(at)
        if seconds is None or not 0 < seconds < 2**33:
            return False
        return self._now() - datetime.fromtimestamp(seconds, UTC) < FAILING_FOR

    def trouble(self) -> bool:
        """Tell whether the address is, or was within minutes, not as it should be."""
        return self.failing or self.changed.lasts(self._now())


def plain(url: object) -> object:
    """Give an address in the one way in which it may be compared, however it was written."""
    if not isinstance(url, str):
        return url
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return url
    return parts.scheme, host, port, parts.path.rstrip("/"), parts.query
