#!/usr/bin/env bash
# Makes the image that ours is measured against: gcp-trainer-bench/article:local. BASE_IMAGE=... chooses the distribution's image; without
# it, and where no registry can be reached, that is Debian by debootstrap from this machine's package sources (bench/article-image/base.sh).
# Layers that have been made are kept by the Docker engine: two or three minutes the first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

base=${BASE_IMAGE:-}
if [ -z "$base" ]; then
    base=gcp-trainer-bench/debian:local
    ./base.sh "$base"
fi
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp Dockerfile ../peers/train.py "$context"
# What the script imports; pip finds the rest, of the same versions.
grep -E '^(scikit-learn|pandas|joblib|google-cloud-storage)==' ../requirements.txt >"$context/requirements.txt"
docker build --quiet --network host --build-arg BASE_IMAGE="$base" --tag gcp-trainer-bench/article:local "$context"
