"""What all parts of the desired state have in common, and words they share. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

DATA_NETWORKS = ("data", "data_2")
NETWORKS = ("configuration", "data", "data_2", "hospital")
"""The paper's three networks (its figure 2), and a second data network for ST 2022-7."""


class Part(BaseModel):
    """A part of the document: unknown keys are refused, nothing is converted, nothing changes.

    A field's description is the remedy that a person reads when the field is wrong: it goes on
    after "give"."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        use_attribute_docstrings=False,
    )


_TEXT = PlainSerializer(str, return_type=str)
Address = Annotated[IPv4Address, _TEXT]
Interface = Annotated[IPv4Interface, _TEXT]
Subnet = Annotated[IPv4Network, _TEXT]

Port = Annotated[int, Field(ge=1, le=65535, description="a UDP port, 1..65535")]
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="1 to 63 characters without control codes",
    ),
]
Slug = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$",
        description="up to 32 of a-z, 0-9 and -, endoscope-1",
    ),
]
