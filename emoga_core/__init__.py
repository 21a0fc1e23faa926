"""Avatars with emotions and how they are made: heads, rendering, captures, building. No network, no UI."""
