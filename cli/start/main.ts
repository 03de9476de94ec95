import "../shared/check-node";

import path from "node:path";
import { ConfigError, renderIssues } from "../../infra/config/issues";
import { HELP, readArguments } from "../shared/arguments";
import { processTerminal } from "../shared/command-context";
import { findProject, userFolder } from "../shared/project";
import { runCommand } from "../shared/run-command";
import { Screen } from "../shared/screen";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import type { RuntimeName } from "./rehearsal-context";
import { RehearsalOutput } from "./rehearsal-output";
import { rehearse } from "./rehearse";
import { type Results, summaryLines } from "./results";
import { takeSecretEnv } from "./secret-env";
import { fromUsersFolder, googleCloudLines, readStackConfig, startCommand } from "./stack-config";

const USAGE = `${commandLine("start")} rehearses the full lifecycle of a stack on this machine. It needs no cloud account and leaves nothing behind.

Usage: ${commandLine("start", "[options] [key=value ...]")}

  key=value            overrides Pulumi.local.yaml and the defaults in Pulumi.yaml, e.g. dataset=my.csv target=price;
                       paths are relative to the folder in which the command is typed
  --config key=value   the same
  --secret-env NAME    makes NAME a secret variable of the trainer, with the value it has in this command's environment;
                       may be repeated
  --dataset-from PATH  a file, or a folder of files, that stands in for a dataset in a bucket
  --runtime NAME       docker: the trainer's image, in a container; process: the trainer's start script
                       default: docker if a Docker engine is reachable and the base images are available
  --verbose            shows every resource, instead of one line for each part of the stack
  --help               this text`;

const OPTIONS = {
    config: { type: "string", multiple: true, short: "c" },
    "secret-env": { type: "string", multiple: true },
    "dataset-from": { type: "string" },
    runtime: { type: "string" },
    verbose: { type: "boolean" },
    ...HELP,
} as const;

/** Implements `npm start`: reads the command line, listens for Ctrl-C, and reports how the rehearsal ended. */
async function main(args: string[]): Promise<number> {
    const { values, positionals } = readArguments(args, {
        help: commandLine("start", "--help"),
        options: OPTIONS,
        maxPositionals: Number.POSITIVE_INFINITY,
    });
    if (values.help) {
        new Screen(processTerminal()).print(USAGE);
        return 0;
    }
    const runtime = parseRuntime(values.runtime);
    const projectDir = findProject();
    const userDir = userFolder();
    const config = [...(values.config ?? []), ...positionals.map(checkOverride)].map((override) =>
        fromUsersFolder(override, projectDir, userDir),
    );
    // As with Pulumi, paths in the program are relative to the project folder.
    process.chdir(projectDir);
    const secretEnv = takeSecretEnv(values["secret-env"] ?? [], process.env);
    const interrupt = new AbortController();
    const onSignal = () => {
        if (interrupt.signal.aborted) {
            console.error("Still cleaning up; this takes a few seconds.");
        }
        interrupt.abort();
    };
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal);

    const started = Date.now();
    const output = new RehearsalOutput(processTerminal());
    // Without an engine, Pulumi's runtime logs to the console.
    const show = (text: unknown) =>
        output.print(
            String(text)
                .replace(/^info: \[runtime\] /, "")
                .replace(" [runtime]", ""),
        );
    console.log = show;
    console.warn = show;
    const datasetFrom = values["dataset-from"] && path.resolve(userDir ?? projectDir, values["dataset-from"]);
    let results: Results | undefined;
    const status = await rehearse({
        projectDir,
        dataParent: path.join(projectDir, ".emulator"),
        stack: "local",
        config,
        secretEnv,
        datasetFrom,
        runtime,
        print: (line) => output.print(line),
        begin: (title) => output.begin(title),
        verbose: values.verbose === true,
        onResults: (found) => {
            results = found;
        },
        signal: interrupt.signal,
    })
        .finally(() => output.end())
        .catch((error: unknown) => {
            throw error instanceof ConfigError ? new UsageError(renderIssues(error.issues, startCommand)) : error;
        });
    output.print("");
    if (status === 0) {
        const seconds = ((Date.now() - started) / 1000).toFixed(1);
        for (const line of results ? summaryLines(results, userDir) : []) {
            output.print(line);
        }
        const [command, ...lines] = googleCloudLines(config, ownSecrets(projectDir, config, secretEnv));
        for (const line of [`Rehearsed in ${seconds} s. To train on Google Cloud: ${command}`, ...lines]) {
            output.print(line);
        }
    } else {
        const end = interrupt.signal.aborted ? "was interrupted" : "failed";
        output.print(`The rehearsal ${end} (exit status ${status}).`);
    }
    return status;
}

/** The variables from `--secret-env` that would be entries in the stack's own `env`. */
function ownSecrets(
    projectDir: string,
    config: readonly string[],
    secretEnv: Readonly<Record<string, string>>,
): string[] {
    const { standIns } = readStackConfig(projectDir, "local", config, secretEnv);
    return Object.keys(secretEnv).filter((name) => !Object.hasOwn(standIns, name));
}

/** npm passes on `--config key=value` as `key=value` if the user forgets the `--`, so that form is accepted too. */
function checkOverride(argument: string): string {
    if (!/^[\w:.-]+=/.test(argument)) {
        const hint = process.env.npm_lifecycle_event === "start" ? "; npm passes on only the options after --" : "";
        throw new UsageError(`"${argument}" must be key=value${hint} (${commandLine("start", "--help")})`);
    }
    return argument;
}

function parseRuntime(name: string | undefined): RuntimeName | undefined {
    if (name !== undefined && name !== "docker" && name !== "process") {
        throw new UsageError(
            `--runtime must be docker or process; got "${name}" (${commandLine("start", "--runtime process")})`,
        );
    }
    return name;
}

runCommand(main);
