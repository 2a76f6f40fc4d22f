"""The root key and the committee's key. It says where they must not lie, never what they are."""

from collections.abc import Iterator, Mapping

from bot.doctor.finding import Finding, found
from bot.doctor.patient import Patient
from storage.committee import CommitteeTrouble, Public
from storage.rootkey import Reason

NAMES: Mapping[Reason, str] = {
    Reason.MISSING: "key-missing",
    Reason.WRONG_SIZE: "key-short",
    Reason.READABLE_BY_OTHERS: "key-readable",
    Reason.BESIDE_DATABASE: "key-beside",
}
PRIVATE = b"lang-nghe-committee-private"


def look(patient: Patient) -> Iterator[Finding]:
    """Look at both keys."""
    unset = any(one.startswith("SECRET_KEY_FILE") for one in patient.setting_problems)
    if patient.key_problem is not None and not unset:
        yield found(NAMES[patient.key_problem])
    if patient.real and patient.settings.key_file.resolve().is_relative_to(
        patient.settings.backup_dir.resolve()
    ):
        yield found("key-in-backups")
    yield from committee(patient)


def committee(patient: Patient) -> Iterator[Finding]:
    """Look at the committee's key, of which only the public part may be here."""
    path = patient.settings.committee_key
    if path is None:
        if patient.real:
            yield found("committee-missing")
        return
    try:
        with path.open("rb") as file:
            private = file.read(len(PRIVATE)) == PRIVATE
    except OSError:
        private = False
    if private:
        yield found("committee-private")
        return
    try:
        Public.load(path)
    except CommitteeTrouble:
        yield found("committee-wrong")
