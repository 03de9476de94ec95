/**
 * The beginning of the script that serves as the docker command in a VM. In the `process` runtime, it handles a boot
 * script's short commands itself, because starting Node.js takes longer than the rest of a trivial task. Everything
 * else, including every error, is left to Node.js. `docker run` passes variables on to the container, so none are set
 * for it.
 */
export const DOCKER_SHORTCUTS = String.raw`
# render TEMPLATE: prints the parts of the container's state that the template names; fails without a container.
render() {
    printf '%s\n' "$1" | sed -f "$folder/state.sed" 2>/dev/null
}

case "$EMULATOR_RUNTIME $# $1 $2" in
    ("process 4 inspect --format")
        folder=$EMULATOR_VM_DIR/docker/containers/$4
        text=$(render "$3")
        case $text in
            ('' | *'{{'*) ;;
            (*)
                printf '%s\n' "$text"
                exit
                ;;
        esac
        ;;
    ("process 2 wait "*)
        folder=$EMULATOR_VM_DIR/docker/containers/$2
        # A container that runs for longer is left to Node.js, which needs no process for each pause.
        for pause in 0.1 0.1 0.1 0.2 0.2 0.2; do
            case $(render '{{.State.Running}}') in
                (false) render '{{.State.ExitCode}}' && exit ;;
                (true) sleep "$pause" ;;
                (*) break ;;
            esac
        done
        ;;
    ("process 4 rm --force")
        folder=$EMULATOR_VM_DIR/docker/containers/$4
        if [ ! -e "$folder" ]; then exit; fi
        if [ "$(render '{{.State.Running}}')" = false ]; then
            rm -rf "$folder"
            printf '%s\n' "$4"
            exit
        fi
        ;;
esac
`;
