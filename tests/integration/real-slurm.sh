#!/bin/sh
# A Slurm cluster of one node on the loopback, for one test: "up DIR" prints its configuration file, "down DIR" ends it.
# Exits 77 where that is impossible. Everything of it is below DIR; each daemon is ended by its own number, and only
# while that number is still that program.
set -eu
verb=$1
dir=$2
conf=$dir/slurm.conf

skip() {
    echo "$*" >&2
    exit 77
}

# daemon NAME COMMAND…: in the background, with its number in DIR/NAME.pid
daemon() {
    name=$1
    shift
    setsid "$@" </dev/null >>"$dir/$name.out" 2>&1 &
    echo $! >"$dir/$name.pid"
}

end() {
    pid=$(cat "$dir/$1.pid" 2>/dev/null) || return 0
    case $(readlink "/proc/$pid/exe" 2>/dev/null) in
    */"$1"* | */setpriv)
        kill "$pid" 2>/dev/null || true
        n=0
        while [ -d "/proc/$pid" ] && [ $n -lt 100 ] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null; do
            sleep 0.05
            n=$((n + 1))
        done
        ;;
    esac
    rm -f "$dir/$1.pid"
}

case $verb in
up)
    [ "$(id -u)" = 0 ] || skip "only root can run slurmd"
    for program in munged slurmctld slurmd srun scancel squeue setpriv; do
        command -v "$program" >/dev/null || skip "there is no $program here"
    done
    id munge >/dev/null 2>&1 || skip "there is no user munge"
    umask 022
    mkdir -p "$dir/munge" "$dir/state" "$dir/spool"
    chmod 755 "$dir"
    head -c 128 /dev/urandom >"$dir/munge/key"
    chown -R munge: "$dir/munge"
    chmod 400 "$dir/munge/key"
    daemon munged setpriv --reuid munge --regid munge --clear-groups munged --foreground --socket="$dir/munge/sock" \
        --key-file="$dir/munge/key" --pid-file="$dir/munge/pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed"
    host=$(hostname -s)
    port=$((20000 + $$ % 20000))
    cat >"$conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/sock
CryptoType=crypto/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.own
SlurmdPidFile=$dir/slurmd.own
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
ReturnToService=2
KillWait=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    export SLURM_CONF="$conf"
    n=0
    until munge -S "$dir/munge/sock" -n >/dev/null 2>&1; do
        n=$((n + 1))
        [ $n -lt 100 ] || skip "munged does not answer: $(cat "$dir/munged.out")"
        sleep 0.05
    done
    daemon slurmctld slurmctld -D
    daemon slurmd slurmd -D
    n=0
    until sinfo -h -o %T 2>/dev/null | grep -qE 'idle|mixed|allocated'; do
        n=$((n + 1))
        if [ $n -ge 300 ]; then
            "$0" down "$dir" || true
            skip "the node does not come up: $(tail -n 3 "$dir"/slurm*.log)"
        fi
        sleep 0.1
    done
    echo "$conf"
    ;;
down)
    export SLURM_CONF="$conf"
    timeout 10 scancel --user=root --quiet 2>/dev/null || true
    end slurmd
    end slurmctld
    end munged
    ;;
esac
