"""The viewer in a headless Chromium, beside a real server: what benchmarks and tests share."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emoga_server.errors import ServerError

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Software WebGL, and nothing that talks to the network by itself."""


def chromium() -> str:
    """The browser to run.

    Raises:
        ServerError: there is none.
    """
    names = [os.environ.get("EMOGA_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    for name in names:
        if name and (path := shutil.which(name)):
            return path
    raise ServerError("no Chromium found; install one, or name it in the environment variable EMOGA_CHROMIUM")


@contextlib.contextmanager
def served(bundle: Path, *options: str) -> Iterator[str]:
    """Runs `emoga serve BUNDLE`; gives the viewer's address."""
    emoga = [sys.executable, "-c", "from emoga_server.cli import main; main()"]
    process = subprocess.Popen(
        [*emoga, "serve", str(bundle), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if match := re.search(r"https?://\S+", line):
                yield match[0]
                return
        raise ServerError(f"the server did not start: {' '.join(lines)[-400:]}")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        process.stdout.close()


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium with software WebGL (a Playwright Browser)."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ServerError(
            "the browser benchmark drives Chromium with playwright: pip install playwright"
        ) from None
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        try:
            yield launched
        finally:
            launched.close()


def wait_for(page: Any, expression: str, seconds: float = 30.0) -> Any:
    """Polls a JavaScript expression until it is true (the page's content policy forbids doing so inside it).

    Raises:
        TimeoutError: it stayed false.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := page.evaluate(f"() => {expression}"):
            return value
        time.sleep(0.05)
    raise TimeoutError(f"still false after {seconds:g} s: {expression}")


def wait_for_picture(page: Any, seconds: float = 60.0) -> None:
    """Until the avatar has been drawn."""
    wait_for(page, "window.emoga && window.emoga.firstPicture > 0", seconds)


def still(page: Any, request: Mapping[str, Any]) -> np.ndarray:
    """The viewer's exact picture for a `Viewer.still` request: (H, W, 3) float32 in [0, 1]."""
    text = page.evaluate(
        """(request) => {
          const pixels = window.emoga.still(request), parts = [];
          for (let i = 0; i < pixels.length; i += 32768) {
            parts.push(String.fromCharCode(...pixels.subarray(i, i + 32768)));
          }
          return btoa(parts.join(''));
        }""",
        dict(request),
    )
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(request["height"], request["width"], 4)
    return pixels[..., :3].astype(np.float32) / 255
