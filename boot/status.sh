# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# runs/<runId>/status.json: who owns the run and how it goes. Every write carries the generation it replaces.

# status_json STATE EXIT_CODE REASON FINISHED_AT: the keys of the status in their order, on one line.
status_json() {
    printf '{"schema":1,"runId":%s,"state":"%s","attempt":%s,"interruptions":%s,"reported":false,' \
        "$(json_text "$RUN_ID")" "$1" "$(recall attempt 1)" "$(recall interruptions 0)"
    printf '"bootId":%s,"exitCode":%s,"reason":%s,' "$(json_text "$BOOT_ID")" "${2:-null}" "$(json_or_null "$3")"
    printf '"startedAt":%s,"updatedAt":"%s","finishedAt":%s}' \
        "$(json_or_null "$(recall started-at)")" "$(timestamp)" "$(json_or_null "$4")"
}

json_or_null() {
    if [ -n "$1" ]; then json_text "$1"; else printf 'null'; fi
}

# now_ms: milliseconds of the epoch; whole seconds where date knows no %N, as on macOS.
now_ms() {
    local time
    time=$(date +%s%N)
    case $time in
        (*N) printf '%s000' "${time%N}" ;;
        (*) printf '%s' "${time%??????}" ;;
    esac
}

# Cloud Storage takes one write of an object a second. https://cloud.google.com/storage/quotas#objects
# The clock may be set meanwhile, so the wait has a bound of its own.
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

# read_status DEADLINE: HTTP_CODE; at 200 STATUS_TEXT and STATUS_GENERATION, which belong together.
read_status() {
    local url
    url=$(object_url "$RUN_PREFIX/status.json")
    while :; do
        request "$1" GET "$url?fields=generation"
        [ "$HTTP_CODE" = 200 ] || return 0
        STATUS_GENERATION=$(json_number generation <"$RESPONSE")
        request "$1" GET "$url?alt=media&generation=$STATUS_GENERATION"
        # 404: overwritten between the two requests.
        [ "$HTTP_CODE" = 404 ] && [ "$(now)" -lt "$1" ] && continue
        STATUS_TEXT=$(tr -d '\r\n' <"$RESPONSE")
        return 0
    done
}

# Whether this boot has sent the text just read: a write whose answer got lost.
status_is_own() {
    local sent
    while IFS= read -r sent; do
        [ "$sent" = "$STATUS_TEXT" ] && return 0
    done <"$STATE/status-sent"
    return 1
}

# put_status DEADLINE STATE [EXIT_CODE REASON FINISHED_AT]
# 0 = written; 1 = the run has another writer, this boot must end and write no more; 2 = not written, see HTTP_CODE.
put_status() {
    local deadline=$1 body=$STATE/status.$ROLE line
    line=$(status_json "$2" "${3:-}" "${4:-}" "${5:-}")
    printf '%s\n' "$line" >"$body" || return 2
    printf '%s\n' "$line" >>"$STATE/status-sent"
    while :; do
        await_pace
        upload "$deadline" "$RUN_PREFIX/status.json" "$body" application/json "$(recall generation 0)"
        keep status-written-ms "$(now_ms)"
        case $HTTP_CODE in
            (200)
                keep generation "$(json_number generation <"$RESPONSE")"
                return 0
                ;;
            (412) ;;
            (*) return 2 ;;
        esac
        read_status "$deadline"
        if [ "$HTTP_CODE" != 200 ] && [ "$HTTP_CODE" != 404 ]; then return 2; fi
        if [ "$HTTP_CODE" = 404 ] || ! status_is_own; then
            say "$RUN_PREFIX/status.json was written by someone else; this VM leaves the run alone"
            : >"$STATE/lost"
            return 1
        fi
        keep generation "$STATUS_GENERATION"
        [ "$STATUS_TEXT" = "$line" ] && return 0
    done
}
