import math

import pytest
import torch
import torch.nn.functional as F

from animirror.training import losses
from animirror.training.pool import ImagePool


def test_grouped_cross_entropy_by_hand() -> None:
    # Softmax of logs is the numbers themselves: p = 0.1, 0.2, 0.3, 0.4.
    logits = torch.log(torch.tensor([0.1, 0.2, 0.3, 0.4])).view(1, 4, 1, 1)
    groups = [(0, 1), (1, 2, 3)]
    for code, probability in ((0, 0.1), (3, 0.4), (4, 0.3), (5, 0.9)):
        loss = losses.grouped_cross_entropy(logits, torch.full((1, 1, 1), code), groups)
        assert loss.item() == pytest.approx(-math.log(probability), rel=1e-5)


def test_grouped_cross_entropy_without_groups_is_the_ordinary_one() -> None:
    logits, codes = torch.randn(2, 5, 8, 8), torch.randint(5, (2, 8, 8))
    ours = losses.grouped_cross_entropy(logits, codes, [(0, 1)])
    assert ours.item() == pytest.approx(torch.nn.functional.cross_entropy(logits, codes).item(), rel=1e-5)


def test_pictures_count_by_their_weights_and_ignored_pixels_do_not() -> None:
    # Probabilities 0.1 and 0.9 everywhere; two pixels of the first picture's four are ignored.
    logits = torch.log(torch.tensor([0.1, 0.9])).view(1, 2, 1, 1).expand(2, 2, 2, 2)
    codes = torch.tensor([[[0, 0], [-100, -100]], [[1, 1], [1, 1]]])
    loss = losses.grouped_cross_entropy(logits, codes, [], torch.tensor([3.0, 1.0]))
    assert loss.item() == pytest.approx(-(3 * 2 * math.log(0.1) + 4 * math.log(0.9)) / (3 * 2 + 4), rel=1e-5)
    alike = losses.grouped_cross_entropy(logits, codes, [], torch.ones(2))
    assert alike.item() == pytest.approx(losses.grouped_cross_entropy(logits, codes, []).item(), rel=1e-5)


def test_small_heads_count_by_the_root_of_their_area() -> None:
    codes = torch.zeros(4, 20, 20, dtype=torch.int64)
    codes[0, :10] = 1  # half of the picture: a portrait
    codes[1, :5, :10] = 7  # an eighth, of another code
    codes[2, 0, 0] = 1  # a speck, held by the limit
    weights = losses.small_head_weights(codes, [1, 7], 4.0)
    assert weights.tolist() == pytest.approx([1.0, 2.0, 4.0, 1.0])


def test_least_squares_by_hand() -> None:
    scores = [torch.tensor([0.5, 2.0])]
    assert losses.adversarial(scores, True).item() == pytest.approx((0.25 + 1.0) / 2)
    assert losses.adversarial(scores, False).item() == pytest.approx((0.25 + 4.0) / 2)
    assert losses.discriminator_loss(scores, scores).item() == pytest.approx((0.625 + 2.125) / 2)


def test_scales_of_a_discriminator_count_alike() -> None:
    scores = [torch.zeros(1, 1, 30, 30), torch.ones(1, 1, 14, 14)]
    assert losses.adversarial(scores, True).item() == pytest.approx(0.5)


def test_color_loss_ignores_texture_and_sees_tone() -> None:
    photo = torch.zeros(1, 3, 64, 64)
    texture = torch.ones(1, 3, 64, 64)
    texture[..., ::2] = -1.0
    assert losses.color_loss(texture, photo).item() == pytest.approx(0.0)
    assert losses.color_loss(photo + 0.25, photo).item() == pytest.approx(0.25)


def test_motion_is_small_and_equivariant_functions_cost_nothing() -> None:
    random = torch.Generator().manual_seed(0)
    motions = losses.random_motions(200, random)
    angles = torch.atan2(motions[:, 1, 0], motions[:, 0, 0]) * 180 / torch.pi
    assert angles.abs().max() <= losses.MOTION_ANGLE
    assert angles.abs().max() > 0.9 * losses.MOTION_ANGLE
    picture = torch.rand(2, 3, 64, 64)
    moved = losses.move(picture, motions[:2])
    assert losses.inner_l1(-moved, losses.move(-picture, motions[:2])).item() == pytest.approx(0.0, abs=1e-6)
    still = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    assert torch.allclose(losses.move(picture[:1], still), picture[:1], atol=1e-5)


def test_pool_shows_earlier_pictures_half_the_time() -> None:
    pool = ImagePool(50, seed=0)
    for index in range(50):
        batch = torch.full((1, 1), float(index))
        assert torch.equal(pool.exchange(batch), batch)
    shown = [pool.exchange(torch.full((1, 1), 100.0 + i)).item() for i in range(400)]
    earlier = sum(value != 100.0 + i for i, value in enumerate(shown))
    assert 150 < earlier < 250
    assert len(pool.pictures) == 50
    none = ImagePool(0, seed=0)
    assert none.exchange(batch) is batch


def test_a_drawing_counts_by_its_detail_and_the_room_hardly() -> None:
    size = 128
    photo = torch.zeros(1, 3, size, size)
    target = torch.zeros(1, 3, size, size)
    # Left: the room. Middle: a flat tone. Right: stripes of one pixel, as dark and light as can be.
    target[..., 20:80] = 0.5
    target[..., 80:] = torch.where(torch.arange(size - 80) % 2 == 0, 1.0, -1.0)

    weights = losses.drawn_weights(target, photo)

    def share(columns: slice) -> float:
        """What one pixel's error there adds to the loss."""
        result = target.clone()
        result[..., 32, columns] += 0.1
        return float(losses.weighted_l1(result, target, weights)) / (columns.stop - columns.start)

    room, flat, stripes = share(slice(2, 6)), share(slice(48, 52)), share(slice(102, 106))
    assert room / flat == pytest.approx(losses.UNTOUCHED, rel=1e-3)
    # The stripes leave their blur by 1, more than FULL_DETAIL.
    assert stripes / flat == pytest.approx(1 + losses.DETAIL, rel=0.02)


def test_texture_on_a_flat_tone_is_seen_in_the_gradients() -> None:
    target, weights = torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8)
    texture = torch.where(torch.arange(8) % 2 == 0, 0.1, -0.1).expand(1, 3, 8, 8)
    tone = torch.full((1, 3, 8, 8), 0.1)
    assert losses.weighted_l1(texture, target, weights) == pytest.approx(0.1)
    assert losses.weighted_l1(tone, target, weights) == pytest.approx(0.1)
    # Across, neighbours differ by 0.2; down, by nothing.
    assert losses.weighted_gradient_l1(texture, target, weights) == pytest.approx(0.2)
    assert losses.weighted_gradient_l1(tone, target, weights) == pytest.approx(0.0, abs=1e-7)
    weights[..., :4] = 0.0
    assert losses.weighted_gradient_l1(texture, target, weights) == pytest.approx(0.2 * 8 / 7, rel=1e-4)


def test_tones_count_by_their_square_and_texture_does_not() -> None:
    target, weights = torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)
    texture = torch.where(torch.arange(64) % 2 == 0, 0.4, -0.4).expand(1, 3, 64, 64)
    assert losses.tone_loss(texture, target, weights) == pytest.approx(0.0, abs=1e-7)
    beard = target.clone()
    beard[..., 32:, :] = -0.4
    assert losses.tone_loss(beard, target, weights) == pytest.approx(0.4**2 / 2)
    assert losses.tone_loss(2 * beard, target, weights) == pytest.approx(0.8**2 / 2)
    # Where nothing is drawn, the same error counts a tenth.
    weights[..., 32:, :] = 0.1
    assert losses.tone_loss(beard, target, weights) == pytest.approx(0.4**2 * 0.1 / 1.1, rel=1e-4)


def test_a_stroke_that_is_left_out_counts_by_its_square_and_finer_lines_do_not() -> None:
    target, weights = torch.zeros(1, 3, 256, 256), torch.ones(1, 1, 256, 256)
    lines = torch.where(torch.arange(256) % 2 == 0, 0.4, -0.4).expand(1, 3, 256, 256)
    assert losses.tone_loss(lines, target, weights, losses.STROKE_CELLS) == pytest.approx(0.0, abs=1e-7)
    stroke = target.clone()
    stroke[..., 128:130] = -0.8
    # Half of each of 64 cells in 4096; of a cell of the tones, an eighth of 16 in 256.
    assert losses.tone_loss(stroke, target, weights, losses.STROKE_CELLS) == pytest.approx(0.4**2 / 64)
    assert losses.tone_loss(stroke, target, weights) == pytest.approx(0.1**2 / 16)


def test_averages_are_those_of_whole_squares() -> None:
    maps = torch.rand(2, 3, 40, 33)
    side = losses.NEIGHBOURHOOD
    squares = F.avg_pool2d(maps, side, 1, side // 2, count_include_pad=False)
    torch.testing.assert_close(losses._averaged(maps), squares)
