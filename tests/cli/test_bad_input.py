"""Bad input: one line that names the field and a remedy, code 2, nothing started."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import PATIENT, Command

GOOD = {
    "--source": "synthetic",
    "--format": "720p50",
    "--interface": "lo",
    "--video": "239.1.1.1:5000",
    "--metadata": "239.1.1.2:5002",
}


def tx(changes: dict[str, str | None]) -> list[str]:
    """Arguments of a good `tx`, changed."""
    words = ["tx"]
    for name, value in {**GOOD, **changes}.items():
        words += [name] if value is None else [name, value]
    return words


def check(outcome: tuple[int, str, str], command: str, *names: str) -> None:
    """Code 2, one line on standard error with all `names` in it, and no traceback."""
    code, out, err = outcome
    assert code == 2, (out, err)
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith(f"rtvbox {command}: "), err
    for name in names:
        assert name in lines[0], err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"--format": "1080p51"}, ["format", "1080p51", "1080p50"]),
        ({"--depth": "9"}, ["depth", "9", "10"]),
        ({"--sampling": "4:2:0"}, ["--sampling", "4:2:0", "4:2:2"]),
        ({"--source": "camera"}, ["source", "camera", "synthetic"]),
        ({"--source": "file:"}, ["source", "file:PATH"]),
        ({"--source": "file:/nonexistent.mp4"}, ["source", "/nonexistent.mp4"]),
        ({"--interface": "eth77"}, ["interface", "eth77", "lo"]),
        ({"--video": "10.0.0.1:5000"}, ["video", "10.0.0.1", "--unicast"]),
        ({"--metadata": "10.0.0.1:5000"}, ["metadata", "10.0.0.1", "--unicast"]),
        ({"--video": "239.1.1.1"}, ["video", "239.1.1.1", "ADDRESS:PORT"]),
        ({"--video": "239.1.1.300:5000"}, ["video", "239.1.1.300"]),
        ({"--video": "239.1.1.1:0"}, ["video", "port", "1..65535"]),
        ({"--video": "239.1.1.1:65536"}, ["video", "65536", "1..65535"]),
        ({"--video": "239.1.1.1:5000", "--unicast": None}, ["video", "239.1.1.1", "--unicast"]),
        ({"--metadata": "239.1.1.1:5000"}, ["metadata", "239.1.1.1:5000"]),
        ({"--ttl": "0"}, ["--ttl", "0", "1..255"]),
        ({"--ttl": "256"}, ["--ttl", "256", "1..255"]),
        ({"--dscp": "64"}, ["--dscp", "64", "0..63"]),
        ({"--source-port": "70000"}, ["--source-port", "70000", "1..65535"]),
        ({"--burst": "64"}, ["burst", "64", "N"]),
        ({"--burst": "two"}, ["--burst", "two"]),
        ({"--max-udp": "9000"}, ["--max-udp", "9000", "8960"]),
        ({"--packing": "BPM", "--max-udp": "1000"}, ["max_udp", "1000", "1460"]),
        ({"--sender-type": "X"}, ["--sender-type", "X", "NL"]),
        ({"--second-path": "eth88"}, ["second-path", "eth88"]),
        ({"--second-path": "lo"}, ["second-path", "first path"]),
        ({"--second-path": "lo:239.2.1.1:5000"}, ["second-path", "IF2:ADDRESS:PORT"]),
        ({"--second-path": "lo:1.2.3.4:5000:239.2.1.2:5002"}, ["second-path video", "1.2.3.4"]),
        ({"--static": "/nonexistent.json"}, ["static", "/nonexistent.json"]),
        ({"--dynamic": "/etc/hostname"}, ["dynamic", "/etc/hostname", "mkfifo"]),
        ({"--dynamic": "/nonexistent/fifo"}, ["dynamic", "not there", "mkfifo", "socket:PATH"]),
        ({"--dynamic": "socket:/nonexistent/s"}, ["dynamic", "/nonexistent/s"]),
        ({"--dynamic": "socket:"}, ["dynamic", "socket:PATH"]),
        ({"--faults-from": "/nonexistent/fifo"}, ["faults-from", "not there", "socket:PATH"]),
        ({"--fault": "sabotage"}, ["fault", "sabotage", "loss"]),
        ({"--fault": "loss@x"}, ["fault", "loss@x"]),
        ({"--fault": "drift"}, ["fault", "drift", "=VALUE"]),
        ({"--fault": "format=720p51"}, ["format", "720p51"]),
        ({"--report": "/nonexistent/report.json"}, ["report", "/nonexistent"]),
        ({"--report": "/etc"}, ["report", "/etc", "directory"]),
        ({"--frames": "0"}, ["--frames", "0"]),
        ({"--no-such-option": None}, ["--no-such-option"]),
    ],
    ids=lambda value: (
        " ".join(f"{k} {v}" for k, v in value.items())[:40] if isinstance(value, dict) else ""
    ),
)
def test_tx(rtvbox: Command, changes: dict[str, str | None], names: list[str]) -> None:
    check(rtvbox(*tx(changes)), "tx", *names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["static"]),
        ("{", ["static", "JSON"]),
        ("[]", ["static", "object"]),
        (json.dumps({"patient": {"id": "1"}}), ["patient.name", "missing"]),
        (json.dumps({**PATIENT, "pateint": {}}), ["pateint", "choose"]),
        (json.dumps({"patient": {**PATIENT["patient"], "birth_date": "soon"}}), ["birth_date"]),
    ],
)
def test_patient_file(rtvbox: Command, tmp_path: Path, text: str, names: list[str]) -> None:
    path = tmp_path / "patient.json"
    path.write_text(text, encoding="utf-8")
    check(rtvbox(*tx({"--static": str(path)})), "tx", *names)


def test_a_patient_file_is_never_quoted(rtvbox: Command, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_text(
        json.dumps({"patient": {**PATIENT["patient"], "birth_date": "Secret"}}), encoding="utf-8"
    )
    outcome = rtvbox(*tx({"--static": str(path)}))
    check(outcome, "tx")
    assert "Secret" not in outcome.err
    assert "Person" not in outcome.err


def test_nothing_is_left_of_a_refused_run(rtvbox: Command, tmp_path: Path) -> None:
    before = threads()
    outcome = rtvbox(
        *tx(
            {
                "--sdp-out": str(tmp_path / "flow.sdp"),
                "--report": str(tmp_path / "report.json"),
                "--status": str(tmp_path / "status.json"),
                "--fault": "format=nonsense",
            }
        )
    )
    check(outcome, "tx", "format")
    assert list(tmp_path.iterdir()) == []
    assert threads() == before


def threads() -> set[str]:
    return set(os.listdir("/proc/self/task"))  # noqa: PTH208 - names are all we want


def test_video_without_a_picture(rtvbox: Command, tmp_path: Path) -> None:
    path = tmp_path / "words.mp4"
    path.write_text("these are words, not pictures", encoding="utf-8")
    check(rtvbox(*tx({"--source": f"file:{path}"})), "tx", "source", "words.mp4")


SDP = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=x
t=0 0
m=video 5000 RTP/AVP 96
c=IN IP4 239.1.1.1/64
a=rtpmap:96 raw/90000
a=fmtp:96 sampling=YCbCr-4:2:2; width=1280; height=720; exactframerate=50; depth=10; \
TCS=SDR; colorimetry=BT709; PM=2110GPM; SSN=ST2110-20:2017; TP=2110TPN
a=mediaclk:direct=0
"""
SAME = """m=application 5000 RTP/AVP 104
c=IN IP4 239.1.1.1/64
a=rtpmap:104 dicom/90000
"""


@pytest.mark.parametrize(
    ("sdp", "extra", "names"),
    [
        ("", [], ["sdp"]),
        ("not an sdp", [], ["sdp"]),
        (SDP.replace("raw/90000", "H264/90000"), [], ["sdp", "H264"]),
        (SDP.replace("depth=10", "depth=11"), [], ["sdp", "depth"]),
        (SDP.replace("YCbCr-4:2:2", "YCbCr-4:2:0"), [], ["sdp", "4:2:0"]),
        (SDP.replace("exactframerate=50", "exactframerate=999999999"), [], ["exactframerate"]),
        (SDP.replace("exactframerate=50", "exactframerate=1/1000"), [], ["exactframerate"]),
        (SDP.replace("height=720", "height=1"), [], ["height", "1280x1"]),
        (SDP.replace("width=1280", "width=8192"), [], ["width", "8192x720"]),
        (SDP.replace("239.1.1.1/64", "192.0.2.1"), [], ["sdp", "192.0.2.1", "127.0.0.1"]),
        (SDP.replace("IP4 239.1.1.1/64", "IP6 ff15::1"), [], ["sdp", "ff15::1", "IPv4"]),
        (SDP + SAME, [], ["sdp", "239.1.1.1:5000", "own group"]),
        (SDP, ["--cpu", "1023"], ["--cpu", "1023"]),
        (SDP, ["--interface", "eth77"], ["interface", "eth77"]),
        (SDP, ["--sink", "screen"], ["sink", "screen", "null"]),
        (SDP, ["--sink", "png:"], ["sink", "png:"]),
        (SDP, ["--link-offset-ms", "soon"], ["link-offset-ms", "soon", "auto"]),
        (SDP, ["--link-offset-ms", "-5"], ["link-offset-ms"]),
        (SDP, ["--skew-ms", "1000"], ["--skew-ms", "1000"]),
        (SDP, ["--overlay", "/nonexistent.json"], ["overlay", "/nonexistent.json"]),
        (SDP, ["--interface", "lo", "--interface", "lo"], ["interface", "path"]),
        (SDP, ["--preview", "/nonexistent/socket"], ["preview", "/nonexistent"]),
        (SDP, ["--frames", "-1"], ["--frames", "-1"]),
    ],
)
def test_rx(rtvbox: Command, tmp_path: Path, sdp: str, extra: list[str], names: list[str]) -> None:
    path = tmp_path / "flow.sdp"
    path.write_text(sdp, encoding="utf-8")
    interfaces = [] if "--interface" in extra else ["--interface", "lo"]
    check(rtvbox("rx", "--sdp", str(path), *interfaces, *extra), "rx", *names)


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        ("{", ["overlay", "JSON"]),
        ('{"zons": {}}', ["zons", "zones"]),
        ('{"zones": {"top-middle": []}}', ["top-middle", "top-"]),
        ('{"zones": {"top-left": [{"item": "shoe-size"}]}}', ["shoe-size"]),
    ],
)
def test_layout(rtvbox: Command, tmp_path: Path, layout: str, names: list[str]) -> None:
    flow, path = tmp_path / "flow.sdp", tmp_path / "layout.json"
    flow.write_text(SDP, encoding="utf-8")
    path.write_text(layout, encoding="utf-8")
    words = ["rx", "--sdp", str(flow), "--interface", "lo", "--overlay", str(path)]
    check(rtvbox(*words), "rx", *names)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["capture"]),
        (["/nonexistent.pcap"], ["capture", "/nonexistent.pcap"]),
        (["/etc/hostname"], ["capture", "pcap"]),
        (["--live", "eth77"], ["live", "eth77"]),
        (["a.pcap", "--live", "lo"], ["capture", "either"]),
        (["/etc/hostname", "--sdp", "/nonexistent.sdp"], ["sdp", "/nonexistent.sdp"]),
    ],
)
def test_inspect(rtvbox: Command, words: list[str], names: list[str]) -> None:
    check(rtvbox("inspect", *words), "inspect", *names)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--video", "/nonexistent.mp4"], ["video", "/nonexistent.mp4"]),
        (["--format", "1080"], ["format", "1080"]),
        (["--depth", "11"], ["depth", "11"]),
        (["--seconds", "0"], ["--seconds", "0"]),
        (["--port", "99999"], ["--port", "99999"]),
    ],
)
def test_demo(rtvbox: Command, words: list[str], names: list[str]) -> None:
    check(rtvbox("demo", *words), "demo", *names)


def test_no_command(rtvbox: Command) -> None:
    outcome = rtvbox()
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1


def test_a_file_without_end_is_refused(rtvbox: Command) -> None:
    """/dev/zero never ends; nobody waits for it."""
    check(rtvbox(*tx({"--static": "/dev/zero"})), "tx", "static", "/dev/zero", "longer")
    check(rtvbox("rx", "--sdp", "/dev/zero", "--interface", "lo"), "rx", "sdp", "longer")
    check(rtvbox("inspect", "/dev/zero"), "inspect", "capture", "/dev/zero")


@pytest.mark.parametrize("option", ["--sdp-out", "--report"])
@pytest.mark.parametrize("place", ["/proc/x", "/sys/x", "/dev/null/x", "/nonexistent/x"])
def test_where_nothing_can_be_written_nothing_is_started(
    rtvbox: Command, patient: Path, option: str, place: str
) -> None:
    outcome = rtvbox(*tx({"--static": str(patient), option: place}))
    check(outcome, "tx", option.removeprefix("--"), place.removesuffix("/x"), "choose another")


def test_an_option_given_twice_is_refused(rtvbox: Command) -> None:
    outcome = rtvbox(*tx({}), "--video", "239.1.1.3:5000")
    check(outcome, "tx", "--video", "twice")


def test_a_full_disk_fails_the_run_and_says_where(rtvbox: Command, patient: Path) -> None:
    wish = {"--static": str(patient), "--frames": "2", "--sdp-out": "/dev/full"}
    code, _, err = rtvbox(*tx(wish))
    assert code == 1 and "/dev/full: cannot be written" in err and "Traceback" not in err
