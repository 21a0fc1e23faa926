"""The shape of what `emoga bench NAME --json` prints, on the quickest of the benchmarks' pieces."""

from __future__ import annotations

import json

from emoga_server.bench import Row, report


def test_report_is_the_documented_object():
    rows = [Row("a_ms", 1.5, "ms", "<= 2", baseline=3.0, ratio=2.0), Row("b", 2, "bytes")]
    parsed = json.loads(json.dumps(report(rows)))
    assert set(parsed) == {"machine", "date", "rows"}
    assert parsed["rows"][0] == {
        "key": "a_ms",
        "value": 1.5,
        "unit": "ms",
        "target": "<= 2",
        "baseline": 3.0,
        "ratio": 2.0,
        "interval": None,
    }
    assert parsed["rows"][1]["baseline"] is None
