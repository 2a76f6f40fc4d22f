"""Is this call one that Telegram would take? Names, types, limits, buttons; no state.

The rules come from telegram_rules.json, made from the Bot API's own description. Where the real
server silently ignores a mistake (an unknown parameter, a number where a text belongs), we refuse,
so that a typo shows in a test instead of in a ward.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.telegram_text import check_url

RULES: dict[str, Any] = json.loads(
    Path(__file__).with_name("telegram_rules.json").read_text(encoding="utf-8")
)
METHODS: dict[str, dict[str, Any]] = RULES["methods"]
TYPES: dict[str, dict[str, Any]] = RULES["types"]

MAX_BUTTONS = 100
MEGABYTE = 1024 * 1024
UPLOAD_LIMITS = {"photo": 10 * MEGABYTE, "thumbnail": 200 * 1000}
UPLOAD_LIMIT = 50 * MEGABYTE
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM")

# What the real server says; anything not listed gets a sentence of our own.
MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "photo": "there is no photo in the request",
    "voice": "there is no voice in the request",
    "document": "there is no document in the request",
    "message_id": "message identifier is not specified",
}
MAY_BE_EMPTY = {"url"}  # an empty webhook address takes the webhook away
TOO_LONG = {
    ("InlineKeyboardButton", "callback_data"): "BUTTON_DATA_INVALID",
    ("answerCallbackQuery", "text"): "MESSAGE_TOO_LONG",
    ("BotCommand", "command"): "BOT_COMMAND_INVALID",
    ("BotCommand", "description"): "BOT_COMMAND_DESCRIPTION_INVALID",
    ("setWebhook", "secret_token"): "secret token is too long",
    ("setMyCommands", "commands"): "BOT_COMMANDS_TOO_MUCH",
}
WRONG_LETTERS = {
    "command": "BOT_COMMAND_INVALID",
    "language_code": "invalid language code specified",
    "secret_token": "secret token contains unallowed characters",
}
# Things of the Bot API this bot has not got; the first three in the server's own words.
NOT_OURS = {
    "business_connection_id": "business connection not found",
    "message_effect_id": "EFFECT_ID_INVALID",
    "allow_paid_broadcast": "FLOODSKIP_NOT_ALLOWED",
    "direct_messages_topic_id": "this fake has no direct messages chats",
    "suggested_post_parameters": "this fake has no suggested posts",
    "ephemeral_message_parameters": "this fake has no ephemeral messages",
}
SPOKEN = {
    "InlineKeyboardButton": "inline keyboard button",
    "KeyboardButton": "keyboard button",
    "InlineKeyboardMarkup": "reply keyboard markup JSON object",
}
NO_ACTION = "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"


class RefusalError(Exception):
    """The answer of a server that says no: HTTP status, description, response parameters."""

    def __init__(
        self, status: int, description: str, parameters: dict[str, int] | None = None
    ) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.parameters = parameters or {}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came as a part of a multipart request."""

    file_name: str
    content: bytes


def bad(why: str) -> RefusalError:
    """A 400."""
    return RefusalError(400, f"Bad Request: {why}")


def check(method: str, raw: dict[str, object], files: dict[str, Upload]) -> dict[str, Any]:
    """The parameters with their proper types, uploads in place; raises RefusalError.

    Lengths "after entities parsing" are not looked at here: they need the parse (telegram_text).
    """
    rules = METHODS[method]
    unused = dict(files)
    params: dict[str, Any] = {}
    for name, value in {
        **raw,
        **{name: file for name, file in files.items() if name in rules},
    }.items():
        if name not in rules:
            raise bad(f'unknown parameter "{name}" (the real server would ignore it)')
        if "InputFile" in rules[name]["types"]:
            params[name] = _file(name, value, files, unused)
        else:
            params[name] = _value(method, name, rules[name], value, top=True)
    for name, rule in rules.items():
        empty = (None,) if name in MAY_BE_EMPTY else (None, "")
        if rule.get("required") and params.get(name) in empty:
            raise bad(MISSING.get(name, f'parameter "{name}" is required'))
    for name, why in NOT_OURS.items():
        if params.get(name):
            raise bad(why)
    if unused:
        raise bad(f"unknown parameter {sorted(unused)} (an upload nobody refers to)")
    return params


def _file(name: str, value: object, files: dict[str, Upload], unused: dict[str, Upload]) -> object:
    if isinstance(value, str) and value.startswith("attach://"):
        part = value.removeprefix("attach://")
        if part not in files:
            raise bad(f"there is no {name} in the request")
        name_of_part = part
    elif isinstance(value, Upload):
        name_of_part = name
    elif isinstance(value, str):
        return value  # the file_id of something the server has
    else:
        raise bad(f'parameter "{name}" must be of type InputFile or String')
    unused.pop(name_of_part, None)
    upload = files[name_of_part]
    if not upload.content:
        raise bad("file must be non-empty")
    if len(upload.content) > UPLOAD_LIMITS.get(name, UPLOAD_LIMIT):
        raise RefusalError(413, "Request Entity Too Large")
    if name in UPLOAD_LIMITS and not upload.content.startswith(PICTURES):
        raise bad("IMAGE_PROCESS_FAILED")
    return upload


def _value(owner: str, name: str, rule: dict[str, Any], value: object, *, top: bool) -> Any:
    types: list[str] = rule["types"]
    parsed = _parse(owner, name, types, value) if top and isinstance(value, str) else value
    for kind in types:
        fits, result = _as(kind, parsed, types)
        if fits:
            _limits(owner, name, rule, result)
            return result
    if name == "reply_markup":
        raise bad("object expected as reply markup")
    wanted = " or ".join(types)
    if top:
        raise bad(f'parameter "{name}" must be of type {wanted}')
    raise bad(f'can\'t parse {SPOKEN.get(owner, owner)}: Field "{name}" must be of type {wanted}')


def _parse(owner: str, name: str, types: list[str], value: str) -> object:
    """A form field is always a string: read it as what the parameter should be."""
    if "Integer" in types and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    if types == ["Float"] and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    if types == ["Boolean"] and value.lower() in {"true", "false", "yes", "no", "1", "0"}:
        return value.lower() in {"true", "yes", "1"}
    if "String" in types or types[0] in {"Integer", "Float", "Boolean"}:
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise bad(
            "object expected as reply markup"
            if name == "reply_markup"
            else f'can\'t parse parameter "{name}" of {owner}: not JSON'
        ) from None


def _as(kind: str, value: object, siblings: list[str]) -> tuple[bool, Any]:
    """Whether the value is of this type, and what it is then."""
    match kind:
        case "String":
            return isinstance(value, str), value
        case "Boolean":
            return isinstance(value, bool), value
        case "Integer":
            return isinstance(value, int) and not isinstance(value, bool), value
        case "Float":
            return isinstance(value, int | float) and not isinstance(value, bool), value
    if kind.startswith("Array of "):
        inner = kind.removeprefix("Array of ")
        if not isinstance(value, list):
            return False, None
        items = [_as(inner, item, [inner]) for item in value]
        return all(fits for fits, _ in items), [item for _, item in items]
    if kind == "KeyboardButton" and isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, dict) or not _is_meant(kind, value, siblings):
        return False, None
    return True, check_object(kind, value)


def _is_meant(kind: str, value: dict[str, Any], siblings: list[str]) -> bool:
    """Of several object types the one whose required fields are there; alone, always."""
    if len(siblings) == 1:
        return True
    fields = TYPES[kind].get("fields", {})
    return all(name in value for name, rule in fields.items() if rule.get("required"))


def check_object(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """A nested object, every field of it; raises RefusalError."""
    rule = TYPES[kind]
    if "opaque" in rule:
        raise bad(f"{kind} is not a thing this product sends: teach the fake first")
    if "any_of" in rule:
        return check_object(_variant(kind, rule["any_of"], value), value)
    _names(kind, rule["fields"], value)
    if kind == "InlineKeyboardButton":
        _inline_button(rule, value)
    result = {
        name: _value(kind, name, rule["fields"][name], item, top=False)
        for name, item in value.items()
    }
    if sum(name in value for name in rule.get("at_most_one_of", [])) > 1:
        raise bad(f"can't parse {SPOKEN[kind]}: at most one action field may be used")
    if kind in {"InlineKeyboardMarkup", "ReplyKeyboardMarkup"}:
        rows = result.get("inline_keyboard") or result.get("keyboard") or []
        if sum(len(row) for row in rows) > MAX_BUTTONS:
            raise bad("reply markup is too long")
    return result


def _names(kind: str, fields: dict[str, Any], value: dict[str, Any]) -> None:
    said = SPOKEN.get(kind, kind)
    for name in value:
        if name not in fields:
            raise bad(f'can\'t parse {said}: unknown field "{name}" (the real server ignores it)')
    for name, field in fields.items():
        if field.get("required") and name not in value:
            raise bad(f'can\'t parse {said}: Field "{name}" is required')


def _variant(kind: str, variants: list[str], value: dict[str, Any]) -> str:
    for variant in variants:
        if value.get("type") in TYPES[variant]["fields"]["type"]["values"]:
            return variant
    raise bad(f"can't parse {kind}: Unsupported type specified")


def _inline_button(rule: dict[str, Any], button: dict[str, Any]) -> None:
    actions = [
        name
        for name in rule["exactly_one_of"]
        if name in button and not (name in {"url", "callback_data"} and button[name] == "")
    ]
    if not actions:
        raise bad(NO_ACTION)
    if len(actions) > 1:
        raise bad(f"can't parse inline keyboard button: more than one action field: {actions}")
    if not button["text"]:
        raise bad("inline keyboard button text must be non-empty")
    links = {
        "URL": button.get("url"),
        "login URL": _url_in(button.get("login_url")),
        "Web App URL": _url_in(button.get("web_app")),
    }
    for what, url in links.items():
        if isinstance(url, str) and (wrong := check_url(url)):
            raise bad(f"inline keyboard button {what} '{url}' is invalid: {wrong}")
    if "web_app" in button and not str(links["Web App URL"]).startswith("https://"):
        raise bad("inline keyboard button Web App URL is invalid: Only HTTPS links are allowed")


def _url_in(value: object) -> object:
    return value.get("url") if isinstance(value, dict) else None


def _limits(owner: str, name: str, rule: dict[str, Any], value: Any) -> None:
    if "max" in rule and not rule.get("parsed"):
        size = _size(rule["unit"], value)
        if not rule["min"] <= size <= rule["max"]:
            ours = f'"{name}" must have {rule["min"]}-{rule["max"]} {rule["unit"]}, not {size}'
            raise bad(TOO_LONG.get((owner, name), ours))
    if "values" in rule and value not in rule["values"]:
        if owner == "MessageEntity":
            raise bad("can't parse MessageEntity: Unsupported type specified")
        raise bad(f'wrong parameter {name} in request: "{value}"')
    if "letters" in rule and not re.fullmatch(rule["letters"], value):
        raise bad(WRONG_LETTERS[name])


def _size(unit: str, value: Any) -> int:
    if unit == "value":
        return int(value)
    return len(value.encode()) if unit == "bytes" else len(value)
