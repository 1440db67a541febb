#!/usr/bin/env bash
# Keeps one program running where systemd does not:  supervise.sh NAME RUN_DIR COMMAND…
# Starts COMMAND again 2 s after it ends, whatever ended it (R-INS-11). SIGTERM ends the program in good order, then this.
# Writes RUN_DIR/NAME.supervisor.pid and RUN_DIR/NAME.pid; the program's output goes to RUN_DIR/NAME.log (turned at 20 MB).
set -u
name=$1 run=$2
shift 2
mkdir -p "$run"
echo $$ > "$run/$name.supervisor.pid"
child=
ending=
finish() {
  ending=1
  [ -n "$child" ] && kill -TERM "$child" 2>/dev/null
}
trap finish TERM INT
while [ -z "$ending" ]; do
  log=$run/$name.log
  if [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -gt 20000000 ]; then mv "$log" "$log.1"; fi
  "$@" >> "$log" 2>&1 &
  child=$!
  echo "$child" > "$run/$name.pid"
  wait "$child"
  # A trapped signal ends `wait` early: the program may still be stopping.
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  [ -n "$ending" ] && break
  echo "$(date -u +%FT%TZ) $name ended; starting it again in 2 s" >> "$log"
  sleep 2 &
  wait $!
done
rm -f "$run/$name.pid" "$run/$name.supervisor.pid"
