"""How many numbers each rule keeps beside the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def state_numbers(init: Callable[[Any], Any], shape: tuple[int, ...]) -> int:
    """The numbers in a rule's state for one array of ``shape``, its step count apart.

    Examples
    --------
    For a matrix of 100 by 50: Adam 2 a parameter, Lion and Muon 1, Adam-mini 1
    and one a row, Adafactor one a row and one a column.

    >>> from adam_lib import AFTER, adam_init
    >>> state_numbers(adam_init, (100, 50))
    10000
    >>> for name in ("Lion", "Muon", "Adam-mini", "Adafactor", "Shampoo", "SOAP"):
    ...     print(name, state_numbers(AFTER[name][0], (100, 50)))
    Lion 5000
    Muon 5000
    Adam-mini 5100
    Adafactor 150
    Shampoo 12500
    SOAP 35000
    """
    state = init(np.zeros(shape))
    return sum(x.size for x in state if isinstance(x, np.ndarray))
