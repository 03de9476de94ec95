# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# `boot.sh finish`, systemd's ExecStopPost: runs regardless of how the unit ended, even if `boot.sh prepare` and
# `boot.sh run` were killed or never ran. It stops the container if it is still running, uploads the rest of the log,
# and writes the last status.
# $SERVICE_RESULT: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html

finish() {
    local result=${SERVICE_RESULT:-success} started_by_now uploads_until
    # If the recorded boot id is not the current one, `prepare` never began.
    if marked skip || [ "$(recall boot-id)" != "$BOOT_ID" ]; then
        forget_secrets
        stay_up
        exit 0
    fi
    started_by_now=$(now)
    uploads_until=$((started_by_now + UPLOAD_SECONDS))
    STATUS=
    REASON=
    EXIT=

    decide "$result"
    settle_publisher
    if marked lost; then
        say "another writer has taken over the run; this boot writes nothing"
        forget_secrets
        stay_up
        exit 0
    fi
    NEXT_BEAT=$((started_by_now + HEARTBEAT_SECONDS))
    if [ -f "$LOG" ]; then
        complete_log
        # A third of the time is reserved for the listing and the status.
        upload_log $((started_by_now + UPLOAD_SECONDS * 2 / 3))
    fi
    if [ "$STATUS" = SUCCEEDED ]; then upload_listing "$uploads_until"; fi
    say "$STATUS${REASON:+: $REASON}"
    write_last_status "$uploads_until"
    # An external stop is part of a shutdown, which would not wait for a debug window.
    if [ "$result" != success ] && [ "$DEBUG_SECONDS" -gt 0 ]; then
        case $STATUS in
            (FAILED | TIMED_OUT)
                say "the VM stays up for $DEBUG_SECONDS s for debugging"
                nap "$DEBUG_SECONDS"
                ;;
        esac
    fi
    forget_secrets
    # During an external stop, every second counts.
    if [ "$STATUS" != INTERRUPTED ]; then stay_up; fi
}

# stay_up: waits until the VM has been up long enough for the gcp provider to see it running. The provider never accepts
# a new VM that is already off.
stay_up() {
    local up=${EMULATOR_UPTIME:-} rest
    # /proc/uptime does not exist on macOS, where only the emulator runs this script.
    [ -n "$up" ] || { read -r up rest </proc/uptime; } 2>/dev/null || return 0
    rest=$((MINIMUM_UPTIME_SECONDS - ${up%%.*}))
    if [ "$rest" -gt 0 ]; then nap "$rest"; fi
}

# decide RESULT: sets STATUS, REASON and EXIT, and stops the container if it is still running.
decide() {
    local inspected=
    if marked outcome-state; then
        STATUS=$(recall outcome-state)
        REASON=$(recall outcome-reason)
        # Docker may have started a container although it reported a failure.
        if marked run-since && inspect_container && [ "$RUNNING" = true ]; then stop_container; fi
        return
    fi
    if ! marked run-since; then
        decide_cut "$1" boot-since $((GRANT_SECONDS + PULL_SECONDS)) \
            "The image was not pulled in time" \
            "check that the VM can reach the registry (Private Google Access on the subnetwork) and run pulumi up"
        return
    fi
    if inspect_container; then inspected=1; fi
    if [ -n "$inspected" ] && [ "$RUNNING" = true ]; then
        say "stopping the container, with $STOP_GRACE_SECONDS s for the trainer to save its checkpoint"
        stop_container
        if inspect_container; then EXIT=$EXIT_CODE; fi
        decide_cut "$1" run-since "$MAX_RUN_SECONDS" "The run exceeded its limit of $(span "$MAX_RUN_SECONDS")" \
            "raise maxRunMinutes (npx pulumi config set maxRunMinutes $(((MAX_RUN_SECONDS + 29) / 30))) and run pulumi up"
    elif [ -n "$inspected" ]; then
        EXIT=$EXIT_CODE
        explain_exit
    else
        decide_cut "$1" run-since "$MAX_RUN_SECONDS" "The run exceeded its limit of $(span "$MAX_RUN_SECONDS")" \
            "docker did not respond: $(last_line "$STATE/inspect.txt")"
    fi
}

# decide_cut RESULT SINCE SECONDS WHAT REMEDY: like `decide`, but for work that was cut short.
decide_cut() {
    case $1 in
        (timeout) STATUS=TIMED_OUT ;;
        (success)
            # When Compute Engine's time limit stops the VM, this looks like any other shutdown.
            STATUS=INTERRUPTED
            if [ "$(now)" -ge $(($(recall "$2" 0) + $3)) ]; then STATUS=TIMED_OUT; fi
            ;;
        (*) STATUS=FAILED ;;
    esac
    case $STATUS in
        (TIMED_OUT) because "$4; $5" ;;
        (FAILED)
            because "The boot script ended early (systemd: $1${EXIT_STATUS:+, $EXIT_STATUS});" \
                "the VM's serial port shows why; if it ran out of memory, choose a machineType with more"
            ;;
        (INTERRUPTED)
            HTTP_SECONDS=3
            if [ "$(metadata instance/preempted)" = TRUE ]; then
                because "Compute Engine preempted the VM; run pulumi up to resume"
            else
                because "The VM was stopped externally before the run finished; run pulumi up to resume"
            fi
            ;;
    esac
}

because() {
    REASON="$*"
}

span() {
    if [ $(($1 % 60)) -eq 0 ]; then printf '%s minutes' $(($1 / 60)); else printf '%s s' "$1"; fi
}

stop_container() {
    timeout $((STOP_GRACE_SECONDS + 15)) docker stop -t "$STOP_GRACE_SECONDS" "$CONTAINER" >/dev/null 2>&1
}

# explain_exit: sets STATUS and REASON from the exit code of a container that ended by itself.
explain_exit() {
    local memory
    STATUS=FAILED
    memory=$(($(recall memory-kib 0) / 1024))
    if [ "$EXIT" = 0 ]; then
        STATUS=SUCCEEDED
    elif [ "$OOM_KILLED" = true ]; then
        because "The trainer ran out of memory (limit $memory MiB, exit code $EXIT);" \
            "choose a machineType with more (npx pulumi config set machineType n2-highmem-4) and run pulumi up"
    elif [[ $(last_line "$LOG") == *"exec format error"* ]]; then
        because "The image is built for a processor architecture other than the VM's (exit code $EXIT);" \
            "check machineType and the base images of the trainer's Dockerfile"
    elif [[ $(last_line "$LOG") == *[Rr]"ead-only file system"* ]]; then
        because "The trainer failed (exit code $EXIT) because it wrote outside /tmp and its home folder;" \
            "let it write there, or make the image's files writable (npx pulumi config set writableRoot true)"
    else
        case $EXIT in
            (126 | 127)
                because "The image's entry point could not be run (exit code $EXIT);" \
                    "check ENTRYPOINT and CMD in the trainer's Dockerfile"
                ;;
            (137)
                because "The trainer was killed (exit code 137, SIGKILL), but not by the memory limit of its container;" \
                    "see the end of its log, and choose a machineType with more memory if it needs a lot"
                ;;
            (143)
                because "The trainer received a SIGTERM (exit code 143) while the VM was not shutting down;" \
                    "find out what in the container sends it"
                ;;
            (139) because "The trainer crashed (exit code 139, SIGSEGV); see the end of its log" ;;
            (*) because "The trainer failed (exit code $EXIT); see the end of its log" ;;
        esac
    fi
}

# The publisher of a stopped `run` may still be sending its last request.
settle_publisher() {
    local publisher
    publisher=$(recall publisher)
    until_gone "$publisher" 10 || signal KILL "$publisher"
}

# same_bytes FIRST BYTES: true if the followed log, at byte FIRST, matches the first BYTES bytes that docker kept.
same_bytes() {
    [ "$(md5_of <(tail -c "+$(($1 + 1))" "$LOG" | head -c "$2"))" = "$(md5_of <(head -c "$2" "$LOG.kept"))" ]
}

# A follower loses and repeats output if docker rotates its files faster than it reads. Docker keeps the whole log
# unless it is very long, in which case it keeps the newest part. Uploaded bytes cannot change, so missing output is
# appended to them.
complete_log() {
    local seconds=20 kept followed uploaded
    if [ "$STATUS" = INTERRUPTED ]; then seconds=5; fi
    timeout "$seconds" docker logs "$CONTAINER" >"$LOG.kept" 2>&1 || return
    kept=$(($(wc -c <"$LOG.kept")))
    followed=$(($(wc -c <"$LOG")))
    if [ "$kept" -le "$followed" ] && same_bytes $((followed - kept)) "$kept"; then return; fi
    uploaded=$(recall log-to 0)
    # If the two logs start with different bytes, docker has deleted the start of the log.
    if ! same_bytes 0 "$(smaller 65536 "$followed")"; then uploaded=$followed; fi
    if [ "$kept" -lt "$uploaded" ] || ! same_bytes 0 "$uploaded"; then
        head -c "$uploaded" "$LOG" >"$LOG.new"
        printf '\n[docker lost part of the log above; the last %s bytes that it kept follow]\n' "$kept" >>"$LOG.new"
    fi
    cat "$LOG.kept" >>"$LOG.new" && mv -f "$LOG.new" "$LOG"
}

# upload_log DEADLINE
upload_log() {
    local deadline=$1
    # A shutdown leaves little time, and the status must still be written.
    if [ "$STATUS" = INTERRUPTED ]; then deadline=$(smaller "$deadline" $(($(now) + 6))); fi
    while :; do
        publish_log "$deadline"
        case $? in
            (1) return ;;
            (2)
                say "the end of the log could not be uploaded ($(http_problem)); its last lines are:"
                tail -c 2000 "$LOG"
                return
                ;;
        esac
        heartbeat
    done
}

# upload_listing DEADLINE: writes runs/<runId>/objects.json, the list of the model's objects. Without it, the run does
# not count as successful.
upload_listing() {
    local listing=$STATE/objects.json separator=
    printf '{"schema":1,"pages":[' >"$listing"
    PAGE_TOKEN=
    while :; do
        if ! list_page "$1" "$RUN_PREFIX/model/" 'items(name,size,generation,crc32c,md5Hash)'; then
            listing_failed listed
            return
        fi
        printf '%s' "$separator" >>"$listing"
        cat "$RESPONSE" >>"$listing"
        separator=,
        [ -n "$PAGE_TOKEN" ] || break
        heartbeat
    done
    printf ']}\n' >>"$listing"
    upload "$1" "$RUN_PREFIX/objects.json" "$listing" application/json
    [ "$HTTP_CODE" = 200 ] || listing_failed "recorded in $RUN_PREFIX/objects.json"
}

listing_failed() {
    STATUS=FAILED
    because "The trainer succeeded, but its model could not be $1 ($(http_problem));" \
        "check roles/storage.legacyBucketReader on gs://$BUCKET and roles/storage.objectUser on its runs/"
}

# write_last_status DEADLINE
write_last_status() {
    # Even if the claim failed, the VM may have permission to write, in which case the reason reaches the bucket.
    put_status "$1" "$STATUS" "$EXIT" "$REASON" "$(timestamp)"
    case $? in
        (0) keep final-state "$STATUS" && announce "$1" "$STATUS" ;;
        (2) say "$STATUS could not be written to gs://$BUCKET/$RUN_PREFIX/status.json ($(http_problem))" ;;
    esac
}
