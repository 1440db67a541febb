#!/usr/bin/env bash
# Installs what the tests need on a bare Debian 12 with a Rust toolchain, then runs everything: unit, integration,
# browser and fault tests.   ./test.sh [--tools]   (--tools: only install and prepare)
set -euo pipefail
cd "$(dirname "$0")"
. scripts/packages.sh

# shellcheck disable=SC2086
need $PACKAGES_BUILD $PACKAGES_DEMO $PACKAGES_TEST
command -v cargo >/dev/null || { echo "没有找到 cargo：请先安装 Rust 1.95 或更新版本 / cargo not found: install Rust 1.95 or newer" >&2; exit 1; }

# Peers from PyPI: an ffmpeg that speaks enhanced RTMP, and a tus client that is not ours.
tools=$PWD/target/test-tools
mkdir -p "$tools"
if ! "$tools/env/bin/python" -c 'import tusclient, imageio_ffmpeg' 2>/dev/null; then
  rm -rf "$tools/env"
  python3 -m venv "$tools/env"
  "$tools/env/bin/python" -m pip install --quiet --disable-pip-version-check tuspy==1.1.0 imageio-ffmpeg==0.8.1
fi
YUNLUBO_FFMPEG9=$("$tools/env/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
export YUNLUBO_FFMPEG9 YUNLUBO_TUSPY_PYTHON="$tools/env/bin/python"
[ "${1:-}" = --tools ] && exit 0

# The binaries first: the browser and fault tests run them as users do.
cargo build --workspace --bins --locked
# Everything but the rooms that start whole systems, side by side …
cargo test --workspace --locked --exclude yunlubo-tests
cargo test --locked -p yunlubo-tests --lib --test tidy
# … and those one after another: each has a Chromium, a server and cameras of its own on two cores.
cargo test --locked -p yunlubo-tests --test e2e -- --test-threads=1
# Those that kill, cut and fill mostly wait: four side by side take five minutes instead of a quarter of an hour.
cargo test --locked -p yunlubo-tests --test fault -- --test-threads=4
