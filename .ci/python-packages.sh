#!/usr/bin/env bash
# Creates .venv with the Python packages that tests use as references: Google's clients and API descriptions for
# emulator/test/contract, onnxruntime and onnx for trainer/test/onnx, openpyxl for tests/cli/predict, MLflow for
# tests/cli/runs, and the packages that the examples need, except PyTorch, which takes up several gigabytes. Without
# .venv, those tests are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=(
    emulator/test/contract/requirements.txt
    trainer/test/onnx/requirements.txt
    tests/cli/predict/requirements.txt
    tests/cli/runs/requirements.txt
    examples/scikit-learn/requirements.txt
    examples/lightgbm/requirements.txt
)
constraints=.ci/python-constraints.txt
if cat "${requirements[@]}" "$constraints" | cmp -s - .venv/requirements.txt; then exit 0; fi
rm -rf .venv
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --constraint "$constraints" "${requirements[@]/#/--requirement=}"
# This comes last, so that .venv is recreated if its installation was interrupted.
cat "${requirements[@]}" "$constraints" >.venv/requirements.txt
