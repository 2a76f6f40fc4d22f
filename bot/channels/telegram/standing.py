"""How the bot stands with the platform and in the officers' group: what is there, what it may do.

It keeps no name, no title and nobody's number: only words and yes or no.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.channels.channel import Failed, Hopeless
from bot.channels.telegram.fields import number, rows, table, token
from handlers.events import Address

FORUM_KIND = "supergroup"
"""Only these can hold topics; a basic group has none."""


class Role(StrEnum):
    """What the bot is in the group, in the platform's words."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"
    UNSURE = ""
    """The platform gave no answer, or one that is none of these."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found. `asked` False: no group is set, or nobody answered; the rest means nothing."""

    asked: bool = False
    exists: bool = False
    """Whether the platform knows the group, and lets the bot look at it."""
    kind: str = ""
    """"group", "supergroup", "channel" or "private", as the platform calls it."""
    forum: bool = False
    """Whether a human has switched topics on there."""
    role: Role = Role.UNSURE
    can_write: bool = False
    can_manage_topics: bool = False
    can_delete_messages: bool = False
    reads_everything: bool = False
    """Whether privacy mode is switched off at BotFather's: the bot then sees all group talk."""
    anonymous_admins: bool | None = None
    """Whether an administrator hides behind the group; None: that could not be asked."""

    @property
    def inside(self) -> bool:
        """Whether the bot is in the group."""
        return self.role in {
            Role.CREATOR,
            Role.ADMINISTRATOR,
            Role.MEMBER,
            Role.RESTRICTED,
        }

    @property
    def reachable(self) -> bool:
        """Whether a card would arrive there."""
        return self.exists and self.inside and self.can_write

    @property
    def topics(self) -> bool:
        """Whether each case can have a topic of its own."""
        return self.reachable and self.forum and self.can_manage_topics


def read(chat: Any, member: Any, me: Any, admins: Any) -> Standing:
    """Put four answers together: getChat, getChatMember of the bot, getMe, getChatAdministrators.

    `admins` is None when it could not be asked. Whatever comes, it gives an answer.
    """
    kind = token(table(chat).get("type"))
    own = table(member)
    role = _role(own)
    admin = role is Role.ADMINISTRATOR
    allowed = table(table(chat).get("permissions")).get("can_send_messages") is not False
    return Standing(
        asked=True,
        exists=number(table(chat).get("id")) is not None,
        kind=kind,
        forum=kind == FORUM_KIND and table(chat).get("is_forum") is True,
        role=role,
        can_write=_can_write(own, role, allowed),
        can_manage_topics=role is Role.CREATOR or (admin and own.get("can_manage_topics") is True),
        can_delete_messages=role is Role.CREATOR
        or (admin and own.get("can_delete_messages") is True),
        reads_everything=_reads_everything(me),
        anonymous_admins=None if admins is None else any(map(_hides, rows(admins))),
    )


def _role(own: dict[str, Any]) -> Role:
    try:
        role = Role(token(own.get("status")))
    except ValueError:
        return Role.UNSURE
    if role is Role.RESTRICTED and own.get("is_member") is not True:
        return Role.LEFT
    return role


def _can_write(own: dict[str, Any], role: Role, allowed: bool) -> bool:
    """`allowed`: whether plain members may write there at all."""
    match role:
        case Role.CREATOR | Role.ADMINISTRATOR:
            return True
        case Role.RESTRICTED:
            return own.get("can_send_messages") is True
        case Role.MEMBER:
            return allowed
        case _:
            return False


def _reads_everything(me: Any) -> bool:
    return table(me).get("can_read_all_group_messages") is True


def _hides(admin: Any) -> bool:
    return table(admin).get("is_anonymous") is True


Call = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Lookout:
    """Looks at the officers' group, and remembers what was seen there last."""

    def __init__(self, call: Call, bot_id: str) -> None:
        """`call` makes a call of the platform; it may raise Undelivered."""
        self._call = call
        self._bot = int(bot_id)
        self._seen: Standing | None = None

    def forget(self) -> None:
        """The group is another one now, or what was seen turned out to be wrong."""
        self._seen = None

    async def last(self, group: Address | None) -> Standing:
        """Give what was seen last; looks when nothing was. Raises Undelivered."""
        return self._seen if self._seen is not None else await self.look(group)

    async def look(self, group: Address | None) -> Standing:
        """Look at the group now. Raises Undelivered when nobody answers, or the token is refused."""
        if group is None:
            return Standing()
        self._seen = await self._ask(int(group.peer), {}, None)
        return self._seen

    async def whole(self, group: Address | None) -> Standing:
        """Look at all there is to know, for whoever sets it up. Raises Undelivered."""
        me = await self._call("getMe", {})
        if group is None:
            return Standing(reads_everything=_reads_everything(me))
        try:
            admins = await self._call("getChatAdministrators", {"chat_id": int(group.peer)})
        except Failed:
            admins = None
        return await self._ask(int(group.peer), me, admins)

    async def _ask(self, chat: int, me: Any, admins: Any) -> Standing:
        try:
            there = await self._call("getChat", {"chat_id": chat})
            own = await self._call("getChatMember", {"chat_id": chat, "user_id": self._bot})
        except Failed as failure:
            if failure.why is Hopeless.TOKEN:
                raise
            shut_out = failure.why is Hopeless.RIGHTS
            return Standing(
                asked=True,
                exists=shut_out,
                role=Role.LEFT if shut_out else Role.UNSURE,
                reads_everything=_reads_everything(me),
            )
        return read(there, own, me, admins)
