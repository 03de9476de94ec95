import path from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_PORT, type Emulator, startEmulator } from "../../emulator/src";
import { findEngine } from "../shared/docker";
import { UsageError } from "../start/stack-config";

const USAGE = `npm run emulator serves Google Cloud on this machine, for \`pulumi up -s local\` with the real providers.

Usage: npm run emulator -- [options]

  --port NUMBER    port on 127.0.0.1; default ${DEFAULT_PORT}, which Pulumi.local.yaml names
  --runtime NAME   docker: VMs run images of this machine's Docker engine; process: those that npm start makes;
                   systemd: VMs run Debian with systemd, cloud-init and docker (.ci/systemd-image.sh builds the image)
                   default: docker if a Docker engine answers
  --data FOLDER    where everything is kept; default .emulator in the project folder
  --log            prints one line for each request
  --help           this text

What is in it survives a restart: a VM that ran is TERMINATED then. Ctrl-C ends it.`;

const RUNTIMES = ["docker", "process", "systemd"] as const;
const projectDir = path.resolve(__dirname, "../..");

/** `npm run emulator`: starts it, says what to do next, and stops it at Ctrl-C. */
async function main(): Promise<void> {
    const options = readArguments();
    if (options.help) {
        console.log(USAGE);
        return;
    }
    const runtime = options.runtime ?? (await chooseRuntime());
    const { dataDir, port } = options;
    const emulator = await startEmulator({
        dataDir,
        port,
        runtime,
        ...(options.log ? { log: (line: string) => console.log(line) } : {}),
    });
    stopOnSignal(emulator);
    const place = path.relative(process.cwd(), dataDir);
    console.log(`Emulator of Google Cloud at ${emulator.url} (open it to look around)`);
    console.log(`  data in ${place.startsWith("..") ? dataDir : place || "."}, VMs of the ${runtime} runtime`);
    const kept = await emulator.inventory();
    if (kept.length > 0) {
        console.log(`  kept from before: ${kept.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`);
    }
    console.log(nextSteps(emulator));
}

function nextSteps({ port, url }: Emulator): string {
    const stack = [
        "",
        "In another terminal, with a state of its own:",
        "  mkdir -p .emulator/state",
        '  export PULUMI_BACKEND_URL="file://$PWD/.emulator/state" PULUMI_CONFIG_PASSPHRASE=',
        "  export PULUMI_GCP_SKIP_REGION_VALIDATION=true",
        "  npx pulumi stack select --create local",
        "  npx pulumi up",
        "",
        "With no internet or a slow one, also: export HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1",
        "(the gcp provider asks Google for the account's name; a refused connection ends that at once)",
        "Ctrl-C here stops the emulator; everything in it stays for the next start.",
    ];
    const other = [
        "",
        `Pulumi.local.yaml names port ${DEFAULT_PORT}; for this one, before the rest:`,
        `  sed -i.bak 's|http://127.0.0.1:${DEFAULT_PORT}/|${url}/|' Pulumi.local.yaml`,
    ];
    return [...(port === DEFAULT_PORT ? [] : other), ...stack].join("\n");
}

async function chooseRuntime(): Promise<"docker" | "process"> {
    const engine = await findEngine();
    if ("version" in engine) {
        return "docker";
    }
    console.log(
        `No Docker engine answers (${engine.missing}). \`pulumi up\` needs one: it builds the trainer's image.`,
    );
    return "process";
}

/** Ends the emulator in an orderly way; a second Ctrl-C does not hurry it, so that its data stays whole. */
function stopOnSignal(emulator: Emulator): void {
    let stopping = false;
    const stop = async () => {
        if (stopping) {
            return;
        }
        stopping = true;
        console.log("Stopping: VMs are switched off ...");
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

function readArguments() {
    try {
        const { values } = parseArgs({
            options: {
                port: { type: "string" },
                runtime: { type: "string" },
                data: { type: "string" },
                log: { type: "boolean", default: false },
                help: { type: "boolean", short: "h", default: false },
            },
        });
        const { runtime, port = String(DEFAULT_PORT), data, log, help } = values;
        const asked = RUNTIMES.find((name) => name === runtime);
        if (runtime !== undefined && asked === undefined) {
            throw new UsageError(
                `--runtime must be one of ${RUNTIMES.join(", ")}; got "${runtime}" (npm run emulator -- --help)`,
            );
        }
        if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
            throw new UsageError(
                `--port must be a number up to 65535; got "${port}" (npm run emulator -- --port ${DEFAULT_PORT})`,
            );
        }
        const dataDir = data === undefined ? path.join(projectDir, ".emulator") : path.resolve(data);
        return { runtime: asked, port: Number(port), dataDir, log, help };
    } catch (error) {
        throw error instanceof UsageError
            ? error
            : new UsageError(`${(error as Error).message} (npm run emulator -- --help)`);
    }
}

main().catch((error: Error) => {
    const taken = (error.cause as NodeJS.ErrnoException | undefined)?.code === "EADDRINUSE";
    const advice = taken ? " Another emulator may run already; or: npm run emulator -- --port 9011" : "";
    console.error(`error: ${error.message}${advice}`);
    process.exitCode = 1;
});
