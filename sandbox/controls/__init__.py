"""The control API's handlers, split by use: observe (reads), steer (time, faults, settings), fans (deeds)."""
