"""Several people, broken connections, tokens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from emoga_server.bench import page as pages


def test_two_tabs_stay_in_step_and_local_mixing_stays_local(open_tab: Any) -> None:
    first, second = open_tab(), open_tab()
    first.eval("emoga.setWeights({ happy: 0.7 }, { exclusive: true, duration: 0.1 })")
    for tab in (first, second):
        tab.wait(f"Math.abs({tab.weight('happy')} - 0.7) < 0.01")
    second.wait("document.querySelector('.emotion output').textContent === '70'")
    second.page.get_by_role("radio", name="Only me").check()
    second.eval("emoga.setWeights({ sad: 0.3 }, { duration: 0 })")
    second.wait(
        f"Math.abs({second.weight('sad')} - 0.3) < 0.01 && Math.abs({second.weight('happy')} - 0.7) < 0.01"
    )
    first.eval("emoga.setWeights({ happy: 0.2 }, { duration: 0 })")
    first.wait(f"Math.abs({first.weight('happy')} - 0.2) < 0.01")
    assert first.eval(first.weight("sad")) == 0
    assert abs(second.eval(second.weight("happy")) - 0.7) < 0.01
    second.page.get_by_role("radio", name="Everybody").check()
    second.wait(f"Math.abs({second.weight('happy')} - 0.2) < 0.01")
    first.eval("emoga.setWeights({}, { exclusive: true, duration: 0 })")
    assert first.said == [] and second.said == []


def test_it_reconnects_after_the_server_restarts(open_tab: Any, bundle: Path) -> None:
    with pages.served(bundle, "--fps", "10") as url:
        tab = open_tab(url)
        port = url.rstrip("/").rsplit(":", 1)[1]
    tab.wait("emoga.connection.state === 'waiting'")
    assert tab.page.locator(".banner").is_visible()
    assert "Next try" in tab.page.locator(".banner").inner_text()
    assert tab.picture()  # the last pose stays
    newest = "(emoga.frames.frames.at(-1)?.time ?? 0)"
    before = tab.eval(newest)
    with pages.served(bundle, "--fps", "10", "--port", port):
        tab.wait("document.querySelector('.banner button').click() || emoga.connection.state === 'live'")
        tab.wait(f"{newest} !== {before}")
        assert tab.page.locator(".banner").is_hidden()
    tab.page.context.close()


def test_a_wrong_token_is_said_in_words(open_tab: Any, bundle: Path) -> None:
    with pages.served(bundle, "--fps", "5", "--token", "correct-horse") as url:
        tab = open_tab(url)
        assert tab.eval("emoga.avatar.splats.count") == 6000
        wrong = open_tab(url.partition("#")[0] + "#token=wrong-horse-1", picture=False)
        wrong.wait("emoga.connection.state === 'failed'")
        words = wrong.page.locator(".overlay-card").inner_text() + wrong.page.locator(".banner").inner_text()
        assert "token" in words.lower()


def test_a_server_gone_for_good_does_not_spin(open_tab: Any, bundle: Path) -> None:
    with pages.served(bundle, "--fps", "5") as url:
        tab = open_tab(url)
    tab.wait("emoga.connection.attempt >= 2")
    assert tab.eval("emoga.connection.attempt") < 10
    tab.eval("emoga.connection.close()")
    assert tab.eval("emoga.connection.state") == "idle"


def test_messages_while_the_avatar_loads_do_not_lose_it(open_tab: Any, address: str) -> None:
    held: list[Any] = []
    tab = open_tab(address, picture=False, routes={"**/blob/*": lambda route: held.append(route)})
    deadline = time.monotonic() + 60
    while len(held) < 8 and time.monotonic() < deadline:  # head, splats, six emotions
        tab.page.wait_for_timeout(50)
    assert len(held) == 8
    # play and pause make the server repeat its status while everything is still on its way
    tab.wait("emoga.connection.state === 'live' && emoga.status !== null")
    tab.eval("emoga.pause().then(() => emoga.play()).then(() => null)")
    tab.page.wait_for_timeout(300)
    assert "Loading" in tab.page.locator(".overlay-card").inner_text()
    for route in held:
        route.continue_()
    tab.wait("emoga.firstPicture > 0")
    assert tab.page.locator("#overlay").is_hidden()
    assert tab.said == []


def test_blobs_come_over_the_websocket_where_http_does_not_get_through(open_tab: Any, address: str) -> None:
    tab = open_tab(address, picture=False, routes={"**/blob/*": lambda route: route.abort()})
    tab.wait("emoga.firstPicture > 0")
    assert tab.eval("emoga.avatar.splats.count") == 6000
    assert tab.eval("emoga.avatar.deltas.every((delta) => delta !== null)")
    assert tab.page.locator("#overlay").is_hidden()
    missing = (
        "emoga.connection.blob({ sha256: '0'.repeat(64), size: 9, kind: 'head' }).catch((e) => e.message)"
    )
    assert "no blob" in tab.eval(missing)


def test_a_wild_drag_does_not_flood_the_server_and_its_end_counts(open_tab: Any) -> None:
    tab = open_tab()
    tab.eval("Object.assign(emoga.connection.socket, { first: true })")
    before = tab.eval("emoga.connection.nextRequest")
    tab.eval("""new Promise((done) => {
      const inputs = [...document.querySelectorAll('.emotion input')];
      let n = 0;
      const drag = () => {
        for (let i = 0; i < 12; i++) {
          const input = inputs[++n % inputs.length];
          input.value = String((n % 100) / 100);
          input.dispatchEvent(new Event('input', { bubbles: true }));
          emoga.seek(n / 1000);
        }
        if (n < 600) setTimeout(drag, 4);
        else done(null);
      };
      drag();
    })""")
    tab.page.keyboard.press("0")
    tab.wait("Object.values(emoga.status.targets).every((weight) => weight === 0)")
    tab.wait("emoga.weights.every((weight) => weight === 0)")
    assert tab.eval("emoga.connection.nextRequest") - before < 400  # of 1200 wishes
    assert tab.eval("emoga.connection.socket.first")
    assert tab.said == []
