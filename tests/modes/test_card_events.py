"""What a card says of itself reaches the log and the report beside what the engine says."""

from __future__ import annotations

from typing import Any, cast

from appliance.modes.stream import StreamMode
from drivers.synthetic import SyntheticSink


class Engine:
    def events(self) -> list[dict[str, Any]]:
        return [{"severity": "info", "tai": 1, "code": "started", "text": "go"}]


class TalkingSink(SyntheticSink):
    def __init__(self) -> None:
        super().__init__("none", realtime=False)
        self.waiting = [(5, "warning", "the monitor was unplugged")]

    def events(self) -> list[tuple[int, str, str]]:
        said, self.waiting = self.waiting, []
        return said


def test_a_cards_words_come_once_beside_the_engines() -> None:
    sink = TalkingSink()
    mode = StreamMode(cast(Any, Engine()), sink)
    assert mode.events()[1:] == [
        {"severity": "warning", "tai": 5, "code": "card", "text": "the monitor was unplugged"}
    ]
    assert len(mode.events()) == 1
    sink.close()


def test_a_silent_card_adds_nothing() -> None:
    sink = SyntheticSink("none", realtime=False)
    assert len(StreamMode(cast(Any, Engine()), sink).events()) == 1
    sink.close()
