"""Wishes as instructions."""

from __future__ import annotations

import pytest

from emoga_core.edit.editors.instructions import THESIS_PROMPTS, instruction, join_negatives


@pytest.mark.parametrize(
    ("prompt", "becomes"),
    [
        ("happy", THESIS_PROMPTS["happy"]),
        ("  Angry. ", THESIS_PROMPTS["angry"]),
        ("Make her laugh", "Make her laugh"),
        ("what if he were tired?", "what if he were tired?"),
        ("could she smile?", "could she smile?"),
        ("a subtle,\n tired smile", "Give the person this facial expression: a subtle, tired smile"),
        ("openly amused", "Give the person this facial expression: openly amused"),
    ],
)
def test_instruction(prompt: str, becomes: str) -> None:
    assert instruction(prompt) == becomes


def test_reminder_is_a_sentence() -> None:
    assert instruction("Make her laugh", "Keep the hair.") == "Make her laugh. Keep the hair."
    assert instruction("happy", "Keep the hair.").endswith("face? Keep the hair.")


def test_negatives_join() -> None:
    assert join_negatives("teeth", " ", "", " glasses ") == "teeth, glasses"
    assert join_negatives("", "") == ""
