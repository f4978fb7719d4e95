"""What /proc/cpuinfo says of 8-bit arithmetic."""

from pathlib import Path

import pytest

from animirror.realtime.processor import int8_is_fast


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse2 avx2 avx512_vnni\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2 avx_vnni\n", True),
        ("processor\t: 0\nflags\t\t: fpu sse2 avx avx2 fma\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp\n", True),
        ("processor\t: 0\nFeatures\t: fp asimd\n", False),
        ("nothing of the kind\n", True),
    ],
)
def test_flags(tmp_path: Path, text: str, fast: bool) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(text)
    assert int8_is_fast(file) is fast


def test_a_system_that_does_not_tell(tmp_path: Path) -> None:
    assert int8_is_fast(tmp_path / "none")
