"""What people ask for, put the way instruction-following editors were trained to hear it."""

from __future__ import annotations

import re

THESIS_PROMPTS = {
    "happy": "What if the person had a subtle smiling face?",
    "angry": "Make the person angry",
    "sad": "What if the person had a very sad face?",
    "surprised": "What if the person had surprised face with wide open eyes and raised eyebrows?",
}
"""Instructions that were found to work with UltraEdit on faces, for the bare names of four emotions."""

THESIS_NEGATIVE = "do not alter the hair or ears, do not add extra teeth, do not heavily alter the eyes"
"""Negative prompt found to hold UltraEdit to the face."""

KEEP = "Keep the same person, hairstyle, head pose, camera, lighting, clothes and background."
"""For models that follow long instructions."""

_INSTRUCTION = re.compile(
    r"(what if|make|turn|change|give|let|have|add|remove|put|raise|lower|open|close|narrow|widen|lift|pull"
    r"|show|set|edit|adjust|replace|transform|tilt|curl|purse|press|keep|please)\b",
    re.IGNORECASE,
)


def instruction(prompt: str, reminder: str = "") -> str:
    """`prompt` as an instruction: as it is when it is one, else wrapped ("a tired smile", "disgusted").

    `reminder` follows as a sentence of its own.
    """
    text = " ".join(prompt.split())
    known = THESIS_PROMPTS.get(text.rstrip(".!").lower())
    if known:
        text = known
    elif not (_INSTRUCTION.match(text) or text.endswith("?")):
        text = f"Give the person this facial expression: {text}"
    if reminder:
        text += f" {reminder}" if text.endswith((".", "!", "?")) else f". {reminder}"
    return text


def join_negatives(*texts: str) -> str:
    """Several negative prompts in one, without the empty ones."""
    return ", ".join(text.strip() for text in texts if text.strip())
