"""A topic of the officers' group for each case: made, named, closed, opened, remade, deleted."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Failed, Hopeless, Outgoing
from bot.clock import Clock
from bot.group import Group
from handlers.cases import Priority
from storage import cards, outbox, retention, topics
from storage.tx import Tx
from tests.bot.telegram_house import (
    CHILD,
    FRIEND,
    GROUP,
    LEAD,
    OFFICER,
    House,
    at,
    at_fake_telegram,
)
from tests.fakes.telegram import BOT_ID, FakeTelegram, Shown

TITLE = re.compile(r"[🔴🟠🔵] P[123] · [0-9A-Z]{4}-[0-9A-Z]{4}")


def titles(tg: FakeTelegram) -> list[str]:
    return [topic.name for topic in tg.world.chats[GROUP].topics.values() if not topic.deleted]


def topic_of(tg: FakeTelegram, card: Shown) -> object:
    assert card.thread_id is not None
    return tg.world.chats[GROUP].topics[card.thread_id]


async def close(here: House) -> None:
    """The lead claims, answers and closes the only case."""
    await here.claim(here.group()[-1])
    await change(here, "status = 'closed', closed = 1, reason = 'safe'")


async def change(here: House, what: str) -> None:
    """Change the only case as a decision would, and have its card brought up to date."""

    def write(tx: Tx) -> None:
        tx.run(f"update cases set {what}")
        tx.memo.clear()
        for row in tx.all("select id from cases"):
            outbox.refresh(tx, row["id"])

    await here.world.db.write(write)
    await here.pump()


def clock(here: House) -> Clock:
    return Clock(
        db=here.world.db,
        tick=here.world.inbox.tick,
        channels={"telegram": here.door},
        topics={"telegram": here.door.topics},
        alarms=here.world.alarms,
        now=lambda: here.world.now,
        house=here.world.house,
    )


def nothing_refused(here: House) -> bool:
    return here.tg.refusals == []


async def test_a_case_gets_a_topic_of_its_own_with_its_card_inside(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report(CHILD)
        await here.report(FRIEND)
        first, second = here.group()
        assert first.thread_id
        assert second.thread_id
        assert first.thread_id != second.thread_id
        assert nothing_refused(here)


async def test_a_topics_name_says_priority_and_code_and_nothing_else(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report(CHILD)
        [title] = titles(here.tg)
        assert TITLE.fullmatch(title)
        assert title.split(" · ")[1] in here.group()[0].text


async def test_a_group_without_topics_gets_plain_cards(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path) as here:
        await here.report()
        [card] = here.group()
        assert card.thread_id is None
        assert here.calls("createForumTopic") == []
        assert nothing_refused(here)


async def test_the_card_is_edited_in_its_topic(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        await here.claim(card)
        [after] = here.group()
        assert (after.message_id, after.thread_id) == (card.message_id, card.thread_id)
        assert "Cô Mây" in after.text
        assert len(here.calls("createForumTopic")) == 1


async def test_a_reply_under_a_card_is_answered_in_its_topic(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        here.tg.say(LEAD, "em ơi", chat_id=GROUP, thread_id=card.thread_id, reply_to=card)
        await here.pump()
        said = here.group()[-1]
        assert "không tới người báo" in said.text
        assert said.thread_id == card.thread_id


async def test_what_belongs_to_no_case_goes_to_the_group_itself(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        for topic in ("", "1"):
            await here.door.send(at(GROUP), Outgoing("Nhiều hồ sơ mới", topic=topic))
        assert [said.thread_id for said in here.group()] == [None, None]
        assert nothing_refused(here)


async def test_the_name_follows_the_priority(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        assert titles(here.tg)[0].startswith("🟠 P2")
        await here.danger()
        case = await here.case()
        assert case.priority is Priority.P1
        assert [title[:4] for title in titles(here.tg)] == ["🔴 P1"]
        assert len(here.calls("editForumTopic")) == 1


async def test_a_closed_case_closes_its_topic_and_an_opened_one_opens_it(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        await close(here)
        assert topic_of(here.tg, card).closed
        assert "Đã đóng" in here.group()[-1].text
        await change(here, "status = 'received', closed = null, reason = ''")
        assert not topic_of(here.tg, card).closed
        assert [c.method for c in here.tg.sent if "ForumTopic" in c.method] == [
            "createForumTopic",
            "closeForumTopic",
            "reopenForumTopic",
        ]
        assert len(here.group()) == 1
        assert nothing_refused(here)


async def test_nothing_is_called_when_nothing_changed(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        before = [call for call in here.tg.sent if call.chat_id == GROUP]
        await change(here, "tapped = tapped")
        assert [call for call in here.tg.sent if call.chat_id == GROUP] == before


async def test_a_topic_deleted_by_hand_is_made_again_with_the_card_and_a_line(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        here.tg.delete_topic(GROUP, card.thread_id)
        assert here.group() == []
        await here.say(CHILD, "hôm qua bị nữa")
        [after] = here.group()
        assert after.thread_id not in {None, card.thread_id}
        assert "không mất tin nào" in after.text.splitlines()[0]
        assert "Tin của người báo: 2" in after.text
        assert len(titles(here.tg)) == 1
        await here.claim(after)
        [last] = here.group()
        assert last.message_id == after.message_id
        assert "không mất tin nào" not in last.text


async def test_a_card_deleted_by_hand_is_made_again_in_the_same_topic(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        here.tg.wipe(card)
        await here.say(CHILD, "hôm qua bị nữa")
        [after] = here.group()
        assert after.thread_id == card.thread_id
        assert "không mất tin nào" in after.text
        assert len(here.calls("createForumTopic")) == 1


async def test_a_topic_closed_by_hand_takes_cards_from_an_administrator(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        here.tg.close_topic(GROUP, card.thread_id, LEAD)
        here.tg.wipe(card)
        await here.say(CHILD, "hôm qua bị nữa")
        assert here.group()[-1].thread_id == card.thread_id
        assert here.world.alarms.counts == {}


async def test_a_bot_that_lost_its_rights_writes_to_the_group_itself(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        here.tg.close_topic(GROUP, card.thread_id, LEAD)
        here.tg.demote(GROUP, BOT_ID)
        here.tg.wipe(card)
        await here.say(CHILD, "hôm qua bị nữa")
        [after] = here.group()
        assert after.thread_id is None
        assert "TOPIC_CLOSED" in str(here.tg.refusals)
        await here.report(FRIEND)
        assert [shown.thread_id for shown in here.group()] == [None, None]
        assert here.world.alarms.counts["alert-refused"] == 0


async def test_topics_switched_off_by_hand_end_in_plain_cards(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        here.tg.topics(GROUP, False)
        await here.report(FRIEND)
        assert [bool(shown.thread_id) for shown in here.group()] == [True, False]
        await here.claim(here.group()[0])
        assert "Cô Mây" in here.group()[0].text


async def test_topics_switched_on_later_are_noticed_and_the_old_card_moves_in(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        await here.report()
        [plain] = here.group()
        here.tg.topics(GROUP, True)
        await here.door.look()
        await here.say(CHILD, "hôm qua bị nữa")
        await clock(here).take_away()
        [card] = here.group()
        assert card.thread_id
        assert card.message_id != plain.message_id
        assert nothing_refused(here)


# surely, maybe, never made


async def test_a_topic_that_may_have_been_made_is_the_one_the_platform_tells_of(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.hang_next("createForumTopic")
        await here.report()
        await here.seconds(2)
        await clock(here).take_away()
        [card] = here.group()
        assert len(titles(here.tg)) == 1
        assert card.thread_id
        assert not card.text.startswith("(gửi lại)")


async def test_a_crash_between_making_and_writing_down_leaves_one_topic_and_one_card(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.fail_next("createForumTopic", status=500, times=99)
        await here.report()
        here.tg._faults.clear()
        # What a process does that dies right after the call: the topic stands, its id is nowhere.
        own = await here.topic()
        assert own is not None
        assert own.id == ""
        await here.door.topics.open_topic(at(GROUP), own.title)
        await here.seconds(60)
        await clock(here).take_away()
        [card] = here.group()
        assert card.thread_id
        assert len(titles(here.tg)) == 1


async def test_a_note_that_never_comes_holds_no_card_up(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.hang_next("createForumTopic", applied=False)
        await here.danger()
        assert [card.thread_id for card in here.group()] == [None]
        await moves_in(here)


async def test_a_topic_made_twice_is_taken_away_and_nobody_elses(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        await here.door.topics.open_topic(at(GROUP), titles(here.tg)[0])
        await here.door.topics.open_topic(at(GROUP), "Trao đổi chung")
        await here.pump()
        await clock(here).take_away()
        assert titles(here.tg) == [(await here.topic()).title, "Trao đổi chung"]
        assert [shown.thread_id for shown in here.group()] == [card.thread_id]


@pytest.mark.parametrize(
    ("status", "words"), [(400, "Bad Request: TOPICS_TOO_MUCH"), (400, "CHAT_ADMIN_REQUIRED")]
)
async def test_an_alert_never_waits_for_a_topic_that_is_refused(
    tmp_path: Path, status: int, words: str
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.fail_next("createForumTopic", status=status, description=words)
        await here.danger()
        [card] = here.group()
        assert card.thread_id is None
        assert await here.topic() is None


async def moves_in(here: House) -> None:
    """A card that stands outside goes into a topic of its case the next time it is shown."""
    await here.seconds(61)
    for who in (CHILD, FRIEND)[: len(await here.cases())]:
        await here.say(who, "hôm qua bị nữa")
    await clock(here).take_away()
    assert [bool(card.thread_id) for card in here.group()] == [True] * len(titles(here.tg))


async def test_a_pause_for_topics_is_no_pause_for_cards(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.fail_next(
            "createForumTopic", status=429, description="x", parameters={"retry_after": 900}
        )
        await here.report()
        await here.danger(FRIEND)
        assert [card.thread_id for card in here.group()] == [None, None]
        assert here.calls("createForumTopic") == []
        await here.seconds(840)
        assert here.calls("createForumTopic") == []
        await moves_in(here)
        assert here.world.alarms.counts == {}


async def test_a_platform_that_can_make_no_topics_gets_plain_cards_at_once(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.fail_next("createForumTopic", status=500, description="x", times=99)
        await here.danger(CHILD)
        await here.danger(FRIEND)
        assert [card.thread_id for card in here.group()] == [None, None]
        assert here.world.alarms.counts == {}


async def test_a_pause_for_a_topics_name_is_no_pause_for_cards(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        here.tg.fail_next(
            "editForumTopic", status=429, description="x", parameters={"retry_after": 900}
        )
        await here.danger()
        await here.danger(FRIEND)
        assert len([card for card in here.group() if card.thread_id]) == 2
        await here.seconds(901)
        assert [title[:4] for title in titles(here.tg)] == ["🔴 P1", "🔴 P1"]


async def test_a_card_that_stands_is_not_sent_twice_when_its_topic_cannot_be_closed_now(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        here.tg.hang_next("closeForumTopic", applied=False)
        await close(here)
        assert not topic_of(here.tg, card).closed
        await here.seconds(60)
        assert topic_of(here.tg, card).closed
        assert len(here.group()) == 1


async def test_making_a_topic_counts_as_a_message(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        turns: list[str] = []

        async def turn(lane: str) -> None:
            turns.append(lane)

        here.world.sender.topics.turn = turn
        await here.report()
        assert turns == ["group"]
        await here.danger()
        assert turns == ["group"] * 2  # the name


# leaving


async def shred(here: House) -> None:
    case = await here.case()
    await here.world.db.write(lambda tx: retention.shred_case(tx, case.id))
    await clock(here).take_away()


async def test_a_shredded_case_takes_its_topic_along_however_old_it_is(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        [card] = here.group()
        here.tg.say(OFFICER, "để tôi", chat_id=GROUP, thread_id=card.thread_id)
        here.tg.advance(90 * 24 * 3600)
        await shred(here)
        assert titles(here.tg) == []
        assert here.tg.chat(GROUP) == []
        assert here.world.alarms.counts["could-not-take-away"] == 0


async def test_a_topic_that_may_not_be_deleted_loses_its_card_and_is_told(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        here.tg.rights(GROUP, can_delete_messages=False)
        await shred(here)
        assert here.group() == []
        assert here.world.alarms.counts["could-not-take-away"] == 1
        touched = len(here.calls("deleteMessages")) + len(here.calls("editMessageText"))
        cleaner = clock(here)
        for _ in range(5):
            here.world.moment[0] += timedelta(minutes=5)
            await cleaner.take_away()
        # A clock that starts anew tells once more, and only the topic is asked for again.
        assert here.world.alarms.counts["could-not-take-away"] == 2
        assert len(here.calls("deleteMessages")) + len(here.calls("editMessageText")) == touched
        here.tg.rights(GROUP, can_delete_messages=True)
        here.world.moment[0] += timedelta(minutes=6)
        await cleaner.take_away()
        assert titles(here.tg) == []


async def test_a_shredded_case_with_a_topic_and_no_card_yet_leaves_no_topic(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.fail_next("sendMessage", GROUP, times=1, status=500)
        await here.report()
        assert len(titles(here.tg)) == 1
        await shred(here)
        assert titles(here.tg) == []


@pytest.mark.parametrize("may_delete", [True, False])
async def test_a_case_that_may_no_longer_be_shown_takes_its_topic_away(
    tmp_path: Path, may_delete: bool
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        here.tg.rights(GROUP, can_delete_messages=may_delete)
        await change(here, "route = 'leads'")
        assert here.group() == []
        assert (titles(here.tg) == []) is may_delete
        here.tg.rights(GROUP, can_delete_messages=True)
        await clock(here).take_away()
        assert titles(here.tg) == []


# rights


def watch(here: House) -> Group:
    return Group(
        here.door, here.world.alarms, lost=here.world.sender.lost, found=here.world.sender.lost
    )


async def test_a_group_with_topics_in_which_none_may_be_made_is_told_once(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.rights(GROUP, can_manage_topics=False)
        group = watch(here)
        for _ in range(3):
            await group.look()
        await here.report()
        assert here.group()[0].thread_id is None
        assert here.world.alarms.counts["no-topics-right"] == 1
        here.tg.rights(GROUP, can_manage_topics=True)
        await group.look()
        await here.report(FRIEND)
        assert here.group()[-1].thread_id
        assert here.world.alarms.counts["no-topics-right"] == 1


async def test_a_look_that_never_succeeded_holds_the_first_card_up_for_a_moment(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        here.tg.fail_next("getChat", status=502)
        await here.report()
        assert here.group() == []
        await here.seconds(2)
        assert here.group()[0].thread_id


# what is kept


async def test_the_topics_of_another_group_are_forgotten(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        await here.report()
        case = await here.case()
        await here.world.db.write(lambda tx: cards.forget_lane(tx, "group"))
        assert await here.world.db.read(lambda tx: topics.get(tx, case.id, "group")) is None
        assert await here.world.db.read(lambda tx: cards.get(tx, case.id, "group")) is None


async def test_a_case_that_went_meanwhile_leaves_no_card_and_no_topic(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        made = here.door.topics.open_topic

        async def shred_while_making(*args: object) -> str:
            topic = await made(*args)
            for case in await here.cases():
                await here.world.db.write(lambda tx: retention.shred_case(tx, case.id))  # noqa: B023
            return topic

        here.door.topics.open_topic = shred_while_making  # type: ignore[method-assign]
        await here.report()
        await clock(here).take_away()
        assert here.group() == []
        assert titles(here.tg) == []


async def test_a_topic_whose_number_is_none_is_gone(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        with pytest.raises(Failed) as caught:
            await here.door.topics.close_topic(at(GROUP), "x")
        assert caught.value.why is Hopeless.GONE
        await here.door.topics.delete_topic(at(GROUP), "999")


async def test_doing_what_is_done_is_no_error(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, forum=True) as here:
        forum = here.door.topics
        topic = await forum.open_topic(at(GROUP), "x" * 200)
        assert titles(here.tg) == ["x" * 128]
        await forum.name_topic(at(GROUP), topic, "x" * 128)
        for act in (forum.close_topic, forum.close_topic, forum.reopen_topic, forum.reopen_topic):
            await act(at(GROUP), topic)
