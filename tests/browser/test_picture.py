"""The viewer's pixels against the Python rasteriser's, both from the same wire buffers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emoga_server.bench.page import still
from emoga_server.bench.reference_picture import Reference


@pytest.mark.parametrize(
    ("yaw", "weights"),
    [(0.0, {}), (0.6, {"happy": 1.0}), (-1.0, {"angry": 0.5, "sad": 0.4}), (2.6, {"surprised": 1.0})],
)
def test_picture_matches_the_python_rasteriser(
    open_tab: Any, bundle: Path, yaw: float, weights: dict[str, float]
) -> None:
    reference = Reference(bundle)
    view = reference.view(yaw, weights, size=256)
    tab = open_tab()
    tab.eval("emoga.connection.close()")
    assert reference.psnr(view, still(tab.page, view.request())) > 38
    # and it is no accident: another mood is another picture
    other = reference.view(yaw, {} if weights else {"happy": 1.0}, size=256)
    assert reference.psnr(other, still(tab.page, view.request())) < 38


def test_a_close_camera_and_an_off_centre_axis(open_tab: Any, bundle: Path) -> None:
    reference = Reference(bundle)
    view = reference.view(0.3, distance=0.28, size=256)
    tab = open_tab()
    tab.eval("emoga.connection.close()")
    assert reference.psnr(view, still(tab.page, view.request())) > 38
