"""SegFormer (Xie et al., NeurIPS 2021) by transformers: B0 to B5, from scratch or pretrained.

transformers is imported where it is used: it takes longer than torch, and a CycleGAN needs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from animirror.realtime.errors import UserError

# The encoder halves its picture five times: sides are multiples of this.
STEP = 32
# Table 6 of the paper: channels and encoder layers per stage; the last number is the decoder's width.
VARIANTS: dict[str, tuple[list[int], list[int], int]] = {
    "b0": ([32, 64, 160, 256], [2, 2, 2, 2], 256),
    "b1": ([64, 128, 320, 512], [2, 2, 2, 2], 256),
    "b2": ([64, 128, 320, 512], [3, 4, 6, 3], 768),
    "b3": ([64, 128, 320, 512], [3, 4, 18, 3], 768),
    "b4": ([64, 128, 320, 512], [3, 8, 27, 3], 768),
    "b5": ([64, 128, 320, 512], [3, 6, 40, 3], 768),
}


def build_segformer(
    labels: Sequence[str],
    variant: str = "b0",
    decoder: int | None = None,
    pretrained: str | None = None,
    drop_path: float = 0.1,
    dropout: float = 0.1,
) -> nn.Module:
    """float32 [N, 3, S, S] (RGB, standardised as for ImageNet) -> an output with logits [N, L, S/4, S/4].

    ``decoder`` is the decoder's width (None: the paper's; 128 is about twice as fast on a CPU).
    ``pretrained`` is a model of the Hugging Face hub (nvidia/mit-b5, ...) or a local folder; the variant is
    then the checkpoint's own. Raises UserError for an unknown variant and where the weights cannot be had.
    """
    if variant not in VARIANTS:
        raise UserError(f"Unknown SegFormer variant '{variant}'; known: {', '.join(VARIANTS)}.")
    widths, depths, paper_decoder = VARIANTS[variant]
    shared: dict[str, Any] = {
        "id2label": dict(enumerate(labels)),
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    from animirror.training.networks.segformer_head import with_light_head

    if pretrained is not None:
        return with_light_head(_load_pretrained(pretrained, shared))
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    network: nn.Module = SegformerForSemanticSegmentation(
        SegformerConfig(
            hidden_sizes=widths,
            depths=depths,
            decoder_hidden_size=decoder or paper_decoder,
            drop_path_rate=drop_path,
            classifier_dropout_prob=dropout,
            **shared,
        )
    )
    return with_light_head(network)


def _load_pretrained(name: str, shared: dict[str, Any]) -> nn.Module:
    from transformers import SegformerForSemanticSegmentation

    try:
        model: nn.Module = SegformerForSemanticSegmentation.from_pretrained(
            name, ignore_mismatched_sizes=True, **shared
        )
    except (OSError, ValueError) as error:
        raise UserError(
            f"The pretrained SegFormer '{name}' is neither a local folder nor could it be fetched from the "
            "Hugging Face hub: go online, give a downloaded folder, or train from scratch (pretrained: null)."
        ) from error
    return model
