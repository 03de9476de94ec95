# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# The background process that writes the heartbeat and uploads the container's log, in pieces, while the script waits.

# Longest piece of the log, in bytes: a flood of output must not hold up the heartbeat.
PIECE_BYTES=8388608

# publish_log DEADLINE: uploads the next piece; 1 = nothing left to upload; 2 = not uploaded, see HTTP_CODE.
# A piece is cut once and for all before it is sent. So when an answer got lost, or the process was killed, the same
# bytes go under the same name again, and 412 says that they have arrived before.
publish_log() {
    local from to size piece=$LOG.piece.$ROLE
    from=$(recall log-from 0)
    to=$(recall log-to 0)
    if [ "$to" -le "$from" ]; then
        size=$(($(wc -c <"$LOG")))
        [ "$size" -gt "$from" ] || return 1
        to=$(smaller "$size" $((from + PIECE_BYTES)))
        keep log-to "$to"
    fi
    PIECE_IS_FULL=$((to - from >= PIECE_BYTES))
    tail -c "+$((from + 1))" "$LOG" | head -c $((to - from)) >"$piece"
    upload "$1" "$RUN_PREFIX/log/$(recall attempt)/$(printf '%012d' "$from").txt" "$piece" 'text/plain; charset=utf-8' 0
    case $HTTP_CODE in
        (200 | 412) keep log-from "$to" ;;
        (*) return 2 ;;
    esac
}

# Uploads what is there, up to the next heartbeat. A piece that is not full was the end of it.
publish_backlog() {
    while publish_log "$NEXT_BEAT"; do
        if [ "$PIECE_IS_FULL" = 0 ] || [ "$(now)" -ge "$NEXT_BEAT" ]; then return; fi
    done
}

# heartbeat: writes the status again when it is due; 1 = the run has another writer.
heartbeat() {
    if [ "$(now)" -lt "$NEXT_BEAT" ]; then return 0; fi
    NEXT_BEAT=$(($(now) + HEARTBEAT_SECONDS))
    put_status "$NEXT_BEAT" "$(recall state)"
    [ $? -ne 1 ]
}

publish_until_stopped() {
    local next_log interval
    ROLE=publisher
    trap 'STOPPING=1' TERM
    NEXT_BEAT=$(($(now) + HEARTBEAT_SECONDS))
    next_log=$(($(now) + LOG_SECONDS))
    while [ "$STOPPING" = 0 ]; do
        nap "$(seconds_until "$(smaller "$NEXT_BEAT" "$next_log")")"
        [ "$STOPPING" = 0 ] || break
        if ! heartbeat; then
            # $$ is the script that started this process: its trap ends it.
            kill -TERM $$
            break
        fi
        if [ "$(now)" -ge "$next_log" ]; then
            interval=$LOG_SECONDS
            if [ "$(now)" -ge $(($(recall run-since 0) + SLOW_LOG_AFTER_SECONDS)) ]; then interval=$SLOW_LOG_SECONDS; fi
            next_log=$(($(now) + interval))
            if [ -f "$LOG" ]; then publish_backlog; fi
        fi
    done
}

seconds_until() {
    local seconds=$(($1 - $(now)))
    if [ "$seconds" -lt 1 ]; then seconds=1; fi
    printf '%s' "$seconds"
}

start_publisher() {
    publish_until_stopped &
    PUBLISHER=$!
    keep publisher-pid "$PUBLISHER"
}

# Lets a request that is on its way end, so that nobody has to wonder whether it arrived.
stop_publisher() {
    [ -n "${PUBLISHER:-}" ] || return 0
    kill -TERM "$PUBLISHER" 2>/dev/null
    until_gone "$PUBLISHER" 15 || kill -KILL "$PUBLISHER" 2>/dev/null
    wait "$PUBLISHER" 2>/dev/null
    PUBLISHER=
    rm -f "$STATE/publisher-pid"
}
