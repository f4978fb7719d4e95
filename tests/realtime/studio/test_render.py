import cv2
import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.light import Light
from animirror.realtime.studio.brush import Brush
from animirror.realtime.studio.choices import (
    COLOR_FILTERS,
    Choices,
    Variant,
    all_variants,
    apply_color_filter,
)
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.render import render, thumbnails
from tests.conftest import HAIR, SKIN, draw_person, empty_frame
from tests.realtime.studio.conftest import two_people


@pytest.fixture
def plain_light(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scene is lit like the studio: drawings can be computed by hand."""
    monkeypatch.setattr("animirror.realtime.match.measure_light", lambda *_: Light())


def test_as_the_image_command_draws_it(
    document: Document, studio_models: Models, face_filter: FaceFilter
) -> None:
    expected = face_filter(two_people())
    rendered = render(document, studio_models)
    assert rendered.variant == Variant("negative")
    surely = expected.mask > 0.99
    assert np.abs(rendered.frame[surely].astype(int) - expected.frame[surely]).mean() < 2


@pytest.mark.usefixtures("plain_light")
def test_only_the_mask_is_changed(document: Document, studio_models: Models) -> None:
    document.choose(color_match=0.0, eyes=0.0)
    document.toggle_head(1)
    document.begin_stroke(Brush(16, erase=True), 120, 160)
    document.end_stroke()
    frame = two_people()
    rendered = render(document, studio_models)
    assert np.array_equal(rendered.frame[rendered.mask == 0], frame[rendered.mask == 0])
    assert np.array_equal(rendered.frame[:, 280:], frame[:, 280:])  # the head that is off
    assert np.array_equal(rendered.frame[160, 120], frame[160, 120])  # erased
    assert np.abs(rendered.frame[175, 120].astype(int) - (255 - np.array(SKIN))).max() <= 2
    assert rendered.revision == document.revision


@pytest.mark.usefixtures("plain_light")
def test_what_is_painted_beyond_all_heads_is_drawn(document: Document, studio_models: Models) -> None:
    document.choose(color_match=0.0)
    document.begin_stroke(Brush(24), 240, 30)
    document.end_stroke()
    frame = two_people()
    rendered = render(document, studio_models)
    assert np.abs(rendered.frame[30, 240].astype(int) - (255 - frame[30, 240].astype(int))).max() <= 12
    assert np.array_equal(rendered.frame[rendered.mask == 0], frame[rendered.mask == 0])


def test_squares_beyond_do_not_lie_on_the_heads(document: Document, studio_models: Models) -> None:
    """Their colours are matched to what they show, which is no face."""
    before = render(document, studio_models)
    document.begin_stroke(Brush(24), 205, 100)
    document.end_stroke()
    after = render(document, studio_models)
    assert (after.mask[95:105, 200:210] == 255).all()
    assert not np.array_equal(after.frame[95:105, 200:210], before.frame[95:105, 200:210])
    hair = np.s_[110:150, 150:166]
    assert np.array_equal(after.frame[hair], before.frame[hair])


@pytest.mark.usefixtures("plain_light")
def test_a_picture_without_heads_is_drawn_where_it_is_painted(studio_models: Models) -> None:
    frame = empty_frame(300, 240)
    document = Document.from_frame(frame, "empty", studio_models)
    assert np.array_equal(render(document, studio_models).frame, frame)
    document.choose(color_match=0.0)
    document.begin_stroke(Brush(60), 150, 120)
    document.end_stroke()
    drawn = render(document, studio_models).frame
    assert np.abs(drawn[120, 150].astype(int) - 127).max() <= 12
    assert np.array_equal(drawn[:60], frame[:60])


@pytest.mark.usefixtures("plain_light")
def test_neighbours_keep_their_own_drawings(studio_models: Models) -> None:
    """Squares overlap when heads stand close: no face may be hidden by the other's square."""
    frame = empty_frame(480, 320)
    draw_person(frame, 150, 160, 110)
    draw_person(frame, 300, 160, 110)
    document = Document.from_frame(frame, "close", studio_models)
    assert len(document.heads) == 2
    document.choose(color_match=0.0, eyes=0.0)
    drawn = render(document, studio_models).frame
    for x in (150, 300):
        assert np.abs(drawn[175, x].astype(int) - (255 - np.array(SKIN))).max() <= 3
        assert np.abs(drawn[92, x].astype(int) - (255 - np.array(HAIR))).max() <= 8


@pytest.mark.usefixtures("plain_light")
def test_strength(document: Document, studio_models: Models) -> None:
    document.choose(strength=0.5, color_match=0.0)
    assert np.abs(render(document, studio_models).frame[175, 120].astype(int) - 127).max() <= 3
    document.choose(strength=0.0)
    assert np.array_equal(render(document, studio_models).frame, two_people())


def test_previews_show_the_same_smaller(document: Document, studio_models: Models) -> None:
    whole = render(document, studio_models).frame
    preview = render(document, studio_models, long_side=240)
    assert preview.frame.shape == (160, 240, 3)
    assert preview.mask.shape == (160, 240)
    shrunk = cv2.resize(whole, (240, 160), interpolation=cv2.INTER_AREA)
    assert np.abs(preview.frame.astype(int) - shrunk).mean() < 2


def test_thumbnails_come_one_by_one(document: Document, studio_models: Models) -> None:
    variants = all_variants(studio_models.styles)
    assert len(variants) == 2 * len(COLOR_FILTERS) == len(set(variants))
    document.toggle_head(1)
    shown = []
    for variant, thumbnail in thumbnails(document, studio_models, variants, 100):
        assert len(studio_models.loaded) == 1
        assert max(thumbnail.shape[:2]) <= 100 <= max(thumbnail.shape[:2]) + 2
        shown.append((variant, thumbnail))
    assert [variant for variant, _ in shown] == variants
    assert not np.array_equal(shown[0][1], shown[2][1])
    # Around the head that is on: its skin, drawn, is in the middle.
    assert (shown[0][1][50, 40:60] != 128).any()


def test_colour_filters_do_what_they_say() -> None:
    image = np.full((64, 64, 3), (90, 120, 160), np.uint8)
    image[:32] = (60, 80, 110)

    def changed(name: str) -> np.ndarray:
        return apply_color_filter(image, name).astype(int)

    assert np.array_equal(changed("original"), image)
    blue, red = 0, 2
    plain = image[..., red].astype(int) - image[..., blue]
    assert ((changed("warm")[..., red] - changed("warm")[..., blue]) > plain + 10).all()
    assert ((changed("cool")[..., red] - changed("cool")[..., blue]) < plain - 10).all()
    assert ((changed("vivid")[..., red] - changed("vivid")[..., blue]) > plain + 10).all()
    assert ((changed("soft")[..., red] - changed("soft")[..., blue]) < plain).all()
    for name in ("warm", "cool"):
        assert abs(changed(name).mean() - image.mean()) < 6
    with pytest.raises(UserError, match="no colour filter 'sepia'"):
        Variant("anime", "sepia")


@pytest.mark.usefixtures("plain_light")
def test_a_variant_takes_the_colour_of_its_input(document: Document, studio_models: Models) -> None:
    """The negative of a warm picture is a cool one."""
    document.choose(color_match=0.0)
    plain, warm = (
        render(document, studio_models, Variant("negative", color)).frame[160:190, 100:140].astype(int)
        for color in ("original", "warm")
    )
    assert warm[..., 0].mean() > plain[..., 0].mean() + 2
    assert warm[..., 2].mean() < plain[..., 2].mean() - 5


def test_progress_is_told_and_can_end_the_work(document: Document, studio_models: Models) -> None:
    told: list[float] = []
    render(document, studio_models, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == 3

    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        render(document, studio_models, progress=stop)


def test_choices_out_of_range() -> None:
    with pytest.raises(UserError, match="strength must be between 0 and 1"):
        Choices(strength=2.0)
