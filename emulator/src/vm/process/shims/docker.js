// @ts-check
// The docker command in the emulated VM. Images come from the emulator's registry with the VM's own credentials. A
// container is a process (EMULATOR_RUNTIME=process) or a container in this machine's engine (docker).

const { DaemonError, StartError, UsageError, parse } = require("./docker-options.js");
const { localImage, pull, PullError } = require("./docker-pull.js");

/** Exit status of `docker run` if the daemon or the command line causes the failure. */
const DAEMON_FAILED = 125;
/** Exit status of `docker run` if the container's program cannot be started. */
const NOT_STARTED = 127;

async function main() {
    const [command, ...words] = process.argv.slice(2);
    const runtime =
        process.env.EMULATOR_RUNTIME === "docker" ? require("./docker-engine.js") : require("./docker-process.js");
    switch (command) {
        case "pull": {
            const { positional } = parse(words, { q: false, quiet: false }, 1);
            const image = await pull(positional[0] ?? "");
            process.stdout.write(`Digest: ${image.digest}\nStatus: Downloaded newer image for ${image.reference}\n`);
            return 0;
        }
        case "run":
        case "wait":
        case "logs":
        case "inspect":
        case "stop":
        case "kill":
        case "rm":
            return await runtime[command](words);
        case "image": {
            const [subcommand, ...rest] = words;
            if (subcommand !== "inspect") {
                throw new UsageError(`'image ${subcommand ?? ""}' is not emulated; allowed: image inspect`);
            }
            const parsed = parse(rest, { f: true, format: true }, 1);
            const image = localImage(parsed.positional[0] ?? "");
            if (image === undefined) {
                throw new DaemonError(`No such image: ${parsed.positional[0]}`);
            }
            return await runtime.inspectImage(image, parsed.last("f", "format"));
        }
        default:
            throw new UsageError(
                `'${command ?? ""}' is not a docker command of the emulated VM; allowed: pull, image inspect, run, wait, logs, inspect, stop, kill, rm`,
            );
    }
}

main().then(
    (exitCode) => {
        process.exitCode = exitCode;
    },
    (error) => {
        const usage = error instanceof UsageError;
        const known = usage || error instanceof PullError || error instanceof DaemonError;
        const text = known ? error.message : error instanceof Error ? error.stack : error;
        process.stderr.write(usage ? `docker: ${text}\n` : `Error response from daemon: ${text}\n`);
        process.exitCode =
            error instanceof StartError ? NOT_STARTED : process.argv[2] === "run" || usage ? DAEMON_FAILED : 1;
    },
);
