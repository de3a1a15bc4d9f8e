"""
One file for a service: the graph in ONNX
=========================================

A service that answers requests should start fast, take little memory and need few
packages. ``to_onnx`` writes everything that ``predict`` does into one graph: how
strings, dates and gaps of X are read, all members of the stack and their mean, and the
way back to units and classes. onnxruntime answers from that file, without torch or
scikit-learn.
"""

# %%
# A net for two columns
# ---------------------
#
# The grade of a student and whether they go on to higher education, from what is known
# of school, family and habits: numbers and strings.

import tempfile
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from sklearn.model_selection import train_test_split

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import load_student_performance
from sklearn_mtl.io import to_onnx

X, y = load_student_performance(return_X_y=True, as_frame=True)
y = y[["G3", "higher"]]
X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
net = MultiTaskNetEstimator(hidden_layer_sizes=(64,), random_state=0)
net.fit(X_train, y_train)

# %%
# One file
# --------
#
# Each column of X is an input, with the type that it has in the table; each column of y
# is an output, and a column of classes gives its probabilities beside.

path = Path(tempfile.mkdtemp()) / "students.onnx"
to_onnx(net, X_train[:1], path)
session = onnxruntime.InferenceSession(path)
print(f"{path.stat().st_size / 2**20:.1f} MB")
print([f"{one.name}: {one.type}" for one in session.get_inputs()][:4], "...")
print([f"{one.name}: {one.type}" for one in session.get_outputs()])


def as_inputs(rows):
    """One array (n, 1) a column, as a request brings them."""
    inputs = {}
    for one in session.get_inputs():
        column = rows[one.name]
        if one.type == "tensor(string)":
            cells = column.astype(object).where(column.notna(), "").to_numpy(str)
            inputs[one.name] = cells.astype(object)[:, None]
        else:
            inputs[one.name] = column.to_numpy(np.float64)[:, None]
    return inputs


# %%
# The same answers
# ----------------

grade, higher, probabilities = session.run(None, as_inputs(X_test))
predicted = net.predict(X_test)
print("largest difference of a grade:", np.abs(grade - predicted["G3"]).max())
print("classes that differ:", int((higher != predicted["higher"]).sum()))

# %%
# How long an answer takes
# ------------------------
#
# The middle of eleven calls each, in one thread. One row is what a service is asked for
# most; there the graph is far ahead, as it checks nothing and makes no frame.

sizes = [1, 4, 16, 64, 162]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options)


def milliseconds(answer, *arguments):
    answer(*arguments)  # the first call plans its memory
    taken = []
    for _ in range(11):
        begin = perf_counter()
        answer(*arguments)
        taken.append(1000 * (perf_counter() - begin))
    return np.median(taken)


graph = [milliseconds(session.run, None, as_inputs(X_test[:n])) for n in sizes]
estimator = [milliseconds(net.predict, X_test[:n]) for n in sizes]
print(
    f"one row: {graph[0]:.2f} ms by the graph, {estimator[0]:.1f} ms by the estimator"
)

figure, (agree, speed) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
agree.scatter(predicted["G3"], grade, s=12, color="#0072B2")
agree.axline((10, 10), slope=1, color="0.6", linewidth=0.8, zorder=0)
agree.set(xlabel="grade by the estimator", ylabel="grade by the graph")
speed.loglog(sizes, estimator, "o-", color="#999999", label="estimator")
speed.loglog(sizes, graph, "o-", color="#0072B2", label="graph")
speed.set(xlabel="rows in one call", ylabel="milliseconds")
speed.legend(frameon=False)
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - A graph needs onnxruntime and NumPy alone, and starts no code: it may be kept,
#   shipped and read by other languages.
# - It refuses nothing. What ``predict`` tells of (a cell in another spelling, an
#   infinite number) has to be checked before it.
# - Intervals, sets, draws and known labels stay with the estimator; :doc:`/serve` has a
#   service for each.
