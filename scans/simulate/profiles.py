"""Scanners and phones, each with a character of its own."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.errors import UsageError
from scans.types import ScanClass

__all__ = ["HELD_OUT_PROFILES", "PROFILES", "ScannerProfile", "get_profile"]


@dataclass(frozen=True)
class ScannerProfile:
    """What a device does to a sheet.

    Attributes:
        scan_class: What its pictures are.
        dpi: Resolution; of a photo the rough mean.
        colour: Whether it keeps colour.
        blur_px: Deviation of the optics, in pixels of 300 dpi.
        sharpen: Strength of the device's own unsharp mask.
        noise: Deviation of the noise in grey levels, before the tone curve.
        black: Level that reads as black.
        white: Level of the sheet that reads as 255; below the paper's own it clips.
        gamma: Of the tone curve.
        cast: Gain of blue, green and red.
        skew_deg: Deviation of the skew.
        offset_mm: Deviation of the offset.
        feed_mm: Largest shift of an uneven feed; 0 is a flatbed.
        lid: Level beyond the paper's edge.
        encoding: ``jpeg``, ``png``, ``tiff_g4``, ``tiff_lzw``.
        quality: Range of the JPEG quality.
        subsampling: Chroma subsampling of the JPEG as Pillow counts it (0 is 4:4:4, 2 is 4:2:0).
        specks: Number of dust specks that stand at the same place on every page.
        streaks: Number of vertical lines from dirt in the feeder's slit.
        make: Maker and model written into the file.
        held_out: Never used for tuning.
    """

    name: str
    scan_class: ScanClass
    dpi: int = 300
    colour: bool = True
    blur_px: float = 0.7
    sharpen: float = 0.0
    noise: float = 1.6
    black: float = 12.0
    white: float = 262.0
    gamma: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    skew_deg: float = 0.4
    offset_mm: float = 0.8
    feed_mm: float = 0.0
    lid: int = 246
    encoding: str = "jpeg"
    quality: tuple[int, int] = (80, 92)
    subsampling: int = 2
    specks: int = 3
    streaks: int = 0
    make: tuple[str, str] = ("Acme", "Flat 300")
    held_out: bool = False


_ALL = (
    ScannerProfile(
        "flatbed", ScanClass.CONTINUOUS, cast=(0.985, 0.995, 1.0), make=("Brava", "FB-210")
    ),
    ScannerProfile(
        "flatbed_sharp", ScanClass.CONTINUOUS, blur_px=0.6, sharpen=0.55, noise=2.2, gamma=1.1,
        white=256.0, cast=(0.96, 0.985, 1.0), quality=(75, 82), subsampling=2, specks=5,
        lid=235, make=("Corda", "V370"),
    ),
    ScannerProfile(
        "adf", ScanClass.CLIPPED_COLOUR, blur_px=0.75, noise=2.4, black=22.0, white=226.0,
        gamma=1.05, skew_deg=0.7, offset_mm=1.5, feed_mm=1.0, lid=255, quality=(75, 85),
        specks=2, streaks=1, make=("Dorval", "fi-71"),
    ),
    # Paper just at the edge of burning out: half of its blocks are flat, as on real flatbeds
    # with automatic brightness.
    ScannerProfile(
        "flatbed_bright",
        ScanClass.CLIPPED_COLOUR,
        blur_px=0.9,
        noise=1.2,
        black=4.0,
        white=243.0,
        skew_deg=1.5,
        quality=(80, 90),
        lid=255,
        specks=4,
        make=("Noro", "LiDE 5"),
    ),
    ScannerProfile(
        "adf_grey", ScanClass.CLIPPED_GREY, colour=False, blur_px=0.8, sharpen=0.4, noise=2.2,
        black=30.0, white=218.0, skew_deg=0.9, offset_mm=1.5, feed_mm=1.5, lid=255,
        quality=(70, 85), specks=2, streaks=2, make=("Elmo", "DS-530"),
    ),
    ScannerProfile(
        "grey", ScanClass.CONTINUOUS, colour=False, noise=1.8, white=258.0, encoding="tiff_lzw",
        feed_mm=0.3, skew_deg=0.5, make=("Ferro", "Copy 4"),
    ),
    ScannerProfile(
        "fax", ScanClass.BITONAL, colour=False, blur_px=0.7, noise=6.0, skew_deg=0.8,
        offset_mm=1.5, feed_mm=1.2, lid=255, encoding="tiff_g4", specks=4, streaks=1,
        make=("Gamma", "MFP 22"),
    ),
    ScannerProfile(
        "office_200", ScanClass.CONTINUOUS, dpi=200, blur_px=0.9, noise=2.0, white=254.0,
        feed_mm=0.8, skew_deg=0.8, offset_mm=1.5, quality=(70, 80), specks=2, streaks=1,
        make=("Halo", "M428"),
    ),
    ScannerProfile(
        "office_150", ScanClass.CLIPPED_GREY, dpi=150, colour=False, blur_px=1.0, noise=2.4,
        black=20.0, white=222.0, feed_mm=0.8, skew_deg=0.8, offset_mm=1.5, lid=255,
        quality=(65, 78), make=("Halo", "M150"),
    ),
    ScannerProfile(
        "phone", ScanClass.PHOTO, dpi=250, blur_px=1.0, sharpen=0.5, noise=3.0, white=268.0,
        lid=110, quality=(80, 90), specks=0, make=("Ixa", "P7"),
    ),
    ScannerProfile(
        "flatbed_warm", ScanClass.CONTINUOUS, blur_px=0.85, sharpen=0.25, noise=1.2, gamma=0.92,
        white=266.0, cast=(0.94, 0.975, 1.0), subsampling=0, quality=(86, 95), lid=228,
        specks=4, make=("Juno", "S900"), held_out=True,
    ),
    ScannerProfile(
        "adf_fast", ScanClass.CLIPPED_COLOUR, blur_px=0.95, sharpen=0.8, noise=3.0, black=28.0,
        white=214.0, gamma=1.15, skew_deg=1.1, offset_mm=1.8, feed_mm=1.5, lid=255,
        quality=(62, 75), streaks=2, make=("Kato", "i2600"), held_out=True,
    ),
    ScannerProfile(
        "phone_dim", ScanClass.PHOTO, dpi=220, blur_px=1.3, sharpen=0.9, noise=5.0, white=280.0,
        cast=(0.86, 0.96, 1.0), lid=60, quality=(75, 85), specks=0, make=("Lumo", "A12"),
        held_out=True,
    ),
)  # fmt: skip

PROFILES: dict[str, ScannerProfile] = {profile.name: profile for profile in _ALL}
HELD_OUT_PROFILES: frozenset[str] = frozenset(p.name for p in _ALL if p.held_out)


def get_profile(name: str) -> ScannerProfile:
    """A profile by name.

    Raises:
        UsageError: For an unknown name.
    """
    if name not in PROFILES:
        raise UsageError(f"there is no scanner {name!r}", remedy=f"known are {', '.join(PROFILES)}")
    return PROFILES[name]
