"""
Sensor streams: several horizons at once
========================================

How warm will the machine be in one hour, in six, in a day, and will it get too hot? The
answers are columns of one ``y``. The last hours of the record have no label for the far
horizons yet, which is no reason to drop them; and rows are held out in the order of
time.
"""

# %%
# The record
# ----------
#
# Hourly measurements of a machine, made: a daily cycle, a load that wanders, and a
# temperature that follows it slowly. A row holds what is known at its hour.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter, DayLocator
from sklearn.model_selection import TimeSeriesSplit

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import skill_score, task_scores

rng = np.random.default_rng(0)
n_hours = 24 * 80
time = pd.date_range("2026-01-05", periods=n_hours, freq="h")
shift = (time.hour.to_numpy() >= 6) & (time.hour.to_numpy() < 22)
load, heat = np.zeros(n_hours), np.zeros(n_hours)
for t in range(1, n_hours):
    load[t] = 0.95 * load[t - 1] + 0.3 * rng.normal()
    heat[t] = 0.9 * heat[t - 1] + 0.1 * (40 * shift[t] + 10 * load[t])
temperature = pd.Series(20 + heat + rng.normal(size=n_hours), index=time)
load = pd.Series(load + 0.2 * rng.normal(size=n_hours), index=time)

X = pd.DataFrame({"load": load, "temperature": temperature})
for lag in (1, 2, 3, 6, 12, 24):
    X[f"load {lag} h ago"] = load.shift(lag)
    X[f"temperature {lag} h ago"] = temperature.shift(lag)
hour = 2 * np.pi * time.hour.to_numpy() / 24
X["hour, cosine"], X["hour, sine"] = np.cos(hour), np.sin(hour)

# %%
# Columns of y
# ------------
#
# Three horizons, and whether the temperature passes 60 degrees within the next day.
# What lies beyond the end of the record is missing.

horizons = (1, 6, 24)
y = pd.DataFrame({f"in {h} h": temperature.shift(-h) for h in horizons})
hottest = temperature[::-1].rolling(24).max()[::-1].shift(-1)
y["too hot"] = (hottest > 60).astype(object).where(hottest.notna(), None)
print(y.isna().sum().to_string())

# %%
# Train on the past
# -----------------
#
# The last 20 days are put aside. Members of the net hold out later rows each, which
# ``cv=TimeSeriesSplit`` says. A label of the row before the split lies up to 24 hours
# ahead, in the rows that are held out: ``gap=24`` leaves these rows out.

past, future = slice(0, n_hours - 20 * 24), slice(n_hours - 20 * 24, None)
known = y[past].copy()
for h in horizons:  # on the day of the split nobody knew the day after
    known.iloc[-h:, known.columns.get_loc(f"in {h} h")] = np.nan
known.iloc[-24:, known.columns.get_loc("too hot")] = None
net = MultiTaskNetEstimator(
    hidden_layer_sizes=(64,), cv=TimeSeriesSplit(4, gap=24), random_state=0
)
net.fit(X[past], known)
predicted = net.predict(X[future])
lower, upper = net.predict_interval(X[future], coverage=0.9)

# %%
# Against what needs no model
# ---------------------------
#
# The same hour of the day before is hard to beat where days are alike, the last value
# where hours are. Skill is the share of the cost of guessing the mean that is removed:
# R² for numbers, the same of the log-loss for classes.

skill = pd.DataFrame(index=y.columns, columns=["net", "last value", "a day before"])
skill["net"] = [row["skill"] for row in task_scores(y[future], net, X=X[future])]
for h in horizons:
    truth = y[future][f"in {h} h"]
    day_before = temperature.shift(24 - h) if h < 24 else temperature
    for name, guess in (("last value", temperature), ("a day before", day_before)):
        skill.loc[f"in {h} h", name] = skill_score(truth, guess[future])
print(skill.astype(float).round(2).to_string(na_rep=""))

# %%
# Four days, as they were seen six hours before, with intervals that are to hold nine of
# ten values.

hours = slice(24, 24 * 5)
seen = temperature.index[future][hours] + pd.Timedelta(hours=6)
figure, axes = plt.subplots(
    1, 2, figsize=(9.4, 3.4), width_ratios=(2, 1), layout="constrained"
)
ax, column = axes[0], "in 6 h"
bounds = lower[column].iloc[hours], upper[column].iloc[hours]
ax.fill_between(seen, *bounds, color="#56B4E9", alpha=0.4, label="90 % interval")
ax.plot(seen, predicted[column].iloc[hours], color="#0072B2", label="six hours before")
ax.plot(seen, y[future][column].iloc[hours], ".", ms=3, color="black", label="measured")
ax.set(ylabel="temperature", ylim=(None, 1.25 * temperature[future].max()))
ax.xaxis.set_major_locator(DayLocator())
ax.xaxis.set_major_formatter(DateFormatter("%d %b"))
ax.legend(frameon=False, ncols=3, loc="upper left", fontsize=8)

numbers = skill.iloc[: len(horizons)].astype(float)
looks = {"net": "#0072B2", "last value": "#E69F00", "a day before": "#999999"}
for shift_by, (name, color) in zip((-0.27, 0, 0.27), looks.items(), strict=True):
    place = np.arange(len(horizons)) + shift_by
    axes[1].bar(place, numbers[name].clip(lower=0), 0.27, color=color, label=name)
axes[1].set_xticks(range(len(horizons)), numbers.index)
axes[1].set(ylabel="R² in the last 20 days", yticks=[0, 0.5, 1], ylim=(0, 1.4))
axes[1].legend(frameon=False, fontsize=8, loc="upper right")
plt.show()

# %%
# How often the intervals held, horizon by horizon:

numbers = list(numbers.index)
held = (lower[numbers] <= y[future][numbers]) & (y[future][numbers] <= upper[numbers])
print((held.sum() / y[future][numbers].notna().sum()).round(2).to_string())

# %%
# What to learn from it
# ---------------------
#
# - Horizons are columns: one net, one call, and rows near the end stay in as long as
#   one label is known.
# - The farther the horizon, the less there is to know, and the wider the intervals.
# - Intervals rest on hours like those of the past. After a change of the machine their
#   coverage is no longer promised; keep the newest rows apart and measure it, as here.
