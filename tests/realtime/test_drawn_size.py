"""How large a head is drawn."""

from animirror.realtime.drawn_size import LEAST_FACE, MAX_SIDE, STAYS, drawn_side, drawn_size

SIZES = (256, 320)


def test_small_faces_are_drawn_larger() -> None:
    assert drawn_size(0.52, SIZES) == 256
    assert drawn_size(0.33, SIZES) == 320
    assert drawn_size(0.1, SIZES) == 320
    assert drawn_size(0.33, (256,)) == 256


def test_a_head_from_behind_is_drawn_as_usual() -> None:
    assert drawn_size(None, SIZES, previous=320) == 256


def test_the_size_stays_near_the_border() -> None:
    for face in (LEAST_FACE * 0.98, LEAST_FACE * 1.02):
        assert [drawn_size(face, SIZES, previous=before) for before in SIZES] == list(SIZES)
    assert drawn_size(LEAST_FACE * STAYS * 1.01, SIZES, previous=320) == 256
    assert drawn_size(LEAST_FACE / STAYS / 1.01, SIZES, previous=256) == 320
    # A size of another generator says nothing.
    assert drawn_size(0.52, SIZES, previous=512) == 256


def test_stills_are_as_large_as_their_crops() -> None:
    assert drawn_side(100.0, 256) == 256
    assert drawn_side(900.4, 256) == 900
    assert drawn_side(50_000.0, 256) == MAX_SIDE
