"""Allow-list logging: only our own events reach the log, and never an address, token or text.

Libraries print what must not be printed (httpx the token in every URL at INFO, the Telegram
library whole batches at CRITICAL), so they get no handler at all, at any level.
"""

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType

OURS = ("bot", "storage")
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Ours(logging.Filter):
    """Lets our own loggers through, without tracebacks (they quote values); nothing else."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide; what passes keeps only the class of an exception."""
        if record.name.partition(".")[0] not in OURS:
            return False
        if record.exc_info and record.exc_info[0] is not None:
            record.msg = f"{record.getMessage()} [{record.exc_info[0].__name__}]"
            record.args = ()
            record.exc_info = None
            record.exc_text = None
        return True


def set_up(level: str) -> None:
    """Send our events to standard error; silence everything else."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(Ours())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.raiseExceptions = False
    sys.excepthook = last_words


def last_words(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say of an unforeseen end where it came from, without its text, which may quote a person."""
    del error
    frames = reversed(traceback.extract_tb(trace))
    places = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames)
    logging.getLogger("bot").critical("ended by %s at %s", kind.__name__, places)
