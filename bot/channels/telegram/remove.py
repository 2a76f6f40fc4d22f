"""Taking messages away: by the hundred, or one by one where that is refused.

It knows only numbers; what is gone already is no error.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.channels.channel import Failed, Hopeless

AT_ONCE = 100

Call = Callable[[str, dict[str, Any]], Awaitable[Any]]


async def remove(call: Call, chat: int, ids: list[int]) -> None:
    """Delete messages of one chat.

    Raises the first refusal after everything has been tried (older than 48 hours, no rights).
    """
    refusal: Failed | None = None
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        try:
            await call("deleteMessages", {"chat_id": chat, "message_ids": batch})
        except Failed as error:
            if error.why is Hopeless.TOKEN:
                raise
            refusal = await _singly(call, chat, batch) or refusal
    if refusal:
        raise refusal


async def _singly(call: Call, chat: int, ids: list[int]) -> Failed | None:
    refusal = None
    for ref in ids:
        try:
            await call("deleteMessage", {"chat_id": chat, "message_id": ref})
        except Failed as error:
            if error.why is not Hopeless.GONE:
                refusal = error
    return refusal
