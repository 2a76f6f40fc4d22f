"""The engine: a flow is a plain generator over named answers, walked again at each message.

Rules: a question's id names its answer for ever; what a flow yields depends on the answers
(and the ward's facts) alone; only what follows the last answered question speaks.
It knows no report, no channel and no storage.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from handlers.ward import Ward

TYPED = "="
"""An answer in own words is kept behind this mark; a chosen one is its choice's id."""
SKIPPED = ""
MISSES_BEFORE_MOVING_ON = 1


@dataclass(frozen=True, slots=True)
class Question:
    """Something a flow asks. Its text is `q.<id>`, its labels are `<id>.<choice>`.

    `before`: keys of paragraphs that stand above the question, in the same message.
    `typed`: own words are a whole answer. `endless`: each line joins the story; it stays open.
    """

    id: str
    choices: tuple[str, ...] = ()
    typed: bool = False
    skip: bool = True
    endless: bool = False
    before: tuple[str, ...] = ()
    key: str = ""
    """Its text when that is not `q.<id>`; `-` when what stands before asks already."""
    labels: tuple[str, ...] = ()
    """Ready labels for choices that are data (the ward's residential groups)."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Something a flow says without asking."""

    key: str


@dataclass(frozen=True, slots=True)
class Raise:
    """The case opens here (or rises to this priority), and the alert leaves at once."""

    priority: str


Step = Question | Tell | Raise


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers so far, in the order they were given, and the story in its teller's words."""

    given: tuple[tuple[str, str], ...] = ()
    story: tuple[str, ...] = ()

    def __getitem__(self, question: Question) -> str:
        """Give the chosen id; `=words` for own words; empty when skipped or not asked."""
        return dict(self.given).get(question.id, SKIPPED)

    def has(self, question: Question) -> bool:
        """Tell whether the question was answered or skipped."""
        return any(name == question.id for name, _ in self.given)

    def put(self, question: Question, value: str) -> "Answers":
        """Answer (again): the newest answer stands last."""
        return replace(self, given=(*self.without(question.id).given, (question.id, value)))

    def without(self, name: str) -> "Answers":
        """Drop one answer, so that its question is asked again."""
        return replace(self, given=tuple(pair for pair in self.given if pair[0] != name))

    def worded_last(self, name: str) -> bool:
        """Tell whether this was the last answer given, in own words."""
        return bool(self.given) and self.given[-1][0] == name and self.given[-1][1][:1] == TYPED

    def back(self) -> "Answers":
        """Drop the last answer."""
        return replace(self, given=self.given[:-1])

    def tell(self, line: str) -> "Answers":
        """Add a line to the story, verbatim."""
        return replace(self, story=(*self.story, line))


@dataclass(frozen=True, slots=True)
class Setting:
    """The facts of the ward that a flow may depend on besides the answers."""

    ward: Ward
    independent: bool
    """Whether somebody outside the officers' group receives cases against officials."""


Flow = Callable[[Answers, Setting], Iterator[Step]]


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a talk stands: what to say now, what is asked, what was raised on the way."""

    said: tuple[str, ...]
    open: Question | None
    raised: str | None
    answered: tuple[Question, ...]


def walk(flow: Flow, answers: Answers, setting: Setting) -> Walk:
    """Walk a flow from the top to the first question without an answer."""
    said: list[str] = []
    answered: list[Question] = []
    raised: str | None = None
    for step in flow(answers, setting):
        if isinstance(step, Tell):
            said.append(step.key)
        elif isinstance(step, Raise):
            raised = step.priority if raised is None else min(raised, step.priority)
        elif answers.has(step):
            answered.append(step)
            said.clear()
        else:
            return Walk(tuple(said), step, raised, tuple(answered))
    return Walk(tuple(said), None, raised, tuple(answered))


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk with one person on one side. The position follows from the answers."""

    person: str
    side: str
    flow: str = ""
    answers: Answers = field(default_factory=Answers)
    case: str | None = None
    harm: bool = False
    """A story about harm has begun: if it is a child's, silence sends it on."""
    misses: int = 0
    """How often in a row a typed line fitted no button of the open question."""
    card_in: int = 0
    """For how many more messages the emergency card is not repeated."""
    secret: int | None = None
    """The return secret until it has been told; then it is nowhere but in its teller's head."""
    held: tuple[str, ...] = ()
    """Files that wait for their question: `kind|ref`. They are not fetched before."""
    ready: tuple[str, ...] = ()
    """Files that may be taken as soon as there is a case."""
    cleared: bool = False
    """The question about pictures was answered: the next one may be taken."""
    veiled: bool = False
    """Somebody came back to it after a silence: what was told is not shown again here."""
    asked: tuple[str, ...] = ()
    """Numbers and accounts in the words that were asked about: the keys of each message, spaced."""
    shown: tuple[str, ...] = ()
    """Those of them that officers may see, as long as there is no case that remembers it."""
    draft: str = ""
    """Words that wait for a decision: an officer's reply before it is sent, or a line that came
    long after a case's last one and may belong to something else."""
    begun: datetime | None = None
    spoken: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether anything was answered or told: it must not be lost."""
        return bool(self.answers.given or self.answers.story or self.case)


def hurry(flow: Flow, answers: Answers, setting: Setting, until: str) -> Answers:
    """Skip every question before the one called `until`, or before one that cannot be skipped."""
    for _ in range(100):
        asked = walk(flow, answers, setting).open
        if asked is None or not asked.skip or asked.id == until:
            return answers
        answers = answers.put(asked, SKIPPED)
    raise AssertionError("a flow that never ends")


def match(
    question: Question, labels: Sequence[str], text: str, fold: Callable[[str], str]
) -> str | None:
    """Read a typed line against the buttons: the label, its number, or the start of one label.

    Among the ward's own groups "7" and "tổ 7" are the group so called, not button 7.
    """
    typed = fold(text)
    pairs = [(choice, fold(label)) for choice, label in zip(question.choices, labels, strict=True)]
    number = typed.removeprefix("to ") if question.labels else typed
    if number.isdecimal() and question.labels:
        fit = [choice for choice, label in pairs if label.split()[-1] == number]
    elif number.isdecimal():
        fit = [choice for place, (choice, _) in enumerate(pairs, 1) if str(place) == number]
    else:
        fit = [choice for choice, label in pairs if label == typed]
        fit = fit or [c for c, label in pairs if len(typed) > 1 and label.startswith(typed)]
    return fit[0] if len(fit) == 1 else None
