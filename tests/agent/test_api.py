"""The box API over real HTTPS: who may do what, and what each is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.agent import certificates
from appliance.agent.client import BoxClient, RemoteError
from appliance.agent.tls import client_context
from appliance.commands.remote_site import Site
from tests.support.agent_box import AgentBox

NAME = "Quastenflosser^Zacharias"
DOCUMENT = {"schema": 1, "label": "OR 3"}


def site_in(folder: Path) -> Site:
    made = Site(folder)
    made.make("test")
    return made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return site_in(tmp_path_factory.mktemp("site") / "keys")


@pytest.fixture(scope="module")
def box(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentBox]:
    with AgentBox(tmp_path_factory.mktemp("box")) as made:
        made.pair(site)
        yield made


def talk(box: AgentBox, context: ssl.SSLContext, act: Callable[[BoxClient], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        async with BoxClient(box.where, context) as client:
            return await act(client)

    return asyncio.run(go())


def refused(box: AgentBox, context: ssl.SSLContext, *request: Any) -> RemoteError:
    with pytest.raises(RemoteError) as error:
        talk(box, context, lambda client: client.text(*request))
    assert "\n" not in str(error.value)
    return error.value


def test_a_box_that_was_never_provisioned_offers_its_identity_and_nothing_else(
    tmp_path: Path, site: Site
) -> None:
    with AgentBox(tmp_path / "box") as fresh:
        context = client_context(None)
        identity = talk(fresh, context, lambda client: client.get("/identity"))
        assert identity["provisioned"] is False
        assert set(identity) == {"serial", "fingerprint", "provisioned", "pairing"}
        description = talk(fresh, context, _routes_of(tmp_path))
        for method, path in description:
            error = refused(
                fresh, context, method, path.replace("{flow}", "x").replace("{slot}", "x"), "{}"
            )
            wanted = "pairing: " if "pairing" in path else "never provisioned"
            assert error.status == 403
            assert wanted in str(error)
        # Also for one who has a certificate of some site.
        other = client_context(None, *_controller(site))
        assert refused(fresh, other, "GET", "/desired").status == 403


def _controller(site: Site) -> tuple[Path, Path]:
    return site._folder / "controller.pem", site._folder / "controller.key"


def _routes_of(_: Path) -> Callable[[BoxClient], Awaitable[list[tuple[str, str]]]]:
    from appliance.agent import routes_read, routes_stream, routes_write

    routes = [*routes_read.ROUTES, *routes_write.ROUTES, *routes_stream.ROUTES]
    found = [(route.method, route.path) for route in routes if route.role]
    found += [("POST", f"/pairing/{step}") for step in ("begin", "prove", "finish")]

    async def give(_: BoxClient) -> list[tuple[str, str]]:
        return found

    return give


def test_only_certificates_of_the_site_come_in(box: AgentBox, tmp_path: Path, site: Site) -> None:
    assert "does not trust" in str(refused(box, client_context(None), "GET", "/identity"))
    other = site_in(tmp_path / "other")
    stranger = client_context(None, *_controller(other))
    assert "does not trust" in str(refused(box, stranger, "GET", "/identity"))
    with pytest.raises(RemoteError, match="its certificate is not of this site; pair it first"):
        talk(box, other.context(), lambda client: client.get("/identity"))
    assert talk(box, site.context(), lambda client: client.get("/identity"))["provisioned"]


def test_old_tls_is_refused(box: AgentBox, site: Site) -> None:
    context = site.context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    refused(box, context, "GET", "/identity")


@pytest.mark.parametrize("role", ["viewer", "box", "none"])
def test_roles(box: AgentBox, site: Site, tmp_path: Path, role: str) -> None:
    authority, key = site.authority()
    own = certificates.new_key()
    asked = certificates.request(own, "somebody")
    made = certificates.sign(authority, key, asked, "box" if role == "none" else role)
    (tmp_path / "c.pem").write_text(certificates.pem(made))
    (tmp_path / "c.key").write_bytes(certificates.key_pem(own))
    context = client_context(certificates.pem(authority), tmp_path / "c.pem", tmp_path / "c.key")
    if role == "viewer":
        assert talk(box, context, lambda client: client.get("/status"))
    else:
        error = refused(box, context, "GET", "/status")
        assert (error.status, "takes viewer or configurator" in str(error)) == (403, True)
    for method, path in (("PUT", "/staged/desired"), ("POST", "/activation"), ("POST", "/reboot")):
        error = refused(box, context, method, path, "{}")
        assert (error.status, "it takes configurator" in str(error)) == (403, True)


def test_a_state_is_prepared_then_active(box: AgentBox, site: Site) -> None:
    async def go(client: BoxClient) -> None:
        before = await client.get("/desired")
        label = json.dumps({**DOCUMENT, "label": "prepared"})
        etag = json.loads(await client.text("PUT", "/staged/desired", label))["etag"]
        assert (await client.get("/staged"))["etags"] == {"desired": etag}
        assert await client.get("/desired") == before
        await client.send("POST", "/activation", {"what": {"desired": etag}})
        after = await client.get("/desired")
        assert after["label"] == "prepared"
        assert after["site"] == before["site"]  # a document that says nothing of it keeps it

    talk(box, site.context(), go)
    box.wait(lambda: box.about()["label"] == "prepared", "label")


def test_changes_from_an_old_state_and_bad_documents_are_refused(box: AgentBox, site: Site) -> None:
    async def go(client: BoxClient) -> None:
        with pytest.raises(RemoteError) as old:
            await client.text("PUT", "/staged/desired", json.dumps(DOCUMENT), **{"If-Match": '"1"'})
        assert old.value.status == 412
        bad = {**DOCUMENT, "mode": "tx", "lable": 3}
        with pytest.raises(RemoteError) as refusal:
            await client.text("PUT", "/staged/desired", json.dumps(bad))
        assert refusal.value.status == 422
        assert [problem["path"] for problem in refusal.value.problems] == ["lable"]
        with pytest.raises(RemoteError) as locked_out:
            document = {**DOCUMENT, "site": {"authorities": []}}
            await client.text("PUT", "/staged/desired", json.dumps(document))
        assert "leave nobody" in locked_out.value.problems[0]["what"]

    talk(box, site.context(), go)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("DELETE", "/desired", None, 405),
        ("PUT", "/staged/desired", "{", 422),
        ("PUT", "/staged/desired", "[" * 100_000, 422),
        ("PUT", "/staged/desired", "x" * 3_000_000, 413),
        ("PUT", "/staged/patient", '{"patient": {"nmae": "x"}}', 400),
        ("PUT", "/staged/patient", "\x00", 400),
        ("DELETE", "/staged/everything", None, 404),
        ("POST", "/activation", "[]", 400),
        ("POST", "/activation", '{"what": {"patient": 3}}', 400),
        ("POST", "/activation", '{"what": {"patient": "patient-9"}}', 409),
        ("POST", "/activation", '{"what": {}, "at": "soon"}', 400),
        ("POST", "/identify", '{"seconds": -1}', 400),
        ("POST", "/factory-reset", '{"serial": "another"}', 400),
        ("POST", "/reboot", "{}", 503),
        ("POST", "/confirm", "{}", 409),
        ("GET", "/flows/endoscope.sdp", None, 404),
        ("GET", "/flows/..%2f..%2fetc%2fpasswd.sdp", None, 404),
        ("GET", "/dynamic", None, 400),
        ("GET", "/sending", None, 409),
    ],
)
def test_requests_that_make_no_sense(
    box: AgentBox, site: Site, method: str, path: str, body: str | None, status: int
) -> None:
    assert refused(box, site.context(), method, path, body).status == status


def test_what_a_patient_document_holds_is_never_repeated(box: AgentBox, site: Site) -> None:
    bad = {"patient": {"name": NAME, "sex": "Q"}}
    error = refused(box, site.context(), "PUT", "/staged/patient", json.dumps(bad))
    assert "patient.sex" in str(error)
    assert "Quastenflosser" not in str(error)
    good = {"patient": {"name": NAME, "id": "QZ-4711"}}
    talk(box, site.context(), lambda client: client.send("PUT", "/staged/patient", good))
    staged = talk(box, site.context(), lambda client: client.get("/staged"))
    assert "Quastenflosser" not in json.dumps(staged)
    for place in box.root.rglob("*"):
        if place.is_file():
            assert b"Quastenflosser" not in place.read_bytes(), place


def test_reading(box: AgentBox, site: Site) -> None:
    async def go(client: BoxClient) -> None:
        assert (await client.get("/status"))["agent"]["provisioned"]
        assert isinstance(await client.get("/issues"), list)
        assert isinstance(await client.get("/inventory"), list)
        assert (await client.get("/schema"))["title"] == "Desired"
        assert "rtvbox_service_up" in await client.text("GET", "/metrics")
        document = await client.get("/openapi.json")
        assert document["openapi"] == "3.1.0"
        assert "/box/v1/staged/desired" in document["paths"]

    talk(box, site.context(), go)


def test_events_come_by_themselves(box: AgentBox, site: Site) -> None:
    async def go() -> None:
        async with BoxClient(box.where, site.context()) as client:
            assert client._session is not None
            async with client._session.ws_connect(client._url + "/events") as socket:
                seen: set[str] = set()
                while seen != {"issues", "status"}:
                    seen |= set(json.loads((await socket.receive(5)).data))

    asyncio.run(go())


def test_too_many_tries_close_the_pairing(tmp_path: Path) -> None:
    with AgentBox(tmp_path / "box") as fresh:
        code = fresh.at_the_box("open_pairing", seconds=60)
        fresh.wait(lambda: fresh.about()["pairing"] == code, "code")
        guess = {"message": "53" + "66" * 32}
        for _ in range(5):
            talk(
                fresh,
                client_context(None),
                lambda client: _swallow(client.send("POST", "/pairing/begin", guess)),
            )
        assert "pairing: is not open" in str(
            refused(fresh, client_context(None), "POST", "/pairing/begin", "{}")
        )
        fresh.wait(lambda: fresh.about()["pairing"] is None, "end of the code")


async def _swallow(call: Awaitable[Any]) -> None:
    with contextlib.suppress(RemoteError):
        await call


def test_an_agent_that_starts_again_is_the_same_box(tmp_path: Path, site: Site) -> None:
    root = tmp_path / "box"
    with AgentBox(root) as first:
        first.pair(site)
        fingerprint = first.about()["fingerprint"]
    with AgentBox(root) as second:
        second.wait(lambda: second.about()["fingerprint"] == fingerprint, "the same identity")
        assert talk(second, site.context(), lambda client: client.get("/desired"))["schema"] == 1


def test_a_factory_reset_forgets_keys_and_site(tmp_path: Path, site: Site) -> None:
    with AgentBox(tmp_path / "box") as doomed:
        serial = doomed.pair(site)
        talk(
            doomed,
            site.context(),
            lambda client: client.send("POST", "/factory-reset", {"serial": serial}),
        )
        doomed.wait(lambda: not doomed.about()["provisioned"], "oblivion")
        assert not list((doomed.paths.state / "generations").glob("*.json"))
        assert not (doomed.paths.state / "identity" / "key.pem").exists()
