#!/bin/sh
# Fetches the vendored players again: ./refresh.sh. Versions stand here and nowhere else. Then look at `git diff --stat`,
# run the browser tests, and commit the files with the new version in the subject.
set -eu
cd "$(dirname "$0")"
ARTPLAYER=5.4.0   # MIT
MPEGTS=1.8.2      # Apache-2.0
HLS=1.7.4         # Apache-2.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
take() { # package version file… : copies files of the npm package into its folder here
  package=$1 version=$2 folder=$3; shift 3
  (cd "$work" && npm pack --silent "$package@$version" >/dev/null && mkdir -p "$folder" && tar xzf ./*.tgz -C "$folder" && rm ./*.tgz)
  mkdir -p "$folder"
  for file; do cp "$work/$folder/package/$file" "$folder/"; done
}
take artplayer "$ARTPLAYER" artplayer dist/artplayer.js
take mpegts.js "$MPEGTS" mpegts dist/mpegts.js LICENSE
take hls.js "$HLS" hls dist/hls.light.min.js LICENSE
printf 'artplayer %s MIT\nmpegts.js %s Apache-2.0\nhls.js %s Apache-2.0 (light: no subtitles, no DRM)\n' \
  "$ARTPLAYER" "$MPEGTS" "$HLS" > VERSIONS
sha256sum artplayer/*.js mpegts/*.js hls/*.js > SHA256SUMS
