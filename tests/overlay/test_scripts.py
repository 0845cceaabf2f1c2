"""Names in their scripts as they come out of the fonts: every letter there, in its order, whole."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from appliance.overlay import Composer, parse_layout
from appliance.overlay import raster as raster_module
from appliance.overlay.bidi import levels, visual_order
from appliance.overlay.fonts import Face, clusters, find_fonts
from appliance.overlay.layout import Style
from appliance.overlay.raster import Atlas, Line, Typesetter, draw_runs, line_height, padding
from appliance.overlay.text import display
from drivers.video import format_named
from tests.overlay.test_text import encoded

LAYOUT = parse_layout(
    {
        "zones": {
            "top-left": [
                {"item": "patient-name", "groups": ["alphabetic", "ideographic", "phonetic"]}
            ]
        }
    }
)
ITEM = LAYOUT.zones["top-left"][0]
FORMAT = format_named("1080p50")
UTF8 = "ISO_IR 192"

NAMES = {
    "latin": ("ISO_IR 100", "Åse^Rüdiger"),
    "vietnamese": (UTF8, "Đặng^Thị Hường"),
    "cyrillic": ("ISO_IR 144", "Люксембург^Иван"),
    "greek": ("ISO_IR 126", "Διονύσιος^Άννα"),
    "japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "half-width": (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    "korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "beyond-16-bit": ("GB18030", "Yoshino=𠮷野"),
    "arabic": ("ISO_IR 127", "قباني^لنزار"),
    "urdu": (UTF8, "شفیق^ہاشمی"),
    "hebrew": ("ISO_IR 138", "שרון^דבורה"),
    "thai": ("ISO_IR 166", "นามสกุล^กิ่งทอง"),
    "devanagari": (UTF8, "श्रीकृष्ण^प्रियंका"),
    "bengali": (UTF8, "মুখোপাধ্যায়"),
    "gujarati": (UTF8, "શ્રીનિવાસ"),
    "gurmukhi": (UTF8, "ਗੁਰਪ੍ਰੀਤ^ਸਿੰਘ"),
    "tamil": (UTF8, "கிருஷ்ணன்"),
    "telugu": (UTF8, "కృష్ణమూర్తి"),
    "kannada": (UTF8, "ಕೃಷ್ಣಮೂರ್ತಿ"),
    "malayalam": (UTF8, "കൃഷ്ണൻ"),
    "oriya": (UTF8, "କୃଷ୍ଣ"),
    "sinhala": (UTF8, "ශ්\u200dරී"),
    "lao": (UTF8, "ສົມຊາຍ^ຍິ້ມ"),
    "khmer": (UTF8, "សុខា^ស្រី"),
}
WHITE = 900
"""Luma of text, at least."""


def name_of(script: str) -> Dataset:
    charset, name = NAMES[script]
    return encoded(charset, PatientName=name)


@pytest.mark.parametrize("script", NAMES)
def test_every_letter_of_a_name_is_in_a_font(script: str) -> None:
    shown = display(name_of(script), ITEM)
    assert shown.issues == []
    assert Composer(LAYOUT, FORMAT).overlay(name_of(script)).issues == ()
    wanted = NAMES[script][1].replace("^", "").replace("=", "").replace(" ", "")
    drawn: list[str] = []
    for line in shown.lines:
        runs, issues = find_fonts().runs(line)
        assert issues == []
        assert "".join(run.text for run in runs) == line
        for run in runs:
            font = run.face.at(40)
            nothing = bytes(font.getmask("\U0010fffd"))
            drawn += [c for c in run.text if c.isalpha()]
            for cluster in clusters(run.text):
                if cluster[0].isalpha():
                    assert bytes(font.getmask(cluster)) not in (nothing, b"")
    assert sorted(drawn) == sorted(c for c in wanted if c.isalpha())


def test_a_script_without_a_font_is_named_and_its_letters_are_not() -> None:
    ds = encoded(UTF8, PatientName="\U00010900\U00010901")
    assert Composer(LAYOUT, FORMAT).overlay(ds).issues == (
        "zones.top-left: no installed font has phoenician characters",
    )


@pytest.mark.parametrize("script", ["thai", "lao", "khmer", "vietnamese", "devanagari", "arabic"])
def test_marks_above_and_below_stay_whole(script: str) -> None:
    pixels = 40
    setter = Typesetter(find_fonts(), "BT709")
    for text in [*display(name_of(script), ITEM).lines, "ปั้น ญู้ ฟื้น", "ຍິ້ມ ຜູ້", "Ặ Ǘ Ç"]:
        line = Line("", text, Style(), pixels)
        block = setter.block((line,), Atlas(1, 1, np.zeros((1, 95), np.uint8)), 1500, 0.0).raster
        above = padding(pixels) // 2
        inside = block[above : above + line_height(pixels), :, 0]
        # The outline needs its rows too: ink in them was cut or has lost its outline.
        stroke = round(pixels / 13)
        assert (inside > WHITE).any()
        assert not (inside[: stroke - 1] > WHITE).any()
        assert not (inside[-(stroke - 1) :] > WHITE).any()


# ---- from right to left -------------------------------------------------------------------------


def ink(text: str, pixels: int = 40) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The columns from the first to the last that the text marks."""
    runs, _ = find_fonts().runs(text)
    fill = draw_runs(runs, pixels, line_height(pixels), pixels, 0).fill
    columns = np.flatnonzero(fill.any(axis=0))
    return fill[:, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize(
    ("text", "rightmost", "leftmost"),
    [
        ("שרון", "ש", "ן"),
        ("שרון, דבורה", "ש", "ה"),
        ("Doe שרון", "ש", "ן"),  # both, in the next assertion turned: Latin stays on the left
        ("שרון 34", "ש", "3"),
    ],
)
def test_the_first_letter_stands_at_the_right(text: str, rightmost: str, leftmost: str) -> None:
    whole = ink(text)
    first = ink(rightmost)
    assert np.abs(whole[:, -first.shape[1] :] - first).max() < 0.05
    if text.startswith("Doe"):
        leftmost = "D"
    last = ink(leftmost)
    assert np.abs(whole[:, : last.shape[1]] - last).max() < 0.05


def test_arabic_letters_join() -> None:
    apart = sum(ink(c).shape[1] for c in "قباني")
    assert ink("قباني").shape[1] < 0.85 * apart


def test_words_from_several_fonts_keep_their_order() -> None:
    """No font here has all of it: Latin letters, and one Arabic letter that DejaVu lacks."""
    text = "Doe شفیق ہاشمی 34 Jane"
    runs, _ = find_fonts().runs(text)
    assert len({run.face.path for run in runs}) > 1
    whole = ink(text)
    # Between them, from the left: 34, the second Arabic word, the first.
    places = [find(whole, ink(part)) for part in ("Doe", "34", "ہاشمی", "شفیق", "Jane")]
    assert places == sorted(places)


def find(
    whole: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    piece: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> int:
    """The column where the picture is most like the piece."""
    width = piece.shape[1]
    return int(
        np.argmin(
            [
                np.abs(whole[:, x : x + width] - piece).sum()
                for x in range(whole.shape[1] - width + 1)
            ]
        )
    )


JOINLESS = "\u0627\u062f\u0631\u0648"
"""Arabic letters that join with none of each other, so that each looks the same everywhere."""


def read_back(pieces: list[tuple[str, str | None]], face: Face) -> str:
    """What stands there from left to right, when pieces of text are drawn side by side in a font
    of one width."""
    font, x = face.at(40), 8.0
    cell = font.getlength("A")
    image = Image.new("L", (round(cell * 20), 60))
    for text, direction in pieces:
        ImageDraw.Draw(image).text(
            (x, 45), text, fill=255, font=font, anchor="ls", direction=direction
        )
        x += cell * len(text)
    picture = np.asarray(image, np.float32)
    out = ""
    for i in range(sum(len(text) for text, _ in pieces)):
        left = round(8 + i * cell)
        part = picture[:, left : left + int(cell)]
        out += min(ALPHABET, key=lambda c: float(np.abs(part - glyph(c, face)).sum()))
    return out


@functools.cache
def glyph(letter: str, face: Face) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    font = face.at(40)
    image = Image.new("L", (round(font.getlength("A")) + 16, 60))
    ImageDraw.Draw(image).text((8, 45), letter, fill=255, font=font, anchor="ls")
    return np.asarray(image, np.float32)[:, 8 : 8 + int(font.getlength("A"))]


ALPHABET = JOINLESS + "AbC12 ,-:/+#"


@settings(max_examples=100, deadline=None)
@given(st.text(ALPHABET, min_size=1, max_size=14))
def test_the_order_of_pieces_is_that_of_the_bidirectional_algorithm(text: str) -> None:
    """Ours, piece by piece, against raqm's for the whole line."""
    face = next(f for f in find_fonts().faces if f.path.stem == "DejaVuSansMono-Bold")
    heights = levels(text)
    cut = [i for i in range(len(text)) if i == 0 or heights[i] != heights[i - 1]]
    ours = visual_order(
        [
            ((text[i:j], "rtl" if heights[i] % 2 else "ltr"), heights[i])
            for i, j in zip(cut, [*cut[1:], len(text)], strict=True)
        ]
    )
    whole = read_back([(text, None)], face)
    assert sorted(whole) == sorted(text), "the picture can be read"
    assert read_back([*ours], face) == whole


def test_a_machine_that_cannot_shape_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    composer = Composer(LAYOUT, FORMAT)
    monkeypatch.setattr(raster_module, "can_shape", lambda: False)
    assert composer.overlay(None).issues == ()
    (issue,) = composer.overlay(name_of("latin")).issues
    assert "libfribidi0" in issue
    assert composer.overlay(name_of("greek")).issues == ()
