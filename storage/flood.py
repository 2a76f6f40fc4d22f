"""Too many alarms at once: which of them wait behind those that say something. None is dropped.

A press for help on the web page takes no words and no account: a script makes thousands. So it
does of one sentence.
"""

from datetime import datetime, timedelta

from handlers.cases import Case, Priority
from storage.times import ms
from storage.tx import Tx

MINUTE = timedelta(minutes=1)
BARE_A_MINUTE = 6
"""So many bare presses of a ward within a minute are alerts like any other."""


def is_late(tx: Tx, case: Case, now: datetime, *, echoed: bool = False) -> bool:
    """Tell whether this P1 is a bare press among too many within the minute, or (`echoed`) says
    what too many others have just said, word for word."""
    if echoed and case.priority is Priority.P1 and case.claimed_by is None:
        return True
    if not _may_be_bare(case) or not _from_a_page_without_words(tx, case):
        return False
    others = tx.all(
        "select 1 from cases where ward = ? and closed is null and priority = 'P1' and opened > ?"
        " and tapped = 1 and claimed_by is null and area = '' and pictures = 0 and id <> ?"
        " and not exists (select 1 from entries where case_id = cases.id and kind = 'words')"
        " and exists (select 1 from links join people on people.id = links.person"
        " where links.case_id = cases.id and channel = 'web') limit ?",
        case.ward,
        ms(now - MINUTE),
        case.id,
        BARE_A_MINUTE,
    )
    return len(others) == BARE_A_MINUTE


def _from_a_page_without_words(tx: Tx, case: Case) -> bool:
    words = tx.one("select 1 from entries where case_id = ? and kind = 'words' limit 1", case.id)
    page = tx.one(
        "select 1 from links join people on people.id = links.person"
        " where links.case_id = ? and channel = 'web' limit 1",
        case.id,
    )
    return words is None and page is not None


def _may_be_bare(case: Case) -> bool:
    """Tell whether nobody has chosen a place, sent a picture or taken the case."""
    said = case.area or case.fact("where") or case.pictures or case.claimed_by
    return case.priority is Priority.P1 and case.tapped and not said
