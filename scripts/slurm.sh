#!/usr/bin/env bash
# A search as a job array of Slurm: three nodes on this computer, with Debian's packages slurmctld, slurmd,
# slurm-client and munge. Merged parts must be what the whole is, for arrays of 1, 2 and 7 parts, merged in
# any order; a missing part and one that was cut off are named.
#
# scripts/slurm.sh [BLETWIN]   by default target/release/bletwin. It needs root, as Slurm's daemons do.
set -euo pipefail
cd "$(dirname "$0")/.."

BLETWIN=$(realpath "${1:-target/release/bletwin}")
# Seven blocks, so that every part of the largest array has one.
SEARCH=(explore --random --seeds '0..224' --jobs 1)
for needed in slurmctld slurmd sbatch munged jq; do
  command -v "$needed" >/dev/null || {
    echo "$needed is missing: apt-get install slurmctld slurmd slurm-client munge jq" >&2
    exit 2
  }
done

ROOM=$(mktemp -d)
HOST=$(hostname -s)
stop() {
  local file
  for file in "$ROOM"/*.pid; do
    [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null || true
  done
  rm -rf "$ROOM"
}
trap stop EXIT

# started: one controller and three nodes, on ports that nothing else is known for.
started() {
  local node
  mkdir "$ROOM/state"
  head -c 1024 /dev/urandom >"$ROOM/munge.key"
  chmod 600 "$ROOM/munge.key"
  munged --force --key-file="$ROOM/munge.key" --socket="$ROOM/munge.socket" \
    --pid-file="$ROOM/munge.pid" --log-file="$ROOM/munge.log" --seed-file="$ROOM/munge.seed"
  cat >"$ROOM/slurm.conf" <<CONF
ClusterName=bletwin
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=26817
AuthInfo=socket=$ROOM/munge.socket
ProctrackType=proctrack/pgid
TaskPlugin=task/none
ReturnToService=2
SlurmUser=root
StateSaveLocation=$ROOM/state
SlurmdSpoolDir=$ROOM/spool.%n
SlurmctldPidFile=$ROOM/slurmctld.pid
SlurmdPidFile=$ROOM/slurmd.%n.pid
SlurmctldLogFile=$ROOM/slurmctld.log
SlurmdLogFile=$ROOM/slurmd.%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName=n[1-3] NodeHostname=$HOST NodeAddr=127.0.0.1 Port=[27001-27003] CPUs=1
PartitionName=all Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP
CONF
  export SLURM_CONF=$ROOM/slurm.conf
  slurmctld
  for node in n1 n2 n3; do
    mkdir "$ROOM/spool.$node"
    slurmd -N "$node"
  done
}

# same A B: equal but for the time that they took.
same() {
  diff <(jq -S 'del(.seconds)' "$1") <(jq -S 'del(.seconds)' "$2")
}

started
"$BLETWIN" "${SEARCH[@]}" --json >"$ROOM/whole.json"
for parts in 1 2 7; do
  sbatch --quiet --wait --array="0-$((parts - 1))" --output="$ROOM/job.%a" <<JOB
#!/bin/sh
exec "$BLETWIN" ${SEARCH[*]} --shard auto --json >"$ROOM/$parts.\$SLURM_ARRAY_TASK_ID.json"
JOB
  # In no order.
  mapfile -t files < <(printf '%s\n' "$ROOM/$parts".*.json | shuf)
  "$BLETWIN" explore --merge "${files[@]}" --json >"$ROOM/merged.json"
  same "$ROOM/whole.json" "$ROOM/merged.json"
  echo "$parts of $parts parts: as the whole"
done

rest=("$ROOM"/7.[0-24-6].json)
"$BLETWIN" explore --merge "${rest[@]}" >"$ROOM/told"
grep -Fx 'missing: part 4/7' "$ROOM/told"
"$BLETWIN" "${SEARCH[@]}" --shard 4/7 --budget 0s --json >"$ROOM/cut.json"
"$BLETWIN" explore --merge "${rest[@]}" "$ROOM/cut.json" >"$ROOM/told"
grep -Fx 'cut off: part 4/7' "$ROOM/told"
head -c 300 "$ROOM/7.3.json" >"$ROOM/torn.json"
if "$BLETWIN" explore --merge "${rest[@]}" "$ROOM/torn.json" 2>"$ROOM/told"; then
  echo "half a file was merged" >&2
  exit 1
fi
grep -F 'torn.json' "$ROOM/told" | sed "s|$ROOM/||"
