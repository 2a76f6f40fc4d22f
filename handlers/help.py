"""What anybody can ask for without telling anything: the numbers, the privacy text, help."""

from handlers.effects import Button, Effect, Part, verbatim
from handlers.hotlines import for_voice
from handlers.screens import go, lesson_voice, note, rows
from handlers.tips import on
from handlers.view import View
from handlers.ward import Phone

BACKUPS_DAYS = 30
"""No backup is older; what was deleted may stand in one until then."""
CALLED = 4
"""Numbers that get a button of their own where a channel can dial."""


def numbers(view: View) -> list[Effect]:
    """Show the verified numbers, which one for what; then the ward's own."""
    voice, english = lesson_voice(view.person.voice), view.person.language == "en"
    shown = for_voice(view.house.hotlines, voice)
    lines = []
    for line in shown:
        name, purpose = (
            (line.name.en, line.purpose(voice).en)
            if english
            else (line.name.vi, line.purpose(voice).vi)
        )
        lines.append(f"{line.number} · {name}. {purpose}")
    calls = tuple(
        Button(f"tel.{line.tel}", Part("call", {"so": line.number}), tel=line.tel)
        for line in shown[:CALLED]
    )
    parts = [Part("hotlines"), verbatim("\n".join(lines)), *ward_numbers(view)]
    return [note(view, *parts, buttons=rows(calls) + on(view))]


def ward_numbers(view: View) -> list[Part]:
    """Show the ward's office and police, where the ward has given them."""
    ward = view.house.ward

    def part(key: str, phone: Phone | None, **values: str) -> list[Part]:
        return [Part(key, {"so": phone.shown, **values})] if phone else []

    return [
        *part("ward_office", ward.office, gio=ward.office_hours),
        *part("ward_police", ward.police),
    ]


def privacy(view: View) -> list[Effect]:
    """Show the whole privacy text, with the ward's own periods, and the way to be forgotten."""
    ward = view.house.ward
    kept = {
        "nhap_gio": str(ward.draft_hours),
        "cat_ngay": str(ward.link_days),
        "cat_muon": str(ward.link_days_longest),
        "anh_ngay": str(ward.media_days),
        "luu_ngay": str(ward.keep_days),
        "nhat_ky": str(ward.audit_months),
        "sao_luu": str(BACKUPS_DAYS),
    }
    parts = [
        Part("privacy_full", {"don_vi": ward.unit}),
        Part("privacy_kept", kept),
        Part("account.privacy"),
    ]
    return [note(view, *parts, buttons=(*on(view), (go("forget"),)))]


def help_(view: View) -> list[Effect]:
    """Say what can be done here, in four lines."""
    buttons = rows((go("report"), go("tips"), go("code"), go("privacy")))
    return [note(view, Part("help"), buttons=buttons)]
