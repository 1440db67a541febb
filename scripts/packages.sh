# Debian packages, by what needs them. Sourced by install_recorder.sh and test.sh; `need LIST…` installs what is missing.

# To build: a C compiler (SQLite, TLS), libclang (bindings of FFmpeg), FFmpeg's headers (sound and stills in the gatherer).
PACKAGES_BUILD="gcc libc6-dev make pkg-config clang libclang-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libswresample-dev libavfilter-dev"
# To run a gatherer that was built elsewhere.
PACKAGES_GATHERER="libavcodec59 libavutil57 libswscale6 libswresample4 libavfilter8 libavformat59"
# The demo's two sources: ffmpeg makes the clip, GStreamer is the RTSP camera.
PACKAGES_DEMO="ffmpeg python3 python3-gi gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly gstreamer1.0-plugins-bad gstreamer1.0-libav"
# The tests' real peers: a browser with Chinese letters, a database, tools to cut, limit and look.
PACKAGES_TEST="chromium fonts-noto-cjk postgresql postgresql-client python3-venv python3-pip curl iproute2 procps util-linux git ca-certificates"

missing() {
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

need() {
  local lacking
  lacking=$(missing "$@")
  [ -z "$lacking" ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "缺少这些软件包 / missing packages: $lacking" >&2
    echo "本脚本只会在 Debian 系统上自动安装，请用系统的包管理器装好后再运行。" >&2
    echo "This script installs by itself on Debian only; install them with your package manager and run it again." >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "缺少这些软件包 / missing packages: $lacking" >&2
    echo "请用 root 运行，或先执行 / run as root, or first:  sudo apt-get install $lacking" >&2
    return 1
  fi
  echo "正在安装 / installing: $lacking"
  apt-get update -qq || true
  # shellcheck disable=SC2086  # a list of names
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $lacking >/dev/null
}
