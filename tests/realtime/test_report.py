"""What a process tells of its memory."""

import subprocess
import sys

import numpy as np
import pytest

from animirror.realtime.report import peak_memory_mb

TOLD = "from animirror.realtime.report import peak_memory_mb; print(peak_memory_mb())"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_the_peak_grows_with_what_is_held_and_is_no_other_programs() -> None:
    before = peak_memory_mb()
    held = np.ones((500, 1000, 1000), np.uint8)
    after = peak_memory_mb()
    assert before is not None
    assert after is not None
    assert after >= held.nbytes / 1e6
    told = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True).stdout
    # A small program started by this large one.
    assert 5 < float(told) < 300
