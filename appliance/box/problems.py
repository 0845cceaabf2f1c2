"""What is wrong with a document: where, what, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """path: key path in the document, networks.data.address; "" for the whole. what: with the
    value. remedy: what to write or do instead."""

    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path or 'document'}: {self.what}; {self.remedy}"

    def as_json(self) -> dict[str, str]:
        """Plain values, for a controller."""
        return {"path": self.path, "what": self.what, "remedy": self.remedy}


class RefusedError(ValueError):
    """A document is refused whole. problems: all that were found, at least one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
