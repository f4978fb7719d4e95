"""Every loss of the training loops, one function each, with its equation's source."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from animirror.training.confusion import IGNORED


def grouped_log_probabilities(logits: torch.Tensor, groups: Sequence[Sequence[int]]) -> torch.Tensor:
    """Log probabilities of the L labels and then of the groups of labels.

    float32 [N, L, h, w] logits -> float32 [N, L + len(groups), h, w]. The probability of a group is the sum
    of its labels' softmax, so its logarithm is logsumexp over the group of the log-softmax.
    """
    log_labels = F.log_softmax(logits, dim=1)
    log_groups = [torch.logsumexp(log_labels[:, list(group)], dim=1, keepdim=True) for group in groups]
    return torch.cat([log_labels, *log_groups], dim=1)


# A head that fills a portrait covers about this share of it; pictures with smaller ones count more, by the
# root of the areas' ratio (the ratio itself would let a few street scenes decide every step).
FULL_HEAD = 0.5


def small_head_weights(codes: torch.Tensor, heads: Sequence[int], limit: float) -> torch.Tensor:
    """How much each picture counts: float32 [N], 1 to ``limit``, for codes int64 [N, H, W].

    A mean over pixels hardly hears of a head of a quarter of the side, which has a sixteenth of the pixels.
    ``heads``: the codes that are parts of heads. A picture without any counts 1.
    """
    head = torch.isin(codes, torch.tensor(list(heads), dtype=codes.dtype, device=codes.device))
    share = head.float().mean(dim=(1, 2))
    weights = (FULL_HEAD / share.clamp(min=1e-6)).sqrt().clamp(1.0, max(limit, 1.0))
    return torch.where(share > 0, weights, 1.0)


def grouped_cross_entropy(
    logits: torch.Tensor,
    codes: torch.Tensor,
    groups: Sequence[Sequence[int]],
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Cross entropy where a pixel may be known only up to a group of labels.

    ``codes`` int64 [N, H, W]: a label index (0..L-1), or L + g for "one of groups[g]", or IGNORED. The mean
    over all pixels of -log p(code), each with its picture's weight (``weights`` float32 [N]; None: alike);
    with no group in use it is the ordinary cross entropy.
    """
    resized = F.interpolate(logits, size=codes.shape[-2:], mode="bilinear", align_corners=False)
    log_probabilities = grouped_log_probabilities(resized, groups)
    if weights is None:
        return F.nll_loss(log_probabilities, codes)
    losses = F.nll_loss(log_probabilities, codes, reduction="none").sum(dim=(1, 2))
    counted = (codes != IGNORED).sum(dim=(1, 2))
    return (losses * weights).sum() / (counted * weights).sum().clamp(min=1.0)


def adversarial(scores: Sequence[torch.Tensor], real: bool) -> torch.Tensor:
    """Least-squares GAN loss (Mao et al., ICCV 2017, equation 9; a=0, b=c=1): mean (score - target)^2.

    ``scores``: one map per scale of the discriminator; scales count alike.
    """
    return torch.stack([(item.float() - float(real)).square().mean() for item in scores]).mean()


def discriminator_loss(
    real_scores: Sequence[torch.Tensor], fake_scores: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Mean of the losses on real and on generated pictures."""
    return (adversarial(real_scores, True) + adversarial(fake_scores, False)) / 2


def l1(result: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference: the cycle loss (CycleGAN, equation 2) and the identity loss (section 5.2)."""
    return (result.float() - target.float()).abs().mean()


# A teacher has drawn where it changed a photo by more than this (15 of 255 levels) in so much of a
# neighbourhood of so many pixels (noise changes single ones); elsewhere the difference counts only a little.
CHANGED, MUCH, NEIGHBOURHOOD, UNTOUCHED = 0.12, 0.3, 15, 0.1
# Eyes, mouth and lines are few pixels and all of the expression: where the drawing leaves its own blur by
# FULL_DETAIL on the average, a difference counts so many times more than on a flat cheek.
DETAIL, FULL_DETAIL = 4.0, 0.3


def drawn_weights(target: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
    """How much each pixel of a drawing counts: float32 [N, 1, H, W], for target and photo [N, 3, H, W].

    The filter blends in the head alone; what a student makes of the room need not be learnt. Within the head
    a difference counts by the drawing's detail there.
    """
    changed = ((photo - target).abs().amax(dim=1, keepdim=True) > CHANGED).float()
    drawn = _averaged(changed) > MUCH
    detail = _averaged((target - _averaged(target)).abs().mean(dim=1, keepdim=True)) / FULL_DETAIL
    return torch.where(drawn, 1.0 + DETAIL * detail.clamp(max=1.0), UNTOUCHED)


def weighted_l1(result: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean of the absolute difference: [N, 3, H, W] twice, weights [N, 1, H, W]."""
    return ((result.float() - target.float()).abs() * weights).mean() / weights.mean()


def weighted_gradient_l1(result: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted L1 between the differences of neighbouring pixels, across plus down.

    The gradient difference loss (Mathieu et al., ICLR 2016, equation 6, alpha 1, signs kept): what is left of
    a photo's texture on a flat tone differs little in brightness, and all the more in its gradients.
    """
    error = result.float() - target.float()
    across = (error[..., 1:] - error[..., :-1]).abs() * weights[..., 1:]
    down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weights[..., 1:, :]
    return (across.mean() + down.mean()) / weights.mean()


def _averaged(maps: torch.Tensor) -> torch.Tensor:
    """Means over squares of NEIGHBOURHOOD, by rows and then by columns: a seventh of the additions."""
    reach = NEIGHBOURHOOD // 2
    rows = F.avg_pool2d(maps, (1, NEIGHBOURHOOD), 1, (0, reach), count_include_pad=False)
    return F.avg_pool2d(rows, (NEIGHBOURHOOD, 1), 1, (reach, 0), count_include_pad=False)


# Averages over 1/16 of the side are coarser than eyes and lines and finer than face against hair.
COLOR_CELLS = 16
# Averages over 1/64 of the side are as coarse as a stroke is wide.
STROKE_CELLS = 64


def color_loss(drawing: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
    """L1 between the colours of COLOR_CELLS x COLOR_CELLS averaged cells of two pictures [N, 3, H, W]."""
    return l1(_cells(drawing, COLOR_CELLS), _cells(photo, COLOR_CELLS))


def tone_loss(
    result: torch.Tensor, target: torch.Tensor, weights: torch.Tensor, cells: int = COLOR_CELLS
) -> torch.Tensor:
    """Weighted mean of the squared difference of ``cells`` x ``cells`` averages.

    float [N, 3, H, W] twice, weights [N, 1, H, W] above 0. L1 wants the median, and pulls at a great error no
    more than at a line's: a beard that one head of seven has stays unlearnt. The square wants the mean, and
    grows with the error; over cells, it blurs no line (own idea).
    """
    counted = _cells(weights, cells)
    error = _cells((result.float() - target.float()) * weights, cells) / counted
    return (error.square() * counted).mean() / counted.mean()


def _cells(maps: torch.Tensor, cells: int) -> torch.Tensor:
    return F.adaptive_avg_pool2d(maps.float(), (cells, cells))


# A webcam's frame-to-frame motion: a few pixels, about a degree, sensor noise of two grey levels.
MOTION_SHIFT, MOTION_ANGLE, MOTION_NOISE = 0.03, 3.0, 0.016
# Border left out of the comparison, as a share of the side: what moved in from outside differs by right.
MOTION_BORDER = 0.08


def random_motions(count: int, random: torch.Generator) -> torch.Tensor:
    """``count`` small similarity transforms as float32 [count, 2, 3] for torch's affine_grid."""
    angle = (torch.rand(count, generator=random) * 2 - 1) * MOTION_ANGLE * torch.pi / 180
    shift = (torch.rand(count, 2, generator=random) * 2 - 1) * 2 * MOTION_SHIFT
    cosine, sine = angle.cos(), angle.sin()
    rows = [torch.stack([cosine, -sine, shift[:, 0]], 1), torch.stack([sine, cosine, shift[:, 1]], 1)]
    return torch.stack(rows, dim=1)


def move(images: torch.Tensor, motions: torch.Tensor) -> torch.Tensor:
    """Each picture [N, 3, H, W] under its motion [N, 2, 3], bilinear, borders reflected."""
    grid = F.affine_grid(motions.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False)


def inner_l1(result: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """L1 inside MOTION_BORDER."""
    border = max(1, int(result.shape[-1] * MOTION_BORDER))
    inside = (..., slice(border, -border), slice(border, -border))
    return l1(result[inside], target[inside])
