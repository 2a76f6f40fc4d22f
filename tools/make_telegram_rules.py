"""Turn a machine-readable Bot API description into the compact rules our local Telegram enforces.

Keeps names, types and limits; drops the prose. It knows nothing of the product or of the fake.
Use: python tools/make_telegram_rules.py <description.json>
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "tests" / "fakes" / "telegram_rules.json"

METHODS = (
    "getMe",
    "getUpdates",
    "setWebhook",
    "deleteWebhook",
    "getWebhookInfo",
    "sendMessage",
    "sendPhoto",
    "sendVoice",
    "sendDocument",
    "sendChatAction",
    "editMessageText",
    "editMessageReplyMarkup",
    "editMessageCaption",
    "deleteMessage",
    "deleteMessages",
    "answerCallbackQuery",
    "getFile",
    "getChat",
    "getChatMember",
    "getChatAdministrators",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "setMyName",
    "setMyDescription",
    "setMyShortDescription",
    "createForumTopic",
    "editForumTopic",
    "closeForumTopic",
    "reopenForumTopic",
    "deleteForumTopic",
    "leaveChat",
    "pinChatMessage",
    "forwardMessage",
    "copyMessage",
)

# Large families the product never sends: kept as names only, so that using one is refused.
OPAQUE = ("InputRich", "RichText", "RichBlock", "RichMessage", "InputMedia")

LIMIT = re.compile(
    r"(?P<least>\d+)-(?P<most>\d+) (?P<unit>characters|bytes|identifiers)(?P<parsed> after entit\w+ parsing)?"
)
RANGE = re.compile(r"Values between (\d+)-(\d+) are accepted|, (\d+)-(\d+)\. Defaults")
AT_MOST = re.compile(r"At most (\d+) \w+ can be specified")
CONST = re.compile(r"must be ([a-z_]+)$")


def limits(description: str) -> dict[str, Any]:
    """The lengths or numbers a description states, e.g. "1-4096 characters after entities parsing"."""
    found: dict[str, Any] = {}
    if length := LIMIT.search(description):
        unit = "items" if length["unit"] == "identifiers" else length["unit"]
        found = {"min": int(length["least"]), "max": int(length["most"]), "unit": unit}
        if length["parsed"]:
            found["parsed"] = True
    elif span := RANGE.search(description):
        low, high = (int(number) for number in span.groups() if number)
        found = {"min": low, "max": high, "unit": "value"}
    elif most := AT_MOST.search(description):
        found = {"min": 0, "max": int(most[1]), "unit": "items"}
    return found


def choices(name: str, description: str) -> list[str]:
    """The closed list of values a string may have, if the description gives one."""
    if constant := CONST.search(description):
        return [constant[1]]
    if name == "action":
        return sorted(set(re.findall(r"\b[a-z]+_[a-z_]+\b|\btyping\b", description)))
    if "ust be one of" in description or description.startswith("Type of the entity"):
        return re.findall(r"\"([a-z_]+)\"", description)
    return []


def allowed_letters(description: str) -> str | None:
    """A pattern for values whose alphabet the description states."""
    if "lowercase English letters, digits and underscores" in description:
        return "[a-z0-9_]*"
    if "Only characters A-Z, a-z, 0-9, _ and - are allowed" in description:
        return "[A-Za-z0-9_-]*"
    if "two-letter ISO 639-1" in description:
        return "([a-z]{2})?"
    return None


def field_rule(field: dict[str, Any]) -> dict[str, Any]:
    """One parameter or field: types, whether required, and every limit we could read."""
    text = field["description"]
    rule: dict[str, Any] = {"types": field["types"]}
    if field["required"]:
        rule["required"] = True
    rule |= limits(text)
    if values := choices(field["name"], text):
        rule["values"] = values
    if letters := allowed_letters(text):
        rule["letters"] = letters
    return rule


def type_rule(description: dict[str, Any]) -> dict[str, Any]:
    """One object type: its fields, its variants, or nothing but its name."""
    if description["name"].startswith(OPAQUE):
        return {"opaque": True}
    if "subtypes" in description:
        return {"any_of": description["subtypes"]}
    rule: dict[str, Any] = {
        "fields": {field["name"]: field_rule(field) for field in description.get("fields", [])}
    }
    prose = " ".join(description["description"])
    if other := re.search(
        r"(Exactly|At most) one of the fields other than (.+?) must be used", prose
    ):
        kind = "exactly_one_of" if other[1] == "Exactly" else "at_most_one_of"
        apart = set(re.findall(r"\w+", other[2])) - {"and"}
        rule[kind] = [name for name in rule["fields"] if name not in apart]
    return rule


def names_in(fields: dict[str, Any]) -> Iterator[str]:
    """Every type the fields mention, without the array wrapping."""
    for field in fields.values():
        yield from (name.split(" of ")[-1] for name in field["types"])


def compact(source: dict[str, Any]) -> dict[str, Any]:
    """The whole rules file."""
    methods = {
        name: {
            field["name"]: field_rule(field) for field in source["methods"][name].get("fields", [])
        }
        for name in METHODS
    }
    waiting = [name for rule in methods.values() for name in names_in(rule)]
    types: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        if name in types or name not in source["types"] or name == "InputFile":
            continue
        types[name] = type_rule(source["types"][name])
        waiting += [*types[name].get("any_of", []), *names_in(types[name].get("fields", {}))]
    updates = source["types"]["Update"]["fields"][1:]
    opt_in = [
        field["name"]
        for field in updates
        if re.search(r"must explicitly specify \"\w+\" in the list", field["description"])
    ]
    return {
        "about": "Generated by tools/make_telegram_rules.py; edit the tool, not this file.",
        "bot_api": source["version"],
        "released": source["release_date"],
        "source": source["changelog"],
        "provenance": source["provenance"],
        "update_types": [field["name"] for field in updates],
        "update_types_opt_in": opt_in,
        "methods": methods,
        "types": dict(sorted(types.items())),
    }


def main(arguments: list[str]) -> int:
    """Write the rules file; the one argument is the path of the description."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    rules = compact(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    lines = []
    for key, value in rules.items():
        if key in {"methods", "types"}:
            rows = ",\n".join(
                f"  {json.dumps(name)}: {json.dumps(rule, ensure_ascii=False)}"
                for name, rule in value.items()
            )
            lines.append(f' "{key}": {{\n{rows}\n }}')
        else:
            lines.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(rules['methods'])} methods, {len(rules['types'])} types")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
