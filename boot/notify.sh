# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the files share their variables
# The message about a finished run. Only a stack with the key `notify` has this file and, next to it, `notification`: a
# line with the topic, and one with the beginning of the message.
# https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish

PUBSUB=${PUBSUB_EMULATOR_HOST:+http://$PUBSUB_EMULATOR_HOST}
PUBSUB=${PUBSUB:-https://pubsub.googleapis.com}
# A larger metrics.json is left out of the message.
METRICS_BYTES=4096

# notify DEADLINE STATE: publishes the status that has just been written. If that fails, the console shows why, and
# nothing else changes. A point of a sweep and an interrupted attempt do not end a run.
notify() {
    local topic start model='' deadline message=$STATE/message
    if [ "$2" = INTERRUPTED ] || [ "${SWEEP_ID:-$RUN_ID}" != "$RUN_ID" ]; then return; fi
    { IFS= read -r topic && IFS= read -r start; } <"$HERE/notification"
    deadline=$(smaller "$1" $(($(now) + 60)))
    if [ "$2" = SUCCEEDED ]; then
        model="\"modelUri\":\"gs://$BUCKET/$RUN_PREFIX/model/\","
        read_metrics "$deadline" && model="$model\"metrics\":$METRICS,"
    fi
    {
        printf '%s,%s' "$start" "$model"
        sed -E 's/^\{"schema":1,//;s/"interruptions":.*"bootId":"[^"]*",//;s/"updatedAt":"[^"]*",//' "$STATE/status.$ROLE"
    } >"$message"
    printf '{"messages":[{"data":"%s","attributes":{"Content-Type":"application/json"}}]}' \
        "$(base64 <"$message" | tr -d '\n')" >"$message.json"
    request "$deadline" POST "$PUBSUB/v1/$topic:publish" "$message.json" application/json
    [ "$HTTP_CODE" = 200 ] || say "the notification could not be published to $topic ($(http_problem))"
}

# read_metrics DEADLINE: sets METRICS, or fails if metrics.json is missing, large or not a JSON object.
read_metrics() {
    local url
    url=$(object_url "$RUN_PREFIX/model/metrics.json")
    KIND='storage#object' request "$1" GET "$url?fields=kind,size"
    [ "$HTTP_CODE" = 200 ] && [ "$(json_number size <"$RESPONSE")" -le "$METRICS_BYTES" ] || return
    request "$1" GET "$url?alt=media"
    METRICS=$(tr '\000-\040' ' ' <"$RESPONSE")
    [[ $HTTP_CODE == 200 && ${METRICS// /} == '{'* ]] && is_complete "${METRICS// /}"
}
