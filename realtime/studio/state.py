"""What the user did to a picture, in a zip archive: choices as JSON, the brush's edits as PNG tiles."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from PIL import Image

from animirror.realtime.regions import Box
from animirror.realtime.studio.choices import Choices, Variant
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.edits import TILE, Place, Tile

FORMAT, VERSION = "animirror-project", 1
STATE_FILE, TILES_FOLDER = "project.json", "edits/"
TILE_NAME = re.compile(r"edits/(\d{1,4})_(\d{1,4})\.png")
# Heads are found anew at every opening, perhaps by another model: one that overlaps an old one so far is it.
SAME_HEAD_IOU = 0.4
# No sound file holds more JSON: what does is an attack on the memory.
MAX_STATE_BYTES = 1_000_000


@dataclass(frozen=True)
class State:
    """Choices and edits of the picture with this SHA-256 (of its file's bytes) and size in pixels.

    ``off``: boxes of the heads that are switched off; ``name``: the picture's file name.
    """

    sha256: str
    name: str
    width: int
    height: int
    choices: Choices
    off: tuple[Box, ...]
    tiles: Mapping[Place, Tile]


def state_of(document: Document) -> State:
    """The document's state at this moment."""
    heads, choices = document.heads, document.choices
    off = tuple(heads[index] for index in sorted(choices.off))
    tiles = document.edit_tiles()
    return State(document.sha256, document.name, document.width, document.height, choices, off, tiles)


def restore_state(document: Document, state: State, styles: tuple[str, ...]) -> None:
    """Give a document the choices and edits of a state of the same picture; the edits as one undo step.

    A variant whose style is none of ``styles`` (any more) is forgotten. Raises UserError where its regions
    are unknown to the segmenter.
    """
    off = frozenset(
        index
        for index, box in enumerate(document.heads)
        if any(box.iou(other) > SAME_HEAD_IOU for other in state.off)
    )
    chosen = state.choices
    variant = chosen.variant if chosen.variant and chosen.variant.style in styles else None
    values = {item.name: getattr(chosen, item.name) for item in fields(chosen)}
    document.choose(**{**values, "off": off, "variant": variant})
    if state.tiles or document.edited:
        document.replace_edits(state.tiles)


def write_state(archive: ZipFile, state: State) -> None:
    choices = asdict(state.choices)
    del choices["off"]
    content = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": state.sha256,
        "picture": state.name,
        "size": [state.width, state.height],
        "choices": choices,
        "off": [[box.left, box.top, box.right, box.bottom] for box in state.off],
    }
    archive.writestr(STATE_FILE, json.dumps(content, indent=2), ZIP_DEFLATED)
    for (row, column), tile in sorted(state.tiles.items()):
        stored = io.BytesIO()
        # Grey is what is kept, alpha what is added (see edits).
        Image.fromarray(tile, "LA").save(stored, "PNG", compress_level=1)
        archive.writestr(f"{TILES_FOLDER}{row}_{column}.png", stored.getvalue(), ZIP_STORED)


def read_state(archive: ZipFile) -> State:
    """What write_state wrote. Raises ValueError, KeyError or what the decoders raise for anything else."""
    if archive.getinfo(STATE_FILE).file_size > MAX_STATE_BYTES:
        raise ValueError(f"its {STATE_FILE} is too large")
    content = json.loads(archive.read(STATE_FILE))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"its {STATE_FILE} is no project")
    if content["version"] != VERSION:
        raise ValueError(f"it is of version {content['version']}, this animirror reads version {VERSION}")
    width, height = (int(length) for length in content["size"])
    off = tuple(Box(*(float(edge) for edge in box)) for box in content["off"])
    return State(
        str(content["sha256"]),
        str(content["picture"]),
        width,
        height,
        _parse_choices(content["choices"]),
        off,
        _read_tiles(archive, width, height),
    )


def _parse_choices(content: Any) -> Choices:
    variant = content["variant"]
    return Choices(
        regions=tuple(str(name) for name in content["regions"]),
        strength=float(content["strength"]),
        feather=float(content["feather"]),
        color_match=float(content["color_match"]),
        eyes=float(content["eyes"]),
        variant=None if variant is None else Variant(str(variant["style"]), str(variant["color"])),
    )


def _read_tiles(archive: ZipFile, width: int, height: int) -> dict[Place, Tile]:
    tiles: dict[Place, Tile] = {}
    for name in archive.namelist():
        if not name.startswith(TILES_FOLDER):
            continue
        match = TILE_NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"it holds a strange file {name}")
        place = int(match[1]), int(match[2])
        if place[0] * TILE >= height or place[1] * TILE >= width:
            raise ValueError(f"its tile {name} lies outside the picture")
        with Image.open(io.BytesIO(archive.read(name)), formats=["PNG"]) as opened:
            if opened.size != (TILE, TILE) or opened.mode != "LA":
                raise ValueError(f"its tile {name} is no tile")
            tiles[place] = np.array(opened)
    return tiles
