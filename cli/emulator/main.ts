import path from "node:path";
import { DEFAULT_PORT, type Emulator, startEmulator } from "../../emulator/src";
import { HELP, readArguments } from "../shared/arguments";
import { PROJECT_DIR } from "../shared/command-context";
import { findEngine } from "../shared/docker";
import { runCommand } from "../shared/run-command";
import { UsageError } from "../shared/usage-error";

const USAGE = `npm run emulator serves Google Cloud on this machine, for \`pulumi up -s local\` with the real providers.

Usage: npm run emulator -- [options]

  --port NUMBER    port on 127.0.0.1; default ${DEFAULT_PORT}, which Pulumi.local.yaml names
  --runtime NAME   docker: VMs run images of this machine's Docker engine; process: images that npm start makes;
                   systemd: VMs run Debian with systemd, cloud-init and docker (.ci/systemd-image.sh builds the image)
                   default: docker if a Docker engine answers, else process
  --data FOLDER    folder for all data; default .emulator in the project folder
  --log            prints one line per request
  --help           this text

The data survives a restart; a VM that was running is then TERMINATED. Ctrl-C stops the emulator.`;

const RUNTIMES = ["docker", "process", "systemd"] as const;

const OPTIONS = {
    port: { type: "string" },
    runtime: { type: "string" },
    data: { type: "string" },
    log: { type: "boolean" },
    ...HELP,
} as const;

/** `npm run emulator`: starts the emulator, prints the next steps, and stops it at Ctrl-C. */
async function main(args: string[]): Promise<number> {
    const { values } = readArguments(args, { help: "npm run emulator -- --help", options: OPTIONS });
    if (values.help) {
        console.log(USAGE);
        return 0;
    }
    const port = parsePort(values.port);
    const runtime = parseRuntime(values.runtime) ?? (await chooseRuntime());
    const dataDir = values.data === undefined ? path.join(PROJECT_DIR, ".emulator") : path.resolve(values.data);
    const log = values.log ? { log: (line: string) => console.log(line) } : {};
    const emulator = await startEmulator({ dataDir, port, runtime, ...log }).catch((error: Error) => {
        throw explainStart(error);
    });
    stopOnSignal(emulator);
    const folder = path.relative(process.cwd(), dataDir);
    console.log(`Emulator of Google Cloud at ${emulator.url} (open it in a browser to look around)`);
    console.log(`  data in ${folder.startsWith("..") ? dataDir : folder || "."}, VMs of the ${runtime} runtime`);
    const restored = await emulator.inventory();
    if (restored.length > 0) {
        console.log(`  restored: ${restored.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`);
    }
    console.log(nextSteps(emulator));
    return 0;
}

/** Errors of the start concern the port, the folder or this machine, which the user can fix. */
function explainStart(error: Error): Error {
    const isPortTaken = (error.cause as NodeJS.ErrnoException | undefined)?.code === "EADDRINUSE";
    const advice = isPortTaken ? " Another emulator may be running; or: npm run emulator -- --port 9011" : "";
    return new UsageError(`${error.message}${advice}`, { cause: error });
}

function nextSteps({ port, url }: Emulator): string {
    const stack = [
        "",
        "In another terminal, with a separate Pulumi state:",
        "  mkdir -p .emulator/state",
        '  export PULUMI_BACKEND_URL="file://$PWD/.emulator/state" PULUMI_CONFIG_PASSPHRASE=',
        "  export PULUMI_GCP_SKIP_REGION_VALIDATION=true",
        "  npx pulumi stack select --create local",
        "  npx pulumi up",
        "",
        "Without internet, or with a slow connection, also: export HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1",
        "(the gcp provider asks Google for the account's name; a refused connection ends that at once)",
        "Ctrl-C here stops the emulator; its data stays for the next start.",
    ];
    const other = [
        "",
        `Pulumi.local.yaml names port ${DEFAULT_PORT}; for this port, first run:`,
        `  sed -i.bak 's|http://127.0.0.1:${DEFAULT_PORT}/|${url}/|' Pulumi.local.yaml`,
    ];
    return [...(port === DEFAULT_PORT ? [] : other), ...stack].join("\n");
}

async function chooseRuntime(): Promise<"docker" | "process"> {
    const engine = await findEngine();
    if ("version" in engine) {
        return "docker";
    }
    console.log(`No Docker engine answers (${engine.missing}). \`pulumi up\` needs one to build the trainer's image.`);
    return "process";
}

/** Stops the emulator in order. A second Ctrl-C does not cut this short, so that its data stays consistent. */
function stopOnSignal(emulator: Emulator): void {
    let stopping = false;
    const stop = async () => {
        if (stopping) {
            return;
        }
        stopping = true;
        console.log("Stopping: powering off the VMs ...");
        try {
            await emulator.stop();
            console.log("Stopped.");
        } catch (error) {
            console.error(error);
            process.exitCode = 1;
        }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => void stop());
    }
}

function parseRuntime(name: string | undefined): (typeof RUNTIMES)[number] | undefined {
    const runtime = RUNTIMES.find((each) => each === name);
    if (name !== undefined && runtime === undefined) {
        throw new UsageError(
            `--runtime must be one of ${RUNTIMES.join(", ")}; got "${name}" (npm run emulator -- --help)`,
        );
    }
    return runtime;
}

function parsePort(port = String(DEFAULT_PORT)): number {
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
        throw new UsageError(
            `--port must be a number up to 65535; got "${port}" (npm run emulator -- --port ${DEFAULT_PORT})`,
        );
    }
    return Number(port);
}

runCommand(main);
