"""The people of a simulated town: children at Telegram and at the page, officers in the group and
at the desk. They act by dice, wait like people, and keep a ledger of what they have said.
"""

import asyncio
import random
import re
from dataclasses import dataclass, field

from storage import talks
from storage.tx import Tx
from tests.bot.people import Browser
from tests.fakes.telegram import Shown
from tests.programme.town import CLERK, GROUP, LEAD, OFFICERS, Town
from tests.programme.virtual import DeadError

STORIES = (
    "em muốn kể {tag} là hôm qua ở nhà em bị mắng rất lâu và buồn",
    "bố đang đánh em {tag} cứu em với em đang ở trong nhà sợ lắm",
    "mấy bạn trong lớp em hay trêu và giật cặp của em {tag} từ tuần trước",
    "chú công an ở phường em đã đánh em {tag} hôm qua ở gần chợ",
    "thầy giáo bắt em ở lại một mình sau giờ học {tag} em không thích chút nào",
    "em buồn lắm {tag} em không muốn sống nữa và không ai nghe em nói cả",
    "nha em hay cai nhau to lam {tag} em so ma khong biet ke voi ai",
)
TAG = re.compile(r"(?:chuyen|lời)-\d+")
ANSWER = "Cô đọc rồi, cô sẽ giúp em, {tag} nhé."
NOT_PRESSED = (
    "go.exit",
    "go.drop",
    "go.done",
    "go.anew",
    "go.new",
    "edit.story",
    "up.",
    "go.later",
)
"""Buttons by which words are given up: what is told here must arrive."""
CHOICE = re.compile(r'name="choice" value="([^"]+)"')
DEATHS = 0.02
"""How many acts are followed by the process's death within its next few steps."""
HOUR = 3600.0


@dataclass
class Ledger:
    """What was said, by whom and in which order; and what the officers answered."""

    told: dict[str, list[str]] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    acts: dict[int, list[float]] = field(default_factory=dict)
    """When each child at Telegram wrote or pressed."""
    number: int = 0
    held: set[str] = field(default_factory=set)
    """Lines that waited for "add it, or something else?": they join the story later than others."""

    def tag(self, kind: str = "chuyen") -> str:
        self.number += 1
        return f"{kind}-{self.number}"


@dataclass
class Somebody:
    """What all of them have: a town, dice of their own, and the ledger."""

    town: Town
    dice: random.Random
    ledger: Ledger

    async def wait(self, least: float, most: float) -> None:
        await asyncio.sleep(self.dice.uniform(least, most))

    def tempt_fate(self) -> None:
        """Sometimes the process dies over what is done now."""
        if self.town.deadly and self.dice.random() < DEATHS:
            self.town.fate.left = self.dice.randrange(1, 40)

    def line(self, who: str) -> str:
        tag = self.ledger.tag()
        self.ledger.told.setdefault(who, []).append(tag)
        return self.dice.choice(STORIES).format(tag=tag)


@dataclass
class Child(Somebody):
    """Somebody at Telegram who tells a few things over the week."""

    peer: int = 0

    async def live(self, until: float) -> None:
        await self.wait(0, 30 * HOUR)
        while self.town.elapsed < until:
            await self.tell()
            await self.wait(0.3 * HOUR, 70 * HOUR)

    async def tell(self) -> None:
        """One sitting: presses and words as they come, and in the end *send*."""
        for _ in range(self.dice.randint(3, 10)):
            if self.dice.random() < 0.55:
                self.press()
            elif self.dice.random() < 0.12:
                self.act(lambda: self.town.platform.photo(self.peer, b"\xff\xd8\xffpicture"))
            else:
                self.say(self.line(str(self.peer)))
            await self.wait(1, 240)
            self.ledger.held |= waiting_lines(self.town)
        self.say("gửi luôn")

    def say(self, words: str) -> None:
        self.act(lambda: self.town.platform.say(self.peer, words))

    def press(self) -> None:
        shown = self.town.platform.latest(self.peer)
        choices = pressable(shown) if shown else []
        if shown is None or not choices:
            self.act(lambda: self.town.platform.start(self.peer))
            return
        choice = self.dice.choice(choices)
        self.act(lambda: self.town.platform.press(self.peer, shown, choice))

    def act(self, what: object) -> None:
        self.tempt_fate()
        self.ledger.acts.setdefault(self.peer, []).append(self.town.platform.now())
        what()  # type: ignore[operator]


def waiting_lines(town: Town) -> set[str]:
    """The tags of the lines that wait for an answer to "add it, or something else?"."""
    if town.app is None:
        return set()

    def look(tx: Tx) -> set[str]:
        rows = tx.all("select person, side from talks")
        drafts = (talks.get(tx, row["person"], row["side"]).draft for row in rows)
        return {tag for draft in drafts for tag in TAG.findall(draft)}

    found: set[str] = town.peek(look)
    return found


def pressable(shown: Shown) -> list[str]:
    """The buttons of a message by which nothing is given up."""
    data = [str(b["callback_data"]) for b in shown.buttons if "callback_data" in b]
    return [one for one in data if not one.startswith(NOT_PRESSED)]


@dataclass
class Visitor(Somebody):
    """Somebody at the page, without scripts. What gets no answer is sent again from the same page."""

    name: str = ""

    async def live(self, until: float) -> None:
        await self.wait(0, 60 * HOUR)
        while self.town.elapsed < until:
            await self.visit()
            await self.wait(4 * HOUR, 60 * HOUR)

    async def visit(self) -> None:
        page = await self.opened()
        page = await self.send(page, choice="a.for.me")
        page = await self.send(page, choice="a.now.no")
        for _ in range(self.dice.randint(1, 4)):
            page = await self.send(page, text=self.line(self.name))
            await self.wait(2, 300)
        for _ in range(self.dice.randint(0, 3)):
            found = [c for c in CHOICE.findall(page) if not c.startswith((*NOT_PRESSED, "tel"))]
            if found:
                page = await self.send(page, choice=self.dice.choice(found))
                await self.wait(2, 60)
        await self.send(page, choice="go.send")

    async def opened(self) -> str:
        while True:
            await self.town.up.wait()
            try:
                async with self.town.browser() as http:
                    return await Browser(http).opens("/")
            except DeadError:
                await asyncio.sleep(5)

    async def send(self, page: str, **fields: str) -> str:
        """Fill in the page until it is answered."""
        self.tempt_fate()
        while True:
            await self.town.up.wait()
            try:
                async with self.town.browser() as http:
                    answer = await Browser(http, page).sends(**fields)
            except DeadError:
                await asyncio.sleep(5)
                continue
            self.town.pages.append(answer)
            return answer


@dataclass
class Worker(Somebody):
    """An officer with a phone: takes cards, opens files, answers, notes, sometimes closes."""

    peer: int = 0

    async def live(self, until: float) -> None:
        while self.town.elapsed < until:
            await self.wait(0.5 * HOUR, 7 * HOUR)
            await self.answer_the_bell()
            await self.look()

    async def answer_the_bell(self) -> None:
        """Take what rings in the own chat."""
        for shown in self.town.platform.newest(self.peer, 6):
            verb = find(shown, "d.claim.") or find(shown, "d.open.")
            if len(shown.buttons) == 1 and verb:
                await self.presses(shown, verb)

    async def look(self) -> None:
        cards = [s for s in self.town.platform.newest(GROUP, 8) if find(s, "d.open.")]
        if not cards:
            return
        card = self.dice.choice(cards)
        if claim := find(card, "d.claim."):
            self.tempt_fate()
            self.town.platform.press(self.peer, card, claim)
            await self.wait(3, 20)
        file = await self.go_in(card)
        if file is not None:
            await self.work(file)

    async def go_in(self, card: Shown) -> Shown | None:
        """Press *open* in the group, follow the link into the own chat."""
        platform = self.town.platform
        button = find(card, "d.open.")
        if platform.world.chats[GROUP].messages.get(card.message_id) is None or not button:
            return None
        query = platform.press(self.peer, card, button)
        await self.wait(3, 20)
        url = str(platform.answers.get(query, {}).get("url", ""))
        if "?start=" not in url:
            return None
        platform.start(self.peer, url.partition("?start=")[2])
        await self.wait(3, 20)
        return platform.latest(self.peer)

    async def work(self, file: Shown) -> None:
        """Answer, note, or close; everything in the own chat."""
        verb = self.dice.choice(("reply", "reply", "reply", "note", "close", "hand", "priority"))
        shown = await self.presses(file, f"d.{verb}.")
        if shown is None or verb == "hand":
            return
        if verb in {"close", "priority"}:
            choices = [c for c in pressable(shown) if c.startswith(f"d.{verb}.")]
            if choices:
                await self.presses(shown, self.dice.choice(choices))
            return
        tag = self.ledger.tag("lời")
        self.tempt_fate()
        self.town.platform.say(self.peer, ANSWER.format(tag=tag))
        await self.wait(3, 20)
        preview = self.town.platform.latest(self.peer)
        if preview is None or tag not in preview.text or verb != "reply":
            return
        if await self.presses(preview, "d.send."):
            self.ledger.answers.append(tag)

    async def presses(self, shown: Shown, beginning: str) -> Shown | None:
        """Press a button that is there; give what stands last in the chat afterwards."""
        platform, button = self.town.platform, find(shown, beginning)
        if not button or shown.message_id not in platform.world.chats[self.peer].messages:
            return None
        self.tempt_fate()
        platform.press(self.peer, shown, button)
        await self.wait(3, 20)
        return platform.latest(self.peer)


def find(shown: Shown, beginning: str) -> str:
    """The data of the first button that begins so; empty when there is none."""
    data = [str(b["callback_data"]) for b in shown.buttons if "callback_data" in b]
    return next((one for one in data if one.startswith(beginning)), "")


@dataclass
class Clerk(Somebody):
    """An officer at the desk: a shift a day, a few cases a shift."""

    async def live(self, until: float) -> None:
        await self.wait(0, 10 * HOUR)
        while self.town.elapsed < until:
            await self.shift()
            await self.wait(14 * HOUR, 30 * HOUR)

    async def shift(self) -> None:
        await self.town.up.wait()
        try:
            link = await self.town.desk_link(CLERK)
            async with self.town.browser() as http:
                desk = Browser(http)
                if await desk.enters(link) != 303:
                    return
                for _ in range(self.dice.randint(1, 2)):
                    await self.wait(60, HOUR)
                    await self.take_one(desk)
        except DeadError:
            return  # the next shift is another day

    async def take_one(self, desk: Browser) -> None:
        """Claim, open and answer whatever stands on the board."""
        self.tempt_fate()
        await desk.opens("/desk")
        buttons = [c for c in CHOICE.findall(desk.page) if c.startswith(("d.claim.", "d.open."))]
        if not buttons:
            return
        await desk.at_desk(choice=self.dice.choice(buttons))
        replies = [c for c in CHOICE.findall(desk.page) if c.startswith("d.reply.")]
        if not replies:
            return
        await desk.at_desk(choice=self.dice.choice(replies))
        tag = self.ledger.tag("lời")
        await desk.at_desk(text=ANSWER.format(tag=tag))
        sends = [c for c in CHOICE.findall(desk.page) if c.startswith("d.send.")]
        if sends:
            await desk.at_desk(choice=sends[-1])
            self.ledger.answers.append(tag)
        self.town.pages.append(desk.page)


def everybody(town: Town, ledger: Ledger, *, children: int, visitors: int) -> list[Somebody]:
    """The people of a town, each with dice of their own."""

    def dice() -> random.Random:
        return random.Random(town.dice.getrandbits(64))

    made: list[Somebody] = [Child(town, dice(), ledger, 700_000_501 + n) for n in range(children)]
    made += [Visitor(town, dice(), ledger, f"page{n}") for n in range(visitors)]
    made += [Worker(town, dice(), ledger, peer) for peer in (LEAD, OFFICERS[1])]
    made.append(Clerk(town, dice(), ledger))
    return made
