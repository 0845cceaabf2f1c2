"""What the checker of forms found, in words for a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from appliance.box.problems import Problem

_LONGEST = 64


def problem_of(error: Mapping[str, Any], root: type[BaseModel]) -> Problem:
    """One error of pydantic as a problem."""
    place, field, model = _walk(tuple(error["loc"]), root)
    path = _path(place)
    kind = str(error["type"])
    if kind == "extra_forbidden":
        return Problem(path, "is no key of this document", _meant(place, model))
    remedy = f"give {field.description}" if field and field.description else "correct it"
    if kind == "missing":
        return Problem(path, "is missing", remedy)
    return Problem(path, _what(error), remedy)


def _what(error: Mapping[str, Any]) -> str:
    value = error.get("input")
    if isinstance(value, dict):
        shown = "an object"
    elif isinstance(value, list):
        shown = f"a list of {len(value)}"
    else:
        shown = _shown(value)
    if error["type"] in ("too_long", "too_short") and isinstance(value, list):
        return f"{shown} is too {'long' if error['type'] == 'too_long' else 'short'}"
    return f"{shown} is not possible here"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _path(place: tuple[Any, ...]) -> str:
    made = ""
    for step in place:
        made += f"[{step}]" if isinstance(step, int) else f".{step}" if made else str(step)
    return made


def _meant(place: tuple[Any, ...], model: type[BaseModel] | None) -> str:
    names = [field.alias or name for name, field in model.model_fields.items()] if model else []
    near = get_close_matches(str(place[-1]), names, n=1) if place else []
    if near:
        return f"write {near[0]}"
    return f"leave it out, or choose {', '.join(names)}" if names else "leave it out"


def _walk(
    loc: tuple[Any, ...], root: type[BaseModel]
) -> tuple[tuple[Any, ...], FieldInfo | None, type[BaseModel] | None]:
    """The place in the document (without pydantic's marks of union branches), its field, and the
    model that it stands in."""
    place: list[Any] = []
    model: type[BaseModel] | None = root
    field: FieldInfo | None = None
    for step in loc:
        if isinstance(step, int):
            place.append(step)
            continue
        found = _field(model, step) if model else None
        if found is None:
            if model is not None and step == loc[-1] and not _branch(step):
                return (*place, step), None, model
            continue
        place.append(step)
        field = found
        inner = _model(found.annotation)
        if step == loc[-1]:
            return tuple(place), field, model
        model = inner or None
    return tuple(place), field, model


def _field(model: type[BaseModel], name: str) -> FieldInfo | None:
    for own, field in model.model_fields.items():
        if (field.alias or own) == name:
            return field
    return None


def _branch(step: str) -> bool:
    """Whether pydantic named a branch of a union rather than a key."""
    return step.startswith(("literal[", "dict[", "tuple[", "constrained-", "function-"))


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model(inner)
        if found is not None:
            return found
    return None
