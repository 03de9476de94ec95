#!/bin/bash
# The steps of a sweep's task before and after its point is trained. `sweep.sh begin` chooses the point and marks the
# sweep as RUNNING. `sweep.sh record` adds the point's row to the table. The task that finds every row in the table
# concludes the sweep: it writes the table, and makes the best point's model the model of the run. No other process has
# to wait for the sweep.
#
# The tasks of an array are treated as points. They all write to the array's model, and the first one that fails
# concludes the array.
#
# Rows are objects whose metadata contains them, so that one listing returns a thousand of them.
#
# shellcheck disable=SC2034 # the files share their variables
set -u -o pipefail
export LC_ALL=C

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${RUNTIME_DIRECTORY:?batch.sh sets it}
export HOME=$STATE
umask 077

# shellcheck source=boot/common.sh
. "$HERE/common.sh"
# shellcheck source=boot/storage.sh
. "$HERE/storage.sh"
# shellcheck source=boot/status.sh
. "$HERE/status.sh"
# shellcheck source=boot/prepare.sh
. "$HERE/prepare.sh"
# shellcheck source=boot/finish.sh
. "$HERE/finish.sh"

# Exit codes for batch.sh.
OVER=3
AGAIN=75
TAB=$'\t'

# Overrides the function in prepare.sh: it records no outcome for the point, so that Batch merely retries this step.
give_up() {
    say "$*"
    exit "$AGAIN"
}

# point_at POSITION: prints the index of the point that a task trains. $SWEEP_POINTS lists a job's points, as in 3,7-9.
point_at() {
    local position=$1 range first last ranges
    IFS=, read -r -a ranges <<<"$SWEEP_POINTS"
    for range in "${ranges[@]}"; do
        first=${range%-*}
        last=${range#*-}
        if [ "$position" -le $((last - first)) ]; then
            printf '%s' $((first + position))
            return
        fi
        position=$((position - last + first - 1))
    done
}

# row_name INDEX: prints the name of the object with a point's row.
row_name() {
    printf 'runs/%s/rows/%06d' "$SWEEP_ID" "$1"
}

# is_decided ROW
is_decided() {
    case $1 in
        (*"${TAB}SUCCEEDED${TAB}"* | *"${TAB}FAILED${TAB}"* | *"${TAB}TIMED_OUT${TAB}"*) return 0 ;;
        (*) return 1 ;;
    esac
}

# Directs the following requests to the sweep as a whole instead of one of its points.
enter_sweep() {
    RUN_ID=$SWEEP_ID
    RUN_PREFIX=runs/$SWEEP_ID
}

# read_own_status: reads the status of the point or, after enter_sweep, the sweep.
read_own_status() {
    read_status "$DEADLINE"
    case $HTTP_CODE in
        (200) ;;
        (*) give_up "$RUN_PREFIX/status.json could not be read: $(http_problem)" ;;
    esac
    STATUS=$(printf '%s' "$STATUS_TEXT" | json_string state)
}

begin() {
    local attempt interruptions
    read_config "$HERE/config"
    keep point "$(point_at "${BATCH_TASK_INDEX:-0}")"
    # A line of the file `points`: id, values in the format of `config`, arguments as JSON, arguments as CSV cells.
    sed -n "$(($(recall point) + 1))p" "$HERE/points" | cut -f 2 | base64 -d >>"$HERE/config"
    enter_sweep
    read_own_status
    attempt=$(printf '%s' "$STATUS_TEXT" | json_number attempt)
    interruptions=$(printf '%s' "$STATUS_TEXT" | json_number interruptions)
    case $STATUS in
        (PULLING | RUNNING) return ;;
        (SUCCEEDED | FAILED | TIMED_OUT)
            say "the sweep $RUN_ID is already $STATUS; nothing to do"
            exit "$OVER"
            ;;
        (INTERRUPTED)
            attempt=$((attempt + 1))
            interruptions=$((interruptions + 1))
            ;;
    esac
    keep attempt "$attempt"
    keep interruptions "$interruptions"
    keep started-at "$(timestamp)"
    status_json RUNNING '' '' '' >"$STATE/begun"
    upload "$DEADLINE" "$RUN_PREFIX/status.json" "$STATE/begun" application/json "$STATUS_GENERATION"
    # 412: another task got there first.
    case $HTTP_CODE in
        (200 | 412) ;;
        (*) give_up "$RUN_PREFIX/status.json could not be written: $(http_problem)" ;;
    esac
}

# metric_in FILE: prints the number with the name $SWEEP_METRIC at the top level of a JSON object. If the text is split
# at quotes, every second part is a string, of which only the characters that a metric's name may contain are kept. Then
# every list and every object inside the outermost one is replaced with 0.
metric_in() {
    tr -d '\n\r\t\000' <"$1" | sed -e 's/\\\\//g' -e 's/\\"//g' | tr '"' '\n' | sed 'n;s/[^A-Za-z0-9_.-]/?/g' |
        tr '\n' '"' | tr -d ' ' | sed -n -e 's/^{/,/' -e 's/}"*$/,/' \
        -e ':again' -e 's/\[[^][{}]*\]/0/g' -e 's/{[^][{}]*}/0/g' -e 't again' \
        -e 's/.*,"'"${SWEEP_METRIC//./\\.}"'":\(-\{0,1\}[0-9][0-9.eE+-]*\),.*/\1/p'
}

# seconds_of TIME: prints the seconds since the epoch. macOS has a different `date`.
seconds_of() {
    date -u -d "$1" +%s 2>/dev/null || date -j -u -f %Y-%m-%dT%H:%M:%SZ "$1" +%s
}

# text_in NAME / number_in NAME: print a field of the status, or `-`, because `read` cannot handle empty fields.
text_in() {
    local text
    text=$(printf '%s' "$STATUS_TEXT" | json_string "$1")
    printf '%s' "${text:--}"
}

number_in() {
    local number
    number=$(printf '%s' "$STATUS_TEXT" | json_number "$1")
    printf '%s' "${number:--}"
}

record() {
    local metric=- started finished seconds=0 why row
    read_config "$HERE/config"
    read_own_status
    is_decided "$TAB$STATUS$TAB" || give_up "the point is $STATUS"
    if [ "$STATUS" = SUCCEEDED ] && [ -n "$SWEEP_METRIC" ]; then
        request "$DEADLINE" GET "$(object_url "$RUN_PREFIX/model/metrics.json")?alt=media"
        case $HTTP_CODE in
            (200) metric=$(metric_in "$RESPONSE") ;;
            (404) ;;
            (*) give_up "$RUN_PREFIX/model/metrics.json could not be read: $(http_problem)" ;;
        esac
    fi
    started=$(text_in startedAt)
    finished=$(text_in finishedAt)
    why=$(printf '%s' "$STATUS_TEXT" | sed -nE 's/.*"reason":("([^"\\]|\\.)*").*/\1/p')
    row=$(recall point)$TAB${RUN_ID##*/}$TAB$STATUS$TAB$(number_in exitCode)$TAB${metric:--}$TAB$(number_in attempt)
    # A point may have failed before it was claimed.
    if [ "$started" != - ]; then seconds=$(($(seconds_of "$finished") - $(seconds_of "$started"))); fi
    row=$row$TAB$started$TAB$finished$TAB$seconds$TAB${why:-null}
    # A multiple of three bytes, so that concatenated base64 rows remain valid.
    while [ $(((${#row} + 1) % 3)) -ne 0 ]; do row="$row "; done
    printf '%s\n' "$row" >"$STATE/row"
    UPLOAD_ROW=$(base64 <"$STATE/row" | tr -d '\n')
    upload "$DEADLINE" "$(row_name "$(recall point)")" "$STATE/row" 'text/plain; charset=utf-8'
    UPLOAD_ROW=
    [ "$HTTP_CODE" = 200 ] || give_up "the point could not be recorded: $(http_problem)"
    if is_over && claim_conclusion; then conclude; fi
}

is_array() {
    [ -f "$HERE/array" ]
}

# is_over: true if the sweep or array ends with this task.
is_over() {
    if is_array && [ "$STATUS" != SUCCEEDED ]; then
        list_decided
    else
        is_last
    fi
}

# is_last: true if every point of the sweep has an outcome. Tasks start in the order of their points, so the job's last
# point is usually decided late, and most tasks need not list all rows.
is_last() {
    local last=${SWEEP_POINTS##*[,-]}
    if [ "$last" != "$(recall point)" ]; then
        request "$DEADLINE" GET "$(object_url "$(row_name "$last")")?alt=media"
        if [ "$HTTP_CODE" != 200 ] || ! is_decided "$(cat "$RESPONSE")"; then return 1; fi
    fi
    list_decided
    [ "$(lines_in "$STATE/decided")" -eq "$(lines_in "$HERE/points")" ]
}

# list_decided: writes to a file the rows of the points that have an outcome.
list_decided() {
    PAGE_TOKEN=
    : >"$STATE/rows"
    while :; do
        list_page "$DEADLINE" "runs/$SWEEP_ID/rows/" 'items(metadata)' ||
            give_up "the rows could not be listed: $(http_problem)"
        tr '"' '\n' <"$RESPONSE" | sed -n '/^row$/{n;n;p;}' | base64 -d >>"$STATE/rows"
        [ -n "$PAGE_TOKEN" ] || break
    done
    rows_in 'SUCCEEDED|FAILED|TIMED_OUT' <"$STATE/rows" >"$STATE/decided"
}

# rows_in STATES: prints the rows on standard input whose state is one of these.
rows_in() {
    sed -nE "/^[^${TAB}]*${TAB}[^${TAB}]*${TAB}($1)${TAB}/p"
}

lines_in() {
    printf '%s' $(($(wc -l <"$1")))
}

# claim_conclusion: true if this task concludes the sweep. A claim belongs to the job that made it; in that job, a retry
# of the same task may take it over.
claim_conclusion() {
    local generation=0 own="$SWEEP_JOB ${BATCH_TASK_INDEX:-0}" url owner
    url=$(object_url "runs/$SWEEP_ID/conclusion.txt")
    printf '%s\n' "$own" >"$STATE/claim"
    while :; do
        upload "$DEADLINE" "runs/$SWEEP_ID/conclusion.txt" "$STATE/claim" 'text/plain; charset=utf-8' "$generation"
        case $HTTP_CODE in
            (200) return 0 ;;
            (412) ;;
            (*) give_up "the sweep could not be concluded: $(http_problem)" ;;
        esac
        KIND='storage#object' request "$DEADLINE" GET "$url?fields=kind,generation"
        generation=$(json_number generation <"$RESPONSE")
        request "$DEADLINE" GET "$url?alt=media&generation=$generation"
        [ "$HTTP_CODE" = 200 ] || give_up "the sweep could not be concluded: $(http_problem)"
        owner=$(cat "$RESPONSE")
        [ "$owner" != "$own" ] || return 0
        [ "${owner% *}" != "$SWEEP_JOB" ] || return 1
    done
}

# conclude: ends the sweep by writing its table, its model and its final status.
conclude() {
    local exit_code=''
    enter_sweep
    read_own_status
    if is_decided "$TAB$STATUS$TAB"; then return; fi
    keep generation "$STATUS_GENERATION"
    keep attempt "$(printf '%s' "$STATUS_TEXT" | json_number attempt)"
    keep interruptions "$(printf '%s' "$STATUS_TEXT" | json_number interruptions)"
    keep started-at "$(printf '%s' "$STATUS_TEXT" | json_string startedAt)"
    : >"$STATE/status-sent"
    # Only this task writes the status now, so it needs no heartbeat.
    NEXT_BEAT=$((DEADLINE * 2))
    decide_sweep
    if ! is_array; then publish_best; fi
    if [ "$STATUS" = SUCCEEDED ]; then upload_listing "$DEADLINE"; fi
    if [ "$STATUS" = SUCCEEDED ]; then exit_code=0; fi
    say "$STATUS: the sweep $SWEEP_ID${REASON:+: $REASON}"
    put_status "$DEADLINE" "$STATUS" "$exit_code" "$REASON" "$(timestamp)"
    case $? in
        (0) announce "$DEADLINE" "$STATUS" ;;
        (2) give_up "$STATUS could not be written: $(http_problem)" ;;
    esac
}

# publish_best: makes the best point's model the model of the sweep, and writes the table.
publish_best() {
    clear_model
    if [ -n "$BEST" ]; then copy_model; fi
    write_table
    upload "$DEADLINE" "$RUN_PREFIX/sweep.csv" "$STATE/sweep.csv" 'text/csv; charset=utf-8'
    [ "$HTTP_CODE" = 200 ] || give_up "the table could not be written: $(http_problem)"
    upload "$DEADLINE" "$RUN_PREFIX/sweep.json" "$STATE/sweep.json" application/json
    [ "$HTTP_CODE" = 200 ] || give_up "the table could not be written: $(http_problem)"
}

# decide_sweep: sets STATUS, REASON, BEST (empty if there is none), and the point counts.
decide_sweep() {
    local count state code kinds='' order=g
    STATUS=SUCCEEDED
    REASON=
    POINT_COUNT=$(lines_in "$STATE/decided")
    rows_in SUCCEEDED <"$STATE/decided" >"$STATE/good"
    GOOD_COUNT=$(lines_in "$STATE/good")
    FAILED_COUNT=$((POINT_COUNT - GOOD_COUNT))
    if [ "$SWEEP_GOAL" = maximize ]; then order=gr; fi
    BEST=$(sort -t "$TAB" -k "5,5$order" -k 1,1n "$STATE/good" | cut -f 2,5 | sed -n "/$TAB-\$/d;s/$TAB.*//p" | head -n 1)
    if [ "$FAILED_COUNT" -gt "$MAX_FAILED_TASKS" ] || [ "$GOOD_COUNT" = 0 ]; then
        STATUS=FAILED
        while read -r count state code; do
            case $state:$code in
                (TIMED_OUT:*) kinds="$kinds, $count timed out" ;;
                (*:-) kinds="$kinds, $count without an exit code" ;;
                (*) kinds="$kinds, $count with exit code $code" ;;
            esac
        done < <(rows_in 'FAILED|TIMED_OUT' <"$STATE/decided" | cut -f 3,4 | sort | uniq -c | sort -k 1,1nr)
        if is_array; then
            because "$FAILED_COUNT of $(lines_in "$HERE/points") tasks failed (${kinds#, }: task" \
                "$(rows_in 'FAILED|TIMED_OUT' <"$STATE/decided" | cut -f 1 | head -n 1)), and $GOOD_COUNT had succeeded;" \
                "run pulumi up to repeat the others"
        else
            because "$FAILED_COUNT of $POINT_COUNT points failed (${kinds#, }), and maxFailedTasks is" \
                "$MAX_FAILED_TASKS; run pulumi up to repeat them"
        fi
    elif [ -n "$SWEEP_METRIC" ] && [ -z "$BEST" ]; then
        STATUS=FAILED
        because "No point has a number $SWEEP_METRIC at the top level of its metrics.json;" \
            "choose another sweepMetric (npx pulumi config set sweepMetric NAME) and run pulumi up"
    fi
    [ "$STATUS" = SUCCEEDED ] || BEST=
}

# copy_model: copies the best point's model. https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
copy_model() {
    local link source target url token prefix="runs/$SWEEP_ID/points/$BEST/model/"
    : >"$STATE/to-copy"
    : >"$STATE/nothing"
    PAGE_TOKEN=
    while :; do
        list_page "$DEADLINE" "$prefix" 'items(selfLink)' || give_up "$prefix could not be listed: $(http_problem)"
        tr '"' '\n' <"$RESPONSE" | sed -n '/^selfLink$/{n;n;p;}' >>"$STATE/to-copy"
        [ -n "$PAGE_TOKEN" ] || break
    done
    while IFS= read -r link; do
        source=${link##*/o/}
        target=$(url_text "$RUN_PREFIX/model/")${source#"$(url_text "$prefix")"}
        url=$STORAGE/storage/v1/b/$BUCKET/o/$source/rewriteTo/b/$BUCKET/o/$target
        token=
        while :; do
            KIND='storage#rewriteResponse' request "$DEADLINE" POST "$url${token:+?rewriteToken=$(url_text "$token")}" \
                "$STATE/nothing" application/json
            [ "$HTTP_CODE" = 200 ] || give_up "the best point's model could not be copied: $(http_problem)"
            token=$(json_string rewriteToken <"$RESPONSE" | sed 's/\\u003d/=/g')
            [ -n "$token" ] || break
        done
    done <"$STATE/to-copy"
}

# value_or OTHER VALUE: prints a value from a row, or OTHER if the value is `-`.
value_or() {
    if [ "$2" = - ]; then printf '%s' "$1"; else printf '%s' "$2"; fi
}

# write_table: writes sweep.csv and sweep.json, with the points in order.
write_table() {
    local id json cells index state code metric attempts started finished seconds why minutes log separator=
    local at="gs://$BUCKET/runs/$SWEEP_ID/points"
    printf '{"schema":1,"runId":"%s","state":"%s","metric":%s,"goal":"%s","best":%s,' \
        "$SWEEP_ID" "$STATUS" "$(json_or_null "$SWEEP_METRIC")" "$SWEEP_GOAL" "$(json_or_null "$BEST")" >"$STATE/sweep.json"
    printf '"counts":{"points":%s,"succeeded":%s,"failed":%s},"points":[' \
        "$POINT_COUNT" "$GOOD_COUNT" "$FAILED_COUNT" >>"$STATE/sweep.json"
    printf 'point,%sstate,exitCode,metric,attempts,minutes,log\r\n' "$SWEEP_COLUMNS" >"$STATE/sweep.csv"
    while IFS=$TAB read -r index id state code metric attempts started finished seconds why <&3 &&
        IFS=$TAB read -r id _ json cells <&4; do
        printf -v minutes '%d.%02d' $((seconds / 60)) $((seconds % 60 * 100 / 60))
        log=$at/$id/log/
        # The reason may end in spaces that pad the row.
        while [ "${why% }" != "$why" ]; do why=${why% }; done
        printf '%s\n{"point":"%s","arguments":%s,"state":"%s","exitCode":%s,"metric":%s,"attempts":%s,"minutes":%s,' \
            "$separator" "$id" "$json" "$state" "$(value_or null "$code")" "$(value_or null "$metric")" \
            "$(value_or null "$attempts")" "$minutes" >>"$STATE/sweep.json"
        printf '"startedAt":%s,"finishedAt":%s,"reason":%s,"log":"%s"}' \
            "$(json_or_null "${started#-}")" "$(json_or_null "${finished#-}")" "$why" "$log" >>"$STATE/sweep.json"
        printf '%s,%s%s,%s,%s,%s,%s,%s\r\n' "$id" "$cells" "$state" "$(value_or '' "$code")" \
            "$(value_or '' "$metric")" "$(value_or '' "$attempts")" "$minutes" "$log" >>"$STATE/sweep.csv"
        separator=,
    done 3<"$STATE/decided" 4<"$HERE/points"
    printf ']}\n' >>"$STATE/sweep.json"
}

GRANTS_UNTIL=$(($(now) + 240))
DEADLINE=$GRANTS_UNTIL
BOOT_ID=${INVOCATION_ID:?batch.sh sets it}

case ${1:-} in
    (begin) begin ;;
    (record) record ;;
    (*)
        say "usage: sweep.sh begin|record; got '${1:-}'"
        exit 64
        ;;
esac
