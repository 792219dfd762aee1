"""Refusals of billing."""
