"""What an error of the library means for a message: sent, unsent, unknown, or hopeless.

BadRequest is a NetworkError in the library, so the order of the types matters; its texts are
capitalised on the way, so they are compared without case. No text of the platform goes on.
"""

import re

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bot.channels.channel import Failed, Hopeless, Limited, Undelivered, Unknown, Unsent
from bot.channels.telegram.request import NotSentError, SlowedError, TooLongError

_SAME = re.compile("message is not modified|topic_not_modified", re.IGNORECASE)
_GONE = re.compile(
    "not found|message_id_invalid|peer_id_invalid|topic_deleted|topic_id_invalid|can't be edited"
    "|chat was deactivated|upgraded to a supergroup",
    re.IGNORECASE,
)
_RIGHTS = re.compile("rights|_forbidden|admin_required|topic_closed|is not a forum", re.IGNORECASE)


class Unchanged(Failed):
    """The message, or the topic, is just so already."""

    def __init__(self) -> None:
        """There is nothing to tell."""
        super().__init__(Hopeless.REFUSED)


class Contested(Unsent):
    """Somebody else reads this bot's updates (409): a second process, a webhook, a stolen token."""

    def __init__(self, webhook: bool) -> None:
        """`webhook`: the other reader is a webhook that is still set."""
        super().__init__("contested")
        self.webhook = webhook


def judge(error: TelegramError, group: bool) -> Undelivered:
    """Tell what became of a message. `group`: it went to a group, not to a person."""
    match error:
        case NotSentError():
            return Unsent(error.message)
        case SlowedError():
            return Limited(error.seconds)
        case InvalidToken() | EndPointNotFound():
            return Failed(Hopeless.TOKEN)
        case Forbidden():
            return Failed(Hopeless.RIGHTS if group else Hopeless.BLOCKED)
        case Conflict():
            return Contested("webhook" in error.message.lower())
        case ChatMigrated():
            return Failed(Hopeless.GONE)
        case TooLongError():
            return Failed(Hopeless.REFUSED)
        case BadRequest():
            return _refusal(error.message)
        case _:
            return Unknown(type(error).__name__)


def _refusal(text: str) -> Failed:
    """Tell why the platform said 400."""
    if _SAME.search(text):
        return Unchanged()
    if _GONE.search(text):
        return Failed(Hopeless.GONE)
    if _RIGHTS.search(text):
        return Failed(Hopeless.RIGHTS)
    return Failed(Hopeless.REFUSED)
