"""Lines too pale for the reading threshold, searched only in items that seem blank."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk

__all__ = ["FAINT", "faint_lines"]

FAINT = 0.7
"""Length in mm from which a pale line is worth a look; bare boxes stay below .5."""

# A pencil leaves dots on the tooth of the paper: they are averaged over half a line's width,
# and dots this far apart are one line.
_SMOOTH_MM = 0.2
_GAP_PX = 5
# What JPEG leaves of bare paper, smoothed.
_FLOOR = 0.03
_SPREADS = 2.0
# The printed outline's own blur reaches this far into a box, at 150 dpi.
_INSIDE_MM, _INSIDE_SHARE = 0.75, 0.22
# Light print of the blank, and how much darker than there it may be.
_PATTERN, _DARKER = np.float32(0.3), np.float32(1.3)


def faint_lines(groups: Sequence[BoxPatches], wanted: set[int], ink: PageInk) -> dict[int, float]:
    """Length in mm of the longest pale line inside each of the boxes at ``wanted``.

    Args:
        groups: The boxes.
        wanted: Positions on the page.
        ink: Levels of the page.
    """
    level = max(_FLOOR, _SPREADS * ink.noise)
    found = {}
    gap = np.ones((_GAP_PX, _GAP_PX), np.uint8)
    for group in groups:
        depth = min(_INSIDE_MM, _INSIDE_SHARE * min(group.box_size_mm))
        for row, i in enumerate(group.index.tolist()):
            if i not in wanted:
                continue
            inside = (group.distance < -depth) & (group.allowed[row] < 0.1)
            if not inside.any():
                continue
            # A pattern under the answers is as pale as what is looked for; scans may show it
            # somewhat darker than the blank.
            known = np.where(group.print_[row] < _PATTERN, group.print_[row], np.float32(0.0))
            bare = group.dark[row] - _DARKER * known
            smooth = cv2.GaussianBlur(bare, (0, 0), _SMOOTH_MM * PX_PER_MM)
            # Against the box's own paper: shadows and show-through are wide.
            line = inside & (smooth - np.float32(np.median(smooth[inside])) > level)
            count, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
                cv2.dilate(line.view(np.uint8), gap), 8, cv2.CV_32S, cv2.CCL_GRANA
            )
            sides = stats[1:count, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] - (_GAP_PX - 1)
            longest = float(np.hypot(sides[:, 0], sides[:, 1]).max()) if count > 1 else 0.0
            found[i] = longest / PX_PER_MM
    return found
