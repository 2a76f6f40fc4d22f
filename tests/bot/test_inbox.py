"""One message, one transaction: nothing twice, nothing mixed up, nothing lost, always an answer."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.cases import Priority
from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side
from handlers.reading import Reader, Reading
from handlers.view import Role
from storage import cases, inbox, outbox, people
from storage.tx import Tx
from tests.world import GROUP, World, open_world

APOLOGY = "Máy mình trục trặc"
TABLES = ("inbox", "people", "talks", "cases", "entries", "links", "audit", "counts", "deadlines")


def everything(tx: Tx) -> dict[str, list[tuple[object, ...]]]:
    """Every row of what decisions write."""
    return {name: [tuple(row) for row in tx.all(f"select * from {name}")] for name in TABLES}


def letters(tx: Tx) -> list[inbox.DeadLetter]:
    found = [inbox.dead_letter(tx, one.id) for one in inbox.buried(tx)]
    return [one for one in found if one is not None]


class Breaks(Reader):
    """A reader with a fault in it: some words are too much for it."""

    def __init__(self, reader: Reader, word: str, times: int = 10**6) -> None:
        self.reader, self.word, self.left, self.tried = reader, word, times, 0

    def read(self, text: str, *more: object, **named: object) -> Reading:
        if self.word in text:
            self.tried += 1
            if self.left:
                self.left -= 1
                raise ZeroDivisionError(text)
        return self.reader.read(text, *more, **named)  # type: ignore[arg-type]


def plant(world: World, word: str, times: int = 10**6) -> Breaks:
    broken = Breaks(world.house.reader, word, times)
    world.inbox.house = replace(world.house, reader=broken)
    return broken


async def told_until_sent(world: World, peer: str, mark: str) -> None:
    """Tell a whole report, each step by its button."""
    for step in ("a.for.me", "a.now.no", "a.what.hit"):
        await world.choose(peer, step)
    await world.say(peer, f"bố hay đánh em {mark}")
    await world.choose(peer, "go.send")


# The same again.


async def test_the_same_update_a_hundred_times_changes_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        await world.choose("be", "a.for.me")
        claim = ""
        steps = [
            world.incoming("be", Kind.CHOICE, choice="a.now.yes"),
            world.incoming("be", Kind.TEXT, text="bố đang đánh em"),
            world.incoming("be", Kind.CHOICE, choice="go.danger"),
        ]
        for step in steps:
            assert not (await world.take(step)).repeated
            claim = claim or world.button(GROUP.peer, "Nhận việc")
        press = world.incoming("m", Kind.CHOICE, choice=claim, side=Side.DESK, place=GROUP)
        await world.take(press)
        before, told = await world.db.read(everything), list(world.room.told)
        for again in [*steps, press] * 100:
            assert (await world.take(again)).repeated
        assert await world.db.read(everything) == before
        assert world.room.told == told


async def test_a_hundred_copies_at_the_same_instant_are_one(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        one = world.incoming("be", Kind.TEXT, text="bố đang đánh em")
        outcomes = await asyncio.gather(*(world.inbox.take(one) for _ in range(100)))
        await world.drain()
        assert [o.repeated for o in outcomes].count(False) == 1
        assert len(world.room.of("be")) == 1
        assert len(await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))) == 1


async def test_the_same_number_from_another_door_is_another_message(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        one = world.incoming("be", Kind.TEXT, text="alo")
        other = replace(one, sender=Address("web", world.house.ward.id, "be"))
        assert not (await world.take(one)).repeated
        assert not (await world.take(other)).repeated


# Many at once.


async def test_people_at_the_same_instant_never_receive_each_others_words(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        crowd = [f"be{n:02}" for n in range(40)]
        script = [
            ("choice", "a.for.me"),
            ("choice", "a.now.no"),
            ("choice", "a.what.hit"),
            ("text", "bố đánh em, dấu riêng {}"),
            ("choice", "a.who.home"),
            ("text", "gần nhà {}"),
            ("choice", "a.phone.shared"),
            ("choice", "a.send.send"),
            ("text", "thêm một điều {}"),
        ]
        for kind, what in script:
            come = []
            for peer in crowd:
                said = what.format(f"<{peer}>")
                come.append(
                    world.incoming(peer, Kind.CHOICE, choice=said)
                    if kind == "choice"
                    else world.incoming(peer, Kind.TEXT, text=said)
                )
            random.Random(what).shuffle(come)
            await asyncio.gather(*(world.inbox.take(one) for one in come), world.drain())
            await world.drain()
        secrets = Counter[str]()
        for peer in crowd:
            said = "\n".join(told.message.text for told in world.room.of(peer))
            assert f"dấu riêng <{peer}>" in said
            assert not [other for other in crowd if other != peer and f"<{other}>" in said]
            [receipt] = [t.message.text for t in world.room.of(peer) if "5 chữ" in t.message.text]
            secrets[receipt.split(":")[1].split(".")[0]] += 1
        assert len(secrets) == len(crowd)
        found = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
        assert len(found) == len({case.code for case in found}) == len(crowd)
        assert world.alarms.counts == {"flood": 1}  # their cards go out ten a minute


async def test_two_officers_claim_at_the_same_instant_and_one_has_it(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        peers = [f"m{n}" for n in range(8)]
        for peer in peers:
            await world.officer(peer, f"Cô {peer}")
        await told_until_sent(world, "be", "x")
        claim = world.button(GROUP.peer, "Nhận việc")
        outcomes = await asyncio.gather(*(world.in_group(peer, claim) for peer in peers))
        toasts = [outcome.toast for outcome in outcomes]
        assert toasts.count("Đã ghi: anh/chị nhận việc này.") == 1
        [case] = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
        winner = peers[toasts.index("Đã ghi: anh/chị nhận việc này.")]
        assert case.claimed_by == f"officer-{winner}"
        assert toasts.count(f"Cô {winner} đã nhận rồi.") == len(peers) - 1


async def test_a_claim_and_new_words_at_the_same_instant_are_both_kept(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây")
        await told_until_sent(world, "be", "x")
        claim = world.button(GROUP.peer, "Nhận việc")
        words = [world.say("be", f"thêm điều {n}") for n in "abcdefghij"]
        await asyncio.gather(*words[:5], world.in_group("m", claim), *words[5:])
        [case] = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
        assert case.claimed_by == "officer-m"
        assert case.messages == 11


# Faults.


async def test_a_fault_is_tried_three_times_buried_and_apologised_for(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.say("be", "alo")
        broken = plant(world, "trục trặc")
        before = await world.db.read(everything)
        await world.say("be", "câu này trục trặc quá")
        assert broken.tried == 4  # three times to decide, once to see whether it was danger
        after = await world.db.read(everything)
        for table in ("talks", "cases", "entries", "links", "deadlines", "counts"):
            assert after[table] == before[table]
        [letter] = await world.db.read(letters)
        assert letter.why == "ZeroDivisionError"
        assert json.loads(letter.body)["text"] == "câu này trục trặc quá"
        assert world.alarms.counts == {"dead-letter": 1}
        said = world.last("be")
        assert APOLOGY in said.text
        assert "111" in said.text
        assert "go.111" in {key.id for row in said.keys for key in row}


async def test_after_a_fault_the_next_message_is_handled_and_the_old_one_not_again(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        plant(world, "trục trặc")
        bad = world.incoming("be", Kind.TEXT, text="trục trặc")
        await world.take(bad)
        assert (await world.take(bad)).repeated
        await world.say("be", "alo")
        assert APOLOGY not in world.last("be").text
        assert len(await world.db.read(letters)) == 1


async def test_what_is_buried_lies_sealed_in_the_file(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        plant(world, "trục trặc")
        await world.say("be-7100000001", "trục trặc rất riêng tư")
        await world.db.checkpoint()
        lying = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        for secret in ("rất riêng tư", "7100000001"):
            assert secret.encode() not in lying


async def test_a_fault_that_passes_is_never_noticed(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        broken = plant(world, "lúc được", times=2)
        await world.say("be", "lúc được lúc không")
        assert broken.tried >= 3
        assert APOLOGY not in world.last("be").text
        assert not world.alarms.counts


async def test_one_persons_fault_does_not_touch_the_others(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        plant(world, "trục trặc")
        await asyncio.gather(
            *(world.say(f"be{n}", "trục trặc" if n % 3 == 0 else "alo") for n in range(12))
        )
        for n in range(12):
            assert (APOLOGY in world.last(f"be{n}").text) is (n % 3 == 0)


async def test_a_fault_on_the_officers_side_tells_the_operator_only(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây")
        await told_until_sent(world, "be", "x")
        claim = world.button(GROUP.peer, "Nhận việc")
        await world.db.write(lambda tx: tx.run("update cases set status = 'nonsense'"))
        outcome = await world.in_group("m", claim)
        assert (outcome.toast, outcome.door) == ("", "")
        assert world.room.of("m") == []
        assert world.alarms.counts["dead-letter"] == 1


async def test_membership_is_asked_for_besides_the_three_tries(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây")
        await told_until_sent(world, "be", "x")
        tried: list[int] = []
        real = world.inbox.dice

        class Dice:
            def id(self) -> str:
                tried.append(1)
                raise ZeroDivisionError

            def bits(self, count: int) -> int:
                return real.bits(count)

        world.inbox.dice = Dice()
        await world.in_group("m", world.button(GROUP.peer, "Nhận việc"))
        assert len(tried) == 3


async def test_a_message_for_somebody_without_an_address_is_told_to_the_operator(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây")
        await told_until_sent(world, "be", "x")
        claim = world.button(GROUP.peer, "Nhận việc")
        await world.in_group("m", claim)
        await world.choose("m", claim.replace("claim", "open"), side=Side.DESK)
        await world.db.write(lambda tx: tx.run("update people set officer = null"))
        await world.say("be", "em sợ lắm")
        assert world.alarms.counts == {"nobody-to-tell": 1}


async def test_a_message_that_was_taken_in_meanwhile_is_not_buried(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        one = world.incoming("be", Kind.TEXT, text="alo")
        await world.take(one)
        await world.inbox.bury(one, ZeroDivisionError())
        assert await world.db.read(letters) == []


# Moments.


async def test_a_moment_that_fails_is_put_off_and_the_others_come(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây")
        for peer in ("be1", "be2"):
            await world.say(peer, "bố đang đánh em")
        await world.db.write(
            lambda tx: tx.run(
                "update deadlines set wait = 'of another time' where id ="
                " (select id from deadlines order by due limit 1)"
            )
        )
        await world.advance(minutes=5)
        assert world.alarms.counts["moment-failed"] == 1
        assert len(world.rings) == 1
        await world.advance(minutes=1)
        assert world.alarms.counts["moment-failed"] == 2


async def test_a_tick_does_no_more_than_it_is_allowed_to(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for n in range(3):
            await world.say(f"be{n}", "bố đang đánh em")
        world.moment[0] += timedelta(minutes=6)
        assert await world.inbox.tick(limit=2) == 2
        assert await world.inbox.tick() == 1
        assert await world.inbox.tick() == 0


# An answer to everything.

WORDS = (
    *("alo", "em buồn quá", "bố đang đánh em, cứu em", "bố hay đánh em bằng roi", "", " ", "111"),
    *("/start", "/xoa", "/ma", "/ma một hai ba bốn năm", "/thoat", "mẹ vào", "/ngonngu", "/meo"),
    *("help me please", "chú công an đánh em đang chảy máu", "em muốn chết", "a" * 5000, "12"),
    *("quay lại", "bỏ qua", "gửi luôn", "đừng gửi", "xem trả lời", "Có", "🙂🙂🙂", "\u202eabc\x00"),
    *("ngoéo vải phun gấc dáng", "1234567890123456", "/khong_co", "an toàn rồi", "hôm nay"),
)
BUTTONS = (
    *("go.danger", "go.safe", "go.exit", "go.drop", "go.drop_sure", "go.send", "go.back", "go.on"),
    *("go.anew", "go.add", "go.new", "go.mailbox", "go.news", "go.code", "go.photo", "go.later"),
    *("go.photo_no", "go.photo_yes", "go.voice_yes", "go.voice_no", "go.done", "go.language"),
    *("a.for.adult", "a.what.touch", "a.what.sad", "a.self.yes", "a.nonsense.x", "edit.where"),
    *("tip.nothing.1", "age.none", "tel.111", "?", "", "d.open.x", "go.to_group", "go.adult"),
)


class Walk:
    """Some residents and officers who do anything at all, in any order."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.files = 0

    def someone(self) -> tuple[str, str]:
        return self.chance.choice(
            [("be1", "telegram"), ("be2", "telegram"), ("co3", "telegram"), ("w1", "web")]
        )

    async def buttons(self, peer: str, channel: str) -> list[str]:
        """What this person could press on what stands in their chat."""
        if channel == "web":
            page = await self.world.mailbox.page(self.web(peer), 0)
            standing = [letter.message for letter in page.letters]
        else:
            standing = [told.message for told in self.world.room.of(peer)[-3:]]
        return [key.id for one in standing for row in one.keys for key in row]

    def web(self, peer: str) -> Address:
        return Address("web", self.world.house.ward.id, peer)

    async def event(self, peer: str, channel: str) -> Incoming:
        chance, make = self.chance, self.world.incoming
        kind = chance.choices(list(Kind), weights=(30, 40, 8, 3, 4, 2, 1, 1))[0]
        match kind:
            case Kind.TEXT | Kind.EDIT:
                return make(peer, kind, channel=channel, text=chance.choice(WORDS))
            case Kind.CHOICE:
                own = await self.buttons(peer, channel)
                pressed = chance.choice(own if own and chance.random() < 0.8 else BUTTONS)
                return make(peer, kind, channel=channel, choice=pressed)
            case Kind.MEDIA:
                self.files += 1
                self.world.room.files[f"f{self.files}"] = b"raw"
                media = Media(chance.choice(list(MediaKind)), f"f{self.files}", 3)
                text = chance.choice(("", *WORDS))
                found = None if chance.random() < 0.1 else media
                return make(peer, kind, channel=channel, media=found, text=text)
            case Kind.LOCATION:
                return make(peer, kind, channel=channel, location=(20.98, 105.86))
            case _:
                return make(peer, kind, channel=channel)

    async def officer(self) -> None:
        """An officer presses anything that stands in the group, at the door, or in their chat."""
        peer = self.chance.choice(("m", "s", "stranger"))
        group = [
            k.id for t in self.world.room.of(GROUP.peer)[-4:] for r in t.message.keys for k in r
        ]
        own = await self.buttons(peer, "telegram")
        if group and self.chance.random() < 0.5:
            outcome = await self.world.in_group(peer, self.chance.choice(group))
            if outcome.door:
                await self.world.start(peer, outcome.door)
        elif own:
            await self.world.choose(peer, self.chance.choice(own), side=Side.DESK)
        if self.chance.random() < 0.3:
            await self.world.say(peer, self.chance.choice(WORDS))

    async def made(self, peer: str, channel: str, since: int) -> int:
        """How many messages for this person were made, sent, or wait, after a row's number."""
        sent = sum(1 for act, told in self.world.room.log if told.to.peer == peer and act == "send")

        def waiting(tx: Tx) -> int:
            where = self.web(peer) if channel == "web" else Address("telegram", "bot", peer)
            known = people.find(tx, where)
            row = tx.one(
                "select count(*) as n from outbox where person = ? and number > ?",
                known.person.id if known else "",
                since,
            )
            return 0 if row is None else int(row["n"])

        return sent + await self.world.db.read(waiting)

    async def step(self) -> Incoming | None:
        """One thing happens; gives a resident's event that brought no answer."""
        roll = self.chance.random()
        if roll < 0.12:
            await self.officer()
            return None
        if roll < 0.16:
            await self.world.advance(minutes=self.chance.choice((1, 6, 16, 35)))
            return None
        peer, channel = self.someone()
        event = await self.event(peer, channel)
        number = await self.world.db.read(newest)
        before = await self.made(peer, channel, number)
        blob = b"clean" if channel == "web" and event.media is not None else None
        await self.world.take(event, blob)
        gained = await self.made(peer, channel, number) - before
        silent = event.kind in {Kind.JOINED, Kind.LEFT}
        return event if (gained < 1) is not silent else None


def newest(tx: Tx) -> int:
    """The number of the newest row that was ever made."""
    row = tx.one("select seq from sqlite_sequence where name = 'outbox'")
    return 0 if row is None else int(row["seq"])


async def cleaned(raw: bytes) -> bytes:
    return b"clean " + raw


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_anybody_does_in_any_order_is_answered(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed=seed) as world:
        world.sender.clean = dict.fromkeys(MediaKind, cleaned)
        await world.officer("m", "Cô Mây", Role.LEAD)
        await world.officer("s", "Chú Sông", called="chú")
        await world.officer("r", "Chú Rừng", Role.INDEPENDENT)
        world.room.members.add("stranger")
        walk = Walk(world, seed)
        unanswered = [event for _ in range(320) if (event := await walk.step()) is not None]
        assert unanswered == []
        assert not world.alarms.counts
        assert await world.db.read(letters) == []
        assert len(await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))) > 3


async def test_everything_that_is_sent_on_is_seen_by_somebody(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây")
        for n in range(5):
            await told_until_sent(world, f"be{n}", str(n))
        board = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
        shown = "\n".join(told.message.text for told in world.room.of(GROUP.peer))
        assert all(f"{case.code[:4]}-{case.code[4:]}" in shown for case in board)
        assert {case.priority for case in board} == {Priority.P2}
        assert await world.db.read(lambda tx: outbox.lanes_due(tx, world.now)) == []
