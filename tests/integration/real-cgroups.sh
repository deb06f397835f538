#!/bin/sh
# What a real systemd does with cgroups below that of a unit: the facts that a cgroup for each run relies on.
#
#   sh real-cgroups.sh FOLDER    FOLDER is that of a systemd that real-systemd.sh has booted
# Prints a line for each fact; the first one that is not so ends it with exit status 1.
set -eu
D=$1 S=$(dirname "$0")/real-systemd.sh
ORDINARY=65534
sd() { sh "$S" in "$D" "$@"; }
holds() { echo "ok: $1"; }
wrong() { echo "not so: $1" >&2; sd find /sys/fs/cgroup/system.slice -name '*.procs' -exec sh -c 'echo "$1: $(tr "\n" " " <"$1")"' - {} \; >&2; exit 1; }
fact() { what=$1; shift; if "$@"; then holds "$what"; else wrong "$what"; fi; }
until_so() { for i in $(seq 100); do if "$@"; then return 0; fi; sleep 0.05; done; return 1; }

# Services find their script here; an ordinary user must be able to read it, and to write what it saw.
W=$(mktemp -d /tmp/kanban-cgroups.XXXXXX); chmod 755 "$W"
trap 'rm -rf "$W"' EXIT
unit() {   # NAME SCRIPT LINES...
  name=$1 script=$2; shift 2
  mkdir "$W/$name"; chmod 777 "$W/$name"
  { printf '[Service]\nType=oneshot\nKillMode=process\nExecStart=/bin/sh %s/%s %s/%s\n' "$W" "$script" "$W" "$name"
    for line in "$@"; do echo "$line"; done; } >"$D/units/$name.service"
}
# A unit's cgroup as seen from here.
group() { echo "/sys/fs/cgroup/system.slice/$1.service"; }
populated() { sd grep -q '^populated 1$' "$(group "$1")/$2/cgroup.events"; }
empty() { sd grep -q '^populated 0$' "$(group "$1")/$2/cgroup.events"; }
there() { sd test -d "$(group "$1")/$2"; }
gone() { ! there "$@"; }
# A process by the file in which its id is, in the pid namespace of that systemd.
alive() { sd kill -0 "$(cat "$W/$1")" 2>/dev/null; }
dead() { ! alive "$1"; }
result() { sd systemctl show --value --property=Result,ExecMainStatus "$1.service" | tr '\n' ' '; }
saw() { grep -qx "$2" "$W/$1/saw"; }

# Each start: what is there already, a run with a worker of its own session, one with a worker that the tick moved,
# an empty cgroup, and a supervisor that stays in the cgroup of the unit.
cat >"$W/tick.sh" <<'TICK'
out=$1
echo start >>"$out/starts"
n=$(wc -l <"$out/starts")
own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
exec >>"$out/saw" 2>&1
stat -c "mode %A of %u" "$own"
stat -c "procs of %u" "$own/cgroup.procs"
stat -c "kill of %u" "$own/cgroup.kill"
for old in "$own"/run-*; do [ ! -d "$old" ] || echo "$n found ${old##*/}"; done
mkdir "$own/run-$n" "$own/moved-$n" || exit 3
stat -c "run's kill of %u" "$own/run-$n/cgroup.kill"
mkdir "$own/empty"
sh -c 'echo $$ >"$0/cgroup.procs"; exec setsid -f sleep 600' "$own/run-$n" </dev/null >/dev/null 2>&1
cat "$own/run-$n/cgroup.procs" >"$out/worker-$n"
sleep 600 </dev/null >/dev/null 2>&1 & moved=$!
echo "$moved" >"$own/moved-$n/cgroup.procs" && echo "$n moved"
echo "$moved" >"$out/moved-$n"
setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $! >"$out/supervisor-$n"
exit 0
TICK
# Only whether a sub-cgroup can be created.
cat >"$W/try.sh" <<'TRY'
own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
exec >"$1/saw" 2>&1
stat -c "mode %A of %u" "$own"
LC_ALL=C mkdir "$own/run" && echo created
exit 0
TRY
# A sub-cgroup that is removed between its creation and the write of a process id.
cat >"$W/race.sh" <<'RACE'
own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
exec >"$1/saw" 2>&1
mkdir "$own/run"
exec 9>"$own/run/cgroup.procs"
rmdir "$own/run"
LC_ALL=C env echo $$ >&9
LC_ALL=C sh -c 'echo $$ >"$0/run/cgroup.procs"' "$own"
exit 0
RACE

unit root tick.sh Delegate=yes
unit user tick.sh Delegate=yes User=$ORDINARY
unit root-undelegated try.sh
unit user-undelegated try.sh User=$ORDINARY
unit race race.sh Delegate=yes User=$ORDINARY
sd systemctl daemon-reload

for who in root user; do
  id=0; [ $who = root ] || id=$ORDINARY
  sd systemctl start $who.service
  fact "$who: the unit's cgroup belongs to the user of the unit" saw $who "mode drwxr-xr-x of $id"
  fact "$who: its cgroup.procs does too" saw $who "procs of $id"
  fact "$who: its cgroup.kill belongs to root" saw $who "kill of 0"
  fact "$who: the cgroup.kill of a run's cgroup belongs to the user" saw $who "run's kill of $id"
  fact "$who: a process can be moved into a sub-cgroup" saw $who "1 moved"
  fact "$who: the tick ended well" [ "$(result $who)" = "success 0 " ]
  fact "$who: a sub-cgroup with a worker in it outlives the tick" populated $who run-1
  fact "$who: an empty sub-cgroup ends with the tick" until_so gone $who empty
  fact "$who: a worker with a session of its own outlives it" alive $who/worker-1
  fact "$who: one that it moved too" alive $who/moved-1
  fact "$who: and one that stays in the unit's cgroup" alive $who/supervisor-1

  sd systemctl start $who.service
  fact "$who: the unit starts again beside workers and a supervisor (no 219/CGROUP)" [ "$(result $who)" = "success 0 " ]
  fact "$who: the next tick finds the cgroup of the run" saw $who "2 found run-1"
  for process in worker-1 moved-1 supervisor-1 worker-2 moved-2 supervisor-2; do
    fact "$who: $process lives after the next tick" alive $who/$process
  done
  sd systemctl daemon-reload; sd systemctl stop $who.service
  fact "$who: neither a reload nor a stop ends a worker" alive $who/worker-1

  # As the user who owns the run's cgroup. The worker has a session of its own.
  sd setpriv --reuid $id --regid $id --clear-groups sh -c 'echo 1 >"$0"' "$(group $who)/run-1/cgroup.kill"
  fact "$who: cgroup.kill ends a worker with a session of its own" until_so dead $who/worker-1
  fact "$who: and no other" alive $who/moved-1
  fact "$who: a sub-cgroup that became empty between ticks stays, and says so" empty $who run-1
  sd systemctl start $who.service
  fact "$who: the next tick still finds it" saw $who "3 found run-1"
  fact "$who: it is removed when that tick ends" until_so gone $who run-1
  fact "$who: one with a worker is not" populated $who run-2

  for live in moved-1 run-2 moved-2 run-3 moved-3; do sd sh -c 'echo 1 >"$0"' "$(group $who)/$live/cgroup.kill"; done
  for n in 1 2 3; do sd kill -KILL "$(cat "$W/$who/supervisor-$n")"; done
  fact "$who: the cgroup of the unit goes with its last process" until_so gone $who .
done

sd systemctl start root-undelegated.service user-undelegated.service race.service
fact "without Delegate=, the unit's cgroup belongs to root" saw user-undelegated "mode drwxr-xr-x of 0"
fact "and an ordinary user creates nothing in it" grep -q 'Permission denied' "$W/user-undelegated/saw"
fact "but root does, so that success proves no delegation" saw root-undelegated created
fact "a removed cgroup refuses a process by an open descriptor with ENODEV" grep -q 'No such device' "$W/race/saw"
fact "and by its path with ENOENT" grep -qi 'No such file\|nonexistent' "$W/race/saw"
