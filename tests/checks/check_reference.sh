#!/usr/bin/env bash
# deploy/reference.md is what the program says of its options: `cmake --build --preset dev --target reference` writes it anew.
set -euo pipefail
if diff <("${BUILD_DIR:?}/inbox-bridge" reference) "${SOURCE_DIR:?}/deploy/reference.md"; then
  echo "deploy/reference.md is up to date"
else
  echo "deploy/reference.md is out of date: build the target reference"
  exit 1
fi
