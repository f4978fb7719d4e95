"""The hand that draws: what differs between one style and another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hand:
    """How a style draws; lengths in units (1/256 of the side), levels of L*."""

    # Half width and opacity of outlines.
    line: float
    line_opacity: float
    # Outlines are black; else a darker shade of what they surround.
    inked: bool
    # Half width of the border between light and shadow on the skin, levels: small is a hard cel edge.
    skin_edge: float
    # How much darker the shadow on the skin is, at least and at most, and by how many standard deviations of
    # the skin's light below its median the room's shadows begin; hair and chin throw theirs in any case.
    shadow: tuple[float, float]
    shadow_from: float
    # How much redder the shadow on the skin is, levels of a*: light shines through painted skin.
    shadow_redder: float
    # Opacity of the blush on the cheeks.
    blush: float
    # Half width of the borders between tones of hair, as a share of the hair's range of lightness.
    hair_edge: float
    # Factor of the light on the hair, and how much bluer it is on black hair, levels of b*.
    gloss: float
    gloss_bluer: float
    # Opacity of the lines between strands, and factor of the hair's colour.
    strands: float
    vivid: float
    # How much larger eyes are drawn than they are shown (which is enlarged already); half the iris's height
    # as a share of the drawn eye's.
    eye_width: float
    eye_height: float
    iris: float
    # Least and most chroma of the iris.
    iris_chroma: tuple[float, float]
    # Width of the upper lashes, as a share of the eye's height.
    lashes: float


HANDS = {
    # Cel animation: thin lines, skin of one tone in the room's light, whose hard borders no generator places
    # alike from frame to frame (at 1.0 they became blots on cheeks and foreheads), three of hair, tall eyes.
    "anime": Hand(
        line=0.8,
        line_opacity=0.85,
        inked=False,
        skin_edge=1.6,
        shadow=(7.0, 12.0),
        shadow_from=2.2,
        shadow_redder=5.0,
        blush=0.35,
        hair_edge=0.08,
        gloss=1.3,
        gloss_bluer=6.0,
        strands=0.75,
        vivid=1.18,
        eye_width=1.20,
        eye_height=1.42,
        iris=0.68,
        iris_chroma=(22.0, 50.0),
        lashes=0.17,
    ),
    # Avatars: thick black outlines, skin of one tone (as above), hair in broad flat tones.
    "cartoon": Hand(
        line=1.9,
        line_opacity=1.0,
        inked=True,
        skin_edge=1.2,
        shadow=(2.0, 3.5),
        shadow_from=2.2,
        shadow_redder=3.5,
        blush=0.0,
        hair_edge=0.04,
        gloss=1.0,
        gloss_bluer=0.0,
        strands=0.25,
        vivid=1.35,
        eye_width=1.10,
        eye_height=1.22,
        iris=0.56,
        iris_chroma=(18.0, 42.0),
        lashes=0.22,
    ),
    # Painted illustration: soft shading, fine lines, glossy hair, shining eyes.
    "illustration": Hand(
        line=0.6,
        line_opacity=0.55,
        inked=False,
        skin_edge=6.0,
        shadow=(8.0, 13.0),
        shadow_from=1.6,
        shadow_redder=6.5,
        blush=0.6,
        hair_edge=0.22,
        gloss=1.5,
        gloss_bluer=12.0,
        strands=0.6,
        vivid=1.4,
        eye_width=1.24,
        eye_height=1.52,
        iris=0.76,
        iris_chroma=(30.0, 60.0),
        lashes=0.15,
    ),
}
