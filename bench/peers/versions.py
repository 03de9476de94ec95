"""Prints the versions of Python and of the measured packages as one line of JSON."""

import json
import platform
from importlib.metadata import version

names = ["scikit-learn", "numpy", "pandas", "joblib", "google-cloud-storage", "lightgbm", "xgboost-cpu", "polars"]
print(json.dumps({"Python": platform.python_version()} | {name: version(name) for name in names}))
