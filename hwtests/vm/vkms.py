"""vkms for the guest: a pretend display controller with exact vblanks, which Debian's kernels leave
out. Built from Debian's kernel source against its headers; nothing is installed. One thing is added
to it: its monitor says that its refresh can follow the pictures (VRR) while the module's parameter
`pretend_vrr` is set. Its refreshes stay where they are; what the kernel is asked is real.

python -m hwtests.vm.vkms
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from appliance import runner
from hwtests.vm import kernel

PROJECT = Path(__file__).resolve().parents[2]
_INSIDE = "drivers/gpu/drm/vkms"
# Where our lines go: in front of these of vkms_output.c.
_ADDED = {
    "static int vkms_conn_get_modes(": (
        "static bool pretend_vrr;\n"
        "module_param(pretend_vrr, bool, 0644);\n"
        'MODULE_PARM_DESC(pretend_vrr, "The monitor says that it can follow the pictures");\n\n'
    ),
    "\tcount = drm_add_modes_noedid(": (
        "\tdrm_connector_set_vrr_capable_property(connector, pretend_vrr);\n"
    ),
    "\tret = drm_simple_encoder_init(": (
        "\tret = drm_connector_attach_vrr_capable_property(connector);\n"
        "\tif (ret)\n\t\tgoto err_encoder;\n\n"
    ),
}


def built(folder: Path) -> Path:
    """Where the module is, once it is built."""
    return folder / "vkms" / "vkms.ko"


def build(folder: Path) -> Path:
    """Builds the module for the guest's kernel, once. folder: that of `kernel.fetch`. Takes about
    half a minute and 140 MB of download. runner.CommandError says what failed."""
    module = built(folder)
    system = kernel.fetch(folder)
    release = (system / "version").read_text()
    made = f"{release} with pretend_vrr"
    made_for = module.with_name("version")
    if module.exists() and made_for.exists() and made_for.read_text() == made:
        return module
    series = ".".join(release.split(".")[:2])
    version = _version(f"linux-image-{release}")
    common = release.removesuffix("-amd64") + "-common"
    packages = [
        *(f"linux-headers-{release}", f"linux-headers-{common}"),
        *(f"linux-kbuild-{series}", f"linux-source-{series}"),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as text:
        place = Path(text)
        names = [f"{package}={version}" for package in packages]
        runner.run(["apt-get", "download", "-q", *names], cwd=place, timeout=600)
        for package in packages:
            (file,) = place.glob(f"{package}_*.deb")
            runner.run(["dpkg-deb", "-x", str(file), str(place)], timeout=300)
        headers = place / "usr" / "src" / f"linux-headers-{release}"
        # The package believes itself to be installed.
        (headers / "Makefile").write_text(
            f"include {place}/usr/src/linux-headers-{common}/Makefile\n"
        )
        source = f"linux-source-{series}"
        archive = place / "usr" / "src" / f"{source}.tar.xz"
        runner.run(
            ["tar", "-xJf", str(archive), "-C", str(place), f"{source}/{_INSIDE}"], timeout=600
        )
        tree = place / source / _INSIDE
        output = tree / "vkms_output.c"
        output.write_text(with_vrr(output.read_text()))
        runner.run(
            ["make", "-C", str(headers), f"M={tree}", "CONFIG_DRM_VKMS=m", "modules"], timeout=900
        )
        module.parent.mkdir(exist_ok=True)
        shutil.copy(tree / "vkms.ko", module)
        made_for.write_text(made)
    return module


def with_vrr(source: str) -> str:
    """vkms_output.c with our lines. runner.CommandError where it is not as we know it."""
    for before, added in _ADDED.items():
        if source.count(before) != 1:
            raise runner.CommandError(f"vkms: its source has no single {before.strip()!r}")
        source = source.replace(before, added + before)
    return source


def _version(package: str) -> str:
    said = runner.run(["apt-cache", "policy", package])
    for line in said.splitlines():
        name, _, value = line.strip().partition(": ")
        if name == "Candidate" and value != "(none)":
            return value
    raise runner.CommandError(f"apt knows no {package}; run: apt-get update")


def main() -> int:
    """Builds, and says where."""
    try:
        print(f"vkms: {build(PROJECT / 'build' / 'vm')}")
    except runner.CommandError as error:
        print(f"vkms: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
