# Addresses and ports, for the install scripts. Sourced.

# The first IPv4 address that is not loopback (R-INS-03); 127.0.0.1 on a machine without network.
first_ipv4() {
  local found
  found=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -E '^[0-9]+(\.[0-9]+){3}$' | grep -v '^127\.' | head -n 1)
  echo "${found:-127.0.0.1}"
}

# Four numbers 0–255.
valid_ipv4() {
  local part
  [[ $1 =~ ^[0-9]{1,3}(\.[0-9]{1,3}){3}$ ]] || return 1
  for part in ${1//./ }; do [ "$((10#$part))" -le 255 ] || return 1; done
}

# 1–65535.
valid_port() {
  [[ $1 =~ ^[0-9]{1,5}$ ]] && [ "$((10#$1))" -ge 1 ] && [ "$((10#$1))" -le 65535 ]
}

# The port itself when nobody listens on it and we may bind it, else 0 (any free port).
port_or_any() {
  if [ "$1" -lt 1024 ] && [ "$(id -u)" != 0 ]; then echo 0; return; fi
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then echo 0; else echo "$1"; fi
}

# One number out of ports.json:  bound_port FILE NAME
bound_port() {
  sed -n "s/.*\"$2\"[[:space:]]*:[[:space:]]*\([0-9]*\).*/\1/p" "$1" | head -n 1
}

# Waits until a command succeeds:  wait_until SECONDS WHAT COMMAND…
wait_until() {
  local seconds=$1 what=$2 i
  shift 2
  for ((i = 0; i < seconds * 5; i++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  echo "等了 $seconds 秒仍未就绪 / not ready after $seconds s: $what" >&2
  return 1
}
