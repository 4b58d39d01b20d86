"""Answer labels of usual scales, Vietnamese and English, from the worst to the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit.intake.mapping import plain_label

__all__ = ["NOT_APPLICABLE", "scale_of", "usual_labels"]

# A place may have several labels, parted by a stroke.
_SCALES: tuple[tuple[str, ...], ...] = (
    (
        "rất không hài lòng | hoàn toàn không hài lòng",
        "không hài lòng",
        "bình thường | trung lập",
        "hài lòng",
        "rất hài lòng | hoàn toàn hài lòng",
    ),
    (
        "very dissatisfied | strongly dissatisfied | completely dissatisfied",
        "dissatisfied | somewhat dissatisfied",
        "neutral | neither satisfied nor dissatisfied",
        "satisfied | somewhat satisfied",
        "very satisfied | strongly satisfied | completely satisfied",
    ),
    (
        "rất không đồng ý | hoàn toàn không đồng ý",
        "không đồng ý",
        "trung lập | bình thường | phân vân",
        "đồng ý",
        "rất đồng ý | hoàn toàn đồng ý",
    ),
    (
        "strongly disagree",
        "disagree | somewhat disagree",
        "neutral | neither agree nor disagree",
        "agree | somewhat agree",
        "strongly agree",
    ),
    ("rất kém", "kém", "trung bình", "tốt", "rất tốt"),
    ("very poor", "poor", "average | fair", "good", "very good | excellent"),
    ("kém | yếu", "trung bình", "khá", "tốt"),
    ("poor", "average", "fair", "good"),
    ("không hài lòng", "bình thường", "hài lòng"),
    ("dissatisfied", "neutral", "satisfied"),
    ("chưa tốt", "tốt", "rất tốt"),
    ("không", "có"),
    ("no", "yes"),
)
NOT_APPLICABLE = frozenset(
    {
        *("n/a", "na", "not applicable", "does not apply", "-oth-", "không áp dụng"),
        *("không có phản ánh", "không phát sinh", "không sử dụng", "không biết", "kkd"),
    }
)


def scale_of(labels: Iterable[str], size: int) -> Mapping[str, int] | None:
    """Label -> place from 0 (worst), of the scale that holds every label that occurs.

    A number before the label is passed over: ``5. Rất hài lòng``, ``(5) Very satisfied``.
    """
    wanted = {plain_label(label): _bare(label) for label in labels}
    for scale in _SCALES:
        if len(scale) != size:
            continue
        places = {
            name.strip(): place for place, names in enumerate(scale) for name in names.split("|")
        }
        if all(bare in places for bare in wanted.values()):
            return {label: places[bare] for label, bare in wanted.items()}
    return None


def usual_labels(known: Mapping[str, int], size: int) -> Mapping[str, int]:
    """Every usual label of the scale that ``known`` labels are of, with its place.

    An export in which nobody was dissatisfied yet must be read when somebody is.
    """
    for scale in _SCALES:
        places = {
            name.strip(): place for place, names in enumerate(scale) for name in names.split("|")
        }
        bare = {_bare(label): place for label, place in known.items()}
        if len(scale) == size and bare and all(places.get(b) == p for b, p in bare.items()):
            return {name[:1].upper() + name[1:]: place for name, place in places.items()}
    return {}


def _bare(label: str) -> str:
    return plain_label(label.strip().lstrip("0123456789().-–: "))
