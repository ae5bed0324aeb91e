# SPDX-License-Identifier: MIT
"""The live map on the VGA screen, while a trace replays."""
import importlib.machinery
import importlib.util
import time

from mallow.project import ROOT

TRACE = "linux-i386-kmalloc.rep"
SHADES = "░▒▓█"


def picture_of(boot, ready):
    """A guest in the middle of a replay whose screen is `ready`."""
    guest = boot("stage=malloc", f"replay={TRACE}", "quick", "map=slow")
    guest.expect("replay at stage malloc")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        screen = guest.screen()
        if ready(screen):
            return guest, screen
        time.sleep(0.1)
    raise AssertionError("not in time; the screen:\n" + "\n".join(screen))


def test_live_map(boot):
    _, screen = picture_of(
        boot, lambda rows: sum(shade in "".join(rows[1:-2])
                               for shade in SHADES) >= 3)
    assert "malloc" in screen[0] and TRACE in screen[0]
    assert "of 35462" in screen[0]
    legend, scale = screen[-2:]
    assert all(shade in legend for shade in SHADES)
    assert "a cell is" in scale


def test_it_moves(boot):
    guest, first = picture_of(boot, lambda rows: "of 35462" in rows[0])
    deadline = time.monotonic() + 20
    while guest.screen()[0] == first[0]:
        assert time.monotonic() < deadline, first[0]
        time.sleep(0.1)


def test_screenshot(boot, tmp_path):
    """A picture of the screen itself: 720 by 400, more than black and grey."""
    guest, _ = picture_of(boot, lambda rows: "█" in "".join(rows[1:-2]))
    path = tmp_path / "screen.ppm"
    guest.qmp.execute("screendump", filename=str(path))
    kind, size, most, pixels = path.read_bytes().split(b"\n", 3)
    assert (kind, size, most) == (b"P6", b"720 400", b"255")
    colours = {pixels[at:at + 3] for at in range(0, len(pixels), 3)}
    assert len(colours) >= 2
    lit = sum(pixels[at:at + 3] != b"\0\0\0"
              for at in range(0, len(pixels), 3))
    assert lit > 720 * 400 / 100


def test_stills_and_histories_are_shown():
    """The files of `make pictures` exist, and a text shows each of them."""
    loader = importlib.machinery.SourceFileLoader(
        "pictures", str(ROOT / "scripts" / "pictures"))
    made = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("pictures", loader))
    loader.exec_module(made)
    texts = "".join(path.read_text(encoding="utf-8") for path in
                    [ROOT / "README.md", *ROOT.glob("docs/*.md"),
                     *ROOT.glob("labs/*/README.md")])
    for name, *_ in [*made.MAPS, *made.HISTORIES]:
        assert (ROOT / "docs" / name).stat().st_size > 1000
        assert f"{name})" in texts, f"no text shows docs/{name}"
