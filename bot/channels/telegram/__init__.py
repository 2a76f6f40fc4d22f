"""The door to Telegram: the library is the transport only, everything kept or decided is ours.

It hands neutral messages to the inbox and takes neutral ones from the sender; it knows no case,
no roster and no database. Nothing outside this package may import `telegram`.
"""

import logging
import warnings

from bot.channels.telegram.door import Telegram
from bot.channels.telegram.hook import Hook

# At DEBUG the library logs the token, every address and every text; at ERROR a whole answer.
logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)
# Raw results are what we want: objects nobody reads cost more than the database does.
warnings.filterwarnings("ignore", message="Please use 'Bot\\.", category=UserWarning)

__all__ = ["Hook", "Telegram"]
