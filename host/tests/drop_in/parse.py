"""Reads expositions with the parsers of prometheus_client, the strict one for OpenMetrics.

    parse.py IN OUT

IN is a JSON list of {"format": "text" | "openmetrics", "exposition": "..."}. OUT becomes a list with, for each,
{"families": [{"name", "type", "help", "samples": [[name, labels, value], ...]}, ...]} or {"error": "..."}. A value is a
text, the shortest that gives the same float: a number would be read once more, by a JSON parser.
"""

import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

PARSERS = {"text": parser.text_string_to_metric_families, "openmetrics": openmetrics.text_string_to_metric_families}


def read(case):
    """What one exposition says."""
    try:
        return {"families": [family(found, case["format"]) for found in PARSERS[case["format"]](case["exposition"])]}
    except Exception as error:  # Whatever it is: the test fails with it.
        return {"error": repr(error)}


def family(found, form):
    """A family under the name of its TYPE line: the text parser takes a counter's _total away."""
    name = found.name + "_total" if form == "text" and found.type == "counter" else found.name
    samples = [[sample.name, sample.labels, repr(float(sample.value))] for sample in found.samples]
    return {"name": name, "type": found.type, "help": found.documentation, "samples": samples}


with open(sys.argv[1], encoding="utf-8") as source:
    CASES = json.load(source)
with open(sys.argv[2], "w", encoding="utf-8") as target:
    json.dump([read(case) for case in CASES], target)
