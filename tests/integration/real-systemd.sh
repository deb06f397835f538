#!/bin/sh
# The machine's own systemd as PID 1 of namespaces of its own, with a cgroup of its own. It sees no unit but
# those in FOLDER/units, which stands for /etc/systemd/system in there; nothing of the machine changes.
#
#   sh real-systemd.sh up FOLDER           returns when it is up
#   sh real-systemd.sh in FOLDER COMMAND   runs a command in there
#   sh real-systemd.sh down FOLDER         ends it with every process in there
# Exit status 77: cannot be done here; standard error says why.
set -eu
act=$1 D=$2; shift 2
no() { echo "$*" >&2; exit 77; }
case $act in
up)
  [ "$(id -u)" = 0 ] || no "only root can boot a systemd"
  [ -x /lib/systemd/systemd ] && [ -d /etc/systemd/system ] || no "there is no systemd"
  for tool in unshare nsenter findmnt pgrep setsid; do command -v $tool >/dev/null || no "there is no $tool"; done
  CG2=$(findmnt -n -t cgroup2 -o TARGET | head -1)
  [ -n "$CG2" ] || no "there is no cgroup2"
  cg=$CG2/kanban-test.$$
  mkdir "$cg" 2>/dev/null || no "no cgroup can be made"
  echo "$cg" >"$D/cgroup"
  mkdir -p "$D/units" "$D/dev"
  for t in sysinit basic timers shutdown paths sockets; do
    printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' $t >"$D/units/$t.target"
  done
  printf '[Unit]\nDescription=test\nRequires=basic.target\nAfter=basic.target\n' >"$D/units/up.target"
  export D cg
  sh -c '
    echo $$ >"$cg/cgroup.procs"
    exec setsid unshare --pid --fork --mount --propagation private --cgroup --ipc --uts --net --mount-proc sh -c "
      set -e
      umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
      mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/systemd/system /run/lock /run/user
      mount -t tmpfs -o mode=755 tmpfs \"\$D/dev\"
      for d in null zero full random urandom tty; do cp -a /dev/\$d \"\$D/dev/\"; done
      mkdir \"\$D/dev/pts\" \"\$D/dev/shm\"
      ln -s /proc/self/fd \"\$D/dev/fd\"; ln -s pts/ptmx \"\$D/dev/ptmx\"
      mount -t devpts -o newinstance,ptmxmode=666 devpts \"\$D/dev/pts\"; mount --rbind \"\$D/dev\" /dev
      mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys
      mount --bind \"\$D/units\" /etc/systemd/system
      exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=kanban-test SYSTEMD_UNIT_PATH=/etc/systemd/system \
        /lib/systemd/systemd --system --unit=up.target --show-status=0"' </dev/null >"$D/console" 2>&1 &
  outer=$!
  for i in $(seq 200); do
    sleep 0.05
    kill -0 $outer 2>/dev/null || { cat "$D/console" >&2; no "systemd did not boot"; }
    init=$(pgrep -P $outer | head -1 || true)
    [ -n "$init" ] || continue
    echo "$init" >"$D/init"
    [ "$(sh "$0" in "$D" systemctl is-active up.target 2>/dev/null || true)" != active ] || exit 0
  done
  cat "$D/console" >&2
  no "systemd was not up after 10 s" ;;
in) exec nsenter -t "$(cat "$D/init")" -p -m -C -i -u -n -- "$@" ;;
down)
  # The first process of a pid namespace takes all others with it.
  [ ! -e "$D/init" ] || kill -KILL "$(cat "$D/init")" 2>/dev/null || true
  [ -e "$D/cgroup" ] || exit 0
  cg=$(cat "$D/cgroup")
  for i in $(seq 100); do
    [ -n "$(find "$cg" -name cgroup.procs -exec cat {} + 2>/dev/null)" ] || break
    sleep 0.05
  done
  find "$cg" -depth -type d -exec rmdir {} + ;;
esac
