"""The door to Telegram: token, group and rights, what strangers see of the bot, where it is called.

It only asks. Nothing is sent, and no update is fetched.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channels.channel import Failed, Hopeless, Undelivered
from bot.channels.telegram import Telegram
from bot.channels.telegram.standing import Standing
from bot.doctor.finding import Finding, found
from bot.doctor.patient import Patient
from handlers.reading import fold

TELLING = re.compile(
    r"\b(bao (hanh|luc|ve|tin)|xam hai|tre em|to cao|to giac|lam dung|quay roi|cong an|cuu|111|113|nguy"
    r"|abuse|child|hotline|victim|police|report|violence)\b"
)
"""What a bot must not be called, without accents: whoever holds the phone reads it."""
RECENT = timedelta(hours=1)
SCOPES: tuple[dict[str, Any], ...] = (
    {},
    {"scope": {"type": "all_private_chats"}},
    {"scope": {"type": "all_private_chats"}, "language_code": "vi"},
)


async def look(patient: Patient) -> AsyncIterator[Finding]:
    """Ask Telegram, when there is a token that looks like one."""
    settings = patient.settings
    if not settings.telegram_token or patient.setting_problems:
        return
    door = Telegram(
        settings.telegram_token,
        now=lambda: patient.now,
        api_url=settings.telegram_api,
        proxy=settings.telegram_proxy or None,
        group=settings.group,
    )
    try:
        async for one in ask(patient, door):
            yield one
    except Failed as failure:
        if failure.why is Hopeless.TOKEN:
            yield found("token-refused")
        else:
            yield found("telegram-unreachable")
    except Undelivered:
        yield found("telegram-unreachable")
    finally:
        await door.close()


async def ask(patient: Patient, door: Telegram) -> AsyncIterator[Finding]:
    """Go through the questions. Raises Undelivered when nobody answers."""
    await door.start()
    me = await door.ask("getMe", {})
    for one in group(await door.group_standing(), there=patient.settings.group is not None):
        yield one
    if telling(me.get("first_name")):
        yield found("name-telling")
    menus = [await door.ask("getMyCommands", scope) for scope in SCOPES]
    if any(
        telling(f"{item.get('command')} {item.get('description')}") for m in menus for item in m
    ):
        yield found("menu-telling")
    for one in webhook(await door.ask("getWebhookInfo", {}), patient.settings.webhook_url):
        yield one


def telling(words: object) -> bool:
    """Tell whether words that a phone shows give anything away."""
    return isinstance(words, str) and bool(TELLING.search(fold(words)))


def group(standing: Standing, *, there: bool) -> list[Finding]:
    """Judge how the bot stands in the officers' group. `there`: one is set."""
    if not there:
        return [found("group-not-set")]
    if not standing.exists:
        return [found("group-gone")]
    if not standing.inside:
        return [found("group-outside")]
    wrong = {
        "group-silent": not standing.can_write,
        "group-no-delete": not standing.can_delete_messages,
        "group-no-topics": standing.forum and not standing.can_manage_topics,
        "group-basic": standing.kind == "group",
        "reads-everything": standing.reads_everything,
        "anonymous-admins": standing.anonymous_admins is True,
    }
    return [found(name) for name, so in wrong.items() if so]


def webhook(info: dict[str, Any], wanted: str) -> list[Finding]:
    """Judge where Telegram calls, and how it fares."""
    if info.get("url", "") != wanted:
        return [found("webhook-other")]
    failed, waiting = info.get("last_error_date"), info.get("pending_update_count", 0)
    if wanted and waiting and isinstance(failed, int):
        ago = datetime.now(UTC) - datetime.fromtimestamp(failed, UTC)
        if ago < RECENT:
            return [found("webhook-failing", many=waiting)]
    return []
