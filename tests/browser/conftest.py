"""A real server with a real (painted) avatar, and a headless Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from emoga_server.bench import page as pages
from emoga_server.errors import ServerError

SIZE = {"width": 900, "height": 640}


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baked avatar of 6000 splats, named `mona`."""
    from emoga_server.bench.synthetic_avatar import write_synthetic_bundle

    return write_synthetic_bundle(tmp_path_factory.mktemp("avatars") / "mona.emoga", splats=6000)


@pytest.fixture(scope="session")
def address(kernels: None, bundle: Path) -> Iterator[str]:
    """Where a server shows `bundle`; all tests share it."""
    with pages.served(bundle, "--fps", "20") as url:
        yield url


@pytest.fixture(scope="session")
def kernels() -> None:
    """Has what an edit compiles in the disk's cache: in a fresh checkout a worker that compiles it beside a
    browser that draws without a GPU takes minutes."""
    from emoga_core.emote import EmotionRequest, make_emotion
    from emoga_server.bench.synthetic_avatar import synthetic_avatar

    make_emotion(synthetic_avatar("ada", 3000), EmotionRequest("sad", views=2, frames=1, size=64, steps=12))


@pytest.fixture(scope="module")  # while it lives, Playwright's event loop runs and forbids any other
def chromium() -> Iterator[Any]:
    """One browser for the tests of a file."""
    try:
        import playwright.sync_api  # noqa: F401

        pages.chromium()
    except (ImportError, ServerError) as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    with pages.browser() as browser:
        yield browser


class Tab:
    """A page with all that it said, and short ways to look at it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))

    def eval(self, expression: str) -> Any:
        """Value of a JavaScript expression."""
        return self.page.evaluate(f"() => {expression}")

    def wait(self, expression: str, seconds: float = 30.0) -> Any:
        """Polls until a JavaScript expression is true."""
        return pages.wait_for(self.page, expression, seconds)

    def weight(self, state: str) -> str:
        """JavaScript for the weight of a state on the face."""
        return f"emoga.weights[emoga.states.find((s) => s.name === '{state}').slot]"

    def picture(self) -> bytes:
        """PNG of the canvas, drawn now."""
        self.eval("new Promise((done) => { emoga.afterDraw.push(done); emoga.needsDraw = true; })")
        return self.page.locator("#view").screenshot()


@pytest.fixture
def open_tab(chromium: Any, address: str) -> Iterator[Callable[..., Tab]]:
    """Opens tabs, each in a fresh profile; drawn with few pixels to be quick."""
    with ExitStack() as stack:

        def opener(
            url: str = address,
            picture: bool = True,
            routes: Mapping[str, Callable[[Any], Any]] | None = None,
            **options: Any,
        ) -> Tab:
            context = (
                chromium.new_context(viewport=SIZE, **options)
                if "viewport" not in options
                else (chromium.new_context(**options))
            )
            stack.callback(context.close)
            tab = Tab(context.new_page())
            for pattern, handler in (routes or {}).items():
                tab.page.route(pattern, handler)
            path, hash_, token = url.partition("#")
            tab.page.goto(f"{path}?ratio=0.3{hash_}{token}")
            if picture:
                pages.wait_for_picture(tab.page)
            return tab

        yield opener


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Iterator[Tab]:
    """A tab on the shared server, everything neutral; it must not say anything on the console."""
    opened = open_tab()
    opened.eval("emoga.setWeights({}, { exclusive: true, duration: 0 })")
    opened.wait("emoga.weights.every((w) => w === 0)")
    yield opened
    assert opened.said == []
