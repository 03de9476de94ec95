import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_PORT, type Emulator, startEmulator } from ".";
import { BatchFaults, parseBatchFault } from "./faults/batch-rule";
import { FAULT_KINDS, FaultPlan, parseFaultRule } from "./faults/rule";
import { OPERATOR_TOKEN_FILE } from "./iam/operator-token";
import { type OrgRules, parseOrgRules } from "./org/rules";
import type { RuntimeKind } from "./service";

/** The wording and defaults that differ between the commands that start an emulator. */
export interface CommandOptions {
    /** The command that starts the emulator, without options: `gcp-emulator`, `npm run emulator --`. */
    readonly command: string;
    /** First line of the help text. */
    readonly summary: string;
    /** Default for `--data`, as an absolute path, and the description of this default in the help text. */
    readonly dataDir: string;
    readonly dataDirText: string;
    /** The document that the help text names. */
    readonly readme: string;
    /** Called once the emulator has started. Returns the next steps for the user; `tokenFile` holds their token. */
    readonly nextSteps: (emulator: Emulator, tokenFile: string) => string;
    readonly print: (text: string) => void;
}

const RUNTIMES: readonly RuntimeKind[] = ["docker", "process", "systemd"];

/** An error that the user can fix. It is printed without a stack trace. */
export class CommandError extends Error {
    override readonly name = "CommandError";
}

/**
 * Starts an emulator from command-line arguments, prints its address and returns. The emulator stops on Ctrl-C.
 * @returns the exit status
 * @throws CommandError for invalid arguments, or if the emulator cannot start on this machine
 */
export async function emulatorCommand(args: string[], options: CommandOptions): Promise<number> {
    const { print } = options;
    const { help, runtime: wanted, dataDir, port, log, faults, behavior } = readArguments(args, options);
    if (help) {
        print(usage(options));
        return 0;
    }
    const runtime = wanted ?? (await chooseRuntime(print));
    const logging = log ? { log: print } : {};
    const emulator = await startEmulator({ dataDir, port, runtime, ...logging, ...faults, ...behavior }).catch(
        (error: Error) => {
            throw explainStart(error, options);
        },
    );
    stopOnSignal(emulator, print);
    await announce(emulator, dataDir, runtime, print);
    if ("faults" in faults) {
        print("  injecting faults (--fault) on this port and on those of the VMs");
    }
    if ("org" in behavior) {
        print("  enforcing the constraints and quotas of an organization (--org)");
    }
    print(options.nextSteps(emulator, shortest(path.join(dataDir, OPERATOR_TOKEN_FILE))));
    return 0;
}

/** Errors at startup are due to the port, the folder or this machine, so the user can fix them. */
function explainStart(error: Error, { command }: CommandOptions): CommandError {
    const isPortTaken = (error.cause as NodeJS.ErrnoException | undefined)?.code === "EADDRINUSE";
    const advice = isPortTaken ? ` Another emulator may be running. To use another port: ${command} --port 9011` : "";
    return new CommandError(`${error.message}${advice}`, { cause: error });
}

function usage({ command, summary, dataDirText, readme }: CommandOptions): string {
    return `${summary}

Usage: ${command} [options]

  --port NUMBER    port on 127.0.0.1; 0 chooses a free one; default ${DEFAULT_PORT}
  --runtime NAME   docker: VMs run images from this machine's Docker engine
                   process: VMs run a trainer folder's start script as a
                   process on this machine
                   systemd: VMs run Debian with systemd, cloud-init and docker
                   (only on Linux, from an image that you build)
                   default: docker if a Docker engine is reachable, otherwise
                   process
  --data FOLDER    holds all data; default ${dataDirText}
  --log            prints one line per request
  --fault RULE     breaks requests, to test a trainer or a client program; may
                   be repeated
  --batch-fault RULE
                   disrupts Batch jobs and tasks; may be repeated
  --org FILE       enforces the constraints, quotas and stock-outs in a JSON file
  --operations N   operations take N seconds and pass through Google's states;
                   default 0
  --apis N         APIs refuse requests until they are enabled and for N more
                   seconds; default: they never refuse
  --grants N       IAM grants take effect after N seconds; default 0
  --help           prints this text

The image for systemd, the rules for --batch-fault and the file for --org are
described in ${readme}.

A rule for --fault is a list of key=value pairs, such as
  kind=status,status=503,request=3,count=2,method=POST,path=/upload/,port=vm
  kind     what happens:
${faultKinds()}
  request  the first matching request that is hit; default 1
  count    the number of matching requests that are hit, or all; default 1
  status   HTTP status of kind status; default 503
  ms       milliseconds of kinds delay and refuse; default 2000
  method, path (a part of the URL),
  port (main: the APIs; vm: a VM's metadata, storage and secrets)
           which requests match and count; default all
The first rule that hits a request wins. The emulator's own controls below
/emulator/ are never hit.

The data survives a restart; a VM that was running is then TERMINATED. Ctrl-C
stops the emulator.`;
}

function faultKinds(): string {
    return Object.entries(FAULT_KINDS)
        .map(([kind, text]) => `           ${kind.padEnd(15)}  ${text.replaceAll("`", "")}`)
        .join("\n");
}

async function announce(
    emulator: Emulator,
    dataDir: string,
    runtime: RuntimeKind,
    print: CommandOptions["print"],
): Promise<void> {
    print(`Google Cloud emulator at ${emulator.url} (open it in a browser to look around)`);
    print(`  data in ${shortest(dataDir)}, VMs use the ${runtime} runtime`);
    const restored = await emulator.inventory();
    if (restored.length > 0) {
        print(`  restored: ${restored.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`);
    }
}

/** Returns the path as a person would type it in the current folder. */
function shortest(file: string): string {
    const relative = path.relative(process.cwd(), file);
    return relative.startsWith("..") ? file : relative || ".";
}

async function chooseRuntime(print: CommandOptions["print"]): Promise<RuntimeKind> {
    const missing = await engineMissing();
    if (missing === undefined) {
        return "docker";
    }
    print(`No Docker engine is reachable (${missing}). Pushing images and the docker runtime need one.`);
    return "process";
}

/** The reason why no Docker engine is reachable, or undefined if one is. */
async function engineMissing(): Promise<string | undefined> {
    return await new Promise((resolve) => {
        execFile("docker", ["version", "--format", "{{.Server.Version}}"], (error, stdout, stderr) => {
            const reason = stderr.trim().split("\n").at(-1) || error?.message || "docker did not respond";
            resolve(error === null && stdout.trim() !== "" ? undefined : reason);
        });
    });
}

/** Shuts the emulator down cleanly. A second Ctrl-C has no effect, so the data stays intact. */
function stopOnSignal(emulator: Emulator, print: CommandOptions["print"]): void {
    let stopping = false;
    const stop = async () => {
        if (stopping) {
            return;
        }
        stopping = true;
        print("Stopping: powering off the VMs ...");
        try {
            await emulator.stop();
            print("Stopped.");
        } catch (error) {
            console.error(error);
            process.exitCode = 1;
        }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => void stop());
    }
}

function readArguments(args: string[], { command, dataDir }: CommandOptions) {
    const { runtime, port, data, log, fault, help, "batch-fault": batchFaults, ...rest } = parse(args, command);
    const wanted = RUNTIMES.find((name) => name === runtime);
    if (runtime !== undefined && wanted === undefined) {
        throw new CommandError(`--runtime must be one of ${RUNTIMES.join(", ")}; got "${runtime}" (${command} --help)`);
    }
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
        throw new CommandError(
            `--port must be a number up to 65535; got "${port}" (${command} --port ${DEFAULT_PORT})`,
        );
    }
    return {
        runtime: wanted,
        port: Number(port),
        dataDir: data === undefined ? dataDir : path.resolve(data),
        log,
        faults: fault.length === 0 ? {} : { faults: new FaultPlan(fault.map((rule) => parseFault(rule, command))) },
        behavior: {
            // The gcp provider checks for the status RUNNING 5 seconds after it has created the instance, and again
            // later.
            bootUptimeSeconds: 75,
            ...(batchFaults.length === 0
                ? {}
                : { batch: { faults: new BatchFaults(batchFaults.map((rule) => parseBatch(rule, command))) } }),
            ...milliseconds("operationMs", "operations", rest.operations, command),
            ...milliseconds("apiDelayMs", "apis", rest.apis, command),
            ...milliseconds("grantDelayMs", "grants", rest.grants, command),
            ...(rest.org === undefined ? {} : { org: readOrg(rest.org, command) }),
        },
        help,
    };
}

function milliseconds(name: string, option: string, value: string | undefined, command: string) {
    if (value === undefined) {
        return {};
    }
    if (!/^\d{1,4}$/.test(value)) {
        throw new CommandError(
            `--${option} must be a number of seconds up to 9999; got "${value}" (${command} --${option} 20)`,
        );
    }
    return { [name]: Number(value) * 1000 };
}

function readOrg(file: string, command: string): OrgRules {
    try {
        return parseOrgRules(readFileSync(file, "utf8"));
    } catch (error) {
        const must = "--org must be a JSON file with constraints, quotas and stockOuts";
        throw new CommandError(`${must}; got ${file}: ${(error as Error).message} (${command} --help)`, {
            cause: error,
        });
    }
}

function parseFault(rule: string, command: string) {
    try {
        return parseFaultRule(rule);
    } catch (error) {
        throw new CommandError(`--fault: ${(error as Error).message}; see ${command} --help`, { cause: error });
    }
}

function parseBatch(rule: string, command: string) {
    try {
        return parseBatchFault(rule);
    } catch (error) {
        throw new CommandError(`--batch-fault: ${(error as Error).message}; see ${command} --help`, { cause: error });
    }
}

function parse(args: string[], command: string) {
    try {
        return parseArgs({
            args,
            options: {
                port: { type: "string", default: String(DEFAULT_PORT) },
                runtime: { type: "string" },
                data: { type: "string" },
                log: { type: "boolean", default: false },
                fault: { type: "string", multiple: true, default: [] },
                "batch-fault": { type: "string", multiple: true, default: [] },
                org: { type: "string" },
                operations: { type: "string" },
                apis: { type: "string" },
                grants: { type: "string" },
                help: { type: "boolean", short: "h", default: false },
            },
        }).values;
    } catch (error) {
        throw new CommandError(`${(error as Error).message} (${command} --help)`, { cause: error });
    }
}
