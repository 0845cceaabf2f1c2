"""The pretend card's output: shows frames at their time and checks what it shows."""

from __future__ import annotations

import time
from typing import Any, Literal

from drivers.frame import Frame
from drivers.synthetic import _synthetic


class SyntheticSink:
    """A card with a very good eye at its output.

    Each frame is shown at its due time (at once when that is past: counted late). Started with
    slices and `line_clock`, rows are scanned at their place in the raster, and a row that is not
    there when its turn comes is an underrun.

    Checks, of every frame that is not a slate: the stamps agree among themselves (else torn), and
    follow each other (else lost, repeated or out_of_order), and their capture time is the frame's
    `origin_tai` (else metadata_mismatch).
    """

    def __init__(
        self,
        check: Literal["stamp", "none"] = "stamp",
        *,
        line_clock: bool = True,
        steps: int = 16,
        keep: int = 0,
        realtime: bool = True,
    ) -> None:
        """keep: how many copies of shown frames wait for `frames`; taken with the next start."""
        if check not in ("stamp", "none"):
            raise ValueError(f"check: {check!r} is unknown; choose stamp or none")
        if not 1 <= steps <= 1024:
            raise ValueError(f"steps: {steps}; choose 1 to 1024")
        if not 0 <= keep <= 1024:
            raise ValueError(f"keep: {keep} frames; choose 0 to 1024")
        self._card = _synthetic.Sink(
            check_stamps=check == "stamp", line_clock=line_clock, steps=steps, realtime=realtime
        )
        self._card.keep(keep)

    def capsule(self) -> object:
        """The `rtv_sink` table."""
        return self._card.capsule()

    def latest(self) -> object | None:
        """Frame capsule of what was shown last, or None."""
        return self._card.latest()

    def take(self) -> Frame | None:
        """The oldest kept copy, or None. Needs `keep`."""
        capsule = self._card.take()
        return None if capsule is None else Frame.from_capsule(capsule)

    def frames(self, count: int, timeout: float = 10.0) -> list[Frame]:
        """The next `count` kept copies. TimeoutError says how many came in `timeout` seconds."""
        got: list[Frame] = []
        until = time.monotonic() + timeout
        while len(got) < count:
            frame = self.take()
            if frame is not None:
                got.append(frame)
            elif time.monotonic() > until:
                raise TimeoutError(f"{len(got)} of {count} frames were shown in {timeout} s")
            else:
                time.sleep(0.002)
        return got

    def stats(self) -> dict[str, int]:
        """Counts: submitted, overflow (more than 8 waited), shown, late, live (no slates), slates,
        concealed, flagged_repeated, flagged_late, no_metadata, no_patient (marks on frames),
        lost, repeated, out_of_order, torn, unreadable (no stamp at all), stamp_concealed (a
        concealed frame whose stamp is still the last frame's), strips_unreadable (of six readings
        in a frame; an overlay may cover some), metadata_mismatch, origin_unknown,
        underruns (frames), underrun_rows, kept, keep_dropped, audio_samples; late_max_ns,
        last_sequence, realtime, running; capture to shown: latency_{min,p50,p99,p999,max}_ns."""
        return self._card.stats()

    def latency(self) -> dict[str, Any]:
        """Capture to shown, ns, as an engine histogram."""
        return self._card.latency()

    def late_wakes(self) -> list[tuple[int, int]]:
        """As `drivers.video.Punctual` has it."""
        return self._card.late_wakes()

    def close(self) -> None:
        """Shows what is due within four frames, then stops; idempotent."""
        self._card.stop()
