"""Watching whether the officers' group can be reached: a look each minute, also when nothing is sent.

What stands in the outbox for it is the sender's; here the operator is told, once for each stretch.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from bot.alarms import Alarms
from bot.channels.channel import Failed, Limited, Undelivered
from bot.channels.telegram import Telegram
from bot.channels.telegram.standing import Standing

LOOK_EVERY_S = 50.0
"""Seconds between two looks: what is lost is told within a minute."""
AGAIN_S = 10.0
"""Seconds until the next look when nobody answered."""


class Group:
    """The officers' group as it was last seen. `lost`: it takes nothing from the bot."""

    def __init__(
        self,
        telegram: Telegram,
        alarms: Alarms,
        *,
        lost: Callable[[], Awaitable[None]],
        found: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`lost` and `found` are called when the group is lost, and when it is there again."""
        self.telegram = telegram
        self.alarms = alarms
        self.on_lost, self.on_found = lost, found
        self.sleep = sleep
        self.lost = False
        self.without_topics = False
        """Whether it has topics, and the bot may not make any."""

    async def watch(self) -> NoReturn:
        """Look for ever."""
        while True:
            answered = await self.look()
            await self.sleep(LOOK_EVERY_S if answered else AGAIN_S)

    async def look(self) -> bool:
        """Look once; False when nobody answered, which says nothing about the group."""
        try:
            standing = await self.telegram.look()
        except Limited as pause:
            await self.sleep(pause.seconds)
            return False
        except Failed:  # the token: the door itself says so
            return True
        except Undelivered:
            return False
        await self.judge(standing)
        return True

    async def judge(self, standing: Standing) -> None:
        """Tell what has changed."""
        lost = standing.asked and not standing.reachable
        if lost and not self.lost:
            self.alarms("group-unreachable", standing.role)
            self.lost = True
            await self.on_lost()
        elif self.lost and not lost:
            self.lost = False
            await self.on_found()
        without = standing.reachable and standing.forum and not standing.can_manage_topics
        if without and not self.without_topics:
            self.alarms("no-topics-right")
        self.without_topics = without
