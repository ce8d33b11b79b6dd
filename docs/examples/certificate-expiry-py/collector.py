"""Validity of the certificates of each node, from /nodes/{node}/certificates/info."""

import json
import math

import wit_world
from componentize_py_types import Err
from wit_world.imports.types import (
    Failure_Malformed,
    Input,
    Kind_Gauge,
    Manifest,
    Metric,
    Output,
    Request,
    Row,
    Table,
    Value,
    Value_Absent,
    Value_Number,
)

NOT_AFTER = Metric(
    "pve_certificate_not_after_timestamp_seconds",
    "When the certificate ends, in Unix time, from notafter.",
    Kind_Gauge(),
)
NOT_BEFORE = Metric(
    "pve_certificate_not_before_timestamp_seconds",
    "When the certificate begins, in Unix time, from notbefore.",
    Kind_Gauge(),
)


class WitWorld(wit_world.WitWorld):
    def describe(self) -> Manifest:
        return Manifest(
            name="certificate-expiry",
            version="0.1.0",
            description="When the certificates of each node end",
            # They change twice a year: once an hour is enough.
            requests=[Request("/nodes/{node}/certificates/info", max_age_seconds=3600, optional=False)],
            tables=[Table(label_names=["node", "filename", "subject"], metrics=[NOT_AFTER, NOT_BEFORE])],
        )

    def collect(self, input: Input) -> Output:
        rows, odd = [], 0
        for certificate in certificates(input.responses[0].value):
            filename = certificate.get("filename") if isinstance(certificate, dict) else None
            if isinstance(filename, str) and filename:
                labels = [input.place.node or "", filename, str(certificate.get("subject") or "")]
                values = [time(certificate.get("notafter")), time(certificate.get("notbefore"))]
                rows.append(Row(table=0, labels=labels, values=values))
            else:
                odd += 1
        return Output(rows=rows, warnings=[f"{odd} certificates without a file name"] if odd else [])


def certificates(text: str) -> list:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Err(Failure_Malformed(str(error)))
    if not isinstance(data, list):
        raise Err(Failure_Malformed("the answer is not a list"))
    return data


def time(value: object) -> Value:
    """The API may send any number as a string. An unknown value produces no series."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Value_Absent()
    return Value_Number(number) if math.isfinite(number) else Value_Absent()
