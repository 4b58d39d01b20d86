"""What the desk says in JSON: the forms that the OpenAPI document tells of."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["Health", "LeaseState", "Place", "Places"]


class Health(BaseModel):
    """The desk answers and reaches its store."""

    status: str


class LeaseState(BaseModel):
    """Who is at a case now."""

    mine: bool
    holder: str
    until: str


class Place(BaseModel):
    """Something on a scan; corners in pixels of it."""

    layer: str
    label: str
    title: str
    level: str
    points: list[tuple[float, float]]


class Places(BaseModel):
    """What lies on a page; without a size, the original cannot be read."""

    size: tuple[int, int] | None
    covered: bool
    places: list[Place]
