#!/usr/bin/env bash
# Makes .venv with Google's Python clients and API descriptions, for tests/contract. Without it those tests are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=tests/contract/requirements.txt
if cmp -s "$requirements" .venv/requirements.txt; then exit 0; fi
rm -rf .venv
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement "$requirements"
# Last: a .venv whose installation was cut short is made anew.
cp "$requirements" .venv/requirements.txt
