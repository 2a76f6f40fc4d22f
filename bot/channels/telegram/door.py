"""The door itself: a Channel of neutral messages on one side, raw Bot API calls on the other.

It keeps nothing but a minute of who is in the officers' group. No address, token or text leaves
it in an error or a log.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NoReturn

from telegram import Bot
from telegram.error import ChatMigrated, TelegramError

from bot.channels.channel import (
    Caps,
    Failed,
    Hopeless,
    Inbox,
    Outgoing,
    Undelivered,
    Unknown,
    Unsent,
)
from bot.channels.telegram.errors import Unchanged, judge
from bot.channels.telegram.members import Members
from bot.channels.telegram.parse import CHANNEL, UPDATES, Parsed, Setting, parse
from bot.channels.telegram.poll import Pace, poll
from bot.channels.telegram.request import MAX_BYTES, READ, Carrier
from bot.channels.telegram.send import MAX_TEXT, calls, edit
from handlers.events import Address, Kind

API_URL = "https://api.telegram.org"
BRIEF = 5.0
"""Seconds for what is best effort: a typing sign, the answer to a press."""
MAX_TOAST = 200
_TOKEN = re.compile(r"([1-9][0-9]{0,18}):[\w-]+", re.ASCII)
_ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

Moved = Callable[[Address, Address], Awaitable[None]]

_log = logging.getLogger("bot.telegram")


async def _unheard(old: Address, new: Address) -> None:
    del old, new


class Telegram:
    """One bot. `group` is where the officers are now; it follows the group when that moves.

    `now` gives the time (UTC), `jitter` a chance in 0..1, `on_migrate` stores a group's new
    address. `proxy` is an HTTP proxy's address. Raises ValueError for an impossible token or proxy.
    """

    name = CHANNEL
    caps = Caps(max_text=MAX_TEXT, pushes=True, knows_account="Telegram", edits=True, pictures=True)

    def __init__(
        self,
        token: str,
        *,
        now: Callable[[], datetime],
        api_url: str = API_URL,
        proxy: str | None = None,
        group: Address | None = None,
        on_migrate: Moved = _unheard,
        jitter: Callable[[], float] = float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        long_poll: int = 50,
    ) -> None:
        """`long_poll`: seconds that one question for updates stays open (the cap is 50)."""
        known = _TOKEN.fullmatch(token)
        if not known:
            raise ValueError("this is no bot token")
        if proxy and not proxy.startswith(("http://", "https://")):
            raise ValueError("the proxy must speak HTTP")
        self.bot_id = known[1]
        self.username = ""
        self.group = group
        self.reached: datetime | None = None
        """When the platform last answered a question for updates."""
        self.caught_up = False
        """Whether everything that waited at the platform at the start has been read."""
        self.refused = False
        """Whether the platform refuses the token; until it takes it again nothing works here."""
        self.counts: Counter[str] = Counter()
        """Updates by what became of them: "taken", "dropped", "odd"."""
        self._now, self._on_migrate, self._long_poll = now, on_migrate, long_poll
        self._pace = Pace(jitter, sleep)
        url = api_url.rstrip("/")
        self._files = f"{url}/file/bot{token}"
        self._carriers = (Carrier(64, proxy), Carrier(1, proxy))
        self._bot = Bot(
            token,
            base_url=lambda secret: f"{url}/bot{secret}",
            request=self._carriers[0],
            get_updates_request=self._carriers[1],
        )
        self._members = Members(self._standing)
        self._errands: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the connections and learn the bot's own name; an unreachable platform is no error.

        Raises Failed(TOKEN) when the platform refuses the token.
        """
        for carrier in self._carriers:
            await carrier.initialize()
        try:
            await self._learn_name()
        except Undelivered as error:
            if _is_token(error):
                raise
            _log.warning("telegram is out of reach at the start")

    async def close(self) -> None:
        """End what is under way and close the connections."""
        errands = tuple(self._errands)
        for errand in errands:
            errand.cancel()
        await asyncio.gather(*errands, return_exceptions=True)
        for carrier in self._carriers:
            await carrier.shutdown()

    # going out

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        """Send a message in as many pieces as it takes; give their ids.

        When a later piece fails, the earlier ones are taken back, so that the whole can be tried
        again; if even that fails, it raises Unknown.
        """
        refs: list[str] = []
        try:
            for call in calls(_chat(to), message):
                made = await self._call(call.method, call.params)
                ref = made.get("message_id") if isinstance(made, dict) else None
                if not isinstance(ref, int):
                    raise Unknown("no message id")
                refs.append(str(ref))
        except Undelivered:
            if refs:
                await self._take_back(to, tuple(refs))
            raise
        return tuple(refs)

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        """Bring an earlier message up to date."""
        call = edit(_chat(to), _ref(ref), message)
        try:
            await self._call(call.method, call.params)
        except Unchanged:
            return

    async def delete(self, to: Address, refs: tuple[str, ...]) -> None:
        """Take messages away, a hundred at a time, or one by one where that is refused.

        Raises the first refusal after everything has been tried (older than 48 hours, no rights).
        """
        chat = _chat(to)
        ids = sorted({_ref(ref) for ref in refs})
        refusal: Failed | None = None
        for start in range(0, len(ids), 100):
            batch = ids[start : start + 100]
            try:
                await self._call("deleteMessages", {"chat_id": chat, "message_ids": batch})
            except Failed as error:
                if error.why is Hopeless.TOKEN:
                    raise
                refusal = await self._delete_singly(chat, batch) or refusal
        if refusal:
            raise refusal

    async def fetch(self, ref: str) -> bytes:
        """Fetch a file's bytes (at most 20 MB)."""
        told = await self._call("getFile", {"file_id": ref})
        path = told.get("file_path") if isinstance(told, dict) else None
        size = told.get("file_size") if isinstance(told, dict) else None
        if not isinstance(path, str) or (isinstance(size, int) and size > MAX_BYTES):
            raise Failed(Hopeless.REFUSED)
        try:
            return await self._bot.request.retrieve(f"{self._files}/{path}")
        except TelegramError as error:
            cause = judge(error, group=False)
        if _is_token(cause):
            raise Failed(Hopeless.GONE)  # the token was good a moment ago: 404 means the file
        raise cause

    async def is_member(self, group: Address, person: Address) -> bool:
        """Tell whether the person is in the group right now (known for a minute at most)."""
        if group.channel != CHANNEL or person.channel != CHANNEL or person.bot != self.bot_id:
            return False
        return await self._members.has(group.peer, person.peer)

    async def answer_callback(self, press: str, toast: str = "", url: str = "") -> None:
        """Answer a button press, best effort: a short note, or a door into the private chat."""
        params: dict[str, Any] = {"callback_query_id": press}
        if toast:
            params["text"] = toast[:MAX_TOAST]
        if url:
            params["url"] = url
        await self._try("answerCallbackQuery", params)

    async def typing(self, to: Address) -> None:
        """Show that an answer is being written, best effort."""
        await self._try("sendChatAction", {"chat_id": _chat(to), "action": "typing"})

    async def leave(self, place: Address) -> None:
        """Leave a group that is not the officers', best effort."""
        if self.group and int(self.group.peer) > -(10**12):
            await self.typing(self.group)  # a basic group that has moved says so: do not leave it
        if place != self.group:
            await self._try("leaveChat", {"chat_id": _chat(place)})

    # coming in

    async def poll(self, inbox: Inbox) -> NoReturn:
        """Take in updates for ever: commit, then acknowledge. Raises Failed(TOKEN)."""
        await poll(_Polled(self, inbox), self._pace)

    async def accept(self, updates: list[Any], inbox: Inbox) -> None:
        """Take raw updates in, in order; returning means: all of them are committed."""
        read = []
        for update in updates:
            parsed = self._read(update)
            if parsed.moved:
                await self._follow(*parsed.moved)
            read.append(parsed)
        # Tasks start in the order they are made; the inbox keeps one person's messages in order.
        tasks = [asyncio.create_task(self._hand_in(parsed, inbox)) for parsed in read]
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def updates(self, offset: int | None) -> list[Any]:
        """Confirm all below `offset`, then wait for more and give it."""
        wait = self._long_poll if self.caught_up else 0
        params = {"timeout": wait, "allowed_updates": list(UPDATES)}
        if offset is not None:
            params["offset"] = offset
        given = await self._call("getUpdates", params, read=wait + READ)
        if not isinstance(given, list):
            raise Unknown("no list of updates")
        self.reached = self._now()
        self.caught_up = self.caught_up or not given
        if not self.username:
            self._run(self._learn_quietly())
        return given

    async def offer(self, commands: Sequence[tuple[str, str]]) -> None:
        """Set the menu that phones show, best effort; its names must be neutral."""
        menu = [{"command": name, "description": says} for name, says in commands]
        scope = {"type": "all_private_chats"}
        await self._try("setMyCommands", {"commands": menu, "scope": scope})

    async def unhook(self) -> None:
        """Take away a webhook; what waits is kept."""
        await self._try("deleteWebhook", {})

    def _read(self, update: Any) -> Parsed:
        group = self.group.peer if self.group else None
        try:
            parsed = parse(update, Setting(self.bot_id, group, self._now()))
        except _ODD:  # a fault of ours must not stop everybody behind this update
            parsed = Parsed(odd=True)
        if parsed.odd:
            _log.warning("an update could not be read")
        if parsed.member:
            self._members.forget(parsed.member)
        self.counts["odd" if parsed.odd else "taken" if parsed.incoming else "dropped"] += 1
        return parsed

    async def _hand_in(self, parsed: Parsed, inbox: Inbox) -> None:
        """Commit one message, then answer the press it came from."""
        toast = url = ""
        if parsed.incoming and parsed.incoming.kind is Kind.JOINED:
            # Somebody has put the bot into a group that is not the officers': nothing to do there.
            if parsed.incoming.place is not None:
                self._run(self.leave(parsed.incoming.place))
        elif parsed.incoming:
            outcome = await inbox.take(parsed.incoming)
            toast = outcome.toast
            if outcome.door and self.username:
                url = f"https://t.me/{self.username}?start={outcome.door}"
        if parsed.press:
            self._run(self.answer_callback(parsed.press, toast, url))

    # within

    async def _call(self, method: str, params: dict[str, Any], read: float = READ) -> Any:
        """Make one call; give its raw result. Raises Undelivered, without the platform's words."""
        chat = params.get("chat_id", 0)
        try:
            result = await self._bot.do_api_request(method, params, read_timeout=read)
        except ChatMigrated as error:
            moved = error.new_chat_id
        except TelegramError as error:
            cause = judge(error, group=chat < 0)
            self.refused = self.refused or _is_token(cause)
            raise cause from None
        else:
            self.refused = False
            if result is None:
                raise Unknown("no result")
            return result
        if not self.group or self.group.peer != str(chat):
            raise Failed(Hopeless.GONE)
        await self._follow(str(chat), str(moved))
        raise Unsent("the group has moved")

    async def _try(self, method: str, params: dict[str, Any]) -> None:
        try:
            await self._call(method, params, read=BRIEF)
        except Undelivered:
            self.counts[f"{method} failed"] += 1

    async def _delete_singly(self, chat: int, ids: list[int]) -> Failed | None:
        refusal = None
        for ref in ids:
            try:
                await self._call("deleteMessage", {"chat_id": chat, "message_id": ref})
            except Failed as error:
                if error.why is not Hopeless.GONE:
                    refusal = error
        return refusal

    async def _take_back(self, to: Address, refs: tuple[str, ...]) -> None:
        try:
            await self.delete(to, refs)
        except Undelivered:
            raise Unknown("a part of it may stand") from None

    async def _standing(self, group: str, person: str) -> bool:
        """Ask the platform whether a person is in a group. Raises Undelivered."""
        member = await self._call("getChatMember", {"chat_id": int(group), "user_id": int(person)})
        status = member.get("status") if isinstance(member, dict) else None
        if status == "restricted":
            return member.get("is_member") is True
        return status in ("creator", "administrator", "member")

    async def _follow(self, old: str, new: str) -> None:
        """Go along with the officers' group to its new address."""
        if not self.group or self.group.peer != old:
            return
        before = self.group
        self.group = Address(CHANNEL, self.bot_id, new)
        _log.warning("the officers' group has moved")
        await self._on_migrate(before, self.group)

    async def _learn_name(self) -> None:
        me = await self._call("getMe", {})
        name = me.get("username") if isinstance(me, dict) else None
        self.username = name if isinstance(name, str) else ""

    async def _learn_quietly(self) -> None:
        try:
            await self._learn_name()
        except Undelivered:
            self.counts["getMe failed"] += 1

    def _run(self, errand: Any) -> None:
        """Run something that nobody waits for; `close` ends it."""
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


class _Polled:
    """A door with the inbox it feeds, as the poller wants it."""

    def __init__(self, door: Telegram, inbox: Inbox) -> None:
        self._inbox = inbox
        self.updates, self.unhook, self._accept = door.updates, door.unhook, door.accept

    async def accept(self, updates: list[Any]) -> None:
        await self._accept(updates, self._inbox)


def _is_token(cause: Undelivered) -> bool:
    return isinstance(cause, Failed) and cause.why is Hopeless.TOKEN


def _chat(to: Address) -> int:
    """Give the chat's id. Raises Failed(GONE) for an address that is none of ours."""
    if to.channel != CHANNEL or not re.fullmatch(r"-?[0-9]{1,19}", to.peer, re.ASCII):
        raise Failed(Hopeless.GONE)
    return int(to.peer)


def _ref(ref: str) -> int:
    """Give a message's id. Raises Failed(GONE) for a reference that is none."""
    if not re.fullmatch(r"[0-9]{1,18}", ref, re.ASCII):
        raise Failed(Hopeless.GONE)
    return int(ref)
