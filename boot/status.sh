# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# runs/<runId>/status.json: the owner and state of the run. Every write specifies the generation that it replaces.

# status_json STATE EXIT_CODE REASON FINISHED_AT: prints the status on one line, with its keys in a fixed order.
status_json() {
    printf '{"schema":1,"runId":%s,"state":"%s","attempt":%s,"interruptions":%s,"reported":false,' \
        "$(json_text "$RUN_ID")" "$1" "$(recall attempt 1)" "$(recall interruptions 0)"
    printf '"bootId":%s,"exitCode":%s,"reason":%s,' "$(json_text "$BOOT_ID")" "${2:-null}" "$(json_or_null "$3")"
    printf '"startedAt":%s,"updatedAt":"%s","finishedAt":%s}' \
        "$(json_or_null "$(recall started-at)")" "$(timestamp)" "$(json_or_null "$4")"
}

# announce DEADLINE STATE: reports a status that has just been written, if the stack uses notifications.
announce() {
    if [ ! -f "$HERE/notify.sh" ]; then return; fi
    # shellcheck source=boot/notify.sh
    . "$HERE/notify.sh"
    notify "$@"
}

json_or_null() {
    if [ -n "$1" ]; then json_text "$1"; else printf 'null'; fi
}

# now_ms: prints the milliseconds since the epoch, in whole seconds if date does not support %N, as on macOS.
now_ms() {
    local time
    time=$(date +%s%N)
    case $time in
        (*N) printf '%s000' "${time%N}" ;;
        (*) printf '%s' "${time%??????}" ;;
    esac
}

# Cloud Storage accepts one write per second for each object. https://cloud.google.com/storage/quotas#objects The clock
# may be adjusted in the meantime, so the number of pauses is also limited.
await_pace() {
    local last pace=1000 tenths=21
    last=$(recall status-written-ms 0)
    case $last in
        (*000) pace=2000 ;;
    esac
    while [ $(($(now_ms) - last)) -lt "$pace" ] && [ "$tenths" -gt 0 ]; do
        sleep 0.1
        tenths=$((tenths - 1))
    done
}

# read_status DEADLINE: sets HTTP_CODE and, if it is 200, STATUS_TEXT and STATUS_GENERATION, which belong together. The
# content is checked against the hash in its metadata.
read_status() {
    local url md5
    url=$(object_url "$RUN_PREFIX/status.json")
    while :; do
        KIND='storage#object' request "$1" GET "$url?fields=kind,generation,md5Hash"
        [ "$HTTP_CODE" = 200 ] || return 0
        STATUS_GENERATION=$(json_number generation <"$RESPONSE")
        md5=$(json_string md5Hash <"$RESPONSE" | sed 's/\\u003d/=/g')
        request "$1" GET "$url?alt=media&generation=$STATUS_GENERATION"
        # 404 means that the object was overwritten between the two requests, or that the generation was corrupted in
        # transit.
        case $HTTP_CODE in
            (200)
                STATUS_TEXT=$(tr -d '\r\n' <"$RESPONSE")
                [ "$(md5_of "$RESPONSE")" != "$md5" ] || return 0
                HTTP_CODE=200-invalid
                ;;
            (400 | 404) ;;
            (*) return 0 ;;
        esac
        [ "$(now)" -lt "$1" ] && [ "$STOPPING" = 0 ] || return 0
        nap 1
    done
}

# True if this boot itself wrote the text just read, in a request whose response was lost.
status_is_own() {
    local sent
    while IFS= read -r sent; do
        [ "$sent" = "$STATUS_TEXT" ] && return 0
    done <"$STATE/status-sent"
    return 1
}

# put_status DEADLINE STATE [EXIT_CODE REASON FINISHED_AT]
# 0 = written; 1 = another writer has taken over the run, so this boot must end without writing anything else; 2 = not
# written, see HTTP_CODE.
put_status() {
    local deadline=$1 body=$STATE/status.$ROLE line generation
    line=$(status_json "$2" "${3:-}" "${4:-}" "${5:-}")
    printf '%s\n' "$line" >"$body" || return 2
    printf '%s\n' "$line" >>"$STATE/status-sent"
    while :; do
        await_pace
        upload "$deadline" "$RUN_PREFIX/status.json" "$body" application/json "$(recall generation 0)"
        keep status-written-ms "$(now_ms)"
        case $HTTP_CODE in
            (200)
                generation=$(json_number generation <"$RESPONSE")
                # If the generation is missing, the response was corrupted in transit, so the status is read to find it.
                # An empty precondition would overwrite whatever exists.
                if [ -n "$generation" ]; then
                    keep generation "$generation"
                    return 0
                fi
                ;;
            (412) ;;
            (*) return 2 ;;
        esac
        read_status "$deadline"
        if [ "$HTTP_CODE" != 200 ] && [ "$HTTP_CODE" != 404 ]; then return 2; fi
        if [ "$HTTP_CODE" = 404 ] || ! status_is_own; then
            say "$RUN_PREFIX/status.json was written by another writer; this VM leaves the run alone"
            : >"$STATE/lost"
            return 1
        fi
        keep generation "$STATUS_GENERATION"
        [ "$STATUS_TEXT" = "$line" ] && return 0
    done
}
