"""Serve a fitted estimator by FastAPI: predictions, probabilities and intervals.

    MODEL=homes.mtl uvicorn --factory serve_fastapi:from_file

The file is what `sklearn_mtl.io.save` wrote. The estimator was fitted on data frames;
cells that are null or not there are missing.
"""

import os
from typing import Any

import numpy as np
import pandas as pd
import torch
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from sklearn_mtl.io import load

MOST_ROWS = 10_000


class Request(BaseModel):
    """Rows, each with its cells by name."""

    rows: list[dict[str, bool | float | str | None]] = Field(
        min_length=1, max_length=MOST_ROWS
    )
    coverage: float | None = Field(default=None, gt=0.0, lt=1.0)


def table_of(net: Any, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Put rows into a frame with the columns of the one that fit saw."""
    encoder = net.feature_encoder_
    names = list(encoder.column_names_)
    for row in rows:
        unknown = sorted(row.keys() - set(names))
        if unknown:
            raise ValueError(f"Column {unknown[0]!r} was not in the table of fit.")
    table = pd.DataFrame(rows, columns=names)
    for position in encoder.dates_:
        table[names[position]] = pd.to_datetime(
            table[names[position]], format="ISO8601"
        )
    return table


def records(table: Any) -> list[dict[str, Any]]:
    """Turn a frame or an array into one object a row; JSON has no NaN or infinity."""
    frame = pd.DataFrame(table).replace([np.inf, -np.inf], np.nan).astype(object)
    frame.columns = frame.columns.map(str)
    return frame.where(frame.notna(), None).to_dict("records")


def answer(net: Any, request: Request) -> dict[str, Any]:
    """Predict rows, with bounds of numbers where a coverage is asked for."""
    X = table_of(net, request.rows)
    found: dict[str, Any] = {"predictions": records(net.predict(X))}
    if any(task.is_classifier for task in net.tasks_):
        of_columns = net.predict_proba(X)
        of_columns = of_columns if isinstance(of_columns, list) else [of_columns]
        found["probabilities"] = {
            str(task.name_): records(pd.DataFrame(p, columns=task.classes_.tolist()))
            for task, p in zip(net.tasks_, of_columns, strict=True)
            if p is not None
        }
    if request.coverage is not None:
        lower, upper = net.predict_interval(X, request.coverage)
        found |= {"lower": records(lower), "upper": records(upper)}
    return found


def create_app(net: Any) -> FastAPI:
    """Make the service of a fitted estimator."""
    torch.set_num_threads(1)  # requests run side by side, not their products
    blank = Request(rows=[{}], coverage=None)
    answer(net, blank)  # warm up: the first rows take several times as long
    app = FastAPI(title=type(net).__name__)

    # Without async: each request has a thread, in which it may compute.
    @app.post("/predict")
    def predict(request: Request) -> dict[str, Any]:
        try:
            return answer(net, request)
        except (ValueError, TypeError) as error:
            raise HTTPException(status_code=422, detail=str(error)) from error

    @app.get("/columns")
    def columns() -> dict[str, Any]:
        kinds = {str(task.name_): task.kind for task in net.tasks_}
        return {"X": [str(c) for c in net.feature_encoder_.column_names_], "y": kinds}

    return app


def from_file() -> FastAPI:
    """Make the service of the file that the environment names."""
    return create_app(load(os.environ["MODEL"]))
