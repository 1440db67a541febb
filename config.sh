#!/usr/bin/env bash
# 挽救命令: changes the site's address and port, checks them, restarts the server (R-INS-04).
#   ./config.sh            the installed server
#   ./config.sh --demo     the demo in ./demo
# Non-interactive use: answers may come on standard input, one a line.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/net.sh

config=/etc/yunlubo/yunlubo.toml data=/var/lib/yunlubo/server run=/var/lib/yunlubo/run name=yunlubo yunlubo=/opt/yunlubo/bin/yunlubo
if [ "${1:-}" = --demo ]; then
  demo=${YUNLUBO_DEMO_DIR:-$PWD/demo}
  config=$demo/yunlubo.toml data=$demo/server run=$demo/run name=server
  yunlubo=$PWD/bin/yunlubo
  [ -x "$yunlubo" ] || yunlubo=${CARGO_TARGET_DIR:-$PWD/target}/release/yunlubo
elif [ $# -gt 0 ]; then
  echo "用法 / usage: $0 [--demo]" >&2
  exit 2
fi
[ -w "$config" ] || { echo "无法写入 $config：请先运行 ./install_recorder.sh，或用 root 运行 / cannot write it: install first, or run as root" >&2; exit 1; }

ask() { # ask PROMPT CHECK
  local answer
  while true; do
    printf '%s ' "$1" >&2
    read -r answer || { echo >&2; exit 1; }
    if "$2" "$answer"; then echo "$answer"; return; fi
    echo "无效，请重新输入 / not valid, try again: $answer" >&2
  done
}
ip=$(ask "Enter Current Server Web IP:" valid_ipv4)
port=$(ask "Enter Current Server Web Port:" valid_port)
port=$((10#$port))

url="http://$ip$([ "$port" = 80 ] || echo ":$port")"
new=$(mktemp "$config.XXXXXX")
# Only the keys of [site], wherever that section stands.
awk -v url="$url" -v port="$port" '
  /^\[/ { section = $0 }
  section == "[site]" && /^#? *listen *=/ { print "listen = \"0.0.0.0:" port "\""; next }
  section == "[site]" && /^#? *public_url *=/ { print "public_url = \"" url "\""; next }
  { print }' "$config" > "$new"
if ! "$yunlubo" config check --config "$new"; then
  rm -f "$new"
  echo "配置没有改动 / the config was not changed" >&2
  exit 1
fi
chmod --reference="$config" "$new"
chown --reference="$config" "$new"
mv "$new" "$config"

rm -f "$data/ports.json"
if [ "$name" = yunlubo ] && [ -d /run/systemd/system ]; then
  systemctl restart yunlubo
elif [ -f "$run/$name.pid" ]; then
  kill -TERM "$(cat "$run/$name.pid")" # the supervisor starts it again
else
  echo "已保存；服务没有在运行 / saved; the server is not running"
  exit 0
fi
wait_until 60 "$url" bash -c "test -s '$data/ports.json' && exec 3<>/dev/tcp/127.0.0.1/$port"
echo "完成，网站地址 / done, the site is at: $url"
