"""Fields of the desk's forms: each with the most that it takes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form

__all__ = ["Query", "Secret", "Text", "Word", "Words"]

Word = Annotated[str, Form(max_length=200)]
"""A name, a number, a choice."""

Words = Annotated[str, Form(max_length=2000)]
"""A remark."""

Text = Annotated[str, Form(max_length=8000)]
"""What somebody explains at length."""

Query = Annotated[str, Form(max_length=2000)]
"""The query of the view that a form was filled in from."""

Secret = Annotated[str, Form(max_length=2000)]
"""A password."""
