from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animirror.realtime import images
from animirror.realtime.errors import UserError
from animirror.realtime.images import Picture, check_target, decode_picture, read_picture, write_picture


def ramp(height: int = 70, width: int = 90) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.dstack([rows * 3, columns * 2, np.full_like(rows, 40)]).astype(np.uint8)


def test_colours_are_bgr(tmp_path: Path) -> None:
    Image.new("RGB", (70, 80), (255, 128, 0)).save(tmp_path / "orange.png")
    picture = read_picture(tmp_path / "orange.png")
    assert picture.frame.shape == (80, 70, 3)
    assert picture.frame.flags.c_contiguous
    assert picture.frame[0, 0].tolist() == [0, 128, 255]
    assert picture.alpha is None


def test_exif_orientation_is_applied_once(tmp_path: Path) -> None:
    stored = Image.fromarray(ramp())
    exif = stored.getexif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to see it upright
    stored.save(tmp_path / "turned.png", exif=exif)
    picture = read_picture(tmp_path / "turned.png")
    assert np.array_equal(picture.frame[..., ::-1], np.rot90(ramp(), -1))
    write_picture(picture, tmp_path / "again.png")
    assert np.array_equal(read_picture(tmp_path / "again.png").frame, picture.frame)


def test_grey_and_palette(tmp_path: Path) -> None:
    Image.new("L", (70, 70), 77).save(tmp_path / "grey.png")
    Image.new("RGB", (70, 70), (0, 255, 0)).quantize(4).save(tmp_path / "palette.png")
    assert (read_picture(tmp_path / "grey.png").frame == 77).all()
    assert (read_picture(tmp_path / "palette.png").frame == (0, 255, 0)).all()


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    Image.fromarray(np.full((70, 70), 32896, np.uint16)).save(tmp_path / "deep.png")
    assert (read_picture(tmp_path / "deep.png").frame == 128).all()


def test_cmyk_jpeg(tmp_path: Path) -> None:
    Image.new("CMYK", (70, 70), (0, 255, 255, 0)).save(tmp_path / "ink.jpg", quality=100)
    frame = read_picture(tmp_path / "ink.jpg").frame
    assert frame[0, 0, 2] > 230  # red
    assert frame[0, 0, 0] < 25


def test_transparency_survives_where_the_format_holds_it(tmp_path: Path) -> None:
    pixels = np.dstack([ramp(), np.tile(np.arange(90, dtype=np.uint8), (70, 1))])
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    picture = read_picture(tmp_path / "clear.png")
    write_picture(picture, tmp_path / "out.png")
    write_picture(picture, tmp_path / "out.jpg")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), pixels)
    assert Image.open(tmp_path / "out.jpg").mode == "RGB"


def test_transparency_becomes_white_where_it_is_lost(tmp_path: Path) -> None:
    """Under alpha 0 a file may hold anything; here red, which nobody may see."""
    frame = np.full((70, 90, 3), (0, 0, 255), np.uint8)
    alpha = np.repeat(np.array([[0, 128, 255]], np.uint8), 30, axis=1).repeat(70, axis=0)
    write_picture(Picture(frame, alpha), tmp_path / "out.jpg")
    seen = read_picture(tmp_path / "out.jpg").frame.astype(int)
    for column, wanted in ((10, (255, 255, 255)), (45, (127, 127, 255)), (80, (0, 0, 255))):
        assert np.abs(seen[35, column] - wanted).max() <= 4


def test_exif_and_profile_survive(tmp_path: Path) -> None:
    stored = Image.fromarray(ramp())
    exif = stored.getexif()
    exif[0x010F] = "Camera"
    stored.save(tmp_path / "in.jpg", exif=exif, icc_profile=b"profile")
    write_picture(read_picture(tmp_path / "in.jpg"), tmp_path / "out.jpg")
    out = Image.open(tmp_path / "out.jpg")
    assert out.getexif()[0x010F] == "Camera"
    assert out.info["icc_profile"] == b"profile"


def test_how_a_tiff_was_stored_is_not_told_to_other_files(tmp_path: Path) -> None:
    stored = Image.fromarray(ramp())
    exif = stored.getexif()
    exif[0x010F] = "Camera"
    stored.save(tmp_path / "in.tif", exif=exif, compression="tiff_lzw")
    for name in ("out.png", "out.tif", "out.jpg"):
        write_picture(read_picture(tmp_path / "in.tif"), tmp_path / name)
    assert dict(Image.open(tmp_path / "out.png").getexif()) == {0x010F: "Camera", 0x0112: 1}
    assert dict(Image.open(tmp_path / "out.jpg").getexif()) == {0x010F: "Camera", 0x0112: 1}
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.tif")), ramp())
    assert Image.open(tmp_path / "out.tif").getexif()[0x010F] == "Camera"


def test_quality(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    for name, quality in (("low.jpg", 20), ("high.jpg", 95), ("low.webp", 20), ("high.webp", 100)):
        write_picture(Picture(noise), tmp_path / name, quality)
    for suffix in ("jpg", "webp"):
        low, high = (tmp_path / f"{name}.{suffix}" for name in ("low", "high"))
        assert low.stat().st_size < 0.6 * high.stat().st_size
    assert np.array_equal(read_picture(tmp_path / "high.webp").frame, noise)
    with pytest.raises(UserError, match="quality must be between 1 and 100, not 101"):
        write_picture(Picture(noise), tmp_path / "x.jpg", 101)


def test_bytes_are_read_as_files_are(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    decoded = decode_picture(content, Path("inner.png"))
    assert np.array_equal(decoded.frame, read_picture(tmp_path / "a.png").frame)
    with pytest.raises(UserError, match=r"inner\.png is damaged|inner\.png is not"):
        decode_picture(content[:60], Path("inner.png"))


def test_a_picture_without_exif_gains_none(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "plain.png")
    assert read_picture(tmp_path / "plain.png").exif is None


def test_sixteen_bits_are_turned_too(tmp_path: Path) -> None:
    values = np.repeat(np.arange(70, dtype=np.uint16)[:, None] * 900, 90, axis=1)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(values).save(tmp_path / "deep.png", exif=exif)
    frame = read_picture(tmp_path / "deep.png").frame
    assert frame.shape == (90, 70, 3)
    assert frame[0, 0, 0] == 242  # 69 * 900 / 257: the last row has become the first column
    assert frame[0, 69, 0] == 0


def test_animated_gives_the_first_picture_and_says_so(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (70, 70), "red"), Image.new("RGB", (70, 70), "blue")
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    picture = read_picture(tmp_path / "a.gif")
    assert picture.frame[0, 0].tolist() == [0, 0, 255]
    assert picture.note is not None
    assert "only the first of its 2" in picture.note


def test_the_preview_in_a_phones_jpeg_is_no_animation(tmp_path: Path) -> None:
    picture, preview = Image.new("RGB", (70, 80), "red"), Image.new("RGB", (35, 40), "blue")
    picture.save(tmp_path / "phone.jpg", format="MPO", save_all=True, append_images=[preview])
    read = read_picture(tmp_path / "phone.jpg")
    assert read.note is None
    assert read.frame[40, 35, 2] > 250  # red


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"hello, I am text", "is not a picture"), (None, "does not exist")],
)
def test_bad_files_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "bad.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=rf"bad\.png {message}"):
        read_picture(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_truncated(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(UserError, match=r"cut\."):
        read_picture(cut)


@pytest.mark.parametrize("suffix", ["gif", "tif", "png", "webp"])
def test_flipped_bytes_end_in_a_sentence(tmp_path: Path, suffix: str) -> None:
    """Pillow's decoders raise TypeError, IndexError, RuntimeError and more for damaged files."""
    random = np.random.default_rng(0)
    pictures = [Image.fromarray(random.integers(0, 256, (80, 80, 3), dtype=np.uint8)) for _ in range(2)]
    whole = tmp_path / f"whole.{suffix}"
    pictures[0].save(whole, save_all=True, append_images=pictures[1:])
    refused = 0
    for number in range(80):
        content = bytearray(whole.read_bytes())
        if number < 20:  # cut off
            del content[max(1, len(content) * number // 20) :]
        else:
            for place in random.integers(0, min(len(content), 300), 5):
                content[place] = random.integers(256)
        (tmp_path / f"bad.{suffix}").write_bytes(content)
        try:
            read_picture(tmp_path / f"bad.{suffix}")
        except UserError:
            refused += 1
    assert refused > 5


def test_the_stated_limit_is_the_real_one() -> None:
    """Pillow refuses twice its own limit by itself; a larger one of ours would be told but not kept."""
    assert Image.MAX_IMAGE_PIXELS is not None
    assert images.MAX_PIXELS <= 2 * Image.MAX_IMAGE_PIXELS


def test_names_that_are_too_long(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300 + ".png")
    with pytest.raises(UserError, match="cannot be read"):
        read_picture(path)
    with pytest.raises(UserError, match="cannot be written"):
        check_target(path)


def test_huge_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (100, 100)).save(tmp_path / "huge.png")
    monkeypatch.setattr(images, "MAX_PIXELS", 9_999)
    with pytest.raises(UserError, match="too large"):
        read_picture(tmp_path / "huge.png")


def test_targets_are_checked_before_work(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"precious")
    with pytest.raises(UserError, match=r"exists already.*--overwrite"):
        check_target(tmp_path / "there.png")
    with pytest.raises(UserError, match="is the input itself"):
        check_target(tmp_path / "there.png", tmp_path / "there.png", overwrite=True)
    with pytest.raises(UserError, match=r"cannot be written as '\.xyz'"):
        check_target(tmp_path / "new.xyz")
    with pytest.raises(UserError, match="does not exist; create it"):
        check_target(tmp_path / "nowhere" / "new.png")
    with pytest.raises(UserError, match="is a folder"):
        read_picture(tmp_path)


def test_failed_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "old.png"
    target.write_bytes(b"precious")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(UserError, match="No space left"):
        write_picture(Picture(ramp()), target)
    assert target.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [target]
