#!/usr/bin/env bash
# Builds the image that ours is compared with: gcp-trainer-bench/article:local. BASE_IMAGE=... selects the
# distribution's image. The default, which does not need a registry, is a Debian image that debootstrap creates from
# this machine's package sources (bench/article-image/base.sh). The first build takes two or three minutes; after that,
# the layers are cached.
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
# These are the packages that the script imports. pip resolves their dependencies to the same versions.
grep -E '^(scikit-learn|pandas|joblib|google-cloud-storage)==' ../requirements.txt >"$context/requirements.txt"
docker build --quiet --network host --build-arg BASE_IMAGE="$base" --tag gcp-trainer-bench/article:local "$context"
