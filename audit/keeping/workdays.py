"""Working days of a Vietnamese office: weekends, public holidays, and what the office adds.

Holidays with the days off in lieu come from the package ``holidays`` (Labour Code 2019, Art. 112;
Tết and the Hùng Kings' day by the lunar calendar; yearly notices of days that change places).
A year's notice may come after the package: an office writes such days into ``audit.toml``.
"""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["BY_LAW", "Workdays", "day_after", "is_workday"]


class Workdays(BaseModel):
    """``[workdays]``: where an office's calendar is another than the law's.

    Attributes:
        off: Days on which it is closed, e.g. days off in lieu.
        worked: Days on which it works though they are a weekend or a holiday.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    off: tuple[dt.date, ...] = ()
    worked: tuple[dt.date, ...] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> Workdays:
        both = sorted(set(self.off) & set(self.worked))
        if both:
            raise ValueError(f"{both[0]} stands under off and under worked")
        return self


BY_LAW = Workdays()


def is_workday(day: dt.date, calendar: Workdays = BY_LAW) -> bool:
    """Whether the office works on a day."""
    if day in calendar.worked or day in calendar.off:
        return day in calendar.worked
    import holidays

    known = holidays.country_holidays("VN", years=day.year)
    # A Saturday that is worked for a day off elsewhere is a working day of the package's, too.
    return known.is_working_day(day)


def day_after(start: dt.date, days: int, calendar: Workdays = BY_LAW) -> dt.date:
    """The last of so many working days after ``start``, which itself does not count."""
    day, left = start, days
    while left:
        day += dt.timedelta(days=1)
        left -= is_workday(day, calendar)
    return day
