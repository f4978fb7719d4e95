"""How the studio looks: the sv-ttk theme in light and dark, fonts and sizes by the screen's scale."""

from __future__ import annotations

import os
import tkinter as tk
from dataclasses import dataclass
from tkinter import font, ttk

import sv_ttk

# Screens have this many pixels an inch where nothing is enlarged.
USUAL_DPI = 96.0
NEARLY = 0.15
# A screen that tells nonsense must not make the window unreadable.
SCALE_LIMITS = 0.75, 4.0
# The first that is there: what the systems use themselves; the last are on most Linuxes.
FAMILIES = (
    "Segoe UI Variable Text",
    "Segoe UI",
    "SF Pro Text",
    "Inter",
    "Cantarell",
    "Ubuntu",
    "Noto Sans",
    "Open Sans",
    "Liberation Sans",
    "DejaVu Sans",
)
# sv-ttk's fonts: pixels at USUAL_DPI and weight. Its own sizes know no screen scale.
FONTS = {
    "SunValleyCaptionFont": (12, "normal"),
    "SunValleyBodyFont": (13, "normal"),
    "SunValleyBodyStrongFont": (13, "bold"),
    "SunValleyBodyLargeFont": (16, "normal"),
    "SunValleySubtitleFont": (18, "bold"),
    "SunValleyTitleFont": (26, "bold"),
}
CAPTION, BODY, STRONG, LARGE, SUBTITLE, TITLE = FONTS


@dataclass(frozen=True)
class Palette:
    """Colours that ttk does not know: of canvases, quiet text, accents; Tk's ``#rrggbb``."""

    window: str
    canvas: str
    card: str
    border: str
    text: str
    muted: str
    accent: str


PALETTES = {
    "dark": Palette("#1c1c1c", "#121212", "#272727", "#3a3a3a", "#fafafa", "#a6a6a6", "#57c8ff"),
    "light": Palette("#fafafa", "#e4e6ea", "#ffffff", "#d3d6db", "#1c1c1c", "#5a5f66", "#0063b8"),
}


class Theme:
    """The look of one program: a theme's name, its palette, and lengths in the screen's scale."""

    def __init__(self, root: tk.Tk, name: str) -> None:
        self._root = root
        # sv-ttk calls tk_setPalette, which gives every label a colour of its own, over its style's.
        for option in ("foreground", "background"):
            root.option_add(f"*TLabel.{option}", "", 100)
        # Tk's own file dialogs list names on white, whatever the palette says.
        for dialog in ("TkFDialog", "TkChooseDir"):
            root.option_add(f"*{dialog}*Canvas.foreground", "black", 100)
        # Bound to all, which comes after sv-ttk's own.
        root.bind_all("<<ThemeChanged>>", lambda event: self._release_labels(event.widget), add=True)
        self.scale = screen_scale(root)
        self.use(name)

    def use(self, name: str) -> None:
        """Take the look ``dark`` or ``light``, at once, in all windows."""
        self.name, self.palette = name, PALETTES[name]
        sv_ttk.set_theme(name, self._root)
        self._fonts()
        self._styles()

    def px(self, length: float) -> int:
        """A length in pixels of a usual screen, in pixels of this one."""
        return round(length * self.scale)

    def ground(self) -> tuple[int, int, int]:
        """The canvas's colour as BGR."""
        color = self.palette.canvas
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        return blue, green, red

    def _release_labels(self, changed: object) -> None:
        """Let labels have the colours of their styles; those that exist when the theme changes."""
        if changed is not self._root:
            return
        waiting: list[tk.Misc] = [self._root]
        while waiting:
            widget = waiting.pop()
            waiting += widget.winfo_children()
            if widget.winfo_class() == "TLabel":
                widget.configure(foreground="", background="")  # type: ignore[call-arg]

    def _fonts(self) -> None:
        known = set(font.families(self._root))
        usual = font.nametofont("TkDefaultFont", self._root).actual("family")
        family = next((name for name in FAMILIES if name in known), usual)
        for name, (size, weight) in FONTS.items():
            # Negative: pixels; points would be scaled once more by Tk.
            settings = {"family": family, "size": -self.px(size), "weight": weight}
            font.nametofont(name, self._root).configure(**settings)  # type: ignore[arg-type]
        for name in ("TkDefaultFont", "TkTextFont", "TkMenuFont"):
            font.nametofont(name, self._root).configure(family=family, size=-self.px(13))

    def _styles(self) -> None:
        style, palette = ttk.Style(self._root), self.palette
        style.configure("Muted.TLabel", foreground=palette.muted)
        style.configure("Caption.TLabel", foreground=palette.muted, font=CAPTION)
        style.configure("Strong.TLabel", font=STRONG)
        style.configure("Subtitle.TLabel", font=SUBTITLE)
        style.configure("Title.TLabel", font=TITLE)
        style.configure("Large.TLabel", font=LARGE, foreground=palette.muted)
        for name in ("TButton", "Accent.TButton", "Toggle.TButton"):
            style.configure(name, padding=(self.px(12), self.px(4), self.px(12), self.px(5)))
        style.configure("Small.TButton", padding=(self.px(6), self.px(2), self.px(6), self.px(3)))
        style.configure("TCheckbutton", padding=(self.px(4), self.px(2)))


def screen_scale(root: tk.Tk) -> float:
    """How much larger than usual everything must be on this screen.

    ``ANIMIRROR_SCALE`` overrides what the screen tells: many Linux desktops tell 96 dots an inch whatever
    their own setting is.
    """
    told = os.environ.get("ANIMIRROR_SCALE", "")
    try:
        scale = float(told)
    except ValueError:
        scale = root.winfo_fpixels("1i") / USUAL_DPI
        # Screens tell their size in whole millimetres or not at all: a few percent mean nothing.
        scale = 1.0 if abs(scale - 1.0) < NEARLY else scale
    low, high = SCALE_LIMITS
    return min(high, max(low, scale))
