"""Serve a file of `sklearn_mtl.io.to_onnx` over HTTP, without torch or scikit-learn.

    python serve_onnx.py model.onnx 8000

It needs onnxruntime and NumPy. ``GET /columns`` tells what goes in and comes out;
``POST /predict`` takes ``{"rows": [{"size": 52.5, "town": "Ely", "day": null}, ...]}``,
or lists of numbers where the net was fitted on an array, and answers in their order.
"""

import json
import sys
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnxruntime

MOST_ROWS, MOST_BYTES = 10_000, 10_000_000
MISSING_DATE = np.iinfo(np.int64).min


class Model:
    """A session, and rows as its inputs and outputs have them."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = (
            1  # requests run side by side, not their products
        )
        self.session = onnxruntime.InferenceSession(path, options)
        self.inputs = self.session.get_inputs()
        self.outputs = [one.name for one in self.session.get_outputs()]
        self.takes_arrays = self.inputs[0].name == "X"
        n_columns = self.inputs[0].shape[1]
        # Warm up: the first rows take several times as long as later ones.
        self.predict([[0.0] * n_columns if self.takes_arrays else {}])

    def columns(self):
        """Describe the columns of X and of y."""
        described = self.session.get_modelmeta().custom_metadata_map["columns"]
        inputs = {one.name: [one.type, one.shape[1]] for one in self.inputs}
        return {"X": inputs, "y": json.loads(described)}

    def predict(self, rows):
        """Predict a list of rows; one dict a row comes back."""
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
            raise ValueError(f"rows: pass a list of 1 to {MOST_ROWS} rows.")
        fed = self.matrix(rows) if self.takes_arrays else self.by_column(rows)
        found = [values.tolist() for values in self.session.run(None, fed)]
        return [
            dict(zip(self.outputs, row, strict=True))
            for row in zip(*found, strict=True)
        ]

    def matrix(self, rows):
        """Read rows that are lists of numbers."""
        n_columns = self.inputs[0].shape[1]
        for row in rows:
            if not isinstance(row, list) or len(row) != n_columns:
                raise ValueError(f"rows: {row!r} is no list of {n_columns} numbers.")
        cells = [[number(cell, "X") for cell in row] for row in rows]
        return {"X": as_type(np.array(cells), self.inputs[0])}

    def by_column(self, rows):
        """Read rows that are objects; a cell that is null or not there is missing."""
        names = {one.name for one in self.inputs}
        for row in rows:
            if not isinstance(row, dict):
                raise ValueError(f"rows: {row!r} is no object of cells by name.")
            if not row.keys() <= names:
                unknown = sorted(row.keys() - names)[0]
                raise ValueError(
                    f"rows: column {unknown!r} was not in the table of fit."
                )
        return {one.name: column(one, rows) for one in self.inputs}


def column(one, rows):
    """Read the cells of an input from rows that are objects."""
    cells = [[READ[one.type](row.get(one.name), one.name)] for row in rows]
    if one.type == "tensor(string)":
        return np.array(cells, object)
    return as_type(np.array(cells), one)


def as_type(cells, one):
    """Give numbers the type of an input; refuse those that it does not have."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = cells.astype(TYPES[one.type])
    lost = np.isinf(found) if found.dtype.kind == "f" else found != cells
    if lost.any():
        raise ValueError(f"column {one.name!r}: {cells[lost][0]} is no {found.dtype}.")
    return found


def number(cell, name):
    """Read a number, true, false or null."""
    if cell is None:
        return np.nan
    if not isinstance(cell, int | float) or abs(cell) > 1e300:
        raise ValueError(f"column {name!r}: {cell!r} is no finite number.")
    return float(cell)


def category(cell, name):
    """Read a string or null."""
    if not isinstance(cell, str | None):
        raise ValueError(f"column {name!r}: {cell!r} is no string.")
    return cell or ""


def date(cell, name):
    """Read a date such as 2024-02-29 or 2024-02-29T07:30, or null."""
    if cell is None:
        return MISSING_DATE
    try:
        moment = datetime.fromisoformat(cell)
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {name!r}: {cell!r} is no ISO date.") from error
    if moment.tzinfo is not None:  # on which clock the net was fitted, nobody says here
        raise ValueError(f"column {name!r}: {cell!r}: pass the clock without its zone.")
    return int(np.datetime64(moment, "us").astype(np.int64))


TYPES = {
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
READ = {
    "tensor(double)": number,
    "tensor(float)": number,
    "tensor(int64)": date,
    "tensor(string)": category,
}


def refuse_constant(name):
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(f"{name} is no JSON: pass null where a cell is missing.")


class Handler(BaseHTTPRequestHandler):
    """Answers of one connection; connections have a thread each."""

    protocol_version = "HTTP/1.1"
    timeout = 10  # of a client that sends nothing
    wbufsize = -1  # headers and body in one packet: two wait for each other
    model = None

    def do_GET(self):
        if self.path == "/columns":
            self.answer(200, self.model.columns())
        else:
            self.answer(404, {"error": "GET /columns, or POST /predict."})

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        is_number = length.isdecimal() and len(length) < 10
        if not is_number or int(length) > MOST_BYTES:
            self.close_connection = True
            self.answer(413, {"error": f"Pass 1 to {MOST_BYTES} bytes of JSON."})
            return
        content = self.rfile.read(int(length))
        if self.path != "/predict":
            self.answer(404, {"error": "GET /columns, or POST /predict."})
            return
        try:
            asked = json.loads(content, parse_constant=refuse_constant)
            rows = asked.get("rows") if isinstance(asked, dict) else None
            self.answer(200, {"predictions": self.model.predict(rows)})
        except (ValueError, RecursionError) as error:
            self.answer(400, {"error": str(error)})

    def answer(self, status, content):
        """Send JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve(path, port):
    """Make a server that listens on this machine alone; port 0 takes a free one."""
    handler = type("ModelHandler", (Handler,), {"model": Model(path)})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    server = serve(sys.argv[1], int(sys.argv[2]))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
