"""What was made lately, kept so that it need not be made again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["Recent"]

V = TypeVar("V")


class Recent(Generic[V]):
    """The last few values by key; each is made once, also when several ask at a time."""

    def __init__(self, size: int) -> None:
        """Keep ``size`` values."""
        self._size = size
        self._values: OrderedDict[Any, V] = OrderedDict()
        self._making: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()

    def peek(self, key: Any) -> V | None:
        """The value of a key, if it is kept; its age stays as it is."""
        with self._lock:
            return self._values.get(key)

    def holds(self, key: Any) -> bool:
        """Whether the value of a key is kept."""
        with self._lock:
            return key in self._values

    def get(self, key: Any, make: Callable[[], V]) -> V:
        """The value of a key, made where it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            try:
                value = make()
                with self._lock:
                    self._values[key] = value
                    while len(self._values) > self._size:
                        self._values.popitem(last=False)
                return value
            finally:
                with self._lock:
                    self._making.pop(key, None)
