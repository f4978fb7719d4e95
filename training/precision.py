"""Which arithmetic pays on a device: bfloat16 where the hardware has it, float32 elsewhere."""

from __future__ import annotations

import logging

import torch

log = logging.getLogger(__name__)

# A CPU without AVX512 emulates bfloat16: 8 times slower (`animirror bench train` on one with AVX2).
NO_BF16 = "no fast bfloat16 is known of this %s: training goes on in float32 (option 'bf16')"


def uses_bf16(device: torch.device, wanted: bool) -> bool:
    """Whether to train in bfloat16 on ``device``: if ``wanted`` and its hardware can, else says so."""
    if not wanted:
        return False
    has = _gpu_has_bf16() if device.type == "cuda" else device.type == "cpu" and _cpu_has_bf16()
    if not has:
        log.warning(NO_BF16, device.type)
    return has


def _cpu_has_bf16() -> bool:
    """As oneDNN sees it, which does the work: from AVX512 on, and on Arm with its bfloat16 extension."""
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _gpu_has_bf16() -> bool:
    """Not where CUDA emulates it: on cards before Ampere."""
    return torch.cuda.is_bf16_supported(including_emulation=False)
