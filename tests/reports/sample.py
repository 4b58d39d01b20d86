"""A made-up round, realistic in size and numbers, for tests and for looking at pages.

Names are invented; the shape (63 local units, 353 forms, a pooled share of 97.7 %) follows
published results.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from detectors.finding import Message, Severity
from reports import views as v
from reports.wording import kind_title

ROUND = v.RoundIdentity(
    id="2026-Q3",
    title=Message(
        "Đo lường mức độ hài lòng quý III năm 2026", "Satisfaction survey, third quarter of 2026"
    ),
    period_from=date(2026, 7, 1),
    period_to=date(2026, 9, 30),
    channels=("paper", "vneid"),
    method_break=Message(
        "từ kỳ này bổ sung kênh VNeID bên cạnh phiếu giấy",
        "from this round VNeID is added to paper forms",
    ),
)
INSTRUMENT = v.InstrumentIdentity(
    "HL-01", "2026.1", Message("Phiếu khảo sát mức độ hài lòng", "Satisfaction survey form")
)
EXCELLENT = Message("Xuất sắc", "Excellent")
GOOD = Message("Tốt", "Good")
PROVENANCE = v.Provenance(
    run_id="20261001-0130-7f3a",
    generated_from="kho dữ liệu của kỳ 2026-Q3",
    as_of=datetime(2026, 10, 1, 1, 30, tzinfo=UTC),
    rule_set="hai-long-2026, hiệu lực từ 01/01/2026",
    trail_head="b7c1d0f4a9e2c35d8f60a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6",
    versions=(("survey-audit", "0.1.0"), ("erasure.fluid", "1"), ("uniformity.straightline", "1")),
    parameters=(("Tỷ lệ cờ sai chấp nhận", "1%"), ("e", "5%"), ("seed", "0")),
    hashes=(
        ("audit.toml", "3c59dc048e8850243be8079a5c74d0795cbbcd79a4b1b1a1a6e3b1a0c1f0d2e3"),
        ("HL-01", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ),
)


def crop(seed: int, *, erased: bool = True) -> bytes:
    """A small JPEG that looks like a row of answer boxes with a wiped one."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (360, 150), (247, 245, 240))
    draw = ImageDraw.Draw(image)
    for column in range(5):
        x = 22 + column * 68
        draw.rectangle((x, 50, x + 46, 96), outline=(70, 70, 75), width=3)
    if erased:
        draw.line((34, 60, 60, 86), fill=(196, 198, 210), width=5)
        draw.line((60, 60, 34, 86), fill=(200, 202, 214), width=5)
        draw.ellipse((20, 44, 78, 104), outline=(236, 234, 228), width=9)
    shift = int(rng.integers(-5, 6))
    draw.line((300 + shift, 56, 336, 92), fill=(26, 40, 120), width=6)
    draw.line((336, 58 + shift, 300, 90), fill=(26, 40, 120), width=6)
    grain = rng.normal(0, 5, (150, 360, 3))
    pixels = np.clip(np.asarray(image.filter(ImageFilter.GaussianBlur(0.8))) + grain, 0, 255)
    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "JPEG", quality=82)
    return out.getvalue()


def result(**changes: object) -> v.Result:
    """A unit that falls from excellent to an open tier."""
    values: dict[str, object] = {
        "received": 353,
        "scored": 310,
        "held": 40,
        "not_judged": 3,
        "as_received": v.Standing(0.9593, EXCELLENT, 14),
        "after_review": v.Standing(0.9541, EXCELLENT, 24),
        "bound_low": v.Standing(0.8451, GOOD, 61),
        "bound_high": v.Standing(0.9593, EXCELLENT, 14),
        "ranked_units": 63,
        "tier_firm": False,
        "interval": (0.9247, 0.9722),
        "previous": v.Previous(
            "2025",
            v.Standing(0.9637, EXCELLENT, 12),
            63,
            comparable=False,
            note=Message("đổi kênh thu thập", "the channel changed"),
        ),
    }
    values.update(changes)
    return v.Result(**values)


def factors() -> tuple[v.FactorResult, ...]:
    names = (
        ("A", "Tiếp cận dịch vụ", "Access", 0.981, 0.972, 351),
        ("B", "Thủ tục hành chính", "Procedure", 0.969, 0.975, 352),
        ("C", "Cán bộ, chiến sĩ trực tiếp giải quyết", "Officers", 0.992, 0.978, 353),
        ("D", "Kết quả giải quyết", "Result", 0.985, 0.981, 349),
        ("E", "Tiếp nhận, xử lý phản ánh, kiến nghị", "Feedback handling", 0.999, 0.955, 8),
    )
    return tuple(
        v.FactorResult(i, Message(vi, en), n, value, *v.wilson(value, n), median, 63)
        for i, vi, en, value, median, n in names
    )


def peers() -> tuple[v.PeerPoint, ...]:
    rng = np.random.default_rng(7)
    sizes = np.round(np.exp(rng.normal(5.6, 0.6, 63))).astype(int)
    means = rng.beta(0.972 * 60, 0.028 * 60, 63)
    return tuple(
        v.PeerPoint(int(n), float(rng.binomial(n * 4, m) / (n * 4)))
        for n, m in zip(sizes, means, strict=True)
    )


def images() -> v.ImageSection:
    counts = (
        v.SignCount("erasure", kind_title("erasure"), 14, 340, 0.009, 2.1e-7, Severity.RED),
        v.SignCount("overwrite", kind_title("overwrite"), 6, 340, 0.012, 0.21, Severity.YELLOW),
        v.SignCount("cut_paste", kind_title("cut_paste"), 2, 340, 0.0004, 0.0096, Severity.ORANGE),
        v.SignCount("duplicate", kind_title("duplicate"), 0, 347, 0.001, 1.0),
        v.SignCount("metadata", kind_title("metadata"), 0, 0, None, None),
    )
    examples = tuple(
        v.ImageExample(
            f"PB-23-0042{17 + k}-6",
            Message(
                f"Câu C{k + 1}: dấu hiệu tẩy ô mức 1, đánh lại ô mức 5",
                f"Item C{k + 1}: signs of an erased mark at 1 and a new mark at 5",
            ),
            Severity.RED if k < 2 else Severity.ORANGE,
            1,
            f"C{k + 1}",
            0.0021 * (k + 1),
            crop(k) if k != 3 else None,
        )
        for k in range(5)
    )
    return v.ImageSection(
        pages=353,
        judged=347,
        counts=counts,
        direction=v.Direction(up=14, down=2, same=3, unknown=1, force_up_share=0.41),
        examples=examples,
        not_judged=(
            v.NotJudged(
                Message("Trang không đọc được", "Unreadable pages"),
                Message("ảnh mờ, không định vị được mẫu phiếu", "blurred, form not located"),
                6,
            ),
            v.NotJudged(
                Message("Lưới nén JPEG", "JPEG grid"),
                Message("ảnh quét đen trắng không giữ dấu vết này", "1-bit scans keep no trace"),
                120,
            ),
        ),
    )


def statistics() -> v.StatisticsSection:
    return v.StatisticsSection(
        checks=(
            Message("Tỷ lệ so với khối", "Share against the peer group"),
            Message("Thiếu mức trả lời thấp", "Missing lower tail"),
            Message("Sát ngưỡng xếp loại", "Bunching at a tier"),
        ),
        signs=(
            v.Sign(
                Message("Thiếu mức trả lời thấp", "Missing lower tail"),
                Message(
                    "Có dấu hiệu thiếu mức trả lời thấp: 0 câu trả lời ở mức 1, 2 trên 7.766 câu;"
                    " ở các đơn vị cùng khối trung vị là 31.",
                    "Signs of a missing lower tail: 0 answers at 1 or 2 among 7,766;"
                    " the median of the peer group is 31.",
                ),
                Severity.ORANGE,
                0.0004,
                0.0121,
                (
                    Message(
                        "Đơn vị phục vụ tốt và chỉ có ít thủ tục phức tạp.",
                        "The unit serves well and has few difficult procedures.",
                    ),
                ),
            ),
        ),
        counts=(
            v.SignCount(
                "straightline",
                Message("Trả lời đồng loạt một mức", "Straight-lining"),
                41,
                353,
                0.104,
                0.38,
                Severity.YELLOW,
            ),
        ),
        not_judged=(
            v.NotJudged(
                Message("So với kỳ trước", "Year on year"),
                Message("kênh thu thập đã thay đổi", "the channel changed"),
            ),
        ),
    )


def digital() -> v.DigitalSection:
    return v.DigitalSection(
        channels=(v.ChannelCount("vneid", 212), v.ChannelCount("qr", 40)),
        linked=198,
        checks=(Message("Nhiều lượt từ một thiết bị", "Many records from one device"),),
    )


def flagged() -> tuple[v.FlaggedForm, ...]:
    sign = Message("Dấu hiệu tẩy xóa tại câu C1, mức 1 → 5", "Signs of erasure at item C1, 1 → 5")
    held = Message("tạm loại", "held")
    red = tuple(
        v.FlaggedForm(f"PB-23-00{4217 + k}-6", Severity.RED, (sign,), 1, "C1", held)
        for k in range(36)
    )
    orange = tuple(
        v.FlaggedForm(f"PB-23-0043{10 + k}-1", Severity.ORANGE, (sign,), 2, "E2") for k in range(4)
    )
    return red + orange


def plots() -> v.Plots:
    batches = tuple(
        v.BatchPoint(f"Lô {k + 1:02d}", n, n, flagged)
        for k, (n, flagged) in enumerate(((62, 2), (58, 1), (71, 24), (66, 12), (60, 1), (8, 0)))
    )
    shape = [0, 0, 0, 0, 0, 0, 1, 6, 28, 44, 40, 22, 6, 14, 34, 30, 18, 6, 2, 1, 0, 0, 0, 0]
    own = tuple(n if hour != 22 else 40 for hour, n in enumerate(shape))
    total = sum(shape)
    return v.Plots(
        batches=batches,
        hours=v.HourProfile(own, tuple(n / total for n in shape)),
        periods=(
            v.PeriodPoint(Message("2024", "2024"), 340, 0.9874, *v.wilson(0.9874, 340)),
            v.PeriodPoint(
                Message("2025", "2025"),
                351,
                0.9637,
                *v.wilson(0.9637, 351),
                broken=ROUND.method_break,
            ),
            v.PeriodPoint(Message("2026-Q3", "2026-Q3"), 310, 0.9541, 0.9247, 0.9722),
        ),
        cutoffs=v.Cutoffs(
            tuple(point.value for point in peers()), ((0.95, EXCELLENT), (0.80, GOOD)), 0.9541
        ),
    )


def unit() -> v.UnitIdentity:
    return v.UnitIdentity(
        id="CA-BN",
        name="Công an tỉnh Bình Nguyên",
        valid_from=date(2025, 7, 1),
        group="DIA_PHUONG",
        level="province",
        parent="Bộ Công an",
        handles_procedures=True,
        lineage=Message(
            "hợp nhất từ hai đơn vị ngày 01/7/2025", "merged from two units on 1 July 2025"
        ),
    )


def unit_report(**changes: object) -> v.UnitReport:
    report = v.UnitReport(
        unit=unit(),
        round=ROUND,
        instrument=INSTRUMENT,
        sample=v.Sample(353, 3000),
        severity=Severity.RED,
        severity_reason=Message(
            "hai nhóm dấu hiệu độc lập (trên ảnh và thống kê) cùng vượt mức chấp nhận",
            "two independent families of signs (on images and in numbers) exceed what is accepted",
        ),
        result=result(),
        custody=(
            v.CustodyRow(
                *("Lô 01", "004201 – 004400", 200, 188, 185, 3, 8, 2, 188),
                printed=210,
                handed_out=198,
                taken_home=40,
                scanned_at=dt.date(2026, 9, 28),
                invalid_reasons="BO_TRONG=2; RACH_NAT=1",
            ),
            v.CustodyRow(
                "Lô 02",
                "004401 – 004600",
                200,
                171,
                168,
                3,
                24,
                0,
                171,
                (
                    Message(
                        "có dấu hiệu thất lạc nhiều hơn các lô khác (24/200)",
                        "signs of more losses than in other batches (24 of 200)",
                    ),
                ),
            ),
        ),
        factors=factors(),
        peers=v.PeerGroup("DIA_PHUONG", 63, 0.9752, 0.9731, 0.012, peers()),
        images=images(),
        statistics=statistics(),
        digital=digital(),
        plots=plots(),
        appendix=v.Appendix(PROVENANCE, flagged()),
    )
    return replace(report, **changes)


def bare_report() -> v.UnitReport:
    """A unit of which nothing but a handful of unreadable forms arrived."""
    return v.UnitReport(
        unit=v.UnitIdentity("xa-07", "Công an xã Đồng Tâm"),
        round=replace(ROUND, channels=("paper",), method_break=None),
        instrument=INSTRUMENT,
        sample=v.Sample(6),
        severity=None,
        severity_reason=Message("cả 06 phiếu đều không đọc được", "all 6 forms are unreadable"),
        result=v.Result(received=6, scored=0, held=0, not_judged=6),
        appendix=v.Appendix(PROVENANCE),
    )


def round_report() -> v.RoundReport:
    rng = np.random.default_rng(3)
    first = unit_report()
    rows = [v.UnitRow(first.unit, first.result, first.severity, 40, 347)]
    points = sorted(peers()[:22], key=lambda p: -p.value)
    for k, point in enumerate(points):
        tier = EXCELLENT if point.value >= 0.95 else GOOD
        rank = k + 1 if k < 2 else k + 2
        place = v.Standing(point.value, tier, rank)
        calm = v.Result(point.n, point.n, 0, 0, place, place, place, place, 24, tier_firm=True)
        severity = Severity.ORANGE if k == 9 else Severity.YELLOW if k % 7 == 0 else Severity.GREEN
        share = 0.13 if k == 9 else float(rng.uniform(0, 0.03))
        who = v.UnitIdentity(f"DP-{k:02d}", f"Công an tỉnh Đông Hải {k + 1}", group="DIA_PHUONG")
        rows.append(v.UnitRow(who, calm, severity, round(share * point.n), point.n))
    bare = bare_report()
    rows.append(v.UnitRow(bare.unit, bare.result, bare.severity, 0, 0))
    return v.RoundReport(
        round=ROUND,
        instruments=(INSTRUMENT,),
        units=tuple(rows),
        result=v.Result(
            received=7528,
            scored=7479,
            held=40,
            not_judged=9,
            as_received=v.Standing(0.9731),
            after_review=v.Standing(0.9725),
            bound_low=v.Standing(0.9710),
            bound_high=v.Standing(0.9726),
        ),
        provenance=PROVENANCE,
        groups=(v.GroupSummary("DIA_PHUONG", 0.921, 0.9752, 0.9961, 0.9731, 0.012),),
        not_judged=images().not_judged,
        factors=factors()[:4],
        fairness=(
            v.FairnessTable(
                Message("Nhóm tuổi", "Age group"),
                tuple(
                    v.FairnessRow(Message(name, name), judged, flagged)
                    for name, judged, flagged in (
                        ("18–24", 980, 6),
                        ("25–34", 2210, 15),
                        ("35–49", 2480, 17),
                        ("50–59", 1620, 12),
                        ("60+", 189, 9),
                    )
                ),
                0.0021,
            ),
            v.FairnessTable(
                Message("Kênh", "Channel"),
                (
                    v.FairnessRow(Message("phiếu giấy", "paper"), 7322, 40),
                    v.FairnessRow(Message("QR", "QR code"), 148, 1),
                    v.FairnessRow(Message("VNeID", "VNeID"), 9, 3),
                ),
            ),
        ),
        detectors=(
            v.DetectorYield(
                "erasure.fluid", Message("Bút xóa, tẩy", "Erasure"), 7322, 206, 61, 9, 3
            ),
            v.DetectorYield("splice.jpeg_grid", Message("Lưới nén JPEG", "JPEG grid"), 0, 7528, 0),
        ),
    )
