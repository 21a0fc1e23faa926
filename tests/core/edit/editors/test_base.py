"""What holds for every editor, whatever it draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emoga_core.edit.editors import EDITORS
from emoga_core.edit.editors.base import (
    Capabilities,
    CheckedEditor,
    EditorOptions,
    EditProgress,
    EditRequest,
    SizePolicy,
    Step,
)
from emoga_core.edit.errors import EditCancelled, EditError
from emoga_core.errors import EmogaError

Make = Callable[..., EditRequest]


class Invert(CheckedEditor):
    """Turns every colour into its opposite, in three steps."""

    name = "invert"
    capabilities = Capabilities(text_scale_name="guidance")

    def draw(self, request: EditRequest, step: Step) -> NDArray[np.floating]:
        for done in range(3):
            step(done + 1, 3)
        return 1 - request.image


class Spoiled(Invert):
    """Inverts, then spoils the second picture."""

    def __init__(self, spoil: Callable[[NDArray[np.floating]], NDArray[np.floating]]) -> None:
        self.spoil = spoil
        self.drawn = 0

    def draw(self, request: EditRequest, step: Step) -> NDArray[np.floating]:
        self.drawn += 1
        picture = super().draw(request, step)
        return self.spoil(picture) if self.drawn == 2 else picture


def _nan(picture: NDArray[np.floating]) -> NDArray[np.floating]:
    picture[5, 6, 1] = np.nan
    return picture


def _raise(error: Exception) -> Callable[..., Any]:
    def spoil(_: Any) -> Any:
        raise error

    return spoil


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_nan, "not numbers"),
        (lambda picture: np.full_like(picture, np.inf), "not numbers"),
        (lambda picture: picture[:-1], r"shape \(63, 64, 3\), expected \(64, 64, 3\)"),
        (lambda picture: picture[..., 0], "shape"),
        (_raise(ZeroDivisionError("half-way\nthrough")), "failed: ZeroDivisionError: half-way through"),
        (
            _raise(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")),
            "lower the editor's working size",
        ),
        (_raise(MemoryError()), "out of memory"),
    ],
)
def test_bad_result_names_the_picture(make_request: Make, spoil: Any, says: str) -> None:
    finished = []
    with pytest.raises(EditError, match=says) as caught:
        Spoiled(spoil).edit(
            [make_request(name="front"), make_request(name="side")],
            progress=lambda p: finished.append(p) if p.picture is not None else None,
        )
    assert "invert: picture 2 of 2 (side)" in str(caught.value) and "\n" not in str(caught.value)
    assert [p.index for p in finished] == [0]  # the first was delivered


def test_own_errors_pass_through(make_request: Make) -> None:
    with pytest.raises(EmogaError, match=r"^look here$"):
        Spoiled(_raise(EmogaError("look here"))).edit([make_request()] * 2)


def test_mask_decides_what_changes(make_request: Make) -> None:
    request = make_request()
    [picture] = Invert().edit([request])
    assert picture.dtype == np.float32
    assert np.array_equal(picture[request.mask == 0], request.image[request.mask == 0])
    inverted = (1 - request.image).astype(np.float32)
    assert np.array_equal(picture[request.mask == 1], inverted[request.mask == 1])
    half = request.mask == 0.5
    assert half.any() and np.allclose(picture[half], 0.5, atol=1e-6)


@given(
    values=st.lists(st.floats(0, 1, width=32), min_size=12, max_size=12),
    mask=st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=4, max_size=4),
)
def test_outside_the_mask_every_bit_stays(values: list[float], mask: list[float]) -> None:
    image = np.array(values, np.float32).reshape(2, 2, 3)
    request = EditRequest(image, np.array(mask, np.float32).reshape(2, 2), "smile")
    [picture] = Invert().edit([request])
    closed = request.mask == 0
    assert picture[closed].tobytes() == image[closed].tobytes()


def test_result_is_clipped(make_request: Make) -> None:
    request = make_request()
    _, picture = Spoiled(lambda picture: picture * 5 - 2).edit([request, request])
    assert picture.min() >= 0 and picture.max() <= 1


def test_closed_mask_needs_no_drawing(make_request: Make) -> None:
    request = make_request(mask=np.zeros((64, 64), np.float32))
    [picture] = Spoiled(_raise(AssertionError())).edit([request])
    assert np.array_equal(picture, request.image) and picture is not request.image


def test_progress_counts_up(make_request: Make) -> None:
    seen: list[EditProgress] = []
    pictures = Invert().edit([make_request(), make_request()], progress=seen.append)
    assert [(p.index, p.step, p.steps) for p in seen[:5]] == [
        (0, 0, 1),
        (0, 1, 3),
        (0, 2, 3),
        (0, 3, 3),
        (0, 3, 3),
    ]
    assert [p.index for p in seen if p.picture is not None] == [0, 1]
    assert [p.picture for p in seen if p.picture is not None][1] is pictures[1]
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1


@pytest.mark.parametrize("calls", range(8))
def test_cancel_at_every_step(make_request: Make, calls: int) -> None:
    left = [calls]

    def stop() -> bool:
        left[0] -= 1
        return left[0] < 0

    with pytest.raises(EditCancelled, match=f"picture {calls // 4 + 1} of 2"):
        Invert().edit([make_request(), make_request()], stop=stop)
    assert left[0] == -1  # nothing is asked, and nothing drawn, after the yes


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"prompt": "  "}, "prompt is empty"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**32}, "seed"),
        ({"steps": 0}, "0 steps"),
        ({"steps": 5000}, "5000 steps"),
        ({"strength": 0.0}, "strength 0"),
        ({"strength": 1.5}, "strength 1.5"),
        ({"text_guidance": float("nan")}, "text guidance nan"),
        ({"image_guidance": -2.0}, "image guidance -2"),
        ({"mask": np.zeros((3, 4), np.float32)}, r"mask has shape \(3, 4\)"),
        ({"mask": np.full((64, 64), 255, np.float32)}, "mask has values outside"),
        ({"image": np.zeros((64, 64, 4), np.float32)}, "expected .height, width, 3"),
        ({"image": np.zeros((64, 64, 3), np.uint8)}, "type uint8"),
        ({"image": np.full((64, 64, 3), np.nan, np.float32)}, "picture has values outside"),
    ],
)
def test_senseless_requests(make_request: Make, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(EditError, match=says) as caught:
        Invert().edit([make_request(**fields)])
    assert "f000_c00" in str(caught.value)


def test_unsupported_knobs_are_reported(make_request: Make) -> None:
    bare = make_request(steps=None)
    assert Invert().unsupported(bare) == []
    full = make_request(negative="glasses", text_guidance=2.0, image_guidance=1.0, strength=0.5, steps=4)
    said = " / ".join(Invert().unsupported(full))
    assert all(word in said for word in ("negative", "image guidance", "strength", "steps"))
    assert "text guidance" not in said  # it has that one


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(EditError, match="takes no model"):
        Invert.make(EDITORS["guided"], EditorOptions(model="x/y"))
    assert isinstance(Invert.make(EDITORS["guided"], EditorOptions(device="cpu")), Invert)


@given(
    st.integers(8, 3000),
    st.integers(8, 3000),
    st.sampled_from([None, 64, 512, 1024]),
    st.sampled_from([1, 8, 16, 32]),
)
def test_working_size(height: int, width: int, side: int | None, multiple: int) -> None:
    fitted = SizePolicy(side, multiple).fit(height, width)
    assert all(length % multiple == 0 and length > 0 for length in fitted)
    scale = 1.0 if side is None else side / (height * width) ** 0.5
    for length, own in zip(fitted, (height, width), strict=True):
        assert abs(length - own * scale) <= multiple
