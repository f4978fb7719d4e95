"""The live tab: a camera's picture filtered as it comes, and the virtual camera, on and off."""

from __future__ import annotations

import tkinter as tk
from dataclasses import replace
from pathlib import Path
from tkinter import filedialog, ttk
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.config import LiveConfig
from animirror.realtime.devices import CameraInfo, list_cameras
from animirror.realtime.studio.canvas import PictureCanvas
from animirror.realtime.studio.live_runner import LiveRunner
from animirror.realtime.studio.page import Page
from animirror.realtime.studio.theme import BODY
from animirror.realtime.studio.tooltip import Tooltip
from animirror.realtime.studio.view import scaled_part
from animirror.realtime.studio.viewport import Viewport, seen
from animirror.realtime.studio.widgets import GAP, PANEL, Slider, heading, hint

if TYPE_CHECKING:
    from animirror.realtime.studio.app import Studio

# How often the window looks for a new picture: a screen's 60 a second would take the models' cores (ms).
POLL_MS = 33
# Figures that change faster cannot be read (pictures).
TELL_EVERY = 15
# What fits most cameras and keeps the picture fluid.
SIZE = (1280, 720)
DEMO = "demo"


class LivePage(Page):
    """Starts and stops a live session, and shows what it makes."""

    name = "live"
    needs_picture = False

    def __init__(self, studio: Studio, master: tk.Misc) -> None:
        super().__init__(studio, master)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.canvas = PictureCanvas(self, self.look, self._paint)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self._told = ttk.Label(self, font=BODY, justify="center", style="Muted.TLabel")
        self._runner: LiveRunner | None = None
        self._shown_view: object = None
        self._count = 0
        self._polling: str | None = None
        self._cameras: list[CameraInfo] = []
        self._before = False
        panel = ttk.Frame(self, width=self.look.px(PANEL))
        panel.grid(row=0, column=1, sticky="ns", padx=(self.look.px(12), 0))
        panel.pack_propagate(False)
        self._form(panel)
        self._list_sources()

    def _form(self, panel: ttk.Frame) -> None:
        texts, px = self.texts, self.look.px
        heading(panel, self.look, texts("source"))
        self._source = ttk.Combobox(panel, state="readonly")
        self._source.pack(fill="x")
        self._source.bind("<<ComboboxSelected>>", lambda _: self._source_chosen())
        heading(panel, self.look, texts("style"))
        self._style = ttk.Combobox(panel, state="readonly")
        self._style.configure(values=[texts.name("style", name) for name in self.models.styles])
        self._style.current(0)
        self._style.pack(fill="x")
        self._style.bind("<<ComboboxSelected>>", lambda _: self._apply())
        self._strength = Slider(
            panel, self.look, texts("strength"), (0, 100), 100, lambda _: self._apply(), texts("strength_tip")
        )
        self._strength.pack(fill="x", pady=(px(GAP), 0))
        self._mirror, self._virtual = tk.BooleanVar(self, True), tk.BooleanVar(self, False)
        for name, variable, command in (
            ("mirror", self._mirror, self._apply),
            ("virtual_camera", self._virtual, self._switch_virtual),
        ):
            box = ttk.Checkbutton(
                panel, text=texts(name), variable=variable, command=command, style="Switch.TCheckbutton"
            )
            box.pack(anchor="w", pady=(px(GAP / 2), 0))
            Tooltip(box, texts(f"{name}_tip"), self.look)
        hint(panel, self.look, texts("virtual_hint")).pack_configure(pady=(px(GAP), px(GAP)))
        self._button = ttk.Button(
            panel, text=texts("start_live"), style="Accent.TButton", command=self.toggle
        )
        self._button.pack(fill="x")
        Tooltip(self._button, texts("start_live_tip"), self.look)
        self._take = ttk.Button(panel, text=texts("take_picture"), command=self._take_picture)
        self._take.pack(fill="x", pady=(px(GAP / 2), 0))
        Tooltip(self._take, texts("take_picture_tip"), self.look)
        self._take.state(["disabled"])

    def _list_sources(self) -> None:
        self._cameras = list_cameras()
        names = [f"{camera.name} ({camera.index})" for camera in self._cameras]
        self._file: str | None = None
        self._source.configure(values=[*names, self.texts("source_demo"), self.texts("source_file")])
        self._source.current(0)
        self._say("" if self._cameras else self.texts("no_camera"))

    # -- what the program tells -------------------------------------------------------------------------

    def shown(self) -> None:
        if self._runner is None:
            self._list_sources()
        self._poll()

    def hidden(self) -> None:
        """The camera is let go, but goes on for those who watch the virtual one."""
        if not self._virtual.get():
            self._stop()
        if self._polling is not None:
            self.after_cancel(self._polling)
            self._polling = None

    def themed(self) -> None:
        self.canvas.themed()

    def before(self, wanted: bool) -> None:
        self._before = wanted

    def zoom(self, steps: int) -> None:
        self.canvas.zoom(steps) if steps else self.canvas.fit()

    def close(self) -> None:
        self._stop()

    # -- running ----------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Start the session, or end it."""
        if self._runner is not None:
            self._stop()
        else:
            self._start()

    def _start(self) -> None:
        sinks = ("camera",) if self._virtual.get() else ()
        source = self._chosen_source()
        style = self.models.styles[self._style.current()]
        config = LiveConfig(
            source=source, sink=sinks, size=SIZE if source != self._file else None, loop=True, style=style
        )
        config = replace(config, mirror=self._mirror.get(), strength=self._strength.value / 100)
        self._runner, self._count = LiveRunner(config), 0
        self._button.configure(text=self.texts("stop_live"))
        self._say(self.texts("starting_live"))
        self._poll()

    def _stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.stop()
        self._button.configure(text=self.texts("start_live"))
        self._take.state(["disabled"])
        self._say("")

    def _poll(self) -> None:
        """Show the newest picture, and come again while there is a session and the page is on top."""
        if self._polling is not None:
            self.after_cancel(self._polling)
        self._polling = None
        runner = self._runner
        if runner is None:
            return
        if not runner.alive:
            self._ended(runner)
            return
        if runner.view is not None and runner.view is not self._shown_view:
            self._show(runner)
        self._polling = self.after(POLL_MS, self._poll)

    def _show(self, runner: LiveRunner) -> None:
        view = runner.view
        assert view is not None
        self._shown_view = view
        size = (view.after.shape[1], view.after.shape[0])
        if self._count == 0:
            self._say("")
            self._take.state(["!disabled"])
        if self.canvas.view is None or self.canvas.view.size != size:
            self.canvas.set_size(size)
        self.canvas.redraw()
        if self._count % TELL_EVERY == TELL_EVERY - 1:
            self.studio.say(self.texts("live_now", fps=f"{runner.fps:.0f}", width=size[0], height=size[1]))
        self._count += 1

    def _ended(self, runner: LiveRunner) -> None:
        """The session has ended by itself: a file is at its end, or something fails."""
        self._stop()
        if runner.error is None:
            return
        virtual = self._virtual.get()
        self._virtual.set(False)
        self.studio.fail(runner.error)
        if virtual:  # most likely there is none; the picture itself can go on
            self._start()

    # -- settings ---------------------------------------------------------------------------------------

    def _chosen_source(self) -> str:
        index = self._source.current()
        if index < len(self._cameras):
            return str(self._cameras[index].index)
        return self._file or DEMO

    def _source_chosen(self) -> None:
        self._file = None
        if self._source.current() == len(self._cameras) + 1:
            name = filedialog.askopenfilename(parent=self.studio.root, title=self.texts("open_title"))
            if not name:
                self._source.current(0)
            else:
                self._file = name
                self._source.set(Path(name).name)
        self._restart()

    def _switch_virtual(self) -> None:
        self._restart()

    def _restart(self) -> None:
        """Other source or sinks are another session."""
        if self._runner is not None:
            self._stop()
            self._start()

    def _apply(self) -> None:
        runner = self._runner
        if runner is not None:
            strength, mirror = self._strength.value / 100, self._mirror.get()
            runner.set_style(self.models.styles[self._style.current()])
            runner.set(lambda now: replace(now, mirror=mirror, filter=replace(now.filter, strength=strength)))

    def _take_picture(self) -> None:
        """Work on the picture of this moment, as the camera gave it."""
        if self._runner is not None and self._runner.view is not None:
            frame = self._runner.view.before.copy()
            self.studio.desk.open_frame(lambda: frame, self.texts("webcam_name"))

    # -- showing ----------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        """Put a sentence over the empty picture."""
        if text:
            self._told.configure(text=text, background=self.look.palette.canvas, wraplength=self.look.px(460))
            self._told.place(in_=self.canvas, relx=0.5, rely=0.5, anchor="center")
        else:
            self._told.place_forget()

    def _paint(self, view: Viewport) -> NDArray[np.uint8]:
        shown = self._shown_view
        picture = getattr(shown, "before" if self._before else "after", None)
        if picture is None:
            return np.zeros((view.window[1], view.window[0], 3), np.uint8)
        return seen(lambda box, w, h: scaled_part(picture, box, w, h), view, self.look.ground())
