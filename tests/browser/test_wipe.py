"""Before and after, side by side on the canvas."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest


def _canvas(tab: Any) -> np.ndarray:
    """The canvas' own pixels, (H,W,3) float32, without what lies above it."""
    data = tab.eval(
        "emoga.screenshot().then((blob) => new Promise((done) => { const reader = new FileReader();"
        "reader.onload = () => done([...new Uint8Array(reader.result)]); reader.readAsArrayBuffer(blob); }))"
    )
    image = cv2.imdecode(np.array(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.float32)


@pytest.fixture
def still_tab(tab: Any) -> Any:
    """A tab whose face keeps still, so that pictures can be compared to the pixel."""
    tab.eval("emoga.connection.close()")
    tab.page.wait_for_timeout(300)
    tab.eval("emoga.setMixing('local')")
    return tab


def _mix(tab: Any, weights: str) -> np.ndarray:
    tab.eval(f"emoga.setWeights({weights}, {{ exclusive: true, duration: 0 }}) && null")
    tab.page.wait_for_timeout(250)
    return _canvas(tab)


@pytest.mark.parametrize("mode", ["splats", "mesh", "points"])
def test_left_of_the_line_is_neutral_and_right_of_it_is_now(still_tab: Any, mode: str) -> None:
    tab = still_tab
    tab.eval(f"emoga.setDisplay('{mode}')")
    neutral, happy = _mix(tab, "{}"), _mix(tab, "{ happy: 1 }")
    tab.eval("emoga.setWipe({ on: true, position: 0.5 })")
    both = _canvas(tab)
    middle = both.shape[1] // 2
    np.testing.assert_array_equal(both[:, : middle - 1], neutral[:, : middle - 1])
    np.testing.assert_array_equal(both[:, middle + 1 :], happy[:, middle + 1 :])
    assert np.abs(neutral - happy)[:, : middle - 1].max() > 8  # or there would be nothing to compare
    tab.eval("emoga.setWipe({ position: 0 })")
    np.testing.assert_array_equal(_canvas(tab), happy)
    tab.eval("emoga.setWipe({ position: 1 })")
    np.testing.assert_array_equal(_canvas(tab), neutral)
    tab.eval("emoga.setWipe({ on: false })")
    np.testing.assert_array_equal(_canvas(tab), happy)


def test_the_line_is_dragged_and_moved_with_keys(tab: Any) -> None:
    page = tab.page
    page.get_by_role("button", name="Before and after").click()
    grip = page.get_by_role("slider", name="Before and after")
    box = grip.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 90, y + 5, steps=4)
    page.mouse.up()
    width = tab.eval("emoga.canvas.clientWidth")
    assert abs(tab.eval("emoga.wipe.position") - (x - 90) / width) < 0.01
    assert tab.eval("emoga.orbit.goal[0]") == 0  # the camera stayed
    page.keyboard.press("End")
    assert tab.eval("emoga.wipe.position") == 1
    page.keyboard.press("ArrowLeft")
    assert abs(tab.eval("emoga.wipe.position") - 0.98) < 1e-9
    assert "98 percent neutral" in grip.get_attribute("aria-valuetext")
    page.keyboard.press("Home")
    assert tab.eval("emoga.wipe.position") == 0
    page.keyboard.press("Escape")
    assert not tab.eval("emoga.wipe.on") and grip.is_hidden()
    page.keyboard.press("w")
    assert grip.is_visible()
    assert page.get_by_role("button", name="Before and after").get_attribute("aria-pressed") == "true"
    page.keyboard.press("w")
