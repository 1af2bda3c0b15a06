"""Charts become SVG: specifications in Vega-Lite, drawn here and now, without a browser or a script.

Colours are names until the page says what they are: it does so for light and dark, for paper too.
"""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pandas as pd

from trc_pipelines.reports.declarations import Chart, Column
from trc_pipelines.reports.wording import write

VERSION = "6.1"  # of Vega-Lite, so that an update of the library changes no picture by itself
WIDTH, HEIGHT, ROW = 340, 180, 22
# Numbers of colours: of series, of all series that have no colour of their own, of what went wrong.
NEUTRAL, REST, BAD = (1, 2, 3, 5, 6, 7), 8, 4
OTHERS = "other"
LONGEST_LABEL = 22
FEW_BARS = 10  # fewer do not become wider
FEW_DAYS, FEW_MEMBERS = 6, 4  # each has its label

# Stand-ins that no chart has otherwise, and the page's variables they stand for.
SERIES = [f"#fe01{number:02x}" for number in range(1, REST + 1)]
INK, MUTED, GRID = "#fe0201", "#fe0202", "#fe0203"
_VARIABLES = {colour: f"var(--s{number})" for number, colour in enumerate(SERIES, 1)} | {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
}
_SVG = "{http://www.w3.org/2000/svg}"
# What a drawing consists of: anything else in it is left out, wherever it came from.
_ELEMENTS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan"}
_ATTRIBUTES = {
    "viewBox", "transform", "d", "x", "y", "dx", "dy", "x1", "y1", "x2", "y2", "cx", "cy", "r",
    "width", "height", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity",
    "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit", "opacity",
    "text-anchor", "font-size", "font-weight",
}  # fmt: skip

_AXIS = {
    "domainColor": GRID, "tickColor": GRID, "gridColor": GRID, "labelColor": MUTED,
    "labelFontSize": 11, "titleColor": MUTED, "titleFontSize": 11, "titleFontWeight": "normal",
    "tickSize": 4,
}  # fmt: skip
_CONFIG = {
    "aria": False,
    "background": None,
    "view": {"stroke": None},
    "axis": _AXIS,
    "axisX": {"grid": False, "labelFlush": True, "labelOverlap": "parity", "labelAngle": 0},
    "axisY": {"domain": False, "ticks": False, "tickCount": 4, "labelPadding": 6},
    "text": {"color": INK, "fontSize": 11},
}
_DATE_LABELS = {"labelExpr": "utcFormat(toDate(datum.value), '%-d %b')"}
# Thousands are written short, and nothing is just 0.
_LABELS = "datum.value === 0 ? '0' : format(datum.value, '{}')"


def series_of(chart: Chart, frame: pd.DataFrame) -> dict[str, int]:
    """Name the series of a chart, each with the number of its colour; the largest first where rows do."""
    if chart.mark in ("ranking", "heatmap"):
        return {chart.ys[0].title: 1}
    if chart.by is None:
        return {
            y.title: BAD if y.is_bad else number
            for y, number in zip(chart.ys, NEUTRAL, strict=False)
        }
    sums = frame.groupby(chart.by.name)[chart.ys[0].name].sum()
    names = [str(name) for name in sums.sort_values(ascending=False, kind="stable").index]
    own = dict(zip(names, NEUTRAL, strict=False))
    return own if len(own) == len(names) else own | {OTHERS: REST}


def draw(chart: Chart, frame: pd.DataFrame, title: str, description: str, key: str) -> str:
    """Draw a chart as an SVG element that can stand in a page.

    Args:
        title: what a screen reader says first; `description` comes after it.
        key: unique in the page.
    """
    import vl_convert

    svg = vl_convert.vegalite_to_svg(specify(chart, frame), VERSION, allowed_base_urls=[])
    return dress(svg, title, description, key)


def specify(chart: Chart, frame: pd.DataFrame) -> dict[str, Any]:
    """Specify a chart in Vega-Lite."""
    make = {"line": _lines, "bar": _bars, "ranking": _ranking, "heatmap": _heatmap}[chart.mark]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "autosize": {"type": "fit", "contains": "padding"},
        # Labels are wider in some fonts than in the one they are measured with: a minus of DejaVu by 5 px.
        "padding": {"left": 8, "right": 8, "top": 6, "bottom": 2},
        "config": _CONFIG,
        **make(chart, frame),
    }


def _lines(chart: Chart, frame: pd.DataFrame) -> dict[str, Any]:
    rows = _long(chart, frame)
    # A point that no line leads to would not be seen.
    is_broken = rows["x"].nunique() < 3 or rows["value"].isna().any()
    return {
        "data": _values(rows),
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 20} if is_broken else False},
        "encoding": {"x": _along(chart.x, rows["x"]), **_measured(chart, frame, rows)},
    }


def _bars(chart: Chart, frame: pd.DataFrame) -> dict[str, Any]:
    rows = _long(chart, frame)
    is_day = chart.x.unit == "day"
    axis = {"title": None, **_DATE_LABELS} if is_day else {"title": chart.x.title}
    return {
        "data": _values(rows),
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "x",
                "type": "ordinal",
                "sort": None,
                "axis": axis,
                "scale": {"paddingInner": 0.2, "paddingOuter": _outer(chart, rows)},
            },
            "order": {"field": "order", "type": "quantitative"},
            **_measured(chart, frame, rows),
        },
    }


def _outer(chart: Chart, rows: pd.DataFrame) -> float:
    """Leave room beside the bars of few days, for those that will be there."""
    missing = FEW_BARS - rows["x"].nunique() if chart.x.unit == "day" else 0
    return max(0.1, missing / 2)


def _ranking(chart: Chart, frame: pd.DataFrame) -> dict[str, Any]:
    [measure] = chart.ys
    rows = pd.DataFrame(
        {
            "place": [f"{number:04}" for number in range(len(frame))],
            "name": [_short(write(name, chart.x.unit)) for name in frame[chart.x.name]],
            "value": frame[measure.name].astype("float64"),
            "label": [write(value, measure.unit) for value in frame[measure.name]],
        }
    )
    y = {"field": "place", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.45}}
    low, high = min(0.0, float(rows["value"].min())), max(0.0, float(rows["value"].max()))
    names, bars = WIDTH * 0.4, WIDTH * 0.38
    return {
        "height": ROW * len(frame) + 8,
        "data": _values(rows),
        "layer": [
            {
                "mark": {"type": "bar", "color": SERIES[0], "cornerRadius": 2},
                "encoding": {
                    "y": y,
                    "x": {
                        "field": "value",
                        "type": "quantitative",
                        "axis": None,
                        "scale": {"domain": [low, high or 1], "range": [names, names + bars]},
                    },
                },
            },
            {
                "mark": {"type": "text", "align": "left"},
                "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "name"}},
            },
            {
                "mark": {"type": "text", "align": "right"},
                "encoding": {"y": y, "x": {"value": WIDTH - 12}, "text": {"field": "label"}},
            },
        ],
        "config": _CONFIG | {"axis": _AXIS | {"grid": False}},
    }


def _heatmap(chart: Chart, frame: pd.DataFrame) -> dict[str, Any]:
    by, [measure] = chart.by, chart.ys
    assert by is not None
    rows = pd.DataFrame(
        {
            "x": [write(value, chart.x.unit) for value in frame[chart.x.name]],
            "y": [write(value, by.unit) for value in frame[by.name]],
            "value": frame[measure.name].astype("float64"),
        }
    )
    rows["label"] = [f"{value:.0%}".rstrip("%") for value in rows["value"].fillna(0)]
    x = {"field": "x", "type": "ordinal", "sort": None, "axis": {"title": chart.x.title}}
    y_axis = {"title": None, **(_DATE_LABELS if by.unit == "day" else {})}
    y = {"field": "y", "type": "ordinal", "axis": y_axis}
    return {
        "height": ROW * (rows["y"].nunique() + 2),
        "data": _values(rows[rows["value"].notna()]),
        "layer": [
            {
                "mark": {"type": "rect", "color": SERIES[0]},
                "encoding": {
                    "x": x,
                    "y": y,
                    "opacity": {
                        "field": "value",
                        "type": "quantitative",
                        "legend": None,
                        "scale": {"domain": [0, 1], "range": [0.06, 0.8]},
                    },
                },
            },
            {
                "mark": {"type": "text", "fontSize": 9},
                "encoding": {"x": x, "y": y, "text": {"field": "label"}},
            },
        ],
    }


def _along(column: Column, values: pd.Series) -> dict[str, Any]:
    if column.unit == "day":
        axis: dict[str, Any] = {"title": None, "format": "%-d %b", "tickCount": 5}
        days = values.unique()
        if len(days) <= FEW_DAYS:  # ticks between them would be the same day again
            axis["values"] = [{"expr": f"toDate('{day}')"} for day in days]
        return {"field": "x", "type": "temporal", "scale": {"type": "utc"}, "axis": axis}
    axis = {"title": column.title, "format": "~s", "tickCount": 6} | _whole(values, FEW_DAYS)
    return {"field": "x", "type": "quantitative", "scale": {"nice": False}, "axis": axis}


def _measured(chart: Chart, frame: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Any]:
    """Encode what is measured, and which colour is which series. The page has the legend."""
    names = series_of(chart, frame)
    colours = {"domain": list(names), "range": [SERIES[number - 1] for number in names.values()]}
    label = _LABELS.format({"share": "~%", "minutes": ",~r"}.get(chart.ys[0].unit, "~s"))
    axis: dict[str, Any] = {"title": None, "labelExpr": label}
    if chart.ys[0].unit == "count":
        tops = rows.groupby("x")["value"].agg("sum" if chart.mark == "bar" else "max")
        axis |= _whole(pd.Series([0, *tops]), FEW_MEMBERS)
    return {
        "y": {"field": "value", "type": "quantitative", "axis": axis},
        "color": {"field": "series", "type": "nominal", "scale": colours, "legend": None},
    }


def _whole(values: pd.Series, few: int) -> dict[str, Any]:
    """Label each whole number of a few: there are no halves of a member."""
    low, high = int(values.min()), int(values.max())
    return {"values": list(range(low, high + 1))} if high - low <= few else {}


def _long(chart: Chart, frame: pd.DataFrame) -> pd.DataFrame:
    """Give a row for each figure: x, series, value, order (which is stacked first)."""
    names = series_of(chart, frame)
    if chart.by is None:
        parts = [
            pd.DataFrame({"x": frame[chart.x.name], "series": y.title, "value": frame[y.name]})
            for y in chart.ys
        ]
        rows = pd.concat(parts, ignore_index=True)
    else:
        series = frame[chart.by.name].astype("str")
        series = series.where(series.isin(names), OTHERS)
        long = pd.DataFrame(
            {"x": frame[chart.x.name], "series": series, "value": frame[chart.ys[0].name]}
        )
        rows = long.groupby(["x", "series"], sort=False)["value"].sum().reset_index()
    scale = 100 if chart.ys[0].unit == "cents" else 1
    values = rows["value"].astype("float64") / scale
    order = rows["series"].map({name: number for number, name in enumerate(names)})
    x = rows["x"].map(lambda value: write(value, chart.x.unit)) if _is_written(chart) else rows["x"]
    return rows.assign(x=x, value=values, order=order)


def _is_written(chart: Chart) -> bool:
    return chart.mark == "bar" or chart.x.unit == "day"


def _values(rows: pd.DataFrame) -> dict[str, Any]:
    plain = rows.astype("object").where(rows.notna(), None)
    return {"values": plain.to_dict("records")}


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"


def dress(svg: str, title: str, description: str, key: str) -> str:
    """Make a drawing part of a page: named for who does not see it, in the page's colours, nothing else."""
    ET.register_namespace("", _SVG.strip("{}"))
    root = ET.fromstring(svg)  # noqa: S314  # it was made here, a moment ago
    _keep_listed(root)
    _drop_empty(root)
    root.set("role", "img")
    root.set("aria-labelledby", f"{key}-title {key}-desc")
    for name, text in (("desc", description), ("title", title)):
        element = ET.Element(f"{_SVG}{name}", {"id": f"{key}-{name}"})
        element.text = text
        root.insert(0, element)
    return ET.tostring(root, encoding="unicode")


def _keep_listed(element: ET.Element) -> None:
    for name, value in list(element.attrib.items()):
        if name not in _ATTRIBUTES:
            del element.attrib[name]
        elif name in ("fill", "stroke"):
            element.set(name, _VARIABLES.get(value, value))
        elif name in ("d", "transform"):
            element.set(name, re.sub(r"(\.\d)\d+", r"\1", value))
    if element.tag == f"{_SVG}svg":
        element.attrib.pop("width", None)
        element.attrib.pop("height", None)
    for child in list(element):
        if child.tag.removeprefix(_SVG) in _ELEMENTS and not _is_unseen(child):
            _keep_listed(child)
        else:
            element.remove(child)


def _is_unseen(element: ET.Element) -> bool:
    """Whether it draws nothing: a label that has no room, or what lies behind a group without a colour."""
    is_background = element.get("class") in ("background", "foreground")
    return element.get("opacity") == "0" or (is_background and element.get("fill") is None)


def _drop_empty(element: ET.Element) -> None:
    for child in list(element):
        _drop_empty(child)
        if child.tag == f"{_SVG}g" and not len(child):
            element.remove(child)
