"""Exports and erasures. Each app registers what it holds about whom; nothing here knows the other apps' tables."""
