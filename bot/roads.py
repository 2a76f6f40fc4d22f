"""The roads that ring when nobody looks: ALERT_HOOK and a letter. A code and a priority go along
them, nothing else.

Each is called by its own row of the outbox, so that neither waits for the other.
"""

from collections.abc import Awaitable, Callable

from bot.mail import Mail

Hook = Callable[[str, str], Awaitable[None]]
"""Calls ALERT_HOOK with a code and a priority."""

SUBJECT = "Có việc cần xem ngay / Please look now"
"""It may light up on a screen that others see."""
LETTER = """\
Cần người xem ngay.
Mã: {code}
Mức: {priority}
Mở bàn trực hoặc nhóm cán bộ. Mã là "-": có tin máy không xử lý được, xem bằng
`python -m bot letters`.

Somebody must look now.
Code: {code}
Priority: {priority}
Open the desk or the officers' group. Code "-": a message the program failed on, see
`python -m bot letters`.
"""


class Roads:
    """The two roads; one that is not set is passed without a word."""

    def __init__(
        self,
        *,
        hook: Hook | None,
        mail: Mail | None,
        nobody: Callable[[str], None],
    ) -> None:
        """`nobody` hears the priority of a call for which there is no road at all."""
        self.hook = hook
        self.mail = mail
        self.nobody = nobody

    async def ring(self, code: str, priority: str) -> None:
        """Call ALERT_HOOK. Raises Unsent or Failed."""
        if self.hook is not None:
            await self.hook(code, priority)
        elif self.mail is None:
            self.nobody(priority)

    async def write(self, code: str, priority: str) -> None:
        """Send the letter. Raises Unsent."""
        if self.mail is not None:
            text = LETTER.format(code=code, priority=priority)
            await self.mail.send(SUBJECT, text, urgent=True)
