"""The start page: what the studio does in three pictures, and the ways to a picture of one's own."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from tkinter import filedialog, ttk
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageTk

from animirror.realtime.images import FORMATS
from animirror.realtime.studio import drop, snapshot
from animirror.realtime.studio.intro import NAMES, intro_folder, intro_pictures, sample_portrait
from animirror.realtime.studio.page import Page
from animirror.realtime.studio.project import SUFFIX
from animirror.realtime.studio.tooltip import Tooltip
from animirror.realtime.studio.widgets import heading

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio

# Side of the three pictures, pixels of a usual screen.
CARD = 230
# Longer paths are cut at their beginning: their end tells more.
PATH_LETTERS = 60


class StartPage(Page):
    """Opens files, takes a webcam's picture, shows the sample and the files opened last."""

    name = "start"
    needs_picture = False

    def __init__(self, studio: Studio, master: tk.Misc) -> None:
        super().__init__(studio, master)
        px, texts = self.look.px, self.texts
        self.columnconfigure(0, weight=1)
        self.rowconfigure((0, 5), weight=1)
        ttk.Label(self, text=texts("start_title"), style="Title.TLabel").grid(
            row=1, column=0, pady=(0, px(4))
        )
        ttk.Label(self, text=texts("start_text"), style="Large.TLabel").grid(
            row=2, column=0, pady=(0, px(20))
        )
        self._cards()
        lower = ttk.Frame(self)
        lower.grid(row=4, column=0, pady=(px(24), 0))
        self._ways(lower)
        self._recent = ttk.Frame(lower)
        self._recent.grid(row=0, column=1, sticky="n", padx=(px(40), 0))
        self.changed()
        self.worker.do(
            lambda job: intro_pictures(self.models, intro_folder(), job.tell),
            self._show_pictures,
            key="intro",
        )

    def _cards(self) -> None:
        px = self.look.px
        row = ttk.Frame(self)
        row.grid(row=3, column=0)
        self._photos: list[ImageTk.PhotoImage] = []
        self._pictures: list[ttk.Label] = []
        empty = ImageTk.PhotoImage(
            Image.new("RGB", (px(CARD), px(CARD)), self.look.palette.canvas), master=self
        )
        self._photos.append(empty)
        for number, name in enumerate(NAMES, 1):
            card = ttk.Frame(row, style="Card.TFrame", padding=px(10))
            card.grid(row=0, column=number, padx=px(8), sticky="nsew")
            picture = ttk.Label(card, image=empty)
            picture.pack()
            self._pictures.append(picture)
            ttk.Label(card, text=f"{number}  {self.texts(f'intro_{name}')}", style="Strong.TLabel").pack(
                anchor="w", pady=(px(8), 0)
            )
            ttk.Label(
                card,
                text=self.texts(f"intro_{name}_text"),
                style="Caption.TLabel",
                wraplength=px(CARD),
                justify="left",
            ).pack(anchor="w")

    def _ways(self, lower: ttk.Frame) -> None:
        px, texts = self.look.px, self.texts
        ways = ttk.Frame(lower)
        ways.grid(row=0, column=0, sticky="n")
        for name, command, style in (
            ("open_file", self.ask_file, "Accent.TButton"),
            ("webcam", self._webcam, "TButton"),
            ("sample", self._sample, "TButton"),
        ):
            button = ttk.Button(ways, text=texts(name), command=command, style=style, width=26)
            button.pack(fill="x", pady=(0, px(8)))
            Tooltip(button, texts(f"{name}_tip"), self.look)
        if drop.takes_files(self.studio.root):
            ttk.Label(ways, text=texts("drop_here"), style="Caption.TLabel").pack()

    def changed(self) -> None:
        """Show the files that were opened last."""
        for old in self._recent.winfo_children():
            old.destroy()
        label = heading(self._recent, self.look, self.texts("recent"))
        # In line with the buttons' words.
        label.pack_configure(pady=(0, self.look.px(4)), padx=self.look.px(12))
        recent = self.studio.preferences.recent
        for name in recent:
            short = name if len(name) <= PATH_LETTERS else f"…{name[-PATH_LETTERS:]}"
            button = ttk.Button(
                self._recent,
                text=short,
                style="Toolbutton",
                command=lambda name=name: self.studio.desk.open(Path(name)),  # type: ignore[misc]
            )
            button.pack(anchor="w")
            Tooltip(button, name, self.look)
        if not recent:
            ttk.Label(self._recent, text=self.texts("recent_none"), style="Caption.TLabel").pack(
                anchor="w", padx=self.look.px(12)
            )

    def shown(self) -> None:
        self.changed()

    def ask_file(self) -> None:
        """Let the user choose a picture or project, and open it."""
        endings = " ".join([*FORMATS, ".gif", ".avif", SUFFIX])
        upper = " ".join(ending.upper() for ending in FORMATS)
        recent = self.studio.preferences.recent
        name = filedialog.askopenfilename(
            parent=self.studio.root,
            title=self.texts("open_title"),
            filetypes=[
                (self.texts("pictures_projects"), f"{endings} {upper}"),
                (self.texts("all_files"), "*"),
            ],
            initialdir=str(Path(recent[0]).parent) if recent else None,
        )
        if name:
            self.studio.desk.open(Path(name))

    def _webcam(self) -> None:
        self.studio.say(self.texts("webcam_wait"))
        self.studio.desk.open_frame(snapshot.take, self.texts("webcam_name"))

    def _sample(self) -> None:
        self.studio.desk.open_frame(sample_portrait, self.texts("sample_name"))

    def _show_pictures(self, pictures: list[NDArray[np.uint8]]) -> None:
        side = self.look.px(CARD)
        self.studio.progress(None)
        for label, picture in zip(self._pictures, pictures, strict=True):
            image = Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))
            photo = ImageTk.PhotoImage(image.resize((side, side), Image.Resampling.LANCZOS), master=self)
            self._photos.append(photo)
            label.configure(image=photo)

    def themed(self, *_: Any) -> None:
        self.changed()
