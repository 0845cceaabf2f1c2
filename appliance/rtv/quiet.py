"""Keeps pydicom from talking: its warnings quote values, and values are patient data."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal


@contextmanager
def quiet_pydicom(action: Literal["ignore", "error"]) -> Iterator[None]:
    """Within, warnings are ignored or raised and pydicom's logger says nothing.

    For the control plane's one thread: the state of warnings belongs to the process.
    """
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            yield
    finally:
        logger.disabled = before
