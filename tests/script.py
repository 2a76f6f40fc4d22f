"""Chats written down as a ward officer can read them: the inputs are played, the outputs compared.

A file is a list of lines. What stands at the margin is what people do; what is indented is what
the product answered, and is written by `pytest --rewrite`. tests/transcripts/README.md shows it.
"""

import difflib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
from PIL import Image

from bot import house as houses
from bot.channels.channel import Key, Outcome, Outgoing
from bot.clock import Clock
from bot.commands import drill
from handlers.cases import Priority
from handlers.events import Address, Kind, Media, MediaKind, Side
from handlers.view import Role
from storage.origins import DRILL
from tests.world import GROUP, World, open_world

INDENT = "    "
LONGEST = 3000
CLEAN_UP_EVERY = 30
"""Minutes; a clock that jumps further deletes nothing."""
COMMAND = "$ python -m bot drill"
LOST = "‼"
"""Marks what a person in the chat cannot do: the file is out of date."""
ROLES = {"trưởng nhóm": Role.LEAD, "cán bộ": Role.OFFICER, "độc lập": Role.INDEPENDENT}
FILES = {
    "ảnh": MediaKind.PICTURE,
    "giọng nói": MediaKind.VOICE,
    "video": MediaKind.VIDEO,
    "tệp": MediaKind.FILE,
    "nhãn dán": MediaKind.STICKER,
    "danh bạ": MediaKind.CONTACT,
}
ON_PAGE = {"Thoát nhanh": "go.exit", "Số 111": "go.111"}
"""What a page shows at its top at all times."""
SECRET = re.compile(r"➤ ([^\d\n]+)")
DIGITS = re.compile(r"\d{4} \d{4} \d{4} \d{4}")
CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")
KNOCK = re.compile(r"số (\d{4})\b")
ACT = re.compile(
    r"(?P<who>[^:\[\]]+?)(?P<group> trong nhóm)?"
    r"(?:: ?(?P<says>.*)"
    r"| bấm \[(?P<press>.+)\]"
    r"| bấm nút cũ \[(?P<stale>.+)\]"
    r"| bấm nút giả (?P<forged>.*)"
    r"| gửi (?P<file>ảnh|giọng nói|video|tệp|nhãn dán|danh bạ)(?:: ?(?P<under>.*))?"
    r"| chỉ chỗ (?P<lat>[\d.]+), (?P<long>[\d.]+)"
    r"| sửa thành: ?(?P<edit>.*)"
    r"|(?P<withheld> gửi tin không đọc được)"
    r"|(?P<page> mở trang)"
    r"|(?P<leaves> rời nhóm))"
)


@dataclass(frozen=True)
class Setting:
    """What the lines with @ say of the ward."""

    ward: frozenset[str] = frozenset()
    officers: tuple[tuple[str, str], ...] = ()
    web: frozenset[str] = frozenset()


def read_setting(lines: list[str]) -> Setting:
    """Read who works here, what the ward has decided, and who comes through a page."""
    ward: set[str] = set()
    officers: list[tuple[str, str]] = []
    web: set[str] = set()
    for line in lines:
        if not line.startswith("@ "):
            continue
        name, _, what = line[2:].partition(": ")
        if name == "phường":
            ward |= set(what.split(", "))
        elif what == "trang web":
            web.add(name)
        else:
            officers.append((name, what))
    return Setting(frozenset(ward), tuple(officers), frozenset(web))


@dataclass
class Play:
    """One file being played."""

    world: World
    setting: Setting
    out: list[str] = field(default_factory=list)
    nobody: list[Outgoing] = field(default_factory=list)
    """What came to the made-up reporter of an exercise."""
    seen: int = 0
    rang: int = 0
    alarmed: int = 0
    standing: dict[tuple[str, str], Outgoing] = field(default_factory=dict)
    ever: list[tuple[str, Key]] = field(default_factory=list)
    words: str = ""
    digits: str = ""
    seen_codes: list[str] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)

    async def line(self, line: str) -> None:
        """Play one line of the margin, and write what came of it."""
        self.out.append(line)
        if line.startswith("+ "):
            number, unit = line[2:].split(" ", 1)
            minutes = int(number) * {"phút": 1, "giờ": 60}[unit]
            for begun in range(0, minutes, CLEAN_UP_EVERY):
                await self.world.advance(minutes=min(CLEAN_UP_EVERY, minutes - begun))
                await self.clean_up()
            at = self.world.now.timestamp() + 7 * 3600
            self.out.append(
                f"{INDENT}(bây giờ là {int(at // 3600 % 24):02}:{int(at // 60 % 60):02})"
            )
        elif line.startswith(COMMAND):
            await self.command(line.removeprefix(COMMAND).split())
        elif line.strip() and not line.startswith(("#", "@")):
            await self.act(line)
        await self.tell()

    async def clean_up(self) -> None:
        """Do what the clock does beside the moments: take words away, delete what has expired."""
        world = self.world
        clock = Clock(
            db=world.db,
            tick=world.inbox.tick,
            channels={"telegram": world.room},
            alarms=world.alarms,
            now=lambda: world.now,
            house=world.house,
        )
        await clock.take_away()
        await clock.sweep()

    async def command(self, words: list[str]) -> None:
        """Run an exercise from the command line, as whoever looks after the program does."""
        db, ward = self.world.db, self.world.house.ward.id
        if words in [["report"], ["end"]]:
            act = {"report": drill.reported, "end": drill.ended}[words[0]]
            answer = await db.write(lambda tx: drill.on(ward, None, act, tx))
        else:
            self.world.nowhere[DRILL].hear = lambda _, message: self.nobody.append(message)
            nobody = Address(DRILL, ward, f"{self.world.count}")
            await drill.tell(self.world.inbox, nobody, Priority(words[-1] if words else "P2"))
            answer = await db.write(lambda tx: drill.begun(ward, nobody, tx))
        self.out += [f"{INDENT}{self.without_chance(line)}" for line in answer.lines]
        await self.world.drain()

    async def act(self, line: str) -> None:
        """Let somebody do something."""
        found = ACT.fullmatch(line)
        assert found is not None, f"nobody understands {line!r}"
        who, does = found["who"], found.groupdict()
        side = {"side": Side.DESK, "place": GROUP} if does["group"] else {}
        if does["page"]:
            await self.page(who)
            return
        if does["leaves"]:
            self.world.room.members.discard(who)
            return
        if does["group"]:
            self.world.room.members.add(who)
        if (does["press"] or does["stale"]) and not self.sees(found):
            self.out.append(f"{INDENT}{LOST} {who} không thấy nút này")
            return
        kind, fields = self.meant(who, does)
        event = self.incoming(who, kind, **fields, **side)
        if fields.get("ref"):
            event = replace(event, ref=fields["ref"])
        self.last[who] = event.ref
        await self.answered(who, await self.world.take(event))

    async def answered(self, who: str, outcome: Outcome) -> None:
        """Write the short answer to a press; a door is walked through at once."""
        if outcome.toast:
            self.out.append(
                f"{INDENT}({who} thấy thoáng qua: {self.without_chance(outcome.toast)})"
            )
        if outcome.door:
            self.out.append(f"{INDENT}({who} được đưa sang chat riêng)")
            await self.tell()
            await self.world.start(who, outcome.door)

    def meant(self, who: str, does: dict[str, str | None]) -> tuple[Kind, dict[str, object]]:
        """Give the kind and the fields of what somebody does."""
        if does["withheld"]:
            return Kind.WITHHELD, {}
        if does["lat"]:
            return Kind.LOCATION, {"location": (float(does["lat"]), float(does["long"] or 0))}
        if does["file"]:
            return Kind.MEDIA, {
                "media": self.file(does["file"]),
                "text": self.text(does["under"] or ""),
            }
        if does["edit"] is not None:
            return Kind.EDIT, {"text": self.text(does["edit"]), "ref": self.last[who]}
        if does["forged"] is not None:
            return Kind.CHOICE, {"choice": does["forged"]}
        if does["says"] is not None:
            return Kind.TEXT, {"text": self.text(does["says"])}
        place = GROUP.peer if does["group"] else who
        wanted = does["press"] or does["stale"] or ""
        return Kind.CHOICE, {"choice": self.button(place, wanted, oldest=bool(does["stale"]))}

    def incoming(self, who: str, kind: Kind, **fields: object):  # type: ignore[no-untyped-def]
        fields.pop("ref", None)
        channel = "web" if who in self.setting.web else "telegram"
        return self.world.incoming(who, kind, channel=channel, **fields)  # type: ignore[arg-type]

    def file(self, what: str) -> Media:
        """Make a file that the channel can be asked for."""
        ref = f"tệp{self.world.count}"
        self.world.room.files[ref] = spoken() if what == "giọng nói" else drawn_picture()
        return Media(FILES[what], ref, 100)

    def text(self, written: str) -> str:
        """Give the words that are meant: signs that cannot be seen are written with their number."""
        spoken = written.replace("{5 chữ}", self.words).replace("{16 số}", self.digits)
        spoken = spoken.replace("⏎", "\n").replace("{1 MB}", "toi buon " * 116_000)
        return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), spoken)

    def button(self, place: str, label: str, *, oldest: bool) -> str:
        """Find a button: the newest one that stands, or the oldest that ever stood."""
        if oldest:
            return next(key.id for there, key in self.ever if (there, key.label) == (place, label))
        newest = [key for there, key in self.stands() if (there, key.label) == (place, label)]
        return newest[-1].id if newest else ON_PAGE[label]

    def sees(self, act: re.Match[str]) -> bool:
        """Tell whether the button is there at all: a chat about a button that is gone is no chat."""
        place = GROUP.peer if act["group"] else act["who"]
        label = act["press"] or act["stale"]
        there = self.ever if act["stale"] else self.stands()
        on_page = place in self.setting.web and label in ON_PAGE
        return on_page or any((peer, key.label) == (place, label) for peer, key in there)

    def stands(self) -> Iterator[tuple[str, Key]]:
        """Give every button that can be pressed now, the newest last."""
        if self.setting.web:
            yield from self.ever
        for told in self.world.room.told:
            for row in told.message.keys:
                yield from ((told.to.peer, key) for key in row)

    async def tell(self) -> None:
        """Write what was sent, changed and rung since the last time."""
        room = self.world.room
        for _, told in room.log[self.seen :]:
            place = (told.to.peer, told.ref)
            self.message(told.to.peer, told.message, self.standing.get(place))
            self.standing[place] = replace(
                told.message, text=self.without_chance(told.message.text)
            )
        self.seen = len(room.log)
        for message in self.nobody:
            self.message("Không ai cả (máy đóng vai người báo)", message, None)
        self.nobody.clear()
        there = {(told.to.peer, told.ref) for told in room.told}
        for peer, ref in [place for place in self.standing if place not in there]:
            self.out.append(f"{INDENT}(một tin trong {called(peer)} được gỡ đi)")
            del self.standing[peer, ref]
        for peer in sorted(self.setting.web):
            await self.letters(peer)
        for code, priority in self.world.rings[self.rang :]:
            self.out.append(
                f"{INDENT}⚡ chuông báo thứ hai: {self.without_chance(code)} {priority}"
            )
        self.rang = len(self.world.rings)
        if (alarms := self.world.alarms.counts.total()) > self.alarmed:
            self.out.append(f"{INDENT}⚠ báo người vận hành: {', '.join(self.world.alarms.counts)}")
            self.alarmed = alarms

    def message(self, peer: str, message: Outgoing, before: Outgoing | None) -> None:
        """Write a message: a new one whole, a changed one by its changed lines."""
        self.ever += [(peer, key) for row in message.keys for key in row]
        message = replace(message, text=self.without_chance(message.text))
        if before is None:
            marks = " (không chuyển tiếp được, tự gỡ trong ngày)" * (
                message.secret and peer != GROUP.peer
            )
            self.out.append(f"{INDENT}→ {called(peer)}{marks}")
            self.out += [f"{INDENT}  {line}".rstrip() for line in drawn(message)]
            return
        self.out.append(f"{INDENT}→ {called(peer)}, tin ở trên đổi:")
        changed = difflib.ndiff(drawn(before), drawn(message))
        self.out += [f"{INDENT}  {line}".rstrip() for line in changed if line[0] in "+-"]

    def without_chance(self, text: str) -> str:
        """Write by name what chance has made, so that a chat stays the same when chance differs."""
        if found := SECRET.search(text):
            self.words = found[1]
        if found := DIGITS.search(text):
            self.digits = found[0]
        for secret, name in ((self.words, "{5 chữ}"), (self.digits, "{16 số}")):
            text = text.replace(secret, name) if secret else text
        text = CODE.sub(lambda code: f"{{mã {self.named(code[0])}}}", text)
        return KNOCK.sub(lambda number: f"số {{gõ cửa {self.named(number[1])}}}", text)

    def named(self, chance: str) -> int:
        """Count what chance has made, each kind in the order in which it is seen."""
        same = [one for one in self.seen_codes if len(one) == len(chance)]
        if chance not in same:
            self.seen_codes.append(chance)
            return len(same) + 1
        return same.index(chance) + 1

    async def letters(self, peer: str) -> None:
        """Write what a page fetches by itself."""
        who = self.at_page(peer)
        letters = await self.world.mailbox.letters(who, 0)
        for letter in letters:
            self.message(peer, letter.message, None)
        if letters:
            await self.world.mailbox.letters(who, letters[-1].number)

    async def page(self, peer: str) -> None:
        """Write what stands on a page that is opened anew."""
        page = await self.world.mailbox.page(self.at_page(peer), 0)
        self.out.append(f"{INDENT}→ trang của {called(peer)}")
        for line in page.history:
            text = self.without_chance(line.text)
            self.out.append(f"{INDENT}  {'mình' if line.mine else 'máy'}: {text}")
        for letter in page.letters:
            self.message(peer, letter.message, None)
        if not page.history and not page.letters:
            self.out.append(f"{INDENT}  (trang đầu, như với người lạ)")

    def at_page(self, peer: str) -> Address:
        return Address("web", self.world.house.ward.id, peer)


def drawn_picture() -> bytes:
    """Draw a small picture."""
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(picture, "PNG")
    return picture.getvalue()


def spoken() -> bytes:
    """Say nothing for a moment, as a voice message."""
    sound = io.BytesIO()
    with av.open(sound, "w", format="ogg") as box:
        stream = box.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.rate = 48_000
        frame.planes[0].update(bytes(1920))
        box.mux([*stream.encode(frame), *stream.encode(None)])
    return sound.getvalue()


def called(peer: str) -> str:
    """Call a chat as people call it."""
    return "Nhóm cán bộ" if peer == GROUP.peer else peer


def drawn(message: Outgoing) -> list[str]:
    """Draw a message as it is read."""
    text = message.text
    if len(text) > LONGEST:
        text = f"{text[:200]} …(còn {len(text) - 200} ký tự)"
    lines = ["(gửi lại)"] * message.again + text.split("\n")
    lines += [f"(che, bấm để đọc) {line}" for line in message.spoiler.split("\n") if line]
    lines += ["(kèm một ảnh)"] * len(message.pictures)
    return lines + [" ".join(f"[{key.label}]" for key in row) for row in message.keys]


async def play(path: Path, source: str) -> str:
    """Play a file's margin from the beginning; gives the whole file as it should be."""
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith(INDENT)]
    setting = read_setting(lines)
    ward = replace(
        houses.read_ward(None),
        parents_rule="không hỏi bố mẹ" not in setting.ward,
        unfinished_to_officers="không chuyển phần kể dở" not in setting.ward,
    )
    async with open_world(
        path,
        ward=ward,
        group="không nhóm" not in setting.ward,
        group_shows_words="nhóm xem lời kể" in setting.ward,
        trial="bản thử" in setting.ward,
        opened="chưa mở" not in setting.ward,
    ) as world:
        for name, what in setting.officers:
            role, *more = what.split(", ")
            called_as = "chú" if "chú" in more else "cô"
            await world.officer(
                name,
                name,
                ROLES[role],
                called=called_as,
                duty="không trực" not in more,
                school="trường học" in more,
            )
        shown = Play(world, setting)
        for line in lines:
            if not line.startswith("@") and not line.startswith("#"):
                shown.out.append("")
            await shown.line(line)
    return "\n".join(shown.out) + "\n"


Player = Callable[[Path, str], object]
