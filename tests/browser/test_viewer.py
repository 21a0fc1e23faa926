"""The viewer as a person meets it: sliders, map, keys, touch, downloads; against a real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def _decode(png: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.float32)


def test_first_picture_shows_the_avatar(tab: Any) -> None:
    image = _decode(tab.picture())
    middle = image[
        image.shape[0] // 3 : image.shape[0] // 2, image.shape[1] // 2 - 20 : image.shape[1] // 2 + 20
    ]
    blue, _, red = middle.reshape(-1, 3).mean(0)
    assert red > blue + 15  # skin, over a bluish backdrop
    assert tab.page.locator("#overlay").is_hidden()
    assert tab.page.locator("#connection").inner_text() == "Live"
    assert "CC0" in tab.page.locator("#credit").inner_text()
    tab.wait(r"document.querySelector('#readout').innerText.includes('6\u2009000 splats')")
    assert "fps" in tab.page.locator("#readout").inner_text()


def test_slider_blends_the_emotion_and_its_name_chooses_it_alone(tab: Any) -> None:
    before = _decode(tab.picture())
    slider = tab.page.get_by_role("slider", name="happy")
    slider.focus()
    slider.press("End")
    tab.wait(f"{tab.weight('happy')} > 0.99")
    assert tab.wait("Math.abs((emoga.status.targets.happy ?? 0) - 1) < 0.01")
    assert np.abs(_decode(tab.picture()) - before).max() > 25
    tab.page.get_by_role("button", name="sad", exact=True).first.click()
    tab.wait(f"{tab.weight('sad')} > 0.99 && {tab.weight('happy')} < 0.01")
    tab.page.get_by_role("button", name="Neutral").click()
    tab.wait("emoga.weights.every((w) => w === 0)")
    tab.wait("[...document.querySelectorAll('.emotion output')].every((o) => o.textContent === '0')")


def test_dragging_a_slider_and_double_click_to_reset(tab: Any) -> None:
    slider = tab.page.get_by_role("slider", name="surprised")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    tab.page.mouse.move(box["x"] + 8, y)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
    tab.page.mouse.up()
    tab.wait(f"Math.abs({tab.weight('surprised')} - 0.6) < 0.08")
    slider.dblclick(position={"x": 5, "y": box["height"] / 2})
    tab.wait(f"{tab.weight('surprised')} === 0")


def test_feeling_map_by_label_drag_and_keyboard(tab: Any) -> None:
    tab.page.locator(".pad-point", has_text="angry").click()
    tab.wait(f"{tab.weight('angry')} > 0.99")
    dot = tab.page.get_by_role("slider", name="Feeling")
    tab.wait("Number(document.querySelector('.pad-dot').getAttribute('aria-valuenow')) < -0.6")
    dot.focus()
    dot.press("Home")
    tab.wait("emoga.weights.every((w) => w < 0.001)")
    for _ in range(8):
        dot.press("ArrowRight")
    tab.wait(f"{tab.weight('happy')} > 0.05")
    tab.page.locator(".pad").scroll_into_view_if_needed()
    box = tab.page.locator(".pad").bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.72, steps=4)
    tab.page.mouse.up()
    tab.wait(f"{tab.weight('sad')} > 0.4")
    total = tab.eval("emoga.weights.reduce((a, b) => a + b, 0)")
    assert total <= 1.0001


def test_keyboard_shortcuts(tab: Any) -> None:
    press = tab.page.keyboard.press
    press("1")
    tab.wait("emoga.weights[emoga.states[0].slot] > 0.99")
    press("0")
    tab.wait("emoga.weights.every((w) => w === 0)")
    playing = tab.eval("emoga.status.playing")
    press("Space")
    tab.wait(f"emoga.status.playing === {str(not playing).lower()}")
    press("Space")
    tab.wait(f"emoga.status.playing === {str(playing).lower()}")
    press("v")
    assert tab.eval("emoga.renderer.mode") == "mesh"
    assert tab.page.get_by_role("radio", name="Mesh").is_checked()
    mesh = _decode(tab.picture())
    press("v")
    points = _decode(tab.picture())
    press("v")
    splats = _decode(tab.picture())
    assert min(np.abs(mesh - points).mean(), np.abs(points - splats).mean(), np.abs(mesh - splats).mean()) > 1
    press("?")
    assert tab.page.get_by_role("dialog").is_visible()
    press("Escape")
    assert tab.page.get_by_role("dialog").is_hidden()
    press("b")
    assert tab.eval("document.documentElement.dataset.theme") == "light"
    corner = _decode(tab.picture())[200:210, 5:15].mean()
    press("b")
    assert corner > _decode(tab.picture())[200:210, 5:15].mean() + 80
    tab.page.locator("#view").focus()
    press("ArrowLeft")
    press("+")
    assert tab.eval("emoga.orbit.goal[0]") < 0
    assert tab.eval("emoga.orbit.goal[2]") < 0
    press("Home")
    assert tab.eval("emoga.orbit.goal.every((x) => x === 0)")


def test_mouse_turns_moves_and_zooms_within_limits(tab: Any) -> None:
    mouse = tab.page.mouse
    mouse.move(150, 200)
    mouse.down()
    mouse.move(210, 170, steps=3)
    mouse.up()
    assert tab.eval("emoga.orbit.goal[0]") < -0.3
    mouse.wheel(0, 400)
    tab.wait("emoga.orbit.goal[2] > 0.3")
    for _ in range(12):
        mouse.wheel(0, 2000)
    tab.wait("Math.abs(emoga.orbit.goal[2] - Math.log(4)) < 1e-9")
    mouse.down(button="right")
    mouse.move(260, 170, steps=2)
    mouse.up(button="right")
    assert tab.eval("emoga.orbit.goal[3]") != 0
    tab.page.locator("#view").dblclick(position={"x": 150, "y": 200})
    assert tab.eval("emoga.orbit.goal.every((x) => x === 0)")


def test_touch_on_a_phone(open_tab: Any) -> None:
    tab = open_tab(viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    touch = tab.page.context.new_cdp_session(tab.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]},
        )

    send("touchStart", (120, 180))
    send("touchMove", (190, 180))
    send("touchEnd")
    tab.wait("emoga.orbit.goal[0] < -0.2")
    send("touchStart", (150, 180), (240, 180))
    send("touchMove", (110, 180), (280, 180))
    send("touchEnd")
    tab.wait("emoga.orbit.goal[2] < -0.3")
    assert tab.eval("document.documentElement.scrollWidth") <= 390
    panel = tab.page.locator("#panel").bounding_box()
    assert panel["y"] > 300 and panel["width"] == 390
    tab.page.get_by_role("button", name="fear").first.tap()
    tab.wait(f"{tab.weight('fear')} > 0.99")
    tab.page.get_by_role("button", name="Neutral").tap()
    assert tab.said == []


def test_timeline_seeks_and_chooses_motions(tab: Any) -> None:
    range_ = tab.page.get_by_role("slider", name="Position in the motion")
    tab.page.get_by_role("button", name="Pause").click()
    tab.wait("emoga.status.playing === false")
    box = range_.bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    tab.wait("Math.abs(emoga.status.position - 3) < 0.4")
    tab.page.get_by_role("combobox", name="Motion").select_option("Idle only")
    tab.wait("emoga.status.motion === null")
    assert tab.page.get_by_role("button", name="Play").is_disabled()
    tab.page.get_by_role("combobox", name="Motion").select_option("talk")
    tab.wait("emoga.status.motion === 'talk'")
    tab.eval("emoga.play()")
    tab.wait("emoga.status.playing === true")
    idle = tab.page.get_by_role("switch", name="Idle motion")
    idle.click()
    tab.wait("emoga.status.idle.enabled === false")
    idle.click()
    tab.wait("emoga.status.idle.enabled === true")


def test_repeating_is_switched_while_paused(tab: Any) -> None:
    tab.eval("emoga.pause().then(() => null)")
    tab.wait("emoga.status.playing === false && emoga.status.loop === true")
    button = tab.page.get_by_role("button", name="Repeat")
    button.click()
    tab.wait("emoga.status.loop === false")
    assert tab.eval("emoga.status.playing") is False
    button.click()
    tab.wait("emoga.status.loop === true")
    tab.eval("emoga.play().then(() => null)")
    tab.wait("emoga.status.playing === true")


def test_transition_settings_travel_with_the_command(tab: Any) -> None:
    duration = tab.page.get_by_role("slider", name="Time")
    duration.focus()
    for _ in range(60):
        duration.press("ArrowRight")
    tab.page.get_by_role("combobox", name="Easing").select_option("linear")
    assert tab.eval("emoga.transition.duration") == 3 and tab.eval("emoga.transition.easing") == "linear"
    tab.page.locator(".emotion-name", has_text="happy").click()
    tab.wait("emoga.status.targets.happy > 0.99")
    seen = [tab.eval(tab.weight("happy")) for _ in range(20)]
    assert min(seen) < 0.9  # on its way, not there at once
    tab.wait(f"{tab.weight('happy')} > 0.99")


def test_screenshot_is_a_picture_of_the_canvas(tab: Any, tmp_path: Path) -> None:
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("button", name="Save a picture").click()
    download = waiting.value
    assert re.fullmatch(r"emoga-mona-\d{8}-\d{6}\.png", download.suggested_filename)
    download.save_as(tmp_path / "shot.png")
    image = _decode((tmp_path / "shot.png").read_bytes())
    assert image.shape[:2] == (tab.eval("emoga.canvas.height"), tab.eval("emoga.canvas.width"))
    assert image.std() > 10


def test_video_is_recorded(tab: Any, tmp_path: Path) -> None:
    button = tab.page.get_by_role("button", name="Record a video")
    button.click()
    tab.wait("document.querySelector('.recording') !== null")
    drawn = tab.eval("emoga.counters.since")
    tab.wait(f"emoga.counters.since > {drawn} + 1500")
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("button", name="Stop recording").click()
    waiting.value.save_as(tmp_path / "video")
    content = (tmp_path / "video").read_bytes()
    assert len(content) > 2000
    assert content[:4] == b"\x1aE\xdf\xa3" or content[4:8] == b"ftyp"
    assert waiting.value.suggested_filename.endswith((".webm", ".mp4"))


def test_the_picture_comes_back_after_the_graphics_card_was_lost(tab: Any) -> None:
    tab.eval("(window.lose = emoga.renderer.gl.getExtension('WEBGL_lose_context')).loseContext()")
    tab.wait("document.querySelector('.overlay-card h2').textContent.includes('graphics card')")
    assert tab.page.locator("#overlay").is_visible()
    tab.eval("lose.restoreContext()")
    tab.wait("!emoga.renderer.gl.isContextLost() && emoga.renderer.splatPass !== null")
    assert tab.page.locator("#overlay").is_hidden()
    image = _decode(tab.picture())
    assert image.std() > 10
    tab.said = [
        line for line in tab.said if "context" not in line.lower()
    ]  # the browser's own note of the loss


def test_labels_and_landmarks_for_screen_readers(tab: Any) -> None:
    unnamed = tab.eval(
        "[...document.querySelectorAll('button, input, select, [role=slider]')].filter((e) => "
        "!(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length)))"
        ".map((e) => e.outerHTML)"
    )
    assert unnamed == []
    assert tab.page.get_by_role("main").count() == 1 and tab.page.get_by_role("complementary").count() == 1
    assert tab.page.title() == "emoga"
