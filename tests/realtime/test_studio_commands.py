"""animirror studio where no window can be had: one sentence, exit code 2."""

import importlib.util
import os
import subprocess
import sys

import pytest

from animirror.realtime.cli import build_parser
from animirror.realtime.errors import UserError
from animirror.realtime.studio_commands import run_studio


def test_without_a_display(tmp_path: object) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"XDG_CONFIG_HOME": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "animirror.realtime.cli", "studio"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if sys.platform.startswith("linux"):
        assert answer.returncode == 2
        assert answer.stderr.startswith("animirror: The studio cannot open a window: there is no display")
        assert answer.stderr.count("\n") == 1


def test_without_tkinter(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "_tkinter" else real(name))
    with pytest.raises(UserError, match="sudo apt install python3-tk"):
        run_studio(build_parser().parse_args(["studio"]))


def test_threads_must_be_some() -> None:
    pytest.importorskip("tkinter")
    with pytest.raises(UserError, match="at least 1, not 0"):
        run_studio(build_parser().parse_args(["studio", "--threads", "0"]))


def test_the_command_needs_no_tkinter_to_be_known() -> None:
    """Nothing of Tk is imported before the studio is really opened."""
    program = (
        "import sys; from animirror.realtime.cli import build_parser; build_parser();"
        "sys.exit('tkinter' in sys.modules or 'sv_ttk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-P", "-c", program], timeout=120, check=False).returncode == 0
