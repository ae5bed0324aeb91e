# SPDX-License-Identifier: MIT
"""The ISO made from the prebuilt base, without GRUB and xorriso.  xorriso, which
shares nothing with scripts/fill-iso, reads it back."""
import lzma
import random
import subprocess

import pytest
from conftest import ROOT

from mallow import machine

BASE = ROOT / "iso" / "base.iso.xz"
BYTES_MOST = 1 << 20  # of the base, in the tree


def fill(tree, out, base=BASE):
    return subprocess.run([ROOT / "scripts" / "fill-iso", base, tree, out],
                          text=True, capture_output=True, check=False)


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read_back(iso, folder):
    """{name: content} of the files in an ISO that fill-iso puts there."""
    subprocess.run(["xorriso", "-osirrox", "on", "-indev",
                    f"stdio:{iso}", "-extract",
                    "/", folder], check=True, capture_output=True)
    subprocess.run(["chmod", "-R", "u+rwX", folder], check=True)
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def test_it_is_small():
    assert BASE.stat().st_size <= BYTES_MOST


@pytest.mark.parametrize("seed", range(3))
def test_what_goes_in_comes_out(tmp_path, seed):
    """Files of many sizes and names; all else in the base stays."""
    chance = random.Random(seed)
    files = {"boot/mallow.elf": chance.randbytes(chance.randrange(1 << 20)),
             "boot/grub/grub.cfg": chance.randbytes(chance.randrange(5000))}
    for number in range(chance.choice([0, 1, 40, 300])):
        name = "".join(chance.choices("abcxyz0-_.é ", k=chance.randrange(
            1, 90))).strip(". ") + f"{number}.rep"
        files[f"traces/{name}"] = chance.randbytes(chance.choice(
            [0, 1, 2047, 2048, 2049, chance.randrange(20000)]))
    write(tmp_path / "tree", files)
    done = fill(tmp_path / "tree", tmp_path / "out.iso")
    assert done.returncode == 0, done.stderr
    found = read_back(tmp_path / "out.iso", tmp_path / "found")
    (tmp_path / "base.iso").write_bytes(lzma.decompress(BASE.read_bytes()))
    before = read_back(tmp_path / "base.iso", tmp_path / "before")
    assert {name: found[name] for name in files} == files
    assert {name: content for name, content in found.items()
            if name not in files and name != "room"} == {
                name: content for name, content in before.items()
                if name not in files and name != "room"}


@pytest.mark.parametrize("files, said", [
    ({"boot/mallow.elf": bytes(9 << 20)}, "too little room"),
    ({"traces/" + "x" * 200: b""}, "name is too long"),
    ({"nowhere/file": b""}, "no nowhere"),
])
def test_what_does_not_fit_gets_a_line(tmp_path, files, said):
    write(tmp_path / "tree", files)
    done = fill(tmp_path / "tree", tmp_path / "out.iso")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("fill-iso: ") and said in done.stderr
    assert not (tmp_path / "out.iso").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", lzma.compress(b"x")])
def test_a_bad_base_gets_a_line(tmp_path, content):
    (tmp_path / "base").write_bytes(content)
    (tmp_path / "tree").mkdir()
    done = fill(tmp_path / "tree", tmp_path / "out.iso", tmp_path / "base")
    assert done.returncode == 1 and done.stderr.count("\n") == 1


def test_it_boots(tmp_path, boot):
    done = subprocess.run(
        [ROOT / "scripts" / "make-iso", ROOT / "build/gcc/mallow.elf",
         tmp_path / "x.iso", ROOT / "traces"], text=True, capture_output=True,
        check=False, env={"PATH": "/usr/bin:/bin", "BASE": "1"})
    assert done.returncode == 0, done.stderr
    guest = boot("stage=malloc", "replay=bash-arrays.rep", "quick", "exit",
                 iso=tmp_path / "x.iso").finish()
    assert guest.status == machine.FINE, guest.text
