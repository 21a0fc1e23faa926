"""Evaluation with known truth: how well emotions are recovered from edits that have gone wrong."""

from emoga_core.evaluate.corruption import LEVELS, Corruption, composite, corrupt, plan
from emoga_core.evaluate.errors import EvaluateError, EvaluateInterrupted
from emoga_core.evaluate.run import EvaluateOptions, Evaluation, Step, evaluate_emotions
from emoga_core.evaluate.table import METHOD_COLUMNS, Figure, case_rows, figures, method_rows
from emoga_core.evaluate.variants import VARIANTS

__all__ = [
    "LEVELS",
    "METHOD_COLUMNS",
    "VARIANTS",
    "Corruption",
    "EvaluateError",
    "EvaluateInterrupted",
    "EvaluateOptions",
    "Evaluation",
    "Figure",
    "Step",
    "case_rows",
    "composite",
    "corrupt",
    "evaluate_emotions",
    "figures",
    "method_rows",
    "plan",
]
