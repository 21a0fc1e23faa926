"""Emotions made from words in the page, against a real server with the guided editor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emoga_server.bench import page as pages

JOBS = "emoga.editing.jobs.visible()"
WATCH = """(() => {
  const seen = window.seen = { previews: 0, stages: [], loads: 0 };
  emoga.connection.addEventListener('stateput', (e) => { if (e.detail.provisional) seen.previews++; });
  emoga.connection.addEventListener('job', (e) => {
    if (seen.stages.at(-1) !== e.detail.stage) seen.stages.push(e.detail.stage);
  });
  emoga.addEventListener('progress', () => { seen.loads++; });
})()"""
ENDED = "['done', 'failed', 'cancelled']"


@contextmanager
def _studio(folder: Path, *options: str) -> Iterator[str]:
    from emoga_server.bench.synthetic_avatar import write_synthetic_bundle

    bundle: Path = write_synthetic_bundle(folder / "ada.emoga", splats=3000)
    (folder / "pictures").mkdir()
    small = ("--edit-size", "64", "--edit-views", "2", "--edit-frames", "1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(folder / "no-weights"))
        with pages.served(
            bundle, "--fps", "10", "--edit-folder", str(folder / "pictures"), *small, *options
        ) as url:
            yield url


@pytest.fixture(scope="module")
def studio(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server shows an avatar that these tests may change, with edits as small as they can be."""
    with _studio(tmp_path_factory.mktemp("studio")) as url:
        yield url


@pytest.fixture
def slow_studio(kernels: None, tmp_path: Path) -> Iterator[str]:
    """Another one, whose edits last until they are cancelled."""
    with _studio(tmp_path, "--edit-steps", "100000") as url:
        yield url


@pytest.fixture
def desk(studio: str, open_tab: Any) -> Iterator[Any]:
    """A tab on the studio; it must not say anything on the console."""
    tab = open_tab(studio)
    tab.wait("emoga.editing.editors.length > 0")
    yield tab
    assert tab.said == []


def _describe(tab: Any, prompt: str) -> Any:
    box = tab.page.get_by_role("textbox", name="Describe a feeling")
    box.fill(prompt)
    return box


def test_the_reading_follows_the_words(desk: Any) -> None:
    box = _describe(desk, "a subtle, tired smile")
    desk.wait("document.querySelector('.unit b')?.textContent === 'AU 12'")
    assert "lip corner puller" in desk.page.locator(".units").inner_text()
    name = desk.page.get_by_role("textbox", name="Name of the new emotion")
    assert name.input_value() == "subtle-tired-smile"
    name.fill("weary")
    box.fill("a subtle smile, but xylophonic")
    desk.wait("document.querySelector('.unit.unknown') !== null")
    assert "xylophonic" in desk.page.locator(".unit.unknown").inner_text()
    note = desk.page.locator(".reading-note").inner_text()
    assert "the guided editor cannot" in note
    assert name.input_value() == "weary"  # chosen by hand: it stays
    box.fill("happy, no brow raise")
    desk.wait("document.querySelector('.unit.held') !== null")
    box.fill("")
    desk.wait("document.querySelectorAll('.unit').length === 0")
    assert desk.page.locator(".suggestions").is_visible()
    desk.page.get_by_role("button", name="happy but surprised").click()
    desk.wait("document.querySelectorAll('.unit').length > 2")
    assert name.input_value() == "happy-surprised"


def test_an_editor_that_is_not_ready_says_why(desk: Any) -> None:
    _describe(desk, "happy")
    desk.page.get_by_text("Options").click()
    make = desk.page.get_by_role("button", name="Make")
    desk.wait("!document.querySelector('.make-button').disabled")
    desk.page.get_by_role("combobox", name="Editor").select_option("ultraedit")
    assert make.is_disabled()
    assert "hf download" in desk.page.locator(".options .hint").inner_text()
    desk.page.get_by_role("combobox", name="Editor").select_option("guided")
    assert make.is_enabled()
    desk.page.get_by_label("Seed").fill("-3")
    make.click()
    problem = desk.page.locator(".problem").first
    assert "seed" in problem.inner_text().lower()


def test_a_name_that_cannot_be_used_is_one_clear_line(desk: Any) -> None:
    box = _describe(desk, "happy")
    desk.wait("document.querySelectorAll('.unit').length > 0")
    desk.page.get_by_role("textbox", name="Name of the new emotion").fill("../up")
    box.press("Enter")
    desk.wait("!document.querySelector('.problem').hidden")
    words = desk.page.locator(".problem").first.inner_text()
    assert "../up" in words and "\n" not in words
    assert box.input_value() == "happy"  # nothing typed is lost
    assert desk.eval(JOBS) == []
    box.press("End")
    box.type(" now")
    assert desk.page.locator(".problem").first.is_hidden()


def test_cancelled_while_it_waits_and_while_it_runs(slow_studio: str, open_tab: Any) -> None:
    desk = open_tab(slow_studio)
    desk.wait("emoga.editing.editors.length > 0")
    for prompt in ("angry", "very sad, about to cry"):
        _describe(desk, prompt)
        desk.wait("document.querySelectorAll('.unit').length > 0")
        desk.page.keyboard.press("Control+Enter")
        desk.wait(f"{JOBS}.some((job) => job.prompt === '{prompt}')")
    states = desk.eval("emoga.states.map((state) => state.name)")
    assert desk.eval("document.scrollingElement.scrollTop") == 0  # only the panel scrolls
    other = open_tab(slow_studio)  # anybody sees and may cancel
    other.wait(f"{JOBS}.length === 2")
    waiting = other.page.locator(".job", has_text="about to cry")
    assert "Waiting for one edit" in waiting.inner_text()
    waiting.get_by_role("button", name="Cancel").click()
    for tab in (desk, other):
        tab.wait(f"{JOBS}.some((job) => job.stage === 'cancelled')")
    desk.page.locator(".job", has_text="“angry”").get_by_role("button", name="Cancel").click()
    desk.wait(f"{JOBS}.every((job) => job.stage === 'cancelled')", 60)
    desk.wait(f"JSON.stringify(emoga.states.map((s) => s.name)) === JSON.stringify({states})")
    while desk.page.get_by_role("button", name="Dismiss").count():
        desk.page.get_by_role("button", name="Dismiss").first.click()
    assert desk.page.locator(".jobs").is_hidden()
    assert desk.said == [] and other.said == []


def test_rename_history_and_delete_of_a_state(desk: Any) -> None:
    page = desk.page
    more = page.get_by_role("button", name="About fear")
    more.click()
    desk.wait("document.querySelectorAll('.version').length === 1")
    assert "Not made from words" in page.locator(".versions").inner_text()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="New name").fill("happy")
    page.keyboard.press("Enter")
    desk.wait("!document.querySelector('.details .problem').hidden")
    assert "happy" in page.locator(".details .problem").inner_text()
    page.get_by_role("textbox", name="New name").fill("dread")
    page.keyboard.press("Enter")
    desk.wait("emoga.states.some((state) => state.name === 'dread')")
    desk.eval("emoga.setWeights({ dread: 1 }, { exclusive: true, duration: 0 })")
    desk.wait(f"{desk.weight('dread')} > 0.99")  # its data is still here
    page.get_by_role("button", name="About dread").click()
    page.get_by_role("button", name="Delete").click()
    assert page.get_by_role("button", name="Keep").evaluate("(e) => e === document.activeElement")
    page.keyboard.press("Escape")
    assert page.get_by_role("button", name="Rename").is_visible()
    page.get_by_role("button", name="Delete").click()
    page.locator(".details-foot .danger").click()
    desk.wait("!emoga.states.some((state) => state.name === 'dread')")
    assert page.locator(".details").count() == 0


def test_a_failed_edit_says_why_and_leaves_the_face_alone(desk: Any) -> None:
    before = desk.eval("emoga.states.map((state) => state.name)")
    _describe(desk, "happy")
    desk.page.get_by_text("Options").click()
    desk.page.get_by_role("combobox", name="Editor").select_option("folder")
    desk.wait("!document.querySelector('.make-button').disabled")
    desk.page.get_by_role("textbox", name="Name of the new emotion").fill("jolly")
    desk.page.get_by_role("button", name="Make").click()
    desk.wait(
        f"{JOBS}.some((job) => job.stage === 'failed') || !document.querySelector('.problem').hidden", 90
    )
    words = desk.page.locator(".job-message, .prompt .problem").filter(visible=True).first.inner_text()
    assert "pictures" in words and "Error" not in words
    desk.wait(f"JSON.stringify(emoga.states.map((s) => s.name)) === JSON.stringify({before})")


def test_a_server_without_editing_says_so(open_tab: Any, bundle: Path) -> None:
    with pages.served(bundle, "--fps", "5", "--no-edit") as url:
        tab = open_tab(url)
        box = tab.page.get_by_role("textbox", name="Describe a feeling")
        assert box.is_disabled()
        assert "without editing" in tab.page.locator(".prompt-reason").inner_text()
        assert tab.page.get_by_role("button", name="About happy").count() == 0
        assert tab.said == []
        tab.page.context.close()


@pytest.mark.slow
def test_the_face_changes_while_it_is_made_and_goes_back(desk: Any) -> None:
    page = desk.page
    desk.eval(WATCH)
    desk.eval("emoga.setWeights({}, { exclusive: true, duration: 0 })")
    _describe(desk, "a subtle, tired smile")
    desk.wait("document.querySelectorAll('.unit').length > 0")
    page.get_by_role("textbox", name="Name of the new emotion").fill("weary")
    page.get_by_role("button", name="Make").click()
    desk.wait(f"{JOBS}.length > 0")
    desk.wait(f"document.querySelectorAll('.thumb').length === 2 || {ENDED}.includes({JOBS}[0].stage)", 120)
    assert page.locator(".thumb").count() == 2, desk.eval(f"{JOBS}[0].message")
    assert page.locator(".pair img").first.evaluate("(e) => e.complete && e.naturalWidth") > 0
    desk.wait("seen.previews > 0", 120)
    desk.wait(f"{desk.weight('weary')} > 0.5")  # shown before it is done
    desk.wait(f"{JOBS}.some((job) => {ENDED}.includes(job.stage))", 180)
    assert desk.eval(f"{JOBS}[0].stage") == "done", desk.eval(f"{JOBS}[0].message")
    assert desk.eval("seen.stages.includes('editing') && seen.stages.includes('optimising')")
    assert desk.eval("seen.loads") == 0  # the avatar was not loaded again
    desk.wait(f"{desk.weight('weary')} > 0.99")
    assert page.locator(".emotion[data-new]").count() == 1
    assert page.get_by_role("slider", name="weary").is_visible()

    # before and after: without it on the left
    page.keyboard.press("Escape")
    desk.eval("emoga.setWipe({ on: true })")
    assert page.get_by_role("combobox", name="Left of the line").input_value() == "edit"
    desk.eval("emoga.setWipe({ on: false })")

    # made anew, then back to the first version
    first = desk.eval("emoga.states.find((s) => s.name === 'weary').blob.sha256")
    page.get_by_role("button", name="About weary").click()
    page.get_by_role("button", name="Describe anew").click()
    box = _describe(desk, "furious, with bared teeth")
    desk.wait("document.querySelector('.unit b')?.textContent === 'AU 4'")
    assert "Remake" in page.locator(".make-button").inner_text()
    box.press("Enter")
    desk.wait(f"{JOBS}.filter((job) => job.stage === 'done').length === 2", 180)
    assert desk.eval("emoga.states.find((s) => s.name === 'weary').blob.sha256") != first
    desk.wait("document.querySelectorAll('.version').length === 2")
    assert "furious" in page.locator(".version[data-current]").inner_text()
    page.get_by_role("button", name="Revert").click()
    desk.wait(f"emoga.states.find((s) => s.name === 'weary').blob.sha256 === '{first}'")
    desk.wait("document.querySelector('.version[data-current]').innerText.includes('tired')")
    assert desk.eval("emoga.avatar.earlier.name") == "weary"  # the wipe compares with what was in use
