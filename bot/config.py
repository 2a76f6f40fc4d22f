"""One Settings object from the environment and `.env`; everything wrong is said at once.

The only place that reads the environment. It opens no database and calls no platform.
"""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from handlers.events import Address

NAMES = (
    "DATABASE_URL",
    "SECRET_KEY_FILE",
    "WARD_FILE",
    "OFFICER_CHAT",
    "GROUP_SHOWS",
    "ALERT_HOOK",
    "SMTP_URL",
    "ALARM_TO",
    "MONITOR_URL",
    "BACKUP_DIR",
    "COMMITTEE_KEY_FILE",
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_API_URL",
    "TELEGRAM_PROXY",
    "TELEGRAM_WEBHOOK_URL",
    "TELEGRAM_WEBHOOK_SECRET",
    "ZALO_BOT_TOKEN",
    "ZALO_API_URL",
    "ZALO_WEBHOOK_URL",
    "ZALO_WEBHOOK_SECRET",
    "PUBLIC_URL",
    "WEB_HOST",
    "WEB_PORT",
    "LOG_LEVEL",
)
"""Every setting there is; each stands in .env.example, which a test holds to this list."""

NOT_YET = frozenset(
    {
        "ZALO_BOT_TOKEN",
        "ZALO_API_URL",
        "ZALO_WEBHOOK_URL",
        "ZALO_WEBHOOK_SECRET",
    }
)
"""Names that are kept for what comes next: set today, they would promise what is not there."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
TRIAL_DIRECTORY = Path("data/trial")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


TOKEN = re.compile(r"[1-9][0-9]{0,18}:[\w-]{30,}", re.ASCII)
NAME = re.compile(r"[A-Za-z_]{1,40}")
CHAT = re.compile(r"-?[1-9][0-9]{0,18}", re.ASCII)
WEBHOOK_SECRET = re.compile(r"[\w-]{32,256}", re.ASCII)
"""The Bot API allows 1–256 of these letters; below 32 a stranger might guess it."""
MAILBOX = re.compile(r"[^\s@,<>]+@[^\s@,<>]+\.[^\s@,<>]+")
TELEGRAM_API = "https://api.telegram.org"


class ConfigTrouble(Exception):  # noqa: N818  (what a clerk meets is trouble, not an error)
    """Everything that is wrong with the settings, one sentence each, Vietnamese / English."""

    def __init__(self, problems: tuple[str, ...], settings: "Settings") -> None:
        """`problems`: without any value that was set (it may be a secret).

        `settings`: as far as they could be read, so that the rest can be looked at as well.
        """
        super().__init__("\n".join(problems))
        self.problems = problems
        self.settings = settings


@dataclass(frozen=True, slots=True)
class Settings:
    """What was configured. `repr` shows no secret."""

    trial: bool
    database: Path
    key_file: Path
    ward_file: Path | None
    group: Address | None
    group_shows_words: bool
    alert_hook: str
    smtp_url: str
    alarm_to: tuple[str, ...]
    monitor_url: str
    backup_dir: Path
    committee_key: Path | None
    telegram_token: str
    telegram_api: str
    telegram_proxy: str
    webhook_url: str
    webhook_secret: str
    public_url: str
    host: str
    port: int
    log_level: str

    def __repr__(self) -> str:
        """Name the kind of run only: tokens and addresses must not reach a log."""
        return f"Settings(trial={self.trial})"


def read(environment: Mapping[str, str] | None = None, directory: Path = Path()) -> Settings:
    """Read `.env` in `directory`, then the environment, which wins. Raises ConfigTrouble."""
    problems: list[str] = []
    values = read_env_file(directory / ".env", problems)
    around = os.environ if environment is None else environment
    values |= {name: around[name].strip() for name in NAMES if around.get(name, "").strip()}
    settings = settle(values, directory, problems)
    if problems:
        raise ConfigTrouble(tuple(problems), settings)
    return settings


def read_env_file(path: Path, problems: list[str]) -> dict[str, str]:
    """Read KEY=value lines; a key nobody knows is an error with a likely meaning."""
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        problems.append(".env: không đọc được, hoặc không phải UTF-8 / unreadable, or not UTF-8")
        return {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, equals, value = line.strip().partition("=")
        name = name.strip().removeprefix("export ").strip()
        if not name or name.startswith("#"):
            continue
        if not equals:
            problems.append(f".env dòng {number}: thiếu dấu = / line {number}: no =")
        elif name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, 1)
            hint = f" (có phải {near[0]}? / did you mean {near[0]}?)" if near else ""
            # What looks like no name may be a secret that was pasted to the wrong place.
            shown = name if NAME.fullmatch(name) else "…"
            problems.append(f".env dòng {number}: không có mục {shown} / unknown setting{hint}")
        elif unquoted(value.strip()):
            values[name] = unquoted(value.strip())
    return values


def unquoted(value: str) -> str:
    """Take off a pair of quotes around a value, and the spaces inside it."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if quoted else value


def settle(values: Mapping[str, str], directory: Path, problems: list[str]) -> Settings:
    """Turn raw values into settings, noting everything that is wrong."""
    problems += [
        f"{name}: bản này chưa làm được việc này / not supported by this version yet"
        for name in sorted(NOT_YET & values.keys())
    ]
    ward_file = directory / values.get("WARD_FILE", "ward.toml")
    trial = not ward_file.is_file()
    if trial and "WARD_FILE" in values:
        problems.append("WARD_FILE: không thấy tệp này / there is no such file")
    home = directory / (TRIAL_DIRECTORY if trial else Path("data"))
    key = values.get("SECRET_KEY_FILE")
    if not trial and key is None:
        problems.append(
            "SECRET_KEY_FILE: chạy thật cần một tệp khóa ngoài thư mục dữ liệu; tạo bằng"
            " `python -m bot keys init` / a real run needs a key file outside the data directory"
        )
    return Settings(
        trial=trial,
        database=database(values.get("DATABASE_URL", ""), home, problems),
        key_file=directory / key if key else home / "key" / "root.key",
        ward_file=None if trial else ward_file,
        group=group(values.get("OFFICER_CHAT", ""), values, problems),
        group_shows_words=one_of(values, "GROUP_SHOWS", ("report", "words"), problems) == "words",
        alert_hook=url(values, "ALERT_HOOK", problems),
        smtp_url=smtp(values, problems),
        alarm_to=mailboxes(values, problems),
        monitor_url=url(values, "MONITOR_URL", problems),
        backup_dir=directory
        / values.get("BACKUP_DIR", str((home if trial else Path()) / "backups")),
        committee_key=directory / values["COMMITTEE_KEY_FILE"]
        if "COMMITTEE_KEY_FILE" in values
        else None,
        telegram_token=token(values, problems),
        telegram_api=url(values, "TELEGRAM_API_URL", problems) or TELEGRAM_API,
        telegram_proxy=url(values, "TELEGRAM_PROXY", problems),
        webhook_url=webhook(values, problems),
        webhook_secret=values.get("TELEGRAM_WEBHOOK_SECRET", ""),
        public_url=url(values, "PUBLIC_URL", problems),
        host=host(values, trial, problems),
        port=port(values, problems),
        log_level=one_of(values, "LOG_LEVEL", ("INFO", *LEVELS), problems),
    )


def database(value: str, home: Path, problems: list[str]) -> Path:
    """Read DATABASE_URL: an SQLite file."""
    if not value:
        return home / "lang-nghe.db"
    if not value.startswith("sqlite:///") or len(value) == len("sqlite:///"):
        problems.append(
            "DATABASE_URL: cần dạng sqlite:///đường/dẫn/tệp.db / must be sqlite:///path"
        )
        return home / "lang-nghe.db"
    return Path(value.removeprefix("sqlite:///"))


def group(value: str, values: Mapping[str, str], problems: list[str]) -> Address | None:
    """Read OFFICER_CHAT: `telegram:<chat id>`."""
    if not value:
        return None
    channel, _, chat = value.partition(":")
    if channel != "telegram" or not CHAT.fullmatch(chat):
        problems.append(
            "OFFICER_CHAT: cần dạng telegram:<số của nhóm> / must be telegram:<chat id>"
        )
        return None
    if "TELEGRAM_BOT_TOKEN" not in values:
        problems.append("OFFICER_CHAT: cần cả TELEGRAM_BOT_TOKEN / needs TELEGRAM_BOT_TOKEN too")
    return Address("telegram", "", chat)


def token(values: Mapping[str, str], problems: list[str]) -> str:
    """Read the bot's token; it is never repeated in a problem."""
    value = values.get("TELEGRAM_BOT_TOKEN", "")
    if value and not TOKEN.fullmatch(value):
        problems.append(
            "TELEGRAM_BOT_TOKEN: không giống mã BotFather đưa / does not look like BotFather's token"
        )
    return value


def smtp(values: Mapping[str, str], problems: list[str]) -> str:
    """Read SMTP_URL: `smtps://user:password@host:465`, or `smtp://…:587` (STARTTLS)."""
    value = values.get("SMTP_URL", "")
    if not value:
        return ""
    if not is_address(value, ("smtp", "smtps")):
        problems.append(
            "SMTP_URL: cần dạng smtps://tên:mật-khẩu@máy:465 / must be smtps://user:password@host:465"
        )
    if "ALARM_TO" not in values:
        problems.append("SMTP_URL: cần cả ALARM_TO / needs ALARM_TO too")
    return value


def mailboxes(values: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """Read ALARM_TO: one address, or several with commas between."""
    found = tuple(one.strip() for one in values.get("ALARM_TO", "").split(",") if one.strip())
    if not all(MAILBOX.fullmatch(one) for one in found):
        problems.append("ALARM_TO: cần là địa chỉ thư / must be e-mail addresses")
    if found and "SMTP_URL" not in values:
        problems.append("ALARM_TO: cần cả SMTP_URL / needs SMTP_URL too")
    return found


def webhook(values: Mapping[str, str], problems: list[str]) -> str:
    """Read TELEGRAM_WEBHOOK_URL and judge its secret; neither is repeated in a problem."""
    value = url(values, "TELEGRAM_WEBHOOK_URL", problems)
    secret = values.get("TELEGRAM_WEBHOOK_SECRET", "")
    if bool(value) != bool(secret):
        problems.append(
            "TELEGRAM_WEBHOOK_URL, TELEGRAM_WEBHOOK_SECRET: cần cả hai, hoặc không / both or neither"
        )
    if secret and not WEBHOOK_SECRET.fullmatch(secret):
        problems.append(
            "TELEGRAM_WEBHOOK_SECRET: cần 32–256 chữ cái không dấu, số, _ hoặc -"
            " / needs 32–256 letters, digits, _ or -"
        )
    if value and "TELEGRAM_BOT_TOKEN" not in values:
        problems.append(
            "TELEGRAM_WEBHOOK_URL: cần cả TELEGRAM_BOT_TOKEN / needs TELEGRAM_BOT_TOKEN too"
        )
    if value.startswith("http:") and "TELEGRAM_API_URL" not in values:
        problems.append("TELEGRAM_WEBHOOK_URL: cần https / must be https")
    return value


def url(values: Mapping[str, str], name: str, problems: list[str]) -> str:
    """Read an http(s) address without its closing slash."""
    value = values.get(name, "")
    if not value:
        return ""
    if not is_address(value):
        problems.append(f"{name}: cần là địa chỉ http(s):// / must be an http(s):// address")
    return value.rstrip("/")


def is_address(value: str, schemes: tuple[str, ...] = ("http", "https")) -> bool:
    """Tell whether a value is an address of such a scheme with a host and a possible port."""
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a half bracket, a port that is no number
        return False


def one_of(
    values: Mapping[str, str], name: str, allowed: tuple[str, ...], problems: list[str]
) -> str:
    """Read one of a few words; the first is the default."""
    value = values.get(name, allowed[0])
    if value not in allowed:
        words = ", ".join(dict.fromkeys(allowed))
        problems.append(f"{name}: cần là một trong {words} / must be one of {words}")
        return allowed[0]
    return value


def host(values: Mapping[str, str], trial: bool, problems: list[str]) -> str:
    """Read where to listen. A trial listens to this machine only: nobody reads its reports."""
    value = values.get("WEB_HOST", LOOPBACK[0])
    if trial and value not in LOOPBACK:
        problems.append(
            "WEB_HOST: bản thử chỉ mở trên máy này; có ward.toml riêng mới mở ra ngoài"
            " / a trial listens on this machine only; a public door needs your own ward.toml"
        )
    return value


def port(values: Mapping[str, str], problems: list[str]) -> int:
    """Read the port; 0 lets the system choose."""
    value = values.get("WEB_PORT", "8111")
    if not (value.isascii() and value.isdigit()) or int(value) > 65535:
        problems.append("WEB_PORT: cần là số từ 0 đến 65535 / must be a number from 0 to 65535")
        return 8111
    return int(value)
