#!/usr/bin/env bash
# Removes Yunlubo: stops every process, frees every port, removes programs and services. Recordings and the database
# are only deleted when you say so.   ./uninstall.sh [--demo] [--keep-media | --delete-media]
set -euo pipefail
cd "$(dirname "$0")"
. scripts/net.sh

demo= media=ask
for argument in "$@"; do
  case $argument in
    --demo) demo=1 ;;
    --keep-media) media=keep ;;
    --delete-media) media=delete ;;
    *) echo "用法 / usage: $0 [--demo] [--keep-media | --delete-media]" >&2; exit 2 ;;
  esac
done

stop_all() { # every supervisor of a run directory
  local file pid
  for file in "$1"/*.supervisor.pid; do
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    kill -TERM "$pid" 2>/dev/null || continue
    wait_until 30 "$file" bash -c "! kill -0 $pid 2>/dev/null"
  done
}

ask_media() { # ask_media DIRECTORY
  [ -d "$1" ] || return 0
  if [ "$media" = ask ]; then
    echo "$1 里有录像和数据库（$(du -sh "$1" | cut -f1)）。要一并删除吗？删除后无法恢复。"
    printf 'It holds the recordings and the database. Delete them for good? 输入 delete 删除，其它保留 / type delete, anything else keeps: '
    read -r answer || answer=
    [ "$answer" = delete ] && media=delete || media=keep
  fi
  if [ "$media" = delete ]; then
    rm -rf "$1"
    echo "已删除 / deleted: $1"
  else
    echo "已保留 / kept: $1"
  fi
}

if [ -n "$demo" ]; then
  dir=${YUNLUBO_DEMO_DIR:-$PWD/demo}
  stop_all "$dir/run"
  echo "演示已停止 / the demo has stopped"
  ask_media "$dir"
  exit 0
fi

[ "$(id -u)" = 0 ] || { echo "请用 root 运行 / run as root" >&2; exit 1; }
for name in yunlubo-gather yunlubo; do
  if [ -d /run/systemd/system ]; then systemctl disable --now --quiet "$name" 2>/dev/null || true; fi
  rm -f "/etc/systemd/system/$name.service"
done
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
stop_all /var/lib/yunlubo/run
rm -rf /opt/yunlubo
rm -f /usr/local/bin/yunlubo /usr/local/bin/yunlubo-gather
ask_media /var/lib/yunlubo
if [ "$media" = delete ]; then
  rm -rf /etc/yunlubo
  userdel yunlubo 2>/dev/null || true
fi
echo "云录播已卸载 / Yunlubo is removed"
