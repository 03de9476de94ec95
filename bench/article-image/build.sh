#!/usr/bin/env bash
# Makes the image that ours is compared with: gcp-trainer-bench/article:local. BASE_IMAGE=... chooses the distribution's
# image. The default, which needs no registry, is Debian by debootstrap from this machine's package sources
# (bench/article-image/base.sh). The Docker engine caches layers; the first build takes two or three minutes.
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
# The packages that the script imports; pip finds their dependencies, in the same versions.
grep -E '^(scikit-learn|pandas|joblib|google-cloud-storage)==' ../requirements.txt >"$context/requirements.txt"
docker build --quiet --network host --build-arg BASE_IMAGE="$base" --tag gcp-trainer-bench/article:local "$context"
