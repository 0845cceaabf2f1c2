"""The desired state: one document that says what a box shall be. Pure.

Reading checks everything or takes nothing. Times, addresses and formats are those of the field;
a patient is never in it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from appliance.box.desired_media import Flows, Input, Output
from appliance.box.desired_network import Clock, Networks
from appliance.box.desired_part import Name, Part
from appliance.box.problems import Problem, RefusedError
from appliance.box.words import problem_of

SCHEMA = 1
LARGEST = 1 << 20
_DEEPEST = 32

Pem = Annotated[str, Field(min_length=1, max_length=65_536)]


class Site(Part):
    """Whom the box trusts. authorities: certificates (PEM) that sign controllers. certificate:
    the box's own chain (PEM), signed for the key that the box made itself."""

    authorities: tuple[Pem, ...] = Field((), max_length=8, description="at most 8 certificates")
    certificate: Pem | None = Field(None, description="a certificate in PEM, or null")


class Panel(Part):
    """The front panel. locked: it shows, and changes nothing."""

    locked: bool = Field(False, description="true or false")


class Desired(Part):
    """The whole document."""

    version: Literal[1] = Field(1, alias="schema", description="1, the version of this schema")
    label: Name = Field("rtvbox", description="a name that people of the room know the box by")
    mode: Literal["idle", "tx", "rx", "grandmaster"] = Field(
        "idle", description="idle, tx, rx or grandmaster"
    )
    networks: Networks = Field(Networks(), description="an object of networks")
    clock: Clock = Field(Clock(), description="an object")
    input: Input | None = Field(None, description="an object, or null for none")
    output: Output | None = Field(None, description="an object, or null for none")
    flows: Flows = Field(Flows(), description="an object with send and receive")
    panel: Panel = Field(Panel(), description="an object")
    site: Site = Field(Site(), description="an object, or leave it out to keep the present one")

    def as_json(self) -> dict[str, Any]:
        """Plain values with every default written out."""
        made: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return made

    def text(self) -> str:
        """As it is stored: the same document gives the same text."""
        return json.dumps(self.as_json(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def parse(text: str | bytes) -> Desired:
    """A document of JSON text, with its form checked; see rules.check for its meaning.

    Raises RefusedError with every problem of form.
    """
    if len(text) > LARGEST:
        raise RefusedError([Problem("", f"is longer than {LARGEST} octets", "is it the one?")])
    try:
        words = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise RefusedError([Problem("", "is not UTF-8", "save it as UTF-8")]) from None
    try:
        tree = json.loads(words, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except _TwinError as error:
        twin = Problem("", f"the key {str(error)[:64]!r} stands twice", "leave one out")
        raise RefusedError([twin]) from None
    except RecursionError:
        raise RefusedError([Problem("", "is too deep", "is it the one?")]) from None
    except json.JSONDecodeError as error:
        where = f"is no JSON at line {error.lineno}, column {error.colno} ({error.msg})"
        raise RefusedError([Problem("", where, "correct it there")]) from None
    except ValueError as error:  # a number of thousands of digits, NaN
        raise RefusedError([Problem("", f"is no JSON ({error})", "correct it")]) from None
    return of_tree(tree)


def of_tree(tree: Any) -> Desired:
    """The same from plain values."""
    if not isinstance(tree, dict):
        kind = "a list" if isinstance(tree, list) else "one value"
        raise RefusedError([Problem("", f"is {kind}", "write an object, {...}")])
    if _depth(tree, 0) > _DEEPEST:
        raise RefusedError([Problem("", "is too deep", "is it the one?")])
    if "schema" not in tree:
        raise RefusedError([Problem("schema", "is missing", f"write {SCHEMA}")])
    if type(tree["schema"]) is int and tree["schema"] > SCHEMA:
        newer = f"{tree['schema']} is of a newer box"
        raise RefusedError([Problem("schema", newer, f"update this box, or write {SCHEMA}")])
    if tree["schema"] == SCHEMA and type(tree["schema"]) is not int:  # true and 1.0 are equal to 1
        other = f"{tree['schema']!r} is not possible here"
        raise RefusedError([Problem("schema", other, f"write {SCHEMA}")])
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"has half a character ({error.object[error.start]!a})"
        raise RefusedError([Problem("", half, "save it as UTF-8")]) from None
    try:
        # Through text: strict reading of Python values would refuse what JSON cannot spell.
        text = json.dumps(tree)
        return Desired.model_validate_json(text)
    except ValidationError as error:
        raise RefusedError(_problems(error)) from None


def _problems(error: ValidationError) -> list[Problem]:
    found = {problem_of(dict(one), Desired) for one in error.errors()}
    # A list seems too short when one of its members is wrong: the member's problem says more.
    short = {one for one in found if one.what.endswith("too short")}
    return sorted(
        one
        for one in found
        if one not in short or not any(other.path.startswith(f"{one.path}[") for other in found)
    )


def keeping_site(desired: Desired, before: Desired | None) -> Desired:
    """The document with the site of the one before, where it says nothing of a site itself: whom
    the box trusts is never lost by leaving it out."""
    if before is None or "site" in desired.model_fields_set:
        return desired
    return desired.model_copy(update={"site": before.site})


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document, for controllers."""
    made = Desired.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


class _TwinError(ValueError):
    pass


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwinError(key)
        found[key] = value
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _depth(tree: Any, level: int) -> int:
    if level > _DEEPEST or not isinstance(tree, dict | list):
        return level
    inner = tree.values() if isinstance(tree, dict) else tree
    return max((_depth(one, level + 1) for one in inner), default=level)
