"""Long fuzzing of every parser of network bytes: `make fuzz SECONDS=600`."""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.native_build import ROOT, configure_and_build, names


def main() -> int:
    """Runs each target for the given time; 1 when one of them found something."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("targets", nargs="*", default=names("fuzz"))
    wish = parser.parse_args()
    build = ROOT / "build" / "fuzz"
    configure_and_build(build, "clang++", "address,undefined", wish.targets)
    failed = []
    for name in wish.targets:
        corpus = build / "corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        print(f"{name}: {wish.seconds} s", flush=True)
        run = subprocess.run(
            [
                str(build / "tests" / "native" / name),
                str(corpus),
                f"-max_total_time={wish.seconds}",
                "-rss_limit_mb=4096",
                "-timeout=10",
                "-print_final_stats=1",
                f"-artifact_prefix={build}/{name}-",
            ],
            check=False,
        )
        if run.returncode != 0:
            failed.append(name)
    if failed:
        print(f"found: {', '.join(failed)}; the inputs are in {build}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
