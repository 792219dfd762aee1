"""Reads of billing that have a name."""
