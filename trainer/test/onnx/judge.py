"""Checks and runs ONNX models as their users would.

The argument is a folder with pairs of <name>.onnx and <name>.json. The JSON file holds the inputs, with null for NaN:
{"column": [values of all rows]}. The program prints JSON with each model's description of itself, its outputs for all
rows together, and its outputs for each of the first rows alone.
"""

import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

ROWS_ALONE = 5


def to_json(array):
    values = array.ravel().tolist()
    return [None if value != value else value for value in values]


def describe(model):
    return {
        "producer": [model.producer_name, model.producer_version],
        "doc": model.doc_string,
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "irVersion": model.ir_version,
        "operatorSets": {entry.domain: entry.version for entry in model.opset_import},
    }


def judge(path):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    columns = json.loads(path.with_suffix(".json").read_text("utf-8"))
    feeds = {
        value.name: numpy.array(columns[value.name], object if value.type == "tensor(string)" else float).reshape(-1, 1)
        for value in session.get_inputs()
    }
    names = [value.name for value in session.get_outputs()]
    together = session.run(names, feeds)
    rows = min(ROWS_ALONE, len(together[0]))
    alone = [session.run(names, {name: values[[row]] for name, values in feeds.items()}) for row in range(rows)]
    return {
        **describe(onnx.load(str(path))),
        "inputs": [[value.name, value.type, value.shape] for value in session.get_inputs()],
        "outputs": [[value.name, value.type, value.shape] for value in session.get_outputs()],
        "results": [to_json(output) for output in together],
        "alone": [to_json(numpy.concatenate(outputs)) for outputs in zip(*alone)],
    }


paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
print(json.dumps({path.stem: judge(path) for path in paths}, allow_nan=False))
