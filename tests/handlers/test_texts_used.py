"""Every sentence the code asks for is in the files, and none in the files is dead."""

import ast
import re
from collections.abc import Iterator

import pytest

from handlers import cases, desk, front, prompts, raising, report, screens, telling
from handlers.cases import Hold, Priority, Reason
from handlers.catalog import VOICES, Texts
from handlers.effects import VERBATIM, Delivery, EntryKind
from handlers.events import MediaKind
from handlers.lessons import Ages
from handlers.private import What
from handlers.talk import SKIPPED, TYPED, Answers, Question, Setting, walk
from tests.handlers.sentences import DESK, KEYS, QUESTIONS, ROOT, SAMPLE, TREES, VI, WARD

CODE = {
    path: ast.parse(path.read_text("utf-8"))
    for folder in ("handlers", "bot", "storage")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
HANDLERS = [tree for path, tree in CODE.items() if path.is_relative_to(ROOT / "handlers")]


def constants(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and type(n.value) is str}


def functions() -> Iterator[ast.FunctionDef]:
    for tree in HANDLERS:
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def called(node: ast.Call) -> str:
    """The bare name of what is called."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def calls(names: set[str], place: int = 0) -> Iterator[ast.expr]:
    """The argument at `place` of every call of these names, everywhere in the code."""
    for tree in CODE.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and len(node.args) > place and called(node) in names:
                yield node.args[place]


def branches(node: ast.expr) -> Iterator[ast.expr]:
    """The expression itself, or both sides of an if."""
    if isinstance(node, ast.IfExp):
        yield from branches(node.body)
        yield from branches(node.orelse)
    else:
        yield node


def plain(nodes: Iterator[ast.expr]) -> set[str]:
    return {n.value for n in nodes if isinstance(n, ast.Constant) and type(n.value) is str}


def literals(names: set[str], place: int = 0) -> set[str]:
    """The plain texts handed to these calls; computed ones are the families below."""
    return plain(one for node in calls(names, place) for one in branches(node))


def offered() -> set[str]:
    """The verbs that some button carries."""
    return literals({"go"}) | {key[3:] for key in literals({"Part"}) if key.startswith("go.")}


TYPED_FACTS = {q.id for q in QUESTIONS if q.typed} - {"what", "words"} | {"where"}


def of_questions() -> Iterator[str]:
    yield "q.where"
    for question in QUESTIONS:
        yield f"q.{question.id}"
        yield from (f"{question.id}.{choice}" for choice in question.choices)


def acknowledgements() -> set[str]:
    everybody = (*report.FOR.choices, "me")
    return {
        key
        for who in everybody
        for what in (*report.WHAT.choices, SKIPPED)
        for key in report.acknowledge(Answers().put(report.FOR, who).put(report.WHAT, what))
    }


def of_cards() -> Iterator[str]:
    """The keys of the officers' card and file that are put together from the case."""
    warnings = next(one for one in functions() if one.name == "warnings")
    keys = next(node for node in ast.walk(warnings) if isinstance(node, ast.Dict)).keys
    yield from (f"warn.{key.value}" for key in keys if isinstance(key, ast.Constant))
    yield from (f"kind.{kind}" for kind in {*report.KINDS.values(), "OTHER", "SELF_HARM"})
    yield from (f"age.{choice}" for choice in report.AGE.choices)
    yield from (f"fact.{fact}" for fact in {"who", "when", "sex", "talk_to"} | TYPED_FACTS)
    yield from (f"reporter.{voice}" for voice in VOICES)
    yield from (f"write.{hours}" for hours in report.HOURS.choices)
    yield from (f"{name}.{how}" for name in ("delivery", "state") for how in Delivery if how)
    yield from (f"entry.{kind}" for kind in EntryKind)
    yield from (f"prio.{priority}" for priority in Priority)
    yield from (f"reason.{reason}" for reason in Reason)
    yield from (f"canned.{name}" for names in prompts.CANNED.values() for name in names)
    yield from (f"move.{name}" for name in moves())
    yield from (f"{verb}" for verb in desk.ACTS if verb != "canned")
    yield from literals({"say"}, 1) & {key[len(DESK) :] for key in VI if key.startswith(DESK)}


def moves() -> set[str]:
    """What may be recorded as a move: `name` or `name|value`."""
    told = [
        *calls({"moved"}, 1),
        *calls({"add_words"}, 2),
        *(n for n in calls({"Add"}, 3) if isinstance(n, ast.Constant)),
    ]
    names = {text.partition("|")[0] for node in told for text in constants(node)}
    return names - {""}


def families() -> set[str]:
    """Every key that is computed, from the same tables as the code computes it."""
    return {
        *of_questions(),
        report.FOR_TOLD.key,
        "reply_thanks",
        "reply_who",
        "q.send_veiled",
        *acknowledgements(),
        *(f"{DESK}{key}" for key in of_cards()),
        *(f"sum.{name}" for name in (*screens.SUMMARISED, "story")),
        *(f"go.{verb}" for verb in offered()),
        *(f"ages.{age}" for age in Ages),
        *(f"day.{day}" for day in (*range(7), "today")),
        *(f"state_{form}" for form in {*cases.STATE_FORMS.values(), "looked_at", "answered"}),
        *(f"closed_{reason}" for reason in Reason),
        *(f"{DESK}hold_why.{why}" for why in Hold),
        *(f"mask.{what}" for what in What),
        "mask.hidden",
        *(f"refuse_{kind}" for kind in MediaKind if kind not in raising.ENTRIES),
        *(
            key
            for q in QUESTIONS
            for choice in q.choices
            if (key := f"means.{q.id}.{choice}") in KEYS
        ),
        *(f"rep.{name}" for names in prompts.CANNED.values() for name in names),
    }


def handed_on() -> set[str]:
    """The keys that reach a paragraph by a name: chosen in its function, or given to it."""
    found: set[str] = set()
    for function in functions():
        used = [n for n in ast.walk(function) if isinstance(n, ast.Call) and called(n) == "Part"]
        names = {n.args[0].id for n in used if isinstance(n.args[0], ast.Name)}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Assign)
                and {getattr(t, "id", "") for t in node.targets} & names
            ):
                found |= plain(branches(node.value))
        for place, given in enumerate(function.args.args):
            found |= literals({function.name}, place) if given.arg in names else set()
    return found


def asked_for() -> set[str]:
    return literals({"Part", "Tell"}) - {VERBATIM, ""} | handed_on() | families()


def test_every_sentence_the_code_asks_for_is_there():
    assert sorted(asked_for() - set(KEYS)) == []


def test_the_reading_of_the_code_finds_what_is_known_to_be_there():
    known = {"emergency_maybe", "checkin", "quick_exit", "hide", "bye", "later", "ward_office"}
    assert known | {"desk.sent", "desk.held", "notice", "notice_lesson"} <= handed_on()
    assert {"danger", "photo_yes", "voice_no", "news"} <= offered()
    done = {"claim", "hand", "priority", "propose", "close", "safe", "returned"}
    assert done | {"forgotten", "hold", "lift", "shown", "hidden"} == moves()


def test_every_button_that_is_offered_does_something():
    assert offered() <= set(front.GO)


def test_the_id_of_a_button_is_plain_ascii():
    ids = {text for node in calls({"Button"}) for text in constants(node)}
    ids |= {f"a.{q.id}.{choice}" for q in QUESTIONS for choice in q.choices}
    ids |= {f"go.{verb}" for verb in front.GO} | {f"edit.{name}" for name in screens.SUMMARISED}
    ids |= {f"d.{verb}.{'x' * 16}." for verb in desk.ACTS}
    for one in ids:
        assert re.fullmatch(r"[!-~]{1,64}", one), one


def test_no_sentence_is_dead():
    spoken_of = {text for tree in CODE.values() for text in constants(tree)}
    computed = {"q", "go", "means", "sum", "ages", "day", "rep", *(q.id for q in QUESTIONS)}
    loose = {key for key in KEYS if key.partition(".")[0] not in computed and key in spoken_of}
    assert sorted(set(KEYS) - families() - loose) == []


def read_by_the_flow(question: Question) -> tuple[str, ...]:
    """The answers that make a difference to what comes next; of all other questions the first."""
    read = {
        "for": question.choices,
        "now": (*question.choices, SKIPPED),
        "what": (*question.choices, f"{TYPED}chữ", SKIPPED),
        "self": (*question.choices, SKIPPED),
        "near": (*question.choices, SKIPPED),
        "who": ("home", "official"),
        "route": question.choices,
        "phone": question.choices,
    }
    return read.get(question.id, question.choices[:1] or (f"{TYPED}chữ",))


def paths(answers: Answers, setting: Setting) -> Iterator[tuple[Answers, tuple[str, ...]]]:
    """Every way through the report, with what is said and asked at each step."""
    at = walk(report.report, answers, setting)
    asked = at.open
    said = list(at.said)
    if asked is not None:
        said += [*asked.before, asked.key.strip("-") or f"q.{asked.id}"]
        said += [f"{asked.id}.{choice}" for choice in asked.choices if not asked.labels]
    yield answers, tuple(said)
    if asked is None or asked.endless:
        return
    for value in read_by_the_flow(asked):
        yield from paths(answers.put(asked, value), setting)


@pytest.mark.parametrize("language", TREES)
@pytest.mark.parametrize("independent", [True, False])
def test_every_way_through_the_report_can_be_said_in_its_voice(language, independent):
    texts = Texts({language: TREES[language], "vi": TREES["vi"]}, SAMPLE)
    said = {
        (key, telling.VOICES.get(answers[report.FOR], ""))
        for answers, keys in paths(Answers(), Setting(WARD, independent))
        for key in keys
    }
    assert len(said) > 100
    for key, voice in said:
        assert texts.say(key, language, voice, {"tom_tat": ""}), key
        assert voice != "adult" or set(KEYS[key]) & {"", "adult"}, key
