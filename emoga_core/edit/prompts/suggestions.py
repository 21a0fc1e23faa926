"""Prompts to offer to people who have none in mind."""

SUGGESTIONS: tuple[str, ...] = (
    "a subtle, tired smile",
    "happy but surprised",
    "furious, with bared teeth",
    "very sad, about to cry",
    "smug, one eyebrow raised",
    "laughing out loud",
    "afraid, wide open eyes",
    "disgusted, wrinkled nose",
    "a bittersweet smile",
    "shy, looking down",
    "calm, eyes closed",
    "a mischievous wink",
)
