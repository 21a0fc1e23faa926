"""Pictures on disk <-> float32 arrays in [0, 1], with errors that name the file."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from emoga_core.captures.errors import CaptureError
from emoga_core.files import write_atomic

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"


def read_png(path: str | os.PathLike[str], background: float = 1.0) -> np.ndarray:
    """Reads a colour picture, (H, W, 3) float32 in [0, 1], RGB.

    8 and 16 bits, grey, RGB and RGBA; transparency is composited over the grey level `background`. JPEG and
    whatever else OpenCV decodes works too.

    Raises:
        CaptureError: the file is missing, empty, cut short or no picture.
    """
    pixels = _decode(Path(path))
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    colour = np.ascontiguousarray(pixels[:, :, 2::-1])
    if pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:]
        colour = colour * alpha + (1 - alpha) * np.float32(background)
    return colour


def read_mask(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a matte, (H, W) float32 in [0, 1]; of a colour picture the first of R, G, B is taken.

    Raises:
        CaptureError: the file is missing, empty, cut short or no picture.
    """
    pixels = _decode(Path(path))
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, 2])


def write_png(path: str | os.PathLike[str], image: object, *, durable: bool = True) -> None:
    """Writes an 8-bit PNG in one step; `image` as for `encode_png`.

    Raises:
        CaptureError: another shape, or numbers that are not finite.
    """
    write_atomic(Path(path), encode_png(image, name=str(path)), durable=durable)


def encode_png(image: object, *, name: str = "picture") -> bytes:
    """An 8-bit PNG: `image` is (H, W, 3) RGB, (H, W, 4) RGBA or (H, W) grey in [0, 1].

    NumPy array or CPU tensor; values outside the range are clamped.

    Raises:
        CaptureError: another shape, or numbers that are not finite; it begins with `name`.
    """
    detach = getattr(image, "detach", None)
    pixels = np.asarray(detach() if detach else image, np.float32)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)) or not pixels.size:
        raise CaptureError(f"{name}: a picture cannot have shape {pixels.shape}; give (H, W, 3) or (H, W)")
    if not np.isfinite(pixels).all():
        raise CaptureError(f"{name}: the picture to write holds numbers that are not finite")
    coded = np.rint(pixels.clip(0, 1) * 255).astype(np.uint8)
    if coded.ndim == 3:
        coded = coded[:, :, [2, 1, 0, 3][: coded.shape[2]]]
    done, data = cv2.imencode(".png", np.ascontiguousarray(coded), [cv2.IMWRITE_PNG_COMPRESSION, 4])
    if not done:
        raise CaptureError(f"{name}: OpenCV could not encode the picture")
    return data.tobytes()


def png_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """(height, width) of a picture; of a PNG only the header is read.

    Raises:
        CaptureError: the file is missing or no picture.
    """
    path = Path(path)
    head = _bytes(path, 24)
    if head[:8] == _PNG_SIGNATURE and len(head) == 24:
        return int.from_bytes(head[20:24], "big"), int.from_bytes(head[16:20], "big")
    height, width = _decode(path).shape[:2]
    return height, width


def _bytes(path: Path, count: int = -1) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(count)
    except FileNotFoundError:
        raise CaptureError(f"{path}: this picture is missing; copy it here again") from None
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None


def _decode(path: Path) -> np.ndarray:
    """(H, W), (H, W, 3) BGR or (H, W, 4) BGRA, float32."""
    data = _bytes(path)
    # OpenCV hands out a PNG that ends too early as a half-black picture.
    cut = data[:8] == _PNG_SIGNATURE and _PNG_END not in data[-64:]
    pixels = None
    if data and not cut:
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error:
            pixels = None
    if pixels is None or pixels.size == 0:
        raise CaptureError(f"{path}: not a picture, or damaged ({len(data)} bytes); export or copy it again")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise CaptureError(f"{path}: {pixels.dtype} pixels; convert it to an 8- or 16-bit PNG")
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
