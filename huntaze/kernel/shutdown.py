"""Tells long-running jobs that their worker is going down.

The page is shared by a worker and the children that it forks afterwards: the parent hears the signal, the children
look at the flag.
"""

import mmap

_flag = mmap.mmap(-1, 1)


def announce() -> None:
    _flag[0] = 1


def is_announced() -> bool:
    return _flag[0] == 1
