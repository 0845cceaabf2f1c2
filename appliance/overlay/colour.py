"""R'G'B' of the page to Y'CbCr of the picture: narrow range at 10 bit, by colorimetry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LUMA = {"BT601": (0.299, 0.114), "BT709": (0.2126, 0.0722), "BT2020": (0.2627, 0.0593)}
BLACK = (64, 512, 512)

Coverage = npt.NDArray[np.float32]
Raster = npt.NDArray[np.uint16]


def ycbcr(colour: tuple[int, int, int], colorimetry: str) -> tuple[int, int, int]:
    """One colour 0..255 as Y (64..940), Cb and Cr (64..960)."""
    kr, kb = _LUMA[colorimetry]
    r, g, b = (v / 255 for v in colour)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    return round(64 + 876 * y), round(512 + 896 * cb), round(512 + 896 * cr)


def compose(
    plate: float | Coverage,
    outline: Coverage,
    fill: Coverage,
    colour: tuple[int, int, int],
) -> Raster:
    """Black plate, black outline, coloured text, one over the other: [h, w, 4] Y Cb Cr A.

    plate, outline, fill: coverage 0..1; colour: Y Cb Cr of the text.
    """
    dark = 1 - (1 - plate) * (1 - outline)
    alpha = fill + dark * (1 - fill)
    share = np.divide(fill, alpha, out=np.zeros_like(fill), where=alpha > 0)
    out = np.empty((*fill.shape, 4), np.float32)
    for k in range(3):
        out[..., k] = BLACK[k] + share * (colour[k] - BLACK[k])
    out[..., 3] = alpha * 1023
    return np.rint(out).astype(np.uint16)
