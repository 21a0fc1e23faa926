"""Reads what a sentence asks of a face: words -> Action Units. Needs neither torch nor numpy.

Deterministic rules instead of a learned controller: an emotion word is a recipe of Action Units, a phrase
about a part of the face is another, intensity words scale, negations damp (the text -> AU idea follows
text-to-emotion controllers over the same units).
"""

from emoga_core.edit.prompts.errors import PromptError
from emoga_core.edit.prompts.naming import suggest_name
from emoga_core.edit.prompts.parser import read_prompt
from emoga_core.edit.prompts.reading import PromptReading
from emoga_core.edit.prompts.suggestions import SUGGESTIONS

__all__ = ["SUGGESTIONS", "PromptError", "PromptReading", "read_prompt", "suggest_name"]
