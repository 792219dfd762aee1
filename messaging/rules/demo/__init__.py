"""The invented world of a demo workspace: everything follows from a seed and a moment."""
