#!/usr/bin/env bash
# Creates .clients with Google's Node.js client for Batch, which emulator/test/contract uses to drive the emulator. It
# is not a dependency of the project, because only this test needs it. Without .clients, the test is skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source=emulator/test/contract/clients
if cmp -s "$source/package-lock.json" .clients/installed.json; then exit 0; fi
rm -rf .clients
mkdir .clients
cp "$source/package.json" "$source/package-lock.json" .clients/
npm ci --prefix .clients --ignore-scripts --no-audit --no-fund
# This comes last, so that .clients is recreated if its installation was interrupted.
cp "$source/package-lock.json" .clients/installed.json
