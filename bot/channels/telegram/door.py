"""The door itself: a Channel of neutral messages on one side, raw Bot API calls on the other.

It keeps nothing but a minute of who is in the officers' group, and how that stands. No address,
token or text leaves it in an error or a log.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn

from telegram import Bot
from telegram.error import ChatMigrated, TelegramError

from bot.channels.channel import (
    Caps,
    Failed,
    Hopeless,
    Inbox,
    Limited,
    Outgoing,
    Undelivered,
    Unknown,
    Unsent,
)
from bot.channels.telegram.address import chat_of, number_of
from bot.channels.telegram.errands import Errands
from bot.channels.telegram.errors import Contested, Unchanged, judge
from bot.channels.telegram.hook import Hook
from bot.channels.telegram.members import Members, is_in
from bot.channels.telegram.parse import CHANNEL, UPDATES, Parsed, Setting, parse
from bot.channels.telegram.poll import Pace, poll
from bot.channels.telegram.remove import remove
from bot.channels.telegram.request import MAX_BYTES, READ, Carrier
from bot.channels.telegram.send import MAX_TEXT, Call, calls, edit
from bot.channels.telegram.standing import Lookout, Standing
from bot.channels.telegram.stretch import Stretch
from bot.channels.telegram.topics import Forum
from handlers.events import Address, Kind

API_URL = "https://api.telegram.org"
BRIEF = 5.0
"""Seconds for what is best effort: a typing sign, the answer to a press."""
PIECES_WAIT = 75.0
"""Seconds in all that the later pieces of one message may be asked to wait."""
MAX_TOAST = 200
_TOKEN = re.compile(r"([1-9][0-9]{0,18}):[\w-]+", re.ASCII)
_ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

RIVAL_FOR = timedelta(minutes=5)
"""So long after the last sign of another reader there may still be one."""

Moved = Callable[[Address, Address], Awaitable[None]]
Told = Callable[[str, str], Awaitable[None]]

_log = logging.getLogger("bot.telegram")


async def _unheard(old: object, new: object) -> None:
    del old, new


def _untold(alarm: str) -> None:
    del alarm


class Telegram:
    """One bot. `group` is where the officers are now; it follows the group when that moves.

    `now` gives the time (UTC), `jitter` a chance in 0..1, `on_migrate` stores a group's new
    address, `on_topic` hears (id, title) of a topic the bot has made there. `proxy` is an HTTP
    proxy's address. Raises ValueError for an impossible token or proxy.
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
        on_topic: Told = _unheard,
        alarms: Callable[[str], None] = _untold,
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
        self.alarms = alarms
        self.rivals = Stretch(RIVAL_FOR)
        """Whether somebody else reads this bot's updates, or set an address for them."""
        self._now, self._on_migrate, self._long_poll = now, on_migrate, long_poll
        self._on_topic = on_topic
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
        self._members = Members(self._is_there)
        self._lookout = Lookout(self._call, self.bot_id)
        self.topics = Forum(self._call, self._seen)
        self._errands = Errands(partial(self._call, read=BRIEF), self.counts)

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
        await self._errands.close()
        for carrier in self._carriers:
            await carrier.shutdown()

    # going out

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        """Send a message in as many pieces as it takes; give their ids.

        When a later piece fails, the earlier ones are taken back, so that the whole can be tried
        again; if even that fails, it raises Unknown. A later piece that is asked to wait waits:
        the whole, begun again, would only meet the same limit at the same piece.
        """
        refs: list[str] = []
        until = asyncio.get_running_loop().time() + PIECES_WAIT
        try:
            for call in calls(chat_of(to), message):
                made = await self._piece(call, until if refs else 0.0)
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
        call = edit(chat_of(to), number_of(ref), message)
        try:
            await self._call(call.method, call.params)
        except Unchanged:
            return

    async def delete(self, to: Address, refs: tuple[str, ...]) -> None:
        """Take messages away, a hundred at a time, or one by one where that is refused.

        Raises the first refusal after everything has been tried (older than 48 hours, no rights).
        """
        await remove(self._call, chat_of(to), sorted({number_of(ref) for ref in refs}))

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

    async def look(self) -> Standing:
        """Look how the bot stands in the officers' group. Raises Undelivered when nobody answers."""
        return await self._lookout.look(self.group)

    async def group_standing(self) -> Standing:
        """Look at all there is to know of the group, to set it up. Raises Undelivered."""
        return await self._lookout.whole(self.group)

    async def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Make one call that only reads, for the doctor; gives what came. Raises Undelivered."""
        return await self._call(method, params)

    async def answer_callback(self, press: str, toast: str = "", url: str = "") -> None:
        """Answer a button press, best effort: a short note, or a door into the private chat."""
        params: dict[str, Any] = {"callback_query_id": press}
        if toast:
            params["text"] = toast[:MAX_TOAST]
        if url:
            params["url"] = url
        await self._errands.attempt("answerCallbackQuery", params)

    async def typing(self, to: Address) -> None:
        """Show that an answer is being written, best effort."""
        await self._errands.attempt("sendChatAction", {"chat_id": chat_of(to), "action": "typing"})

    async def leave(self, place: Address) -> None:
        """Leave a group that is not the officers', best effort."""
        if self.group and int(self.group.peer) > -(10**12):
            await self.typing(self.group)  # a basic group that has moved says so: do not leave it
        if place != self.group:
            await self._errands.attempt("leaveChat", {"chat_id": chat_of(place)})

    # coming in

    async def poll(self, inbox: Inbox) -> NoReturn:
        """Take in updates for ever: commit, then acknowledge. Raises Failed(TOKEN)."""
        await poll(_Polled(self, inbox), self._pace)

    def hook(self, inbox: Inbox, url: str, secret: str) -> Hook:
        """Make the address that the platform calls instead of being asked."""
        return Hook(
            self,
            self._call,
            inbox,
            url=url,
            secret=secret,
            now=self._now,
            pace=self._pace,
            alarms=self.alarms,
        )

    def odd(self) -> None:
        """Count something that could not be read, and say so without its words."""
        self.counts["odd"] += 1
        _log.warning("an update could not be read")

    async def accept(self, updates: list[Any], inbox: Inbox) -> None:
        """Take raw updates in, in order; returning means: all of them are committed."""
        read = []
        for update in updates:
            parsed = self._read(update)
            if parsed.moved:
                await self._follow(*parsed.moved)
            if parsed.topic:
                await self._on_topic(*parsed.topic)
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
        try:
            given = await self._call("getUpdates", params, read=wait + READ)
        except Contested as error:
            self._contested(error)
            raise
        if not isinstance(given, list):
            raise Unknown("no list of updates")
        self.reached = self._now()
        self.caught_up = self.caught_up or not given
        if not self.username:
            self._errands.run(self._learn_quietly())
        return given

    async def offer(self, commands: Sequence[tuple[str, str]]) -> None:
        """Set the menu that phones show, best effort; its names must be neutral."""
        menu = [{"command": name, "description": says} for name, says in commands]
        scope = {"type": "all_private_chats"}
        await self._errands.attempt("setMyCommands", {"commands": menu, "scope": scope})

    async def unhook(self) -> None:
        """Take away a webhook; what waits is kept."""
        await self._errands.attempt("deleteWebhook", {})

    def _read(self, update: Any) -> Parsed:
        group = self.group.peer if self.group else None
        try:
            parsed = parse(update, Setting(self.bot_id, group, self._now()))
        except _ODD:  # a fault of ours must not stop everybody behind this update
            parsed = Parsed(odd=True)
        if parsed.member:
            self._members.forget(parsed.member)
        if parsed.odd:
            self.odd()
        else:
            self.counts["taken" if parsed.incoming else "dropped"] += 1
        return parsed

    async def _hand_in(self, parsed: Parsed, inbox: Inbox) -> None:
        """Commit one message, then answer the press it came from."""
        toast = url = ""
        if parsed.incoming and parsed.incoming.kind is Kind.JOINED:
            # Somebody has put the bot into a group that is not the officers': nothing to do there.
            if parsed.incoming.place is not None:
                self._errands.run(self.leave(parsed.incoming.place))
        elif parsed.incoming:
            outcome = await inbox.take(parsed.incoming)
            toast = outcome.toast
            if outcome.door and self.username:
                url = f"https://t.me/{self.username}?start={outcome.door}"
        if parsed.press:
            self._errands.run(self.answer_callback(parsed.press, toast, url))

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

    async def _piece(self, call: Call, until: float) -> Any:
        """Make one call of a message; one that is told to wait waits, if not past `until`."""
        while True:
            try:
                return await self._call(call.method, call.params)
            except Limited as pause:
                if asyncio.get_running_loop().time() + pause.seconds > until:
                    raise
                await self._pace.sleep(pause.seconds)

    async def _take_back(self, to: Address, refs: tuple[str, ...]) -> None:
        try:
            await self.delete(to, refs)
        except Undelivered:
            raise Unknown("a part of it may stand") from None

    async def _is_there(self, group: str, person: str) -> bool:
        """Ask the platform whether a person is in a group. Raises Undelivered."""
        params = {"chat_id": int(group), "user_id": int(person)}
        return is_in(await self._call("getChatMember", params))

    async def _seen(self, place: Address) -> Standing:
        """Give how the bot stood at a place when it was last looked at. Raises Undelivered."""
        return await self._lookout.last(place) if place == self.group else Standing()

    def _contested(self, error: Contested) -> None:
        """Tell once that somebody else reads along; an address from before the start is no one."""
        if error.webhook and self.reached is None:
            return
        if self.rivals.again(self._now()):
            if error.webhook:
                self.alarms("webhook-changed")
            else:
                self.alarms("other-poller")

    async def _follow(self, old: str, new: str) -> None:
        """Go along with the officers' group to its new address."""
        if not self.group or self.group.peer != old:
            return
        before = self.group
        self.group = Address(CHANNEL, self.bot_id, new)
        self._lookout.forget()
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


class _Polled:
    """A door with the inbox it feeds, as the poller wants it."""

    def __init__(self, door: Telegram, inbox: Inbox) -> None:
        self._inbox = inbox
        self.updates, self.unhook, self._accept = door.updates, door.unhook, door.accept

    async def accept(self, updates: list[Any]) -> None:
        await self._accept(updates, self._inbox)


def _is_token(cause: Undelivered) -> bool:
    return isinstance(cause, Failed) and cause.why is Hopeless.TOKEN
