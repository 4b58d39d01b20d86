"""Tables of a round for other programs, safe to open in a spreadsheet."""

from audit.export.files import csv_text, json_text, write_frame
from audit.export.tables import frame_of, shared_frame

__all__ = ["csv_text", "frame_of", "json_text", "shared_frame", "write_frame"]
