"""Multi-view captures of a head: pictures, cameras and tracked parameters, as VHAP exports them."""

from emoga_core.captures.cameras import CaptureCamera
from emoga_core.captures.capture import Capture, CaptureFrame, HeadReference
from emoga_core.captures.errors import CaptureError
from emoga_core.captures.images import read_mask, read_png, write_png
from emoga_core.captures.parameters import FlameParameters
from emoga_core.captures.reader import read_capture
from emoga_core.captures.writer import CaptureWriter, default_split

__all__ = [
    "Capture",
    "CaptureCamera",
    "CaptureError",
    "CaptureFrame",
    "CaptureWriter",
    "FlameParameters",
    "HeadReference",
    "default_split",
    "read_capture",
    "read_mask",
    "read_png",
    "write_png",
]
