"""Topics of the officers' group, one for each case: made, named, closed, deleted.

It knows no case. What was last seen of the group says whether topics can be made there.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.channels.channel import Failed, Hopeless, Undelivered, Unknown, Unsent
from bot.channels.telegram.address import chat_of, number_of
from bot.channels.telegram.errors import Unchanged
from bot.channels.telegram.standing import Standing
from handlers.events import Address

MAX_TITLE = 128

Call = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Forum:
    """A group as a set of topics. `look` gives how the bot stands there, as was last seen."""

    def __init__(self, call: Call, look: Callable[[Address], Awaitable[Standing]]) -> None:
        """`call` makes a call of the platform; both may raise Undelivered."""
        self._call = call
        self._look = look

    async def has_topics(self, place: Address) -> bool:
        """Tell whether topics can be made there, as was last seen.

        Raises Unsent when that was never seen and nobody answers: one look must come first.
        """
        try:
            standing = await self._look(place)
        except Failed:
            return False  # the message itself will say what is wrong
        except Undelivered:
            raise Unsent("the group could not be looked at") from None
        return standing.topics

    async def open_topic(self, place: Address, title: str) -> str:
        """Make a topic; gives its id."""
        made = await self._call(
            "createForumTopic", {"chat_id": chat_of(place)} | {"name": title[:MAX_TITLE]}
        )
        topic = made.get("message_thread_id") if isinstance(made, dict) else None
        if not isinstance(topic, int) or isinstance(topic, bool):
            raise Unknown("no topic's id")
        return str(topic)

    async def name_topic(self, place: Address, topic: str, title: str) -> None:
        """Give it another name."""
        await self._change("editForumTopic", place, topic, name=title[:MAX_TITLE])

    async def close_topic(self, place: Address, topic: str) -> None:
        """Close it to everybody but administrators."""
        await self._change("closeForumTopic", place, topic)

    async def reopen_topic(self, place: Address, topic: str) -> None:
        """Open it again."""
        await self._change("reopenForumTopic", place, topic)

    async def delete_topic(self, place: Address, topic: str) -> None:
        """Delete it with everything in it, however old that is."""
        try:
            await self._change("deleteForumTopic", place, topic)
        except Failed as failure:
            if failure.why is not Hopeless.GONE:
                raise

    async def _change(self, method: str, place: Address, topic: str, **more: str) -> None:
        where = {"chat_id": chat_of(place), "message_thread_id": number_of(topic)}
        try:
            await self._call(method, where | more)
        except Unchanged:
            return
