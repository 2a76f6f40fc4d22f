"""Who is nobody: the made-up senders of exercises and rehearsals, and a rehearsal's hidden place.

No door makes such an address: each writes its own name into those it makes.
"""

from handlers.cases import Origin
from handlers.events import Address
from handlers.routes import HIDDEN

DRILL, REHEARSAL = "drill", "rehearsal"
ORIGINS = {DRILL: Origin.DRILL, REHEARSAL: Origin.REHEARSAL}
"""What begins with a message from such a channel."""


def source(channel: str, *, opened: bool) -> Origin:
    """Give what a case is that begins with a message from this channel now."""
    return ORIGINS.get(channel, Origin.PERSON if opened else Origin.EARLY)


def hidden_place(ward: str) -> Address:
    """Give where a rehearsal's card goes: inside the program, in no chat and on no screen."""
    return Address(REHEARSAL, ward, HIDDEN)
