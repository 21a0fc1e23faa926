"""Emotions made from words while everybody watches: orders, queue, the job in the worker, the commit."""
