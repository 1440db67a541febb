#!/usr/bin/env bash
# Installs Yunlubo 云录播 on Debian 12.
#   ./install_recorder.sh --demo      builds, starts the site and a gatherer with two demo channels, here in ./demo
#   ./install_recorder.sh             installs the server for real: user, /etc/yunlubo, /var/lib/yunlubo, services
#   ./install_recorder.sh --gatherer --site http://服务器 --code 加入码
#                                     installs a gatherer (采集端) on this machine
# Uses bin/yunlubo and bin/yunlubo-gather beside this script when they are there, else builds them (Rust ≥ 1.95).
# Running it again changes nothing that is in order. Undo: ./uninstall.sh
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
. scripts/packages.sh
. scripts/net.sh

mode=server site= code=
while [ $# -gt 0 ]; do
  case $1 in
    --demo) mode=demo ;;
    --gatherer) mode=gatherer ;;
    --site) site=${2:?--site 需要地址 / needs an address}; shift ;;
    --code) code=${2:?--code 需要加入码 / needs a join code}; shift ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "不认识的参数 / unknown argument: $1（--help 看用法）" >&2; exit 2 ;;
  esac
  shift
done

say() { printf '%s\n' "$*"; }

# Sets $bin to a directory with both programs.
programs() {
  if [ -x bin/yunlubo ] && [ -x bin/yunlubo-gather ]; then
    # shellcheck disable=SC2086
    need $PACKAGES_GATHERER
    bin=$here/bin
    return
  fi
  # shellcheck disable=SC2086
  need $PACKAGES_BUILD
  if ! command -v cargo >/dev/null; then
    say "没有找到 cargo。请安装 Rust 1.95 或更新版本，或把编译好的 bin/yunlubo、bin/yunlubo-gather 放在本脚本旁边。" >&2
    say "cargo not found. Install Rust 1.95 or newer, or put prebuilt bin/yunlubo and bin/yunlubo-gather beside this script." >&2
    exit 1
  fi
  say "正在编译（首次约需几分钟）/ building (the first time takes some minutes) …"
  cargo build --release --locked -p server -p gather --bins
  bin=${CARGO_TARGET_DIR:-$here/target}/release
}

install_demo() {
  # shellcheck disable=SC2086
  need $PACKAGES_DEMO
  programs
  local dir=${YUNLUBO_DEMO_DIR:-$here/demo}
  (umask 077 && mkdir -p "$dir/server" "$dir/gather/media" "$dir/run")
  if [ -f "$dir/run/server.supervisor.pid" ] && kill -0 "$(cat "$dir/run/server.supervisor.pid")" 2>/dev/null; then
    demo_ready "$dir"
    return
  fi
  if [ ! -f "$dir/yunlubo.toml" ]; then
    "$bin/yunlubo" config write --config "$dir/yunlubo.toml"
    demo_ports "$dir/yunlubo.toml"
  fi
  demo_clip "$dir/gather/media/demo.mp4" "testsrc2=size=1280x720:rate=25" 440
  demo_clip "$dir/gather/media/camera.mp4" "smptehdbars=size=1280x720:rate=25" 660

  rm -f "$dir/server/ports.json"
  start "$dir/run" server "$bin/yunlubo" serve --config "$dir/yunlubo.toml" --data "$dir/server"
  wait_until 60 "网站 / the site (see $dir/run/server.log)" test -s "$dir/server/ports.json"
  local port camera
  port=$(bound_port "$dir/server/ports.json" site)

  # The camera keeps its port over restarts: its address stands in the channel.
  [ -f "$dir/camera.port" ] || echo 0 > "$dir/camera.port"
  : > "$dir/run/camera.log"
  start "$dir/run" camera /usr/bin/python3 -u crates/testkit/camera/rtsp_camera.py --port "$(cat "$dir/camera.port")" --file "$dir/gather/media/camera.mp4"
  wait_until 30 "演示摄像头 / the demo camera (see $dir/run/camera.log)" grep -q '^ready ' "$dir/run/camera.log"
  camera=$(sed -n 's/^ready \([0-9]*\).*/\1/p' "$dir/run/camera.log" | head -n 1)
  if [ "$(cat "$dir/camera.port")" = 0 ]; then
    # A supervisor restarts with the arguments it was given: start it anew with the port it found.
    echo "$camera" > "$dir/camera.port"
    stop_one "$dir/run" camera
    : > "$dir/run/camera.log"
    start "$dir/run" camera /usr/bin/python3 -u crates/testkit/camera/rtsp_camera.py --port "$camera" --file "$dir/gather/media/camera.mp4"
    wait_until 30 "演示摄像头 / the demo camera" grep -q '^ready ' "$dir/run/camera.log"
  fi

  if [ ! -f "$dir/gather/gather.toml" ]; then
    local join
    join=$("$bin/yunlubo" join-code --config "$dir/yunlubo.toml" --data "$dir/server" --name 演示采集端)
    "$bin/yunlubo-gather" enroll --data "$dir/gather" --site "http://127.0.0.1:$port" --code "$join"
    "$bin/yunlubo" demo-seed --config "$dir/yunlubo.toml" --data "$dir/server" \
      --file "$dir/gather/media/demo.mp4" --rtsp "rtsp://127.0.0.1:$camera/file"
  fi
  start "$dir/run" gather "$bin/yunlubo-gather" run --data "$dir/gather"
  demo_ready "$dir"
}

# Ports of the manual where they are free, any free port elsewhere; any free port for all with YUNLUBO_ANY_PORT=1.
demo_ports() {
  local port key
  for key in 80 1935 8080 21001 23000 22122; do
    port=$([ -n "${YUNLUBO_ANY_PORT:-}" ] && echo 0 || port_or_any "$key")
    [ "$port" = "$key" ] || sed -i "s/\(listen[^=]*= *\"[^\"]*:\)$key\"/\10\"/" "$1"
  done
}

demo_clip() {
  [ -s "$1" ] && return
  say "正在生成演示视频 / making a demo clip: $1"
  ffmpeg -v error -y -f lavfi -i "$2" -f lavfi -i "sine=frequency=$3:sample_rate=44100:beep_factor=4" -t 60 \
    -c:v libx264 -preset veryfast -profile:v main -pix_fmt yuv420p -bf 0 -g 25 -keyint_min 25 -sc_threshold 0 -b:v 1200k \
    -maxrate 1200k -bufsize 1200k -c:a aac -b:a 64k -ac 1 -movflags +faststart "$1.part.mp4"
  mv "$1.part.mp4" "$1"
}

# start RUN_DIR NAME COMMAND…: under the supervisor, in the background, outliving this shell.
start() {
  local run=$1 name=$2
  shift 2
  setsid "$here/scripts/supervise.sh" "$name" "$run" "$@" </dev/null >/dev/null 2>&1 &
}

stop_one() {
  local pid
  pid=$(cat "$1/$2.supervisor.pid" 2>/dev/null) || return 0
  kill -TERM "$pid" 2>/dev/null || return 0
  wait_until 20 "$2" bash -c "! kill -0 $pid 2>/dev/null"
}

demo_ready() {
  local port address code
  port=$(bound_port "$1/server/ports.json" site)
  address="http://$(first_ipv4)$([ "$port" = 80 ] || echo ":$port")"
  code=$("$bin/yunlubo" setup-code --config "$1/yunlubo.toml" --data "$1/server" 2>/dev/null || true)
  say ""
  say "演示已启动 / the demo is running"
  say "  网站 site        $address"
  if [ -n "$code" ]; then
    say "  设置码 setup code $code   （一次有效，用它创建管理员 / once, to make the first admin）"
    say "  打开 open        $address/setup?code=$code"
  else
    say "  管理员已创建，请登录 / the admin exists already, sign in: $address/login"
  fi
  say "  停止并清除 stop and remove: ./uninstall.sh --demo"
}

# The files below are only written when they differ; $changed says whether a restart is due.
changed=
put() { # put MODE OWNER FILE < content
  local new
  new=$(mktemp)
  cat > "$new"
  if ! cmp -s "$new" "$3"; then
    install -D -m "$1" -o "${2%:*}" -g "${2#*:}" "$new" "$3"
    changed=1
  fi
  rm -f "$new"
}

install_program() {
  if ! cmp -s "$1" "$2"; then
    install -D -m 755 "$1" "$2.new"
    mv "$2.new" "$2"
    changed=1
  fi
}

as_root() {
  [ "$(id -u)" = 0 ] || { say "请用 root 运行 / run as root: sudo $0" >&2; exit 1; }
}

service_user() {
  id yunlubo >/dev/null 2>&1 || useradd --system --home-dir /var/lib/yunlubo --shell /usr/sbin/nologin yunlubo
}

systemd_runs() { [ -d /run/systemd/system ]; }

# One service by systemd, or by the supervisor where systemd does not run (containers, old boxes).
service() { # service NAME UNIT_FILE DATA COMMAND…
  local name=$1 unit=$2 data=$3
  shift 3
  put 644 root:root "/etc/systemd/system/$name.service" < "$unit"
  if systemd_runs; then
    systemctl daemon-reload
    systemctl enable --quiet "$name"
    if [ -n "$changed" ]; then systemctl restart "$name"; else systemctl start "$name"; fi
    return
  fi
  local run=/var/lib/yunlubo/run
  install -d -o yunlubo -g yunlubo -m 750 "$run"
  install_program scripts/supervise.sh /opt/yunlubo/bin/supervise.sh
  if [ -f "$run/$name.supervisor.pid" ] && kill -0 "$(cat "$run/$name.supervisor.pid")" 2>/dev/null; then
    [ -z "$changed" ] && return
    stop_one "$run" "$name"
  fi
  # setpriv keeps CAP_NET_BIND_SERVICE, so that an ordinary user may listen on port 80.
  # The whole subshell lets go of our output: a pipe that reads this script would wait for the service for ever.
  (cd "$data" && exec setsid setpriv --reuid yunlubo --regid yunlubo --init-groups --inh-caps=+net_bind_service \
    --ambient-caps=+net_bind_service --bounding-set=-all,+net_bind_service \
    /opt/yunlubo/bin/supervise.sh "$name" "$run" "$@") </dev/null >/dev/null 2>&1 &
}

install_server() {
  as_root
  programs
  service_user
  install_program "$bin/yunlubo" /opt/yunlubo/bin/yunlubo
  ln -sf /opt/yunlubo/bin/yunlubo /usr/local/bin/yunlubo
  install -d -o yunlubo -g yunlubo -m 750 /var/lib/yunlubo /var/lib/yunlubo/server
  local config=/etc/yunlubo/yunlubo.toml
  if [ ! -f "$config" ]; then
    install -d -m 755 /etc/yunlubo
    /opt/yunlubo/bin/yunlubo config write --config "$config"
    chown root:yunlubo "$config"
    chmod 640 "$config"
    say "已写入配置 / wrote the config: $config"
    changed=1
  fi
  /opt/yunlubo/bin/yunlubo config check --config "$config"
  service yunlubo scripts/yunlubo.service /var/lib/yunlubo/server \
    /opt/yunlubo/bin/yunlubo serve --config "$config" --data /var/lib/yunlubo/server
  wait_until 60 "网站 / the site" test -s /var/lib/yunlubo/server/ports.json
  local port address code
  port=$(bound_port /var/lib/yunlubo/server/ports.json site)
  wait_until 60 "网站 / the site" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
  address="http://$(first_ipv4)$([ "$port" = 80 ] || echo ":$port")"
  code=$(setpriv --reuid yunlubo --regid yunlubo --init-groups /opt/yunlubo/bin/yunlubo setup-code --config "$config" --data /var/lib/yunlubo/server 2>/dev/null || true)
  say ""
  say "云录播已安装 / Yunlubo is installed"
  say "  网站 site        $address"
  if [ -n "$code" ]; then
    say "  设置码 setup code $code"
    say "  创建管理员 first admin: $address/setup?code=$code"
  else
    say "  管理员已创建 / the admin exists already: $address/login"
  fi
  say "  改 IP 或端口 change address or port: ./config.sh    体检 check-up: yunlubo doctor --config $config --data /var/lib/yunlubo/server"
}

install_gatherer() {
  as_root
  if [ -z "$site" ] || [ -z "$code" ]; then
    say "安装采集端需要网站地址和加入码（在网站 采集管理 → 添加采集端 得到）" >&2
    say "A gatherer needs the site's address and a join code (site: Gatherers → Add):  $0 --gatherer --site http://… --code …" >&2
    exit 2
  fi
  programs
  service_user
  install_program "$bin/yunlubo-gather" /opt/yunlubo/bin/yunlubo-gather
  ln -sf /opt/yunlubo/bin/yunlubo-gather /usr/local/bin/yunlubo-gather
  install -d -o yunlubo -g yunlubo -m 750 /var/lib/yunlubo /var/lib/yunlubo/gather
  if [ ! -f /var/lib/yunlubo/gather/gather.toml ]; then
    setpriv --reuid yunlubo --regid yunlubo --init-groups /opt/yunlubo/bin/yunlubo-gather enroll \
      --data /var/lib/yunlubo/gather --site "$site" --code "$code"
    changed=1
  fi
  service yunlubo-gather scripts/yunlubo-gather.service /var/lib/yunlubo/gather \
    /opt/yunlubo/bin/yunlubo-gather run --data /var/lib/yunlubo/gather
  say "采集端已安装并运行 / the gatherer is installed and running:  yunlubo-gather status --data /var/lib/yunlubo/gather"
}

case $mode in
  demo) install_demo ;;
  gatherer) install_gatherer ;;
  server) install_server ;;
esac
