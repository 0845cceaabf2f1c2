"""Everything that can be wrong with a box, as data: the registry of issues. Pure.

A service raises an issue when it sees the fault and clears it when the fault is gone; what is
raised is part of what it publishes. These are indications and no alarms in the sense of
IEC 60601-1-8. No text ever holds a patient's data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appliance.box.catalogue import CATALOGUE


class Severity(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Issue:
    """One fault that lasts. id: of the catalogue. subject: what it is about (a network, a flow),
    "" for the box. since: UTC, ISO 8601. source: the service that sees it."""

    id: str
    subject: str
    severity: Severity
    text: str
    remedy: str
    source: str
    since: str

    def as_json(self) -> dict[str, str]:
        """As published; the panel and `rtvbox status` read it."""
        return {
            "id": self.id,
            "subject": self.subject,
            "severity": self.severity.value,
            "text": self.text,
            "remedy": self.remedy,
            "source": self.source,
            "since": self.since,
        }


def issue_of(tree: Any) -> Issue:
    """An issue as another service published it. Raises ValueError, one line."""
    keys = ("id", "subject", "severity", "text", "remedy", "source", "since")
    if not isinstance(tree, Mapping) or not all(isinstance(tree.get(key), str) for key in keys):
        raise ValueError("an issue has texts for " + ", ".join(keys))
    return Issue(
        tree["id"],
        tree["subject"],
        Severity(tree["severity"]),
        tree["text"],
        tree["remedy"],
        tree["source"],
        tree["since"],
    )


class Registry:
    """The issues that one service sees. The same fault raised again keeps its time."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._active: dict[tuple[str, str], Issue] = {}

    def raise_(self, name: str, now: str, *, subject: str = "", **values: object) -> bool:
        """name: of the catalogue; values: for its text. now: UTC, ISO 8601. Returns whether it is
        new or says something new. Raises KeyError for what is not in the catalogue."""
        severity, text, remedy = CATALOGUE[name]
        key = name, subject
        before = self._active.get(key)
        words = {"subject": subject, **values}
        made = Issue(
            name,
            subject,
            Severity(severity),
            text.format(**words),
            remedy.format(**words),
            self._source,
            before.since if before else now,
        )
        self._active[key] = made
        return made != before

    def clear(self, name: str, *, subject: str = "") -> Issue | None:
        """The fault is gone. Returns what there was."""
        return self._active.pop((name, subject), None)

    def set(self, name: str, wrong: bool, now: str, *, subject: str = "", **values: object) -> bool:
        """Raises or clears. Returns whether anything changed."""
        if wrong:
            return self.raise_(name, now, subject=subject, **values)
        return self.clear(name, subject=subject) is not None

    def active(self) -> tuple[Issue, ...]:
        """What is wrong now, the worst first."""
        return ordered(self._active.values())


def ordered(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The worst first, then the oldest."""
    rank = list(Severity)
    return tuple(sorted(issues, key=lambda one: (-rank.index(one.severity), one.since, one.id)))
