# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# `boot.sh prepare`: claims the run, checks that the trainer can read its dataset, and pulls the image.

# give_up STATE REASON...: ends this boot; `finish` reports the state and the reason.
give_up() {
    keep outcome-state "$1"
    shift
    keep outcome-reason "$*"
    stop_publisher
    exit 1
}

fail() {
    give_up FAILED "$@"
}

# leave MESSAGE [STATE]: ends a boot that has nothing to train and nothing to report, because the run is in this state.
# The unit continues to its end, which powers the VM off.
leave() {
    say "$1"
    if [ -n "${2:-}" ]; then keep final-state "$2"; fi
    : >"$STATE/skip"
    exit 0
}

# fail_storage PURPOSE ROLE OTHERWISE: gives up after a failed request.
fail_storage() {
    if by_perimeter "$(http_problem)"; then fail_perimeter "$(http_problem)"; fi
    case $HTTP_CODE in
        (401 | 403)
            fail "The VM's service account has no permission $1 ($(http_problem));" "grant it $2 and run pulumi up"
            ;;
        (*) fail "$3: $(http_problem)" ;;
    esac
}

# Decides from the status in the bucket whether this boot trains, and claims the run if it does.
# https://cloud.google.com/storage/docs/request-preconditions
claim() {
    local owner state reason times attempt=1 interruptions=0
    local roles="roles/storage.legacyBucketReader on gs://$BUCKET and roles/storage.objectUser on its runs/"
    read_status "$GRANTS_UNTIL"
    case $HTTP_CODE in
        (404) keep generation 0 ;;
        (200)
            keep generation "$STATUS_GENERATION"
            owner=$(printf '%s' "$STATUS_TEXT" | json_string runId)
            if [ "$owner" != "$RUN_ID" ]; then
                leave "$RUN_PREFIX/status.json is the status of the run '$owner'; this VM leaves it alone"
            fi
            state=$(printf '%s' "$STATUS_TEXT" | json_string state)
            attempt=$(printf '%s' "$STATUS_TEXT" | json_number attempt)
            interruptions=$(printf '%s' "$STATUS_TEXT" | json_number interruptions)
            case $state in
                (PENDING) interruptions=0 ;;
                (PULLING | RUNNING | INTERRUPTED) interruptions=$((${interruptions:-0} + 1)) ;;
                (SUCCEEDED | FAILED | TIMED_OUT) leave "$RUN_ID is already $state; nothing to do" "$state" ;;
                (*) leave "$RUN_PREFIX/status.json has the unknown state '$state'; this VM leaves the run alone" ;;
            esac
            ;;
        (*) fail_storage "to read $RUN_PREFIX/status.json" "$roles" "The run's status could not be read" ;;
    esac
    keep interruptions "$interruptions"
    if [ "$interruptions" -ge "$MAX_ATTEMPTS" ]; then
        keep attempt "$attempt"
        keep started-at "$(printf '%s' "$STATUS_TEXT" | json_string startedAt)"
        if [ "$interruptions" = 1 ]; then times='1 time'; else times="$interruptions times"; fi
        reason="The run was interrupted $times, and maxAttempts is $MAX_ATTEMPTS;"
        reason="$reason run pulumi up to start it again, with provisioning standard if preemptions continue"
        put_status "$GRANTS_UNTIL" FAILED '' "$reason" "$(timestamp)"
        case $? in
            (0) announce "$GRANTS_UNTIL" FAILED ;;
            (2) fail_storage "to write $RUN_PREFIX/status.json" "$roles" "The end of the run could not be recorded" ;;
        esac
        leave "FAILED: $RUN_ID was interrupted $times, and maxAttempts is $MAX_ATTEMPTS" FAILED
    fi
    if [ "$interruptions" -gt 0 ]; then attempt=$((attempt + 1)); fi
    keep attempt "${attempt:-1}"
    keep started-at "$(timestamp)"
    keep state PULLING
    put_status "$GRANTS_UNTIL" PULLING
    case $? in
        (1) leave "another VM has claimed $RUN_ID" ;;
        (2) fail_storage "to write $RUN_PREFIX/status.json" "$roles" "The run could not be claimed" ;;
    esac
    say "PULLING: attempt $(recall attempt) of $RUN_ID"
}

# Deletes the model from an earlier attempt, so that all files come from one attempt. The checkpoints are kept.
clear_model() {
    local link
    PAGE_TOKEN=
    : >"$STATE/to-delete"
    while :; do
        list_page "$GRANTS_UNTIL" "$RUN_PREFIX/model/" 'items(selfLink)' ||
            fail_storage "to list gs://$BUCKET" "roles/storage.legacyBucketReader on it" \
                "The earlier attempt's model/ could not be listed"
        # A selfLink contains the percent-encoded name, so there are no JSON escapes to undo.
        tr '"' '\n' <"$RESPONSE" | sed -n '/^selfLink$/{n;n;p;}' >>"$STATE/to-delete"
        [ -n "$PAGE_TOKEN" ] || break
    done
    while IFS= read -r link; do
        KIND=nothing request "$GRANTS_UNTIL" DELETE "$STORAGE/storage/v1/b/$BUCKET/o/${link##*/o/}"
        case $HTTP_CODE in
            (204 | 404) ;;
            (*)
                fail_storage "to delete in $RUN_PREFIX/model/" "roles/storage.objectUser on runs/ in gs://$BUCKET" \
                    "The earlier attempt's model/ could not be cleared"
                ;;
        esac
    done <"$STATE/to-delete"
}

# Wait for the grant now, because without it the trainer's first access to the dataset would fail.
check_dataset() {
    local path=${DATASET_URI#gs://}
    KIND='storage#object' request "$GRANTS_UNTIL" GET "$(object_url "${path#*/}" "${path%%/*}")?fields=kind"
    case $HTTP_CODE in
        (200) ;;
        (404)
            fail "The dataset $DATASET_URI does not exist;" \
                "set it (npx pulumi config set dataset PATH_OR_URI) and run pulumi up"
            ;;
        (*)
            fail_storage "to read the dataset $DATASET_URI" "roles/storage.objectViewer on it" \
                "The dataset $DATASET_URI could not be read"
            ;;
    esac
}

prepare() {
    # The disk persists across boots.
    rm -f "$LOG" "$LOG".*
    GRANTS_UNTIL=$(($(now) + GRANT_SECONDS))
    keep boot-id "$BOOT_ID"
    keep boot-since "$(now)"
    : >"$STATE/status-sent"
    trap on_stop TERM
    say "boot $BOOT_ID for $RUN_ID"
    claim
    start_publisher
    if [ "$(recall attempt)" -gt 1 ]; then clear_model; fi
    check_dataset
    check_secrets
    if [ "$GPU_COUNT" -gt 0 ]; then install_gpu_driver; fi
    pull_image
    stop_publisher
}
