"""What this computer's processor computes fast, as far as it tells."""

from __future__ import annotations

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# Flags of instructions that multiply and add four 8-bit numbers at once: VNNI, and Arm's dot product.
EIGHT_BIT = {"avx512_vnni", "avx_vnni", "asimddp", "i8mm"}


def int8_is_fast(cpuinfo: Path = CPUINFO) -> bool:
    """Whether 8-bit models are faster than float ones here; True where the system (not Linux) does not tell.

    With AVX2 alone both take the same time (`animirror bench` with --precision), and floats draw finer.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return True
    told = [line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features"))]
    return not told or not EIGHT_BIT.isdisjoint(told[0])
