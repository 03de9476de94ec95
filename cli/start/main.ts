import path from "node:path";
import { parseArgs } from "node:util";
import { ConfigError, renderIssues } from "../../infra/config/issues";
import { type RehearsalOptions, rehearse } from "./rehearse";
import { googleCloudCommand, startCommand, UsageError } from "./stack-config";

const USAGE = `npm start rehearses the whole life of a stack on this machine: no cloud account is needed, and nothing is left.

Usage: npm start -- [options]

  --config key=value   a value over Pulumi.local.yaml and the defaults in Pulumi.yaml; may be repeated
                       e.g. --config dataset=my.csv --config target=price
  --runtime NAME       docker: the trainer's image, in a container; process: the trainer's start script
                       default: docker if a Docker engine answers and the base images can be had
  --help               this text`;

const projectDir = path.resolve(__dirname, "../..");

/** `npm start`: parses the command line, listens for Ctrl-C, and turns the rehearsal's end into an exit status. */
async function main(): Promise<number> {
    const options = readArguments();
    if (options.help) {
        console.log(USAGE);
        return 0;
    }
    const interrupt = new AbortController();
    const onSignal = () => {
        if (interrupt.signal.aborted) {
            console.error("Still cleaning up; this takes a few seconds.");
        }
        interrupt.abort();
    };
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal);

    const started = Date.now();
    const status = await rehearseChecked({
        projectDir,
        dataDir: path.join(projectDir, ".emulator", "rehearsal"),
        stack: "local",
        config: options.config ?? [],
        runtime: options.runtime,
        print: (line) => console.log(line),
        signal: interrupt.signal,
    });
    console.log("");
    if (status === 0) {
        console.log(
            `Rehearsed in ${((Date.now() - started) / 1000).toFixed(1)} s. The same on Google Cloud: ${googleCloudCommand(options.config ?? [])}`,
        );
    } else {
        const end = interrupt.signal.aborted ? "was interrupted" : "failed";
        console.log(`The rehearsal ${end} (exit status ${status}).`);
    }
    return status;
}

function readArguments() {
    try {
        const { values } = parseArgs({
            options: {
                config: { type: "string", multiple: true, short: "c" },
                runtime: { type: "string" },
                help: { type: "boolean", short: "h" },
            },
        });
        const { runtime } = values;
        if (runtime !== undefined && runtime !== "docker" && runtime !== "process") {
            throw new UsageError(
                `--runtime must be docker or process; got "${runtime}" (npm start -- --runtime process)`,
            );
        }
        return { ...values, runtime: runtime as "docker" | "process" | undefined };
    } catch (error) {
        throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message} (npm start -- --help)`);
    }
}

/** @throws UsageError for an invalid config; its fixes are options of this command */
async function rehearseChecked(options: RehearsalOptions): Promise<number> {
    try {
        return await rehearse(options);
    } catch (error) {
        throw error instanceof ConfigError ? new UsageError(renderIssues(error.issues, startCommand)) : error;
    }
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (error: Error) => {
        // User errors print without a stack trace; anything else is a bug and needs one.
        console.error(error instanceof UsageError ? `error: ${error.message}` : error.stack);
        process.exitCode = 1;
    },
);
