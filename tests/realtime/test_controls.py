"""Every key does what the help says."""

import pytest

from animirror.realtime.controls import HELP, Action, Controls, Panel, Privacy
from animirror.realtime.filter import FilterOptions
from animirror.realtime.regions import CELEBAMASK_LABELS


@pytest.fixture
def panel() -> Panel:
    return Panel(["anime", "cartoon"], CELEBAMASK_LABELS)


def test_toggles_go_on_and_off(panel: Panel) -> None:
    for key, name in {
        "m": "mask",
        "f": "mirror",
        "v": "recording",
        "d": "hud",
        "o": "full_screen",
        "h": "help",
    }.items():
        before = getattr(panel.controls, name)
        assert panel.press(ord(key)) is None
        assert getattr(panel.controls, name) is not before
        panel.press(ord(key.upper()))
        assert getattr(panel.controls, name) is before
    panel.press(ord(" "))
    assert not panel.controls.effect
    panel.press(ord(" "))
    assert panel.controls == Controls()


def test_actions(panel: Panel) -> None:
    assert panel.press(ord("q")) is Action.QUIT
    assert panel.press(27) is Action.QUIT
    assert panel.press(ord("s")) is Action.SNAPSHOT
    assert panel.controls == Controls()


def test_the_split_is_dragged_only_where_it_is(panel: Panel) -> None:
    panel.drag(0.2)
    assert panel.controls.split is None
    panel.press(ord("b"))
    assert panel.controls.split == 0.5
    panel.drag(1.7)
    assert panel.controls.split == 1.0
    panel.press(ord("b"))
    assert panel.controls.split is None


def test_styles_that_are_not_there_change_nothing(panel: Panel) -> None:
    panel.press(ord("2"))
    assert panel.controls.style == 1
    for key in "0345":
        panel.press(ord(key))
    assert panel.controls.style == 1


def test_strength_stays_in_its_limits(panel: Panel) -> None:
    for _ in range(3):
        panel.press(ord("-"))
    assert panel.controls.filter.strength == 0.7
    for _ in range(20):
        panel.press(ord("-"))
    assert panel.controls.filter.strength == 0.0
    for _ in range(20):
        panel.press(ord("="))
    assert panel.controls.filter.strength == 1.0


def test_regions_go_round_and_the_chosen_ones_are_kept() -> None:
    panel = Panel(["anime"], CELEBAMASK_LABELS, Controls(FilterOptions(regions=("hair",))))
    seen = []
    for _ in range(5):
        panel.press(ord("r"))
        seen.append(panel.controls.filter.regions)
    assert seen[:2] == [("face",), ("face", "hair")]
    assert set(seen[2]) == {"face", "hair", "hat", "neck", "jewellery", "clothes"}
    assert seen[3:] == [("hair",), ("face",)]


def test_colours_and_privacy(panel: Panel) -> None:
    panel.press(ord("c"))
    assert panel.controls.filter.color_match == 0.0
    panel.press(ord("c"))
    assert panel.controls.filter.color_match == FilterOptions.color_match
    seen = []
    for _ in range(3):
        panel.press(ord("p"))
        seen.append(panel.controls.privacy)
    assert seen == [Privacy.FREEZE, Privacy.CARD, Privacy.OFF]


def test_the_help_names_every_key_and_other_keys_do_nothing(panel: Panel) -> None:
    helped = "".join(key for key, _ in HELP if len(key) == 1) + "+- 123456789"
    before = panel.controls
    for code in [-1, *range(256), 1000]:
        panel.controls = before
        action = panel.press(code)
        if action is None and panel.controls == before:
            continue
        assert chr(code).lower() in helped + "=_\x1b"
