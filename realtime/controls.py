"""What the user may change while the picture runs, and the keys that change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from animirror.realtime.filter import FilterOptions
from animirror.realtime.regions import DEFAULT_REGIONS, REGIONS

STRENGTH_STEP = 0.1
ESCAPE = 27
# Shown by `h`; the keys of KEYS below.
HELP = (
    ("q", "quit"),
    ("space", "effect on or off"),
    ("b", "before and after (drag the line)"),
    ("m", "show the mask"),
    ("1-9", "style"),
    ("r", "regions: face, face and hair, all"),
    ("+ -", "strength"),
    ("c", "match the scene's colours"),
    ("f", "mirror"),
    ("p", "privacy: freeze, card, off"),
    ("s", "snapshot"),
    ("v", "record"),
    ("d", "figures"),
    ("o", "full screen"),
    ("h", "this help"),
)


class Privacy(Enum):
    """What is shown instead of the live picture."""

    OFF = "off"
    FREEZE = "freeze"
    CARD = "card"


class Action(Enum):
    """What a key asks for besides a change of the controls."""

    QUIT = "quit"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class Controls:
    """Everything that can be changed while live; read once a frame, replaced as a whole.

    ``split``: where the line between before and after stands, as a share of the width, or None;
    ``style``: index into the panel's styles; the rest as in FilterOptions.
    """

    filter: FilterOptions = FilterOptions()
    style: int = 0
    effect: bool = True
    mirror: bool = False
    privacy: Privacy = Privacy.OFF
    split: float | None = None
    mask: bool = False
    hud: bool = False
    help: bool = False
    full_screen: bool = False
    recording: bool = False


class Panel:
    """Holds the controls and changes them by keys. ``controls`` may be read from any thread.

    ``styles``: names that the keys 1 to 9 choose from; ``regions``: what `r` goes through, the chosen first.
    """

    def __init__(
        self, styles: Sequence[str], labels: Sequence[str], controls: Controls | None = None
    ) -> None:
        self.styles = tuple(styles)
        self.controls = controls or Controls()
        self.regions = _region_choices(self.controls.filter.regions, labels)
        self._color_match = self.controls.filter.color_match or FilterOptions.color_match

    def press(self, key: int) -> Action | None:
        """Answer a key (its ASCII code); unknown ones do nothing."""
        now, letter = self.controls, chr(key).lower() if 0 <= key < 128 else ""
        if key == ESCAPE or letter == "q":
            return Action.QUIT
        if letter == "s":
            return Action.SNAPSHOT
        toggled = {"m": "mask", "f": "mirror", "v": "recording", "d": "hud", "o": "full_screen", "h": "help"}
        if letter in toggled:
            self._set(**{toggled[letter]: not getattr(now, toggled[letter])})
        elif letter == " ":
            self._set(effect=not now.effect)
        elif letter == "b":
            self._set(split=0.5 if now.split is None else None)
        elif letter == "p":
            order = list(Privacy)
            self._set(privacy=order[(order.index(now.privacy) + 1) % len(order)])
        elif letter.isdigit() and 1 <= int(letter) <= len(self.styles):
            self._set(style=int(letter) - 1)
        elif letter in "+=-_" and letter:
            step = STRENGTH_STEP if letter in "+=" else -STRENGTH_STEP
            self._filter(strength=round(min(1.0, max(0.0, now.filter.strength + step)), 3))
        elif letter == "c":
            self._filter(color_match=0.0 if now.filter.color_match else self._color_match)
        elif letter == "r":
            index = self.regions.index(now.filter.regions)
            self._filter(regions=self.regions[(index + 1) % len(self.regions)])
        return None

    def drag(self, share: float) -> None:
        """Move the line between before and after, where there is one."""
        if self.controls.split is not None:
            self._set(split=min(1.0, max(0.0, share)))

    def _set(self, **changes: object) -> None:
        self.controls = replace(self.controls, **changes)  # type: ignore[arg-type]

    def _filter(self, **changes: object) -> None:
        self._set(filter=replace(self.controls.filter, **changes))  # type: ignore[arg-type]


def _region_choices(chosen: tuple[str, ...], labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The chosen regions, then face, face and hair, and all that the segmenter knows, each once."""
    known = {label.lower() for label in labels}
    everything = tuple(name for name, members in REGIONS.items() if members & known)
    return tuple(dict.fromkeys([chosen, ("face",), DEFAULT_REGIONS, everything]))
