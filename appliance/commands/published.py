"""What services published, for a person, also where it makes no sense."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from appliance.runner import CommandError


def shown(what: str, lines: Callable[..., Iterable[str]], *published: Any) -> str:
    """What was published, as one text. Raises CommandError where it is not understood."""
    try:
        return "\n".join(lines(*published))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        why = f"{what}: what a service says is not understood; --json shows it, restart the service"
        raise CommandError(why) from None


def has_errors(issues: Any) -> bool:
    """Whether one is of severity error."""
    listed = issues if isinstance(issues, list) else []
    return any(isinstance(one, dict) and one.get("severity") == "error" for one in listed)
