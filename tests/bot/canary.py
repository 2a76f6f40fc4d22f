"""A marked person's whole way through the real process, and every place where a mark could end.

What may stand where is written, with its reason, in canary_allowed.txt; everything else is a leak.
"""

import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import httpx

from bot.house import TEXTS
from tests.bot.marks import (
    PICTURE_MARKS,
    VOICE_MARKS,
    Hit,
    found,
    leaves,
    mark,
    marked_jpeg,
    marked_png,
    marked_voice,
    vietnamese,
)
from tests.bot.people import HIDDEN, Browser, Person
from tests.bot.process import GROUP, Bot, at_telegram, installed
from tests.fakes.telegram import FakeTelegram

ALLOWED = Path(__file__).with_name("canary_allowed.txt")
LEAD, CHILD, FRIEND = 1001, 5_550_100_031_337, 5_550_200_041_443
WORDS = set((TEXTS / "words.vi.txt").read_text("utf-8").split())
PHONE = "+84000007771234"
NAMES = ("first", "last", "user", "language", "status", "bio", "payload", "mentioned", "origin")
NAMES += ("signature", "via", "sender", "quote", "set", "emoji", "filename", "mimetype", "title")
NAMES += ("performer", "venue", "address", "odd", "platform", "agent", "referer", "forwarded")
STORY, EDITED, BROKEN, ON_PAGE, ANSWER = map(mark, ("story", "edited", "break", "page", "answer"))

UNPACED = """
import sys
import bot.inbox, bot.pace
from bot.__main__ import main

bot.pace.CHAT = bot.pace.GROUP = bot.pace.Rate(1000, 1000)
decide = bot.inbox.decide

def breaks(view, event, dice):
    if "Zq7break" in getattr(event, "text", ""):
        raise ValueError(event.text)
    return decide(view, event, dice)

bot.inbox.decide = breaks
"""
RUN = "\nsys.exit(main(sys.argv[1:]))\n"


@dataclass(frozen=True)
class Allowed:
    """One line of the allow-list."""

    place: str
    kind: str
    why: str

    def covers(self, hit: Hit) -> bool:
        return fnmatchcase(hit.place, self.place) and hit.kind == self.kind


def allowed() -> list[Allowed]:
    """Read the allow-list: `place | kind | why`, one a line."""
    lines = ALLOWED.read_text("utf-8").splitlines()
    return [
        Allowed(*(part.strip() for part in line.split("|")))
        for line in lines
        if line.strip() and not line.startswith("#")
    ]


@dataclass
class Scene:
    """The marked child, a lead, a browser at the page and one at the desk; and the process."""

    tg: FakeTelegram
    bot: Bot
    child: Person
    lead: Person
    pages: list[tuple[str, bytes]] = field(default_factory=list)
    secrets: dict[str, list[str]] = field(default_factory=lambda: {"return": [], "token": []})

    # acting

    def identify(self) -> None:
        """Put a mark into every field that tells who the child is."""
        self.tg.person(
            CHILD,
            first_name=vietnamese("first"),
            last_name=vietnamese("last"),
            username=mark("user"),
            language_code=mark("language"),
            emoji_status_custom_emoji_id=mark("status"),
            bio=mark("bio"),
        )
        self.tg.person(FRIEND, first_name=mark("mentioned"), username=mark("mentioned"))

    def marked_fields(self) -> dict[str, Any]:
        """What may hang on a message besides its words."""
        friend = dict(self.tg.person(FRIEND))
        chat = {"id": -1002222333344, "type": "channel", "title": mark("origin")}
        origin = {"type": "user", "date": 1, "sender_user": friend}
        return {
            "entities": [
                {"type": "text_mention", "offset": 0, "length": 2, "user": friend},
                {
                    "type": "custom_emoji",
                    "offset": 3,
                    "length": 2,
                    "custom_emoji_id": mark("emoji"),
                },
                {"type": "text_link", "offset": 3, "length": 2, "url": f"tg://user?id={FRIEND}"},
            ],
            "forward_origin": origin,
            "forward_from": friend,
            "forward_sender_name": mark("origin"),
            "forward_from_chat": chat,
            "via_bot": {"id": 5, "is_bot": True, "first_name": "b", "username": mark("via")},
            "author_signature": mark("signature"),
            "sender_tag": mark("sender"),
            "quote": {"text": mark("quote"), "position": 0},
            "external_reply": {"origin": origin, "chat": chat},
        }

    async def tells(self) -> None:
        """The whole report in Telegram: words, edits, everything that can be attached."""
        tg, child = self.tg, self.child
        tg.fail_next("sendMessage", CHILD, status=500, description=mark("platform"))
        first = await child.starts(mark("payload"))
        await child.presses(await child.presses(first, "a.for.me"), "a.now.no")
        said = tg.write(CHILD, {"text": f"Em hay bị chửi {STORY}"}, **self.marked_fields())
        told = await child.hears()
        tg.edit(CHILD, said, f"Em hay bị chửi nhiều {EDITED}")
        await child.hears()
        receipt = await child.presses(told, "go.send")
        self.keep_secrets(receipt.text)
        for send in (self.odd_things, self.break_it):
            await send()
        for photo in (marked_jpeg(), marked_jpeg(300)):
            tg.photo(CHILD, photo, caption="", **self.marked_fields())
            await child.presses(await child.hears(), "go.photo_no")
        tg.document(CHILD, marked_png(), mark("filename") + ".png", "image/png")
        await child.presses(await child.hears(), "go.photo_no")
        tg.voice(CHILD, marked_voice(), **self.marked_fields())
        await child.presses(await child.hears(), "go.voice_yes")
        await tg.wait_for(lambda: self.kept_files() == 4, 20)

    def kept_files(self) -> int:
        """How many files are clean and sealed."""
        connection = sqlite3.connect(f"file:{self.bot.database}?mode=ro", uri=True)
        try:
            return int(connection.execute("select count(*) from files").fetchone()[0])
        finally:
            connection.close()

    def keep_secrets(self, receipt: str) -> None:
        """Find the return words by what they are, not by what stands around them."""
        shown = re.findall(r"\w+", re.sub(r"<[^>]*>", " ", receipt))
        fives = (shown[at : at + 5] for at in range(len(shown)))
        words = next(five for five in fives if len(WORDS & set(five)) == 5)
        self.secrets["return"] += [" ".join(words), "".join(words)]

    async def odd_things(self) -> None:
        """Stickers, contacts, places, files that are refused, and what cannot be read."""
        tg, child = self.tg, self.child
        tg.sticker(CHILD, set_name=mark("set"), **self.marked_fields())
        await child.hears()
        tg.contact(CHILD, PHONE, of=FRIEND, vcard=f"TEL:{PHONE}")
        await child.hears()
        where = {"latitude": 20.97, "longitude": 105.87}
        venue = {"location": where, "title": mark("venue"), "address": mark("address")}
        tg.write(CHILD, {"location": where, "venue": venue})
        await child.hears()
        tg.document(CHILD, b"%PDF", mark("filename") + ".pdf", "application/" + mark("mimetype"))
        await child.hears()
        stored = tg.world.store(b"OggS", mark("filename")).describe()
        body = {"title": mark("title"), "performer": mark("performer"), "duration": 1} | stored
        tg.write(CHILD, {"audio": body})
        await child.presses(await child.hears(), "go.voice_no")
        tg.raw_update({"message": {"from": dict(tg.person(CHILD)), "text": mark("odd")}})
        tg.raw_update({"message": {"chat": mark("odd"), "message_id": [mark("odd")]}})

    async def break_it(self) -> None:
        """A message on which the product itself fails: buried, sealed, apologised for."""
        self.tg.say(CHILD, BROKEN)
        await self.child.hears()

    async def works(self) -> None:
        """The lead claims, opens, answers in Telegram."""
        await self.tg.wait_for(lambda: "Ảnh, giọng nói: 4" in self.tg.from_bot(GROUP)[-1].text)
        card = self.tg.from_bot(GROUP)[-1]
        self.tg.press(LEAD, card, "Nhận việc")
        opened = await self.lead.goes_through_the_door(card, "Mở hồ sơ")
        files = [await self.lead.hears() for _ in range(4)]
        assert all(shown.file_id for shown in files)
        await self.lead.presses(opened, "d.reply.")
        preview = await self.lead.says(f"Cô đọc rồi {ANSWER}")
        await self.lead.presses(preview, "d.send.")
        await self.tg.wait_for(lambda: any(ANSWER in s.text for s in self.tg.from_bot(CHILD)))

    async def visits(self) -> None:
        """Somebody at the page, with everything a browser tells; then the desk looks."""
        headers = {
            "User-Agent": mark("agent"),
            "Referer": f"http://127.0.0.1/{mark('referer')}",
            "X-Forwarded-For": f"192.0.2.77, {mark('forwarded')}",
        }
        address = self.bot.address
        async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False) as http:
            page = Browser(http)
            await page.opens("/")
            for answer in ("a.for.me", "a.now.no"):
                await page.sends(choice=answer)
            await page.sends(text=f"Em bị bắt nạt {ON_PAGE}")
            self.keep_secrets(await page.sends(choice="go.send"))
            hidden = dict(HIDDEN.findall(page.page[page.page.index('<form id="talk"') :]))
            self.secrets["token"].append(hidden["token"])
            picture = {"picture": (mark("filename") + ".jpg", marked_jpeg(), "image/jpeg")}
            answer_ = await http.post("/", data=hidden, files=picture)
            assert answer_.status_code == 200
            self.pages.append(("page", (page.page + answer_.text).encode()))
        await self.desk_looks()

    async def desk_looks(self) -> None:
        async with httpx.AsyncClient(base_url=self.bot.address, trust_env=False) as http:
            desk = Browser(http)
            assert await desk.enters(self.bot.links[0]) == 303
            self.secrets["token"].append(http.cookies["desk"].partition(".")[2].strip('"'))
            await desk.at_desk(choice=desk.button("open"))
            self.pages.append(("desk", desk.page.encode()))
        await self.monitor_looks()

    async def monitor_looks(self) -> None:
        async with httpx.AsyncClient(base_url=self.bot.address, trust_env=False) as http:
            for path in ("/healthz", "/metrics"):
                self.pages.append((path, (await http.get(path)).content))

    # looking

    def marks(self) -> dict[str, list[str]]:
        """Every mark by its kind."""
        names = [mark(name) for name in (*NAMES, *PICTURE_MARKS, *VOICE_MARKS)]
        sent = [f for f in self.tg.world.files.values() if f.content in self.from_the_child()]
        return {
            "number": [str(CHILD), str(FRIEND)],
            "identity": [*names, vietnamese("first"), vietnamese("last"), PHONE[1:]],
            "file": [value for f in sent for value in (f.file_id, f.describe()["file_unique_id"])],
            "story": [STORY, EDITED, BROKEN, ON_PAGE],
            "answer": [ANSWER],
            "return": self.secrets["return"],
            "token": [self.tg.token.partition(":")[2], *self.bot.links, *self.secrets["token"]],
        }

    def from_the_child(self) -> list[bytes]:
        shown = self.tg.chat(CHILD)
        ids = [s.file_id for s in shown if s.sender_id == CHILD and s.file_id]
        return [self.tg.file(file_id) for file_id in ids]

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Everything that could tell: (place, bytes)."""
        who = {GROUP: "group", LEAD: "officer", CHILD: "child", None: "nobody"}
        for call in self.tg.sent:
            for path, data in leaves(call.params):
                yield f"call {call.method} to {who[call.chat_id]}: {path}", data
        for chat in (GROUP, LEAD):
            for shown in self.tg.from_bot(chat):
                for path, data in leaves(shown.raw):
                    yield f"chat {who[chat]}: {path}", data
                if shown.file_id:
                    yield f"chat {who[chat]}: its file", self.tg.file(shown.file_id)
        yield "stdout", self.bot.out.encode()
        yield "log", self.bot.err.encode()
        yield from self.pages
        yield from self.on_disk()

    def on_disk(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted((self.bot.directory / "data").rglob("*")):
            if path.is_file() and path.name != "root.key":
                yield f"file {path.name}", path.read_bytes()

    def hits(self, places: Iterable[tuple[str, bytes]] = ()) -> list[Hit]:
        """Every mark that stands anywhere (or in these places), allowed or not."""
        marks = self.marks()
        looked = places or self.places()
        return [hit for place, data in looked for hit in found(place, data, marks)]


@asynccontextmanager
async def scene(path: Path, leak: str = "") -> AsyncIterator[Scene]:
    """A running process at DEBUG; `leak`: Python that is run in it first."""
    (path / "unpaced.py").write_text(UNPACED + leak + RUN, "utf-8")
    async with FakeTelegram(flood=False) as tg:
        tg.group(GROUP, admins=[LEAD])
        script = (str(path / "unpaced.py"),)
        async with installed(path, at_telegram(tg, LOG_LEVEL="DEBUG"), script) as bot:
            await bot.start()
            _, start = await bot.invited("Cô Hạ", "lead")
            lead = Person(tg, LEAD)
            await lead.starts(start)
            on = Scene(tg, bot, Person(tg, CHILD), lead)
            on.secrets["token"].append(start)
            on.identify()
            yield on
        assert tg.refusals == []
