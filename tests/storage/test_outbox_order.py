"""Whatever fails and whenever: nothing is lost, nothing overtakes its class, repeats are marked."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.effects import Class, Part, Say
from handlers.events import Address
from storage import outbox
from storage.text import unpack
from tests.storage.store import Store

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(list(Class))),
        st.tuples(st.sampled_from(["send", "fail", "doubt", "crash", "wait", "rest"]), st.none()),
    ),
    max_size=40,
)


@dataclass
class Sender:
    """A sender that does what the test says, and what it surely delivered."""

    store: Store
    person: str
    said: list[Class] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    maybe: set[int] = field(default_factory=set)

    @property
    def lane(self) -> str:
        return f"telegram:{self.person}"

    def step(self, what: str, rank: Class | None) -> bool:
        """Do one thing; tells whether a message was under way."""
        if rank is not None:
            self.store.apply(Say(self.person, (Part(str(len(self.said))),), rank=rank))
            self.said.append(rank)
            return True
        now = self.store.now
        if what == "wait":
            self.store.later(seconds=5)
            return True
        with self.store.tx() as tx:
            if what == "rest":
                outbox.rest(tx, self.lane, now + timedelta(seconds=3))
                return True
            parcel = outbox.claim(tx, self.lane, now, 30)
            if parcel is None:
                return False
            number = int(unpack(parcel.body)["parts"][0][0])
            assert parcel.again is (number in self.maybe)
            if what == "send":
                outbox.sent(tx, parcel, (), now)
                self.arrived.append(number)
            elif what == "fail":
                outbox.again(tx, parcel, now + timedelta(seconds=2))
            elif what == "doubt":
                outbox.doubt(tx, parcel, now, now)
                self.maybe.add(number)
            else:
                self.maybe.add(number)
                outbox.recover(tx)
            return True

    def settle(self) -> None:
        """Nothing fails any more: deliver whatever is left."""
        while self.store.count("lanes"):
            if not self.step("send", None):
                self.store.later(seconds=5)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_nothing_is_lost_and_order_is_kept(
    store: Store, steps: list[tuple[str, Class | None]]
) -> None:
    peer = str(store.count("people"))
    sender = Sender(store, store.person(Address("telegram", "bot", peer)))
    for what, rank in steps:
        sender.step(what, rank)
    sender.settle()
    assert len(set(sender.arrived)) == len(sender.arrived)
    # Only what may have arrived already can have been given up, and never an alert.
    lost = set(range(len(sender.said))) - set(sender.arrived)
    assert lost <= sender.maybe
    assert not any(sender.said[number] is Class.ALERT for number in lost)
    for rank in Class:
        ours = [number for number in sender.arrived if sender.said[number] is rank]
        assert ours == sorted(ours)
    assert store.rows("select 1 from outbox where state <> 'dead'") == []
