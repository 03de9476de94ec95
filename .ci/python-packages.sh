#!/usr/bin/env bash
# Makes .venv with the Python packages that judge: Google's clients and API descriptions for emulator/test/contract, onnxruntime
# and onnx for trainer/test/onnx, openpyxl for tests/cli/predict. Without it those tests are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=(emulator/test/contract/requirements.txt trainer/test/onnx/requirements.txt tests/cli/predict/requirements.txt)
if cat "${requirements[@]}" | cmp -s - .venv/requirements.txt; then exit 0; fi
rm -rf .venv
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check "${requirements[@]/#/--requirement=}"
# Last: a .venv whose installation was cut short is made again.
cat "${requirements[@]}" >.venv/requirements.txt
