"""The ground under Huntaze: everything a bare machine with Python lacks before Django can start.

Standard library only: this code runs before the virtual environment exists.
"""
