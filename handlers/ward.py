"""The facts of one ward as its clerk wrote them: name, phones, areas, hours, promises.

It opens no file and knows no secret, no officer and no address on any platform.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

from handlers.reading import fold
from handlers.sheet import Sheet

LEGAL_EMERGENCY_HOURS = 12
"""The most a ward may take to step in when a child is in serious danger, from receiving the word:
Nghị định 56/2017/NĐ-CP Điều 26.3; last checked 2026-11-23."""

SHORTEST_AUDIT = 24
"""Months: whoever asks a ward who opened a child's case may ask as late as that."""

WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
"""Vietnamese short names of the days, Monday first; the place + 1 is the ISO weekday."""


NO_LONGER = (
    ("link_days", "link_days_longest"),
    ("link_days_longest", "keep_days"),
    ("media_days", "keep_days"),
    ("seal_days", "keep_days"),
)
"""Periods of which the first must not outlast the second."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number: `shown` as the clerk wrote it, `tel` as it is dialled."""

    shown: str
    tel: str


@dataclass(frozen=True, slots=True)
class Area:
    """A residential group (tổ dân phố) and, where the ward lists them, its lanes."""

    name: str
    lanes: tuple[str, ...]

    @property
    def id(self) -> str:
        """What stands in buttons and answers: the name itself, so that a longer list moves nobody."""
        return re.sub(r"[^a-z0-9]+", "-", fold(self.name)).strip("-")[:40]


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody the ward works with. `phone` may be missing; `helps` says with what."""

    name: str
    helps: str
    phone: Phone | None


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the day, local time; `start` belongs to it, `end` does not."""

    start: time
    end: time

    def holds(self, moment: time) -> bool:
        """Whether the local time of day lies inside."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Ward:
    """One ward. The phones of office and police are None only in the trial's sample ward.

    Deadlines: `p1_minutes` from receiving, `p2_days` and `p3_days` in working days (0 = the same
    day). The ward's times of day are local (Asia/Ho_Chi_Minh).
    """

    id: str
    name: str
    city: str
    unit: str
    sample: bool
    theme: str
    exit_page: str
    parents_rule: bool
    office: Phone | None
    office_hours: str
    police: Phone | None
    health_station: Phone | None
    areas: tuple[Area, ...]
    draft_hours: int
    link_days: int
    link_days_longest: int
    media_days: int
    keep_days: int
    seal_days: int
    """Days after closing until only the committee can open a case; 0: never."""
    audit_months: int
    unfinished_to_officers: bool
    unfinished_minutes: int
    emergency_hours: int
    claim_minutes_p1: int
    p1_minutes: int
    p2_days: int
    p3_days: int
    working_days: frozenset[int]
    days_off: frozenset[date]
    working: tuple[Span, ...]
    after_school: Span
    evening: Span
    partners: tuple[Partner, ...]
    neighbours: tuple[str, ...]

    def works_on(self, day: date) -> bool:
        """Whether the office works on that day."""
        return day.isoweekday() in self.working_days and day not in self.days_off


class WardTrouble(Exception):  # noqa: N818 (what the clerk meets is trouble, not an error)
    """Everything wrong with a ward file at once, one sentence each, Vietnamese / English."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_ward(data: Mapping[str, object], *, sample: bool) -> Ward:
    """Read a parsed ward file. WardTrouble, with all problems, when anything is wrong.

    `sample` says what is expected: the trial's sample ward, where phones may be missing, or a
    real one, where they may not. A file that calls itself the other thing is refused.
    """
    sheet = Sheet(data, "", [])
    ward = _ward(sheet, sample=sample)
    sheet.finish()
    _check_together(ward, sheet, sample=sample)
    if sheet.problems:
        raise WardTrouble(tuple(sheet.problems))
    return ward


def _ward(top: Sheet, *, sample: bool) -> Ward:
    phones, keep, unfinished = top.table("phones"), top.table("keep"), top.table("unfinished")
    answers, hours = top.table("answers"), top.table("hours")
    return Ward(
        id=_id(top),
        name=top.text("name", longest=60),
        city=top.text("city", longest=60),
        unit=top.text("unit"),
        sample=top.flag("sample"),
        theme=top.text("theme", optional=True, longest=200),
        exit_page=_page(top, "exit_page"),
        parents_rule=top.flag("parents_rule"),
        office=_phone(phones, "office", optional=sample),
        office_hours=phones.text("office_hours", optional=sample),
        police=_phone(phones, "police", optional=sample),
        health_station=_phone(phones, "health_station", optional=True),
        areas=tuple(map(_area, top.tables("areas"))),
        draft_hours=keep.whole("draft_hours", 1, 168),
        link_days=keep.whole("link_days", 1, 365),
        link_days_longest=keep.whole("link_days_longest", 1, 365),
        media_days=keep.whole("media_days", 1, 3650),
        keep_days=keep.whole("keep_days", 7, 3650),
        seal_days=keep.whole("seal_days", 1, 3650) if keep.has("seal_days") else 0,
        audit_months=keep.whole("audit_months", SHORTEST_AUDIT, 120),
        unfinished_to_officers=unfinished.flag("to_officers"),
        unfinished_minutes=unfinished.whole("minutes", 5, 720),
        emergency_hours=_emergency_hours(answers),
        claim_minutes_p1=answers.whole("claim_minutes_p1", 1, 60),
        p1_minutes=answers.whole("p1_minutes", 1, 240),
        p2_days=answers.whole("p2_days", 0, 5),
        p3_days=answers.whole("p3_days", 0, 10),
        working_days=_weekdays(hours),
        days_off=hours.days("days_off"),
        working=_spans(hours, "working"),
        after_school=_span(hours, "after_school"),
        evening=_span(hours, "evening"),
        partners=tuple(map(_partner, top.tables("partners"))),
        neighbours=top.words("neighbours"),
    )


def _check_together(ward: Ward, top: Sheet, *, sample: bool) -> None:
    if ward.sample and not sample:
        top.trouble(
            "sample",
            "đây là phường mẫu để thử, không chạy thật được; ghi sample = false",
            "this is the sample ward for trials; write sample = false to run for real",
        )
    if sample and not ward.sample:
        top.trouble("sample", "bản thử cần sample = true", "a trial needs sample = true")
    if not ward.areas:
        top.trouble("areas", "cần ít nhất một tổ dân phố", "needs at least one residential group")
    names = [area.name for area in ward.areas if area.name]
    ids = [area.id for area in ward.areas if area.name]
    for name in sorted({name for name, id_ in zip(names, ids, strict=True) if ids.count(id_) > 1}):
        top.trouble("areas", f"{name} bị ghi hai lần", f"{name} stands twice")
    if any(problem.startswith(("keep.", "unfinished.")) for problem in top.problems):
        return  # stand-ins must not be compared
    for key, longest in NO_LONGER:
        if getattr(ward, key) > getattr(ward, longest):
            top.trouble(
                f"keep.{key}",
                f"không được dài hơn {longest}",
                f"must not be longer than {longest}",
            )
    if ward.unfinished_minutes >= ward.draft_hours * 60:
        top.trouble(
            "unfinished.minutes",
            "phải ngắn hơn draft_hours, nếu không bản nháp bị xóa trước khi tới cán bộ",
            "must be shorter than draft_hours, or the draft is shredded before officers see it",
        )


def _id(top: Sheet) -> str:
    value = top.text("id", longest=40)
    if value and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        top.trouble(
            "id",
            "chỉ gồm chữ thường không dấu, số và gạch nối, như phuong-mau",
            "only small letters without accents, digits and hyphens, like phuong-mau",
        )
    return value


def _page(top: Sheet, key: str) -> str:
    value = top.text(key, longest=300)
    if value and not re.fullmatch(r"https://[!-~]+\.[!-~]+", value):
        top.trouble(key, "cần là địa chỉ https://…", "must be an https:// address")
    return value


def _phone(sheet: Sheet, key: str, *, optional: bool) -> Phone | None:
    shown = sheet.text(key, optional=optional, longest=30)
    if not shown:
        return None
    tel = re.sub(r"^\+?84(?=[1-9])", "0", re.sub(r"[\s.()\-]", "", shown))
    if not re.fullmatch(r"0[0-9]{9,10}|1[89]00[0-9]{4,6}", tel):
        sheet.trouble(
            key,
            "không giống số điện thoại Việt Nam, ví dụ cách viết: 024 xxxx xxxx",
            "does not look like a Vietnamese telephone number; write it like 024 xxxx xxxx",
        )
    elif re.search(r"(\d)\1{6}|1234567", tel):
        # A made-up number on an emergency page is worse than none.
        sheet.trouble(key, "trông như số ghi tạm", "looks like a made-up number")
    return Phone(shown, tel)


def _area(sheet: Sheet) -> Area:
    return Area(sheet.text("name", longest=60), sheet.words("lanes"))


def _partner(sheet: Sheet) -> Partner:
    return Partner(
        name=sheet.text("name"),
        helps=sheet.text("helps", longest=200),
        phone=_phone(sheet, "phone", optional=True),
    )


def _emergency_hours(answers: Sheet) -> int:
    value = answers.take("emergency_hours")
    if isinstance(value, int) and value > LEGAL_EMERGENCY_HOURS:
        answers.trouble(
            "emergency_hours",
            f"luật cho tối đa {LEGAL_EMERGENCY_HOURS} giờ (Nghị định 56/2017/NĐ-CP Điều 26.3);"
            " phường được đặt ngắn hơn, không được dài hơn",
            f"the law allows {LEGAL_EMERGENCY_HOURS} hours at most (Decree 56/2017 Art. 26.3);"
            " a ward may set less, never more",
        )
        return LEGAL_EMERGENCY_HOURS
    return answers.whole("emergency_hours", 1, LEGAL_EMERGENCY_HOURS)


def _weekdays(hours: Sheet) -> frozenset[int]:
    days = hours.words("working_days")
    if not days or not set(days) <= set(WEEKDAYS):
        hours.trouble(
            "working_days",
            f"cần là các ngày trong {', '.join(WEEKDAYS)}",
            f"must be days out of {', '.join(WEEKDAYS)}",
        )
        return frozenset()
    return frozenset(WEEKDAYS.index(day) + 1 for day in days)


def _span(hours: Sheet, key: str) -> Span:
    return _read_span(hours.take(key), hours, key)


def _spans(hours: Sheet, key: str) -> tuple[Span, ...]:
    value = hours.take(key)
    if not isinstance(value, list) or not value:
        hours.trouble(
            key,
            'cần ít nhất một khoảng, như [["08:00", "12:00"], ["13:30", "17:00"]]',
            'needs at least one span, like [["08:00", "12:00"], ["13:30", "17:00"]]',
        )
        return ()
    spans = tuple(_read_span(one, hours, key) for one in value)
    good = [span for span in spans if span.start < span.end]
    if any(later.start < earlier.end for earlier, later in pairwise(good)):
        hours.trouble(
            key, "các khoảng chồng nhau hoặc sai thứ tự", "spans overlap or are unordered"
        )
    return spans


def _read_span(value: object, hours: Sheet, key: str) -> Span:
    if isinstance(value, list) and len(value) == 2:
        start, end = map(_clock, value)
        if start is not None and end is not None and start < end:
            return Span(start, end)
    hours.trouble(
        key,
        'cần là giờ bắt đầu và giờ kết thúc, như ["19:00", "21:00"]',
        'must be a start and a later end, like ["19:00", "21:00"]',
    )
    return Span(time.min, time.min)


def _clock(value: object) -> time | None:
    if isinstance(value, str) and re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", value):
        hour, minute = value.split(":")
        return time(int(hour), int(minute))
    return None
