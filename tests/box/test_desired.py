"""The desired state: what is taken, and what each bad document is told."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.box.desired import Desired, of_tree, parse, schema
from appliance.box.problems import RefusedError
from appliance.box.rules import accept
from appliance.box.rules_cards import fits
from tests.box.documents import IDLE, RX, SDP, TX, changed, text

SEND = "flows.send[0]"
AUTHORITY = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

# What a person might write, and the path and the beginning of what the box says to it.
BAD: list[tuple[str, Any, str, str]] = [
    ("no schema", {}, "schema", "is missing"),
    ("newer schema", {"schema": 2}, "schema", "2 is of a newer box"),
    ("unknown key", {"schema": 1, "lable": "x"}, "lable", "is no key"),
    ("unknown mode", changed(TX, "mode", "mosaik"), "mode", "'mosaik'"),
    ("control code in label", changed(TX, "label", "a\nb"), "label", "'a\\nb'"),
    ("tx without flow", changed(TX, "flows", {}), "flows.send", "has 0 flows"),
    ("tx without input", changed(TX, "input", ...), "input", "is missing"),
    ("rx without flow", changed(RX, "flows", {}), "flows.receive", "has 0 flows"),
    ("rx without output", changed(RX, "output", ...), "output", "is missing"),
    ("grandmaster that follows", {"schema": 1, "mode": "grandmaster"}, "clock.role", "is follower"),
    ("unknown format", changed(TX, "input.format.name", "1080p51"), "input.format.name", "'1080p5"),
    ("depth as text", changed(TX, "input.format.depth", "10"), "input.format.depth", "'10'"),
    ("a card that is none", changed(TX, "input.card", "hdmi"), "input.card", "'hdmi' is no card"),
    ("a family without a key", changed(RX, "output.card", "drm"), "output.card", "'drm' is no"),
    (
        "RGB from a card that gives 4:2:2",
        changed(
            changed(TX, "input.card", "decklink:42"),
            "input.format",
            {"name": "1080p50", "sampling": "RGB"},
        ),
        "input.format.sampling",
        "RGB is not what decklink cards capture",
    ),
    (
        "12 bits from a V4L2 node",
        changed(
            changed(TX, "input.card", "v4l2:x"), "input.format", {"name": "1080p50", "depth": 12}
        ),
        "input.format.depth",
        "12 bits are not what v4l2 cards capture",
    ),
    (
        "no address",
        changed(TX, "networks.data.address", ...),
        "networks.data.address",
        "is missing",
    ),
    (
        "no prefix",
        changed(TX, "networks.data.address", "10.20.0.31"),
        "networks.data.address",
        "prefix length 32",
    ),
    (
        "the network's own address",
        changed(TX, "networks.data.address", "10.20.0.0/24"),
        "networks.data.address",
        "10.20.0.0 is not one host's",
    ),
    (
        "address beside dhcp",
        changed(TX, "networks.configuration.address", "10.1.0.5/24"),
        "networks.configuration.address",
        "10.1.0.5/24 beside method dhcp",
    ),
    (
        "gateway outside",
        changed(TX, "networks.data.gateway", "10.99.0.1"),
        "networks.data.gateway",
        "10.99.0.1 is outside",
    ),
    (
        "two networks on one port",
        changed(TX, "networks.data_2.interface", "eth1"),
        "networks.data_2.interface",
        "eth1 is networks.data already",
    ),
    (
        "overlapping networks",
        changed(TX, "networks.data_2.address", "10.20.0.99/16"),
        "networks.data_2.address",
        "10.20.0.0/16 overlaps",
    ),
    (
        "one group twice",
        changed(TX, f"{SEND}.paths[0].metadata", {"address": "239.1.1.1", "port": 5000}),
        f"{SEND}.paths[0].metadata",
        "239.1.1.1:5000 is that of flows.send[0].paths[0].video",
    ),
    (
        "a kept group",
        changed(TX, f"{SEND}.paths[0].video.address", "224.0.0.5"),
        f"{SEND}.paths[0].video.address",
        "224.0.0.5 is kept",
    ),
    (
        "a host outside",
        changed(TX, f"{SEND}.paths[0].video.address", "10.77.0.1"),
        f"{SEND}.paths[0].video.address",
        "10.77.0.1 is outside networks.data",
    ),
    (
        "both paths one network",
        changed(TX, f"{SEND}.paths[1].network", "data"),
        f"{SEND}.paths[1].network",
        "data is that of the first path",
    ),
    (
        "a network that is not there",
        changed(TX, "networks.data_2", ...),
        f"{SEND}.paths[1].network",
        "data_2 is no network of this box",
    ),
    ("a port too far", changed(TX, f"{SEND}.paths[0].video.port", 70_000), f"{SEND}.paths[0]", "7"),
    ("too long for the MTU", changed(TX, f"{SEND}.max_udp", 8960), f"{SEND}.max_udp", "8960 does"),
    (
        "wide beyond its definition",
        changed(
            changed(TX, f"{SEND}.sender_type", "W"),
            "input.format",
            {"name": "2160p60", "depth": 12},
        ),
        f"{SEND}.sender_type",
        "W is undefined",
    ),
    ("no SDP", changed(RX, "flows.receive[0].sdp", "hello"), "flows.receive[0].sdp", ""),
    (
        "two networks for one path",
        changed(
            changed(RX, "networks.data_2", {"interface": "eth2", "address": "10.21.0.1/24"}),
            "flows.receive[0].networks",
            ["data", "data_2"],
        ),
        "flows.receive[0].networks",
        "has 2 for 1 path(s)",
    ),
    (
        "another host's flow",
        changed(
            RX,
            "flows.receive[0].sdp",
            SDP.replace("239.1.1.1/64", "10.20.0.99").replace(
                "a=source-filter: incl IN IP4 239.1.1.1 10.20.0.30\r\n", ""
            ),
        ),
        "flows.receive[0].sdp",
        "is sent to 10.20.0.99",
    ),
    ("a zone that is none", changed(RX, "output.overlay", {"zones": {"left": []}}), "output.o", ""),
    ("overlay as number", changed(RX, "output.overlay", 3), "output.overlay", "3 is not"),
    (
        "clock over no network",
        changed(TX, "clock.networks", ["data", "configuration", "data"]),
        "clock.networks",
        "data stands twice",
    ),
    ("clock where no network is", changed(RX, "clock.networks", ["data_2"]), "clock.networks", ""),
    ("certificate", changed(TX, "site", {"authorities": [AUTHORITY]}), "site.authorities[0]", ""),
    ("jumbo VLAN", changed(TX, "networks.data.vlan", 4095), "networks.data.vlan", "4095"),
    ("null where an object stands", changed(TX, "clock", None), "clock", "null"),
]


@pytest.mark.parametrize("document", [TX, RX, IDLE], ids=["tx", "rx", "idle"])
def test_a_right_document_is_taken_and_reads_back_the_same(document: dict[str, Any]) -> None:
    taken = accept(text(document))
    assert accept(taken.text()) == taken
    assert accept(taken.text()).text() == taken.text()
    jsonschema.Draft202012Validator(schema()).validate(document)
    jsonschema.Draft202012Validator(schema()).validate(taken.as_json())


@pytest.mark.parametrize(
    ("document", "path", "what"), [row[1:] for row in BAD], ids=[r[0] for r in BAD]
)
def test_a_bad_document_is_refused_whole_with_path_and_remedy(
    document: Any, path: str, what: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        accept(text(document))
    problems = refused.value.problems
    assert any(one.path.startswith(path) and one.what.startswith(what) for one in problems), str(
        refused.value
    )
    assert all(one.remedy and one.what for one in problems)
    assert "pydantic" not in str(refused.value)
    assert "\n" not in "".join(str(one) for one in problems)


@pytest.mark.parametrize(
    "words",
    [
        '{"schema":1,"schema":1}',
        '{"schema":NaN}',
        "[" * 100_000,
        '{"schema":1,',
        "[]",
        "",
        "\x00",
        '{"schema":1,"label":"' + "x" * 2_000_000 + '"}',
        '{"schema":' + "9" * 10_000 + "}",
        '{"schema":1,"label":"\\ud800"}',
    ],
)
def test_text_that_is_no_document_is_one_line(words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        accept(words)
    assert len(refused.value.problems) == 1
    assert len(str(refused.value)) < 300
    str(refused.value).encode()


def test_octets_that_are_no_text() -> None:
    with pytest.raises(RefusedError, match="UTF-8"):
        accept(b"\xff\xfe")


def test_all_problems_are_named_at_once() -> None:
    document = changed(changed(TX, "networks.data_2.address", "10.20.0.9/24"), "mode", "rx")
    with pytest.raises(RefusedError) as refused:
        accept(text(document))
    paths = {one.path for one in refused.value.problems}
    assert {"networks.data_2.address", "output", "flows.receive"} <= paths


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 70_000) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = [
    "label",
    "mode",
    "networks",
    "networks.data",
    "networks.data.address",
    "networks.data.routes",
    "clock",
    "clock.networks",
    "input",
    "input.format",
    "flows.send",
    "flows.send[0].paths",
    "flows.send[0].paths[0].video.address",
    "output",
    "site",
]


@given(st.sampled_from(PATHS), JSON)
@settings(max_examples=300, deadline=None)
def test_whatever_stands_somewhere_is_taken_or_refused_in_words(path: str, value: Any) -> None:
    try:
        words = json.dumps(changed(TX, path, value), allow_nan=False)
    except ValueError:
        return
    try:
        taken = accept(words)
    except RefusedError as refused:
        assert all(one.remedy for one in refused.problems)
        str(refused).encode()
    else:
        assert parse(taken.text()) == taken


def test_the_schema_says_what_the_checker_says() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    form = [row for row in BAD if row[0] in ("unknown key", "unknown mode", "depth as text")]
    assert form
    for _, document, path, _ in form:
        assert list(validator.iter_errors(document)), path


@pytest.mark.parametrize(
    ("can", "refused"), [(["capture"], False), (["playout"], True), (None, False)]
)
def test_a_card_that_is_plugged_in_must_be_able_to(can: list[str] | None, refused: bool) -> None:
    desired = of_tree(changed(TX, "input.card", "decklink:42"))
    details = {} if can is None else {"can": can}
    other = {"key": "decklink:7", "name": "Duo", "details": {"can": ["capture"]}}
    device = {"key": "decklink:42", "name": "Mini Monitor", "details": details}
    problems = fits(desired, [other, device])
    assert [str(one) for one in problems] == (
        [
            "input.card: decklink:42 (Mini Monitor) is no capture card; "
            "choose one that is: decklink:7"
        ]
        if refused
        else []
    )
    assert fits(desired, [other]) == ()  # it may be plugged in later


def test_an_aja_card_is_known_by_its_serial_number_whatever_the_connector() -> None:
    desired = of_tree(changed(TX, "input.card", "ntv2:5XT1/2"))
    device = {"key": "ntv2:5XT1", "name": "AJA T-Tap", "details": {"can": ["playout"]}}
    assert [one.path for one in fits(desired, [device])] == ["input.card"]
    device["details"] = {"can": ["capture"]}
    assert fits(desired, [device]) == ()


def test_a_document_cannot_be_changed_in_place() -> None:
    taken = of_tree(TX)
    with pytest.raises(ValueError, match="frozen"):
        taken.label = "other"  # type: ignore[misc]
    assert isinstance(taken, Desired)
