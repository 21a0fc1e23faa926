"""`emoga bench browser`: the viewer in a headless Chromium with software WebGL."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from emoga_server.bench import Row

SPLATS = 40_000
VIEWS: tuple[tuple[float, dict[str, float]], ...] = (
    (0.0, {}),
    (0.6, {"happy": 1.0}),
    (-0.6, {"angry": 0.5, "sad": 0.4}),
    (1.4, {}),
    (3.0, {"surprised": 0.7}),
)

MEASURE = """() => {
  const viewer = window.emoga, { renderer, avatar } = viewer;
  const size = 512, runs = 40, pose = [], sort = [], draw = [];
  renderer.canvas.width = renderer.canvas.height = size;
  const camera = viewer.orbit.view(size, size), m = camera.worldToCamera;
  const motion = {
    expression: avatar.expression.slice(), joints: avatar.joints.slice(), translation: [0, 0, 0],
  };
  const weights = new Float64Array(avatar.weights.length);
  const animate = (k) => {
    // every expression moves and one emotion fades in, as in the middle of a transition
    for (let e = 0; e < motion.expression.length; e++) motion.expression[e] = 0.1 + 0.1 * Math.sin(k + e);
    motion.joints[4] = 0.2 * Math.sin(k * 0.1);
    if (weights.length) weights[0] = 0.5 + 0.5 * Math.sin(k * 0.2);
  };
  const time = (list, action) => {
    const start = performance.now();
    action();
    list.push(performance.now() - start);
  };
  for (let k = 0; k < runs; k++) {
    animate(k);
    time(pose, () => avatar.pose(motion, weights));
    time(sort, () => renderer.sorter.sort(avatar.rig.frames, m[8], m[9], m[10], m[11]));
  }
  for (let k = 0; k < 6; k++) {
    animate(k);
    time(draw, () => { avatar.pose(motion, weights); renderer.draw(camera); renderer.finish(); });
  }
  return { pose, sort, draw };
}"""


def run() -> list[Row]:
    """Serves a painted avatar of 40 000 splats and looks at it.

    Raises:
        EmogaError: there is no Chromium or no Playwright.
    """
    from emoga_server.bench import page as pages
    from emoga_server.bench.reference_picture import Reference
    from emoga_server.bench.synthetic_avatar import write_synthetic_bundle

    with tempfile.TemporaryDirectory() as folder, pages.browser() as browser:
        bundle = write_synthetic_bundle(Path(folder) / "bench.emoga", splats=SPLATS)
        with pages.served(bundle, "--fps", "30") as url:
            first = [_first_picture(browser, url) for _ in range(3)]
            page = browser.new_page(viewport={"width": 512, "height": 512})
            page.goto(f"{url}?ratio=0.25")
            pages.wait_for_picture(page)
            page.evaluate("() => { emoga.connection.close(); emoga.frames.clear(); }")
            times = page.evaluate(MEASURE)
            reference = Reference(bundle)
            decibels = []
            for yaw, weights in VIEWS:
                view = reference.view(yaw, weights)
                decibels.append(reference.psnr(view, pages.still(page, view.request())))
    script = statistics.median(times["pose"]) + statistics.median(times["sort"])
    return [
        Row("first_picture_ms", statistics.median(first), "ms", "< 2000"),
        Row("psnr_vs_python_db", statistics.mean(decibels), "dB", ">= 35"),
        Row("psnr_vs_python_worst_db", min(decibels), "dB", ">= 35"),
        Row("js_ms_per_frame_40k", script, "ms", "< 4"),
        Row("software_gl_fps_40k", 1000 / statistics.median(times["draw"]), "1/s", ">= 4"),
    ]


def _first_picture(browser: Any, url: str) -> float:
    """Milliseconds from opening the page, with nothing cached, to the avatar's first picture at 512 x 512."""
    from emoga_server.bench.page import wait_for_picture

    context = browser.new_context(viewport={"width": 512, "height": 512})
    try:
        page = context.new_page()
        page.goto(url, wait_until="commit")
        wait_for_picture(page)
        return float(page.evaluate("() => emoga.firstPicture"))
    finally:
        context.close()
        time.sleep(0.2)
