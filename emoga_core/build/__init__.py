"""From a multi-view capture to an avatar: start, optimisation, growing, scoring; and emotion states."""
