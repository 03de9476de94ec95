#!/bin/bash
# Runs one task of a Batch job. It does what systemd does on a VM: it runs the parts of boot.sh one after the other,
# each with its time limit, and stops them when the VM is about to be preempted. Its exit code tells Batch what to do
# next: see docs/adr/0013-engines.md. The VM belongs to Batch, so this script never powers it off.
set -u -o pipefail
export LC_ALL=C

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${RUNTIME_DIRECTORY:?the job script sets it}
ROLE=task
STOPPING=0
umask 077

# shellcheck source=boot/common.sh
. "$HERE/common.sh"
# shellcheck source=boot/storage.sh
. "$HERE/storage.sh"

# Exit codes for Batch. Any other code would be a failure that is neither retried nor explained.
DECIDED=0
FAILED=1
AGAIN=75

SCRIPT=$(identify $$)
# The reason for ending a part early: `late` or `stopped`.
CUT=
trap 'CUT=${CUT:-late}' USR1
trap 'CUT=stopped' TERM

# alarm SECONDS: sends this script USR1 when the time is up.
alarm() {
    local is_off=0
    trap 'is_off=1' TERM
    nap "$1"
    [ "$is_off" = 1 ] || signal USR1 "$SCRIPT"
}

# watch_preemption: sends this script TERM when Compute Engine announces that it will preempt the VM, which leaves 30
# seconds. https://cloud.google.com/compute/docs/instances/spot#preemption-process
watch_preemption() {
    local is_off=0
    ROLE=watcher
    trap 'is_off=1' TERM
    HTTP_SECONDS=5
    while [ "$is_off" = 0 ]; do
        if [ "$(metadata instance/preempted)" = TRUE ]; then
            say "Compute Engine is preempting the VM"
            signal TERM "$SCRIPT"
            return
        fi
        nap 2
    done
}

# part NAME SECONDS: runs a part of boot.sh, and sets CODE and RESULT, which takes one of the values of systemd's
# $SERVICE_RESULT. A part that receives SIGTERM has a minute to end.
part() {
    local child pid timer own
    bash "$HERE/boot.sh" "$1" &
    pid=$!
    child=$(identify $pid)
    alarm "$2" &
    timer=$(identify $!)
    CODE=0
    while :; do
        wait "$pid" 2>/dev/null
        CODE=$?
        signal 0 "$child" || break
        if [ -n "$CUT" ] && [ "$1" != finish ]; then
            signal TERM "$child"
            until_gone "$child" 60 || signal KILL "$child"
        elif [ "$CUT" = late ]; then
            signal KILL "$child"
        fi
    done
    # A trap may have interrupted the wait that would have returned the part's own code.
    if [ "$CODE" -gt 128 ]; then
        wait "$pid" 2>/dev/null
        own=$?
        if [ "$own" -ne 127 ]; then CODE=$own; fi
    fi
    signal TERM "$timer"
    case $CUT:$CODE in
        (late:*) RESULT=timeout ;;
        (stopped:*) RESULT=success ;;
        (*:0) RESULT=success ;;
        (*) if [ "$CODE" -gt 128 ]; then RESULT=signal; else RESULT=exit-code; fi ;;
    esac
}

# give_back: removes the container and its volumes, because the VM may run another task next, and ends this script.
give_back() {
    signal TERM "$WATCHER"
    if marked run-since; then timeout 60 docker rm --force --volumes gcp-trainer >/dev/null 2>&1; fi
    rm -rf "${RUNTIME_DIRECTORY:?}" "${STATE_DIRECTORY:?}" "$HERE"
    exit "$1"
}

INVOCATION_ID=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export INVOCATION_ID
# Time limits in seconds for prepare, run and finish.
read -r PREPARE_SECONDS RUN_SECONDS FINISH_SECONDS <"$HERE/limits"

# sweep VERB: runs the step before or after a point of a sweep is trained, and ends this script if the step fails.
sweep() {
    if [ ! -f "$HERE/points" ]; then return; fi
    mkdir -p "$STATE/sweep"
    RUNTIME_DIRECTORY=$STATE/sweep bash "$HERE/sweep.sh" "$1"
    case $? in
        (0) ;;
        (3) give_back "$DECIDED" ;;
        (*) give_back "$AGAIN" ;;
    esac
}

say "task ${BATCH_TASK_INDEX:-0}, try $((${BATCH_TASK_RETRY_ATTEMPT:-0} + 1))"
watch_preemption &
WATCHER=$(identify $!)
sweep begin
part prepare "$PREPARE_SECONDS"
if [ "$RESULT" = success ] && [ -z "$CUT" ]; then part run "$RUN_SECONDS"; fi
# Whatever happens from now on, `finish` reports how the parts before it ended.
export SERVICE_RESULT=$RESULT EXIT_STATUS=$CODE
CUT=
trap : TERM
part finish "$FINISH_SECONDS"

case $(recall final-state) in
    (SUCCEEDED | FAILED | TIMED_OUT)
        sweep record
        # Batch ends a job if one of its tasks fails. This is right for an array, but the other points of a sweep must
        # continue.
        if [ -f "$HERE/points" ] && [ ! -f "$HERE/array" ]; then give_back "$DECIDED"; fi
        if [ "$(recall final-state)" = SUCCEEDED ]; then give_back "$DECIDED"; fi
        give_back "$FAILED"
        ;;
    (INTERRUPTED) give_back "$AGAIN" ;;
esac
# Nothing was written: either another writer owns the run, or the bucket could not be reached.
if marked lost || marked skip; then give_back "$FAILED"; fi
give_back "$AGAIN"
