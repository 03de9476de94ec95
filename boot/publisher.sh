# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# The background process that writes the heartbeat and uploads the container's log, in chunks, while the script waits.

# Size limit of a log chunk, so that a flood of output does not delay the heartbeat.
CHUNK_BYTES=8388608

# publish_log DEADLINE: uploads the next chunk; 1 = nothing left to upload; 2 = not uploaded, see HTTP_CODE. The end of
# a chunk is recorded before it is sent. After a lost response or a killed process, the same bytes are therefore sent
# again under the same name, and 412 means that they had already arrived.
publish_log() {
    local from to size chunk=$LOG.chunk.$ROLE
    from=$(recall log-from 0)
    to=$(recall log-to 0)
    if [ "$to" -le "$from" ]; then
        size=$(($(wc -c <"$LOG")))
        [ "$size" -gt "$from" ] || return 1
        to=$(smaller "$size" $((from + CHUNK_BYTES)))
        keep log-to "$to"
    fi
    CHUNK_IS_FULL=$((to - from >= CHUNK_BYTES))
    tail -c "+$((from + 1))" "$LOG" | head -c $((to - from)) >"$chunk"
    upload "$1" "$RUN_PREFIX/log/$(recall attempt)/$(printf '%012d' "$from").txt" "$chunk" 'text/plain; charset=utf-8' 0
    case $HTTP_CODE in
        (200 | 412) keep log-from "$to" ;;
        (*) return 2 ;;
    esac
}

# Uploads the log written so far, but stops when the next heartbeat is due. A chunk that is not full is the last one.
publish_backlog() {
    while publish_log "$NEXT_BEAT"; do
        if [ "$CHUNK_IS_FULL" = 0 ] || [ "$(now)" -ge "$NEXT_BEAT" ]; then return; fi
    done
}

# heartbeat: writes the status again if it is due; 1 = another writer has taken over the run.
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
            # In the script that started this process, a trap for this signal ends the script.
            signal TERM "$SCRIPT"
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
    SCRIPT=$(identify $$)
    publish_until_stopped &
    PUBLISHER=$(identify $!)
    keep publisher "$PUBLISHER"
}

# Lets a request in progress finish, so that its outcome is known.
stop_publisher() {
    [ -n "${PUBLISHER:-}" ] || return 0
    signal TERM "$PUBLISHER"
    until_gone "$PUBLISHER" 15 || signal KILL "$PUBLISHER"
    wait "${PUBLISHER%%@*}" 2>/dev/null
    PUBLISHER=
    rm -f "$STATE/publisher"
}
