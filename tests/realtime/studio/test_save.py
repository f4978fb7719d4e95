import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animirror.realtime.errors import UserError
from animirror.realtime.images import read_picture
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.render import render
from animirror.realtime.studio.save import clipboard_png, save_cutout, save_picture
from tests.realtime.studio.conftest import two_people


@pytest.fixture
def turned(tmp_path: Path, studio_models: Models) -> Document:
    """A photo as cameras write it: lying on its side, with EXIF and a profile."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera", 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(two_people()[..., ::-1])))
    stored.save(tmp_path / "turned.jpg", exif=exif, icc_profile=b"profile", quality=95)
    return Document.open(tmp_path / "turned.jpg", studio_models)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
def test_size_direction_exif_and_profile(
    turned: Document, studio_models: Models, tmp_path: Path, suffix: str
) -> None:
    assert (turned.width, turned.height) == (480, 320)
    assert len(turned.heads) == 2
    rendered, target = render(turned, studio_models), tmp_path / f"out.{suffix}"
    save_picture(turned, rendered, target, quality=100)
    with Image.open(target) as out:
        assert out.size == (480, 320)
        assert out.getexif()[0x010F] == "Camera"
        assert out.getexif()[0x0112] == 1
        assert out.info["icc_profile"] == b"profile"
    written = read_picture(target).frame
    if suffix != "jpg":
        assert np.array_equal(written, rendered.frame)
        outside = rendered.mask == 0
        assert np.array_equal(written[outside], turned.picture.frame[outside])
    else:
        assert np.abs(written.astype(int) - rendered.frame).mean() < 3


def test_a_lower_quality_takes_less_room(turned: Document, studio_models: Models, tmp_path: Path) -> None:
    rendered = render(turned, studio_models)
    sizes = []
    for quality in (30, 90):
        target = tmp_path / f"q{quality}.jpg"
        save_picture(turned, rendered, target, quality)
        sizes.append(target.stat().st_size)
    assert sizes[0] < 0.6 * sizes[1]
    with pytest.raises(UserError, match="quality must be between 1 and 100, not 0"):
        save_picture(turned, rendered, tmp_path / "q.jpg", 0)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_the_cutout_is_the_drawing_alone(
    document: Document, studio_models: Models, tmp_path: Path, suffix: str
) -> None:
    rendered, target = render(document, studio_models), tmp_path / f"cut.{suffix}"
    save_cutout(document, rendered, target, quality=100)
    with Image.open(target) as out:
        rgba = np.asarray(out)
    assert np.array_equal(rgba[..., 3], rendered.mask)
    inside = rendered.mask == 255
    assert np.array_equal(rgba[inside][:, 2::-1], rendered.frame[inside])
    assert not rgba[rendered.mask == 0].any()


def test_a_transparent_picture_stays_transparent(tmp_path: Path, studio_models: Models) -> None:
    alpha = np.full((320, 480), 255, np.uint8)
    alpha[:40] = 0
    rgba = np.dstack([two_people()[..., ::-1], alpha])
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    document = Document.open(tmp_path / "clear.png", studio_models)
    save_picture(document, render(document, studio_models), tmp_path / "out.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png"))[..., 3], alpha)


def test_targets_that_cannot_be(document: Document, studio_models: Models, tmp_path: Path) -> None:
    rendered = render(document, studio_models)
    (tmp_path / "there.png").write_bytes(b"precious")
    with pytest.raises(UserError, match="exists already"):
        save_picture(document, rendered, tmp_path / "there.png")
    assert (tmp_path / "there.png").read_bytes() == b"precious"
    assert document.path is not None
    with pytest.raises(UserError, match="is the input itself"):
        save_picture(document, rendered, document.path, overwrite=True)
    with pytest.raises(UserError, match=r"\.jpg holds no transparency"):
        save_cutout(document, rendered, tmp_path / "cut.jpg")
    with pytest.raises(ValueError, match="preview"):
        save_picture(document, render(document, studio_models, long_side=100), tmp_path / "small.png")


def test_the_clipboards_bytes_are_a_png() -> None:
    frame = two_people()
    with Image.open(io.BytesIO(clipboard_png(frame))) as opened:
        assert opened.format == "PNG"
        assert np.array_equal(np.asarray(opened)[..., ::-1], frame)
    alpha = np.arange(320 * 480, dtype=np.uint32).reshape(320, 480).astype(np.uint8)
    with Image.open(io.BytesIO(clipboard_png(frame, alpha))) as opened:
        assert np.array_equal(np.asarray(opened)[..., 3], alpha)
