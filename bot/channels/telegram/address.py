"""Our addresses and references → the platform's numbers; what is none of ours leads nowhere."""

import re

from bot.channels.channel import Failed, Hopeless
from bot.channels.telegram.parse import CHANNEL
from handlers.events import Address

_CHAT = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_REF = re.compile(r"[0-9]{1,18}", re.ASCII)


def chat_of(to: Address) -> int:
    """Give the chat's id. Raises Failed(GONE) for an address that is none of ours."""
    if to.channel != CHANNEL or not _CHAT.fullmatch(to.peer):
        raise Failed(Hopeless.GONE)
    return int(to.peer)


def number_of(ref: str) -> int:
    """Give a message's, or a topic's, id. Raises Failed(GONE) for a reference that is none."""
    if not _REF.fullmatch(ref):
        raise Failed(Hopeless.GONE)
    return int(ref)
