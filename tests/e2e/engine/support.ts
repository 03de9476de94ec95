import {
    chmodSync,
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../../emulator/src";
import { mintToken } from "../../../emulator/src/iam/tokens";
import { reasonWithoutDocker } from "../../../emulator/test/docker";
import { BASE_IMAGES, docker } from "../../helpers/docker";
import { TerminalCommand } from "../../helpers/terminal-command";
import { Command, type Ended } from "./command";

const ROOT = path.resolve(__dirname, "../../..");
/** The developer's token in these emulators. */
const OPERATOR_TOKEN = "the-developer";
/** The parts of a `git clone` that the engine needs. */
const PROGRAM = [
    "index.ts",
    "load-typescript.cjs",
    "main.cjs",
    "infra",
    "run",
    "boot",
    "data",
    "trainer",
    "Pulumi.yaml",
    "Pulumi.local.yaml",
    "package.json",
    "tsconfig.json",
];

/** Returns PATH without this project's own `pulumi`, which would try to download an engine. */
function enginePath(): string[] {
    return (process.env.PATH ?? "").split(path.delimiter).filter((folder) => !folder.endsWith("node_modules/.bin"));
}

/** The reason tests with the real engine cannot run on this machine, or undefined if they can. */
function reasonToSkip(): string | undefined {
    const find = (name: string) => enginePath().some((folder) => existsSync(path.join(folder, name)));
    if (!find("pulumi")) {
        return "`pulumi` is not in PATH";
    }
    const cache = path.join(process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi"), "plugins");
    const installed = existsSync(cache) ? readdirSync(cache) : [];
    const missing = ["gcp", "docker"].filter(
        (name) => !find(`pulumi-resource-${name}`) && !installed.some((file) => file.startsWith(`resource-${name}-v`)),
    );
    if (missing.length > 0) {
        return `Pulumi's provider plugins are missing: ${missing.join(", ")} (pulumi plugin install resource NAME)`;
    }
    return reasonWithoutDocker(Object.values(BASE_IMAGES));
}

/** `describe` for tests that need the real engine. Without it, they are skipped, with the reason in the title. */
export function describeWithEngine(title: string, tests: () => void): void {
    const reason = reasonToSkip();
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${reason}]`, tests);
    }
}

/** Emulator options that differ between tests. */
export type CloudOptions = Partial<Omit<EmulatorOptions, "dataDir" | "runtime" | "operatorToken">>;

/**
 * A cloud like Google's: operations take time, new APIs and grants take effect late, and a VM reports over a minute of
 * uptime when it boots.
 */
const SLOW_CLOUD: CloudOptions = {
    operationMs: 2000,
    apiDelayMs: 20_000,
    grantDelayMs: 10_000,
    bootUptimeSeconds: 75,
};

/** A cloud without delays, for tests that take long enough without them. */
export const FAST_CLOUD: CloudOptions = { operationMs: 0, apiDelayMs: 0, grantDelayMs: 0 };

/** An emulator whose VMs run images from the Docker engine by default, and a folder for the engine's state. */
export class Cloud {
    readonly folder: string;
    readonly #options: EmulatorOptions;
    #emulator: Emulator;

    constructor(folder: string, options: EmulatorOptions, emulator: Emulator) {
        this.folder = folder;
        this.#options = options;
        this.#emulator = emulator;
    }

    static async start(runtime: EmulatorOptions["runtime"] = "docker", more: CloudOptions = {}): Promise<Cloud> {
        const folder = mkdtempSync(path.join(tmpdir(), "engine-test-"));
        mkdirSync(path.join(folder, "state"));
        return await Cloud.open(folder, runtime, more);
    }

    /** Starts an emulator with an earlier emulator's data, in the same folder or in a copy of it. */
    static async open(
        folder: string,
        runtime: EmulatorOptions["runtime"] = "docker",
        more: CloudOptions = {},
    ): Promise<Cloud> {
        const dataDir = path.join(folder, "emulator");
        const options = { dataDir, runtime, operatorToken: OPERATOR_TOKEN, ...SLOW_CLOUD, ...more };
        return new Cloud(folder, options, await startEmulator(options));
    }

    get url(): string {
        return this.#emulator.url;
    }

    /** Stops the emulator and starts another with the same data on the same port. */
    async restart(): Promise<void> {
        const { port } = this.#emulator;
        await this.#emulator.stop();
        this.#emulator = await startEmulator({ ...this.#options, port });
    }

    /** Stops the emulator and keeps its files. */
    async close(): Promise<void> {
        await this.#emulator.stop();
    }

    /** Stops the emulator, and removes its files and the images that were pushed to it. */
    async stop(): Promise<void> {
        await this.#emulator.stop();
        rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
        const format = "{{.Repository}} {{.Tag}} {{.Digest}}";
        for (const line of docker("image", "ls", "--digests", "--format", format).split("\n")) {
            const [repository = "", tag, digest] = line.split(" ");
            if (repository.startsWith(`${new URL(this.#emulator.url).host}/`)) {
                docker("image", "rm", "--force", tag === "<none>" ? `${repository}@${digest}` : `${repository}:${tag}`);
            }
        }
    }

    /** Gives an account exactly these roles on the project, without delays, and returns its access token. */
    async deployer(roles: readonly string[]): Promise<string> {
        const accountId = "deployer";
        const email = `${accountId}@demo-project.iam.gserviceaccount.com`;
        const post = (target: string, body: object) =>
            this.#request(target, {
                method: "POST",
                headers: { "content-type": "application/json" },
                body: JSON.stringify(body),
            });
        await post("/v1/projects/demo-project/services/iam.googleapis.com:enable", {});
        if (!(await this.inventory()).some((item) => item.startsWith("service account ") && item.includes(email))) {
            await post("/v1/projects/demo-project/serviceAccounts", { accountId });
        }
        const bindings = roles.map((role) => ({ role, members: [`serviceAccount:${email}`] }));
        await post("/v1/projects/demo-project:setIamPolicy", { policy: { version: 3, bindings } });
        return mintToken(email).accessToken;
    }

    /** Preempts the only VM as Compute Engine does with a spot VM, and waits until it is down or, in Batch, gone. */
    async preempt(): Promise<void> {
        const [vm] = await this.instances();
        const path = new URL(vm?.selfLink ?? "").pathname.replace("/compute/v1/", "");
        await this.#request(`/emulator/v1/${path}:preempt`, { method: "POST" });
        const isUp = async () =>
            (await this.instances()).some(({ name, status }) => name === vm?.name && status !== "TERMINATED");
        while (await isUp()) {
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }

    /** Lets the tiny trainer end the runs that have the hyperparameter `hold`. */
    async release(): Promise<void> {
        const listed = await this.#request("/storage/v1/b?project=demo-project");
        const { items: buckets = [] } = (await listed.json()) as { items?: { name: string }[] };
        for (const { name: bucket } of buckets) {
            const response = await this.#request(`/storage/v1/b/${bucket}/o?prefix=runs/`);
            const { items = [] } = (await response.json()) as { items?: { name: string }[] };
            for (const { name } of items.filter((item) => item.name.endsWith("/attempt-1.json"))) {
                const release = encodeURIComponent(name.replace(/attempt-1\.json$/, "release"));
                await this.#request(`/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${release}`, {
                    method: "POST",
                    body: "{}",
                });
            }
        }
    }

    /** Waits until the only VM is down. */
    async untilDown(): Promise<void> {
        while ((await this.instances())[0]?.status !== "TERMINATED") {
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }

    /** Waits until Batch has deleted the VMs of its finished tasks. */
    async untilVmsAreGone(): Promise<void> {
        while ((await this.instances()).length > 0) {
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }

    async instances(): Promise<{ name: string; status: string; selfLink: string }[]> {
        const response = await this.#request(`/compute/v1/projects/demo-project/zones/us-central1-a/instances`);
        const { items = [] } = (await response.json()) as {
            items?: { name: string; status: string; selfLink: string }[];
        };
        return items;
    }

    async #request(target: string, init: RequestInit = {}): Promise<Response> {
        const headers = { ...init.headers, authorization: `Bearer ${OPERATOR_TOKEN}` };
        const response = await fetch(`${this.url}${target}`, { ...init, headers });
        if (!response.ok) {
            throw new Error(`${target}: HTTP ${response.status} ${await response.text()}`);
        }
        return response;
    }

    /** Kinds and names of everything that would cost money or clutter a project. */
    async inventory(): Promise<string[]> {
        return (await this.#emulator.inventory()).map(({ kind, name }) => `${kind} ${name}`);
    }
}

/** A checkout of the project in its own folder, with one stack. */
export class Project {
    readonly folder: string;

    readonly #cloud: Cloud;
    readonly #stack: string;
    readonly #config: Record<string, unknown>;
    readonly #env: NodeJS.ProcessEnv;

    /**
     * @param config keys for the project that override those in Pulumi.local.yaml
     * @param options.checkout folder name; a second project with the same stack is a second checkout of the same commit
     * @param options.env environment variables that override this process's own
     */
    constructor(
        cloud: Cloud,
        stack: string,
        config: Record<string, unknown> = {},
        { checkout = stack, env = {} }: { checkout?: string; env?: NodeJS.ProcessEnv } = {},
    ) {
        this.#cloud = cloud;
        this.#stack = stack;
        this.#config = config;
        this.#env = env;

        this.folder = path.join(cloud.folder, checkout);
        if (!existsSync(this.folder)) {
            this.#checkOut();
        }
        this.configure(config);
    }

    #checkOut(): void {
        for (const name of PROGRAM) {
            const isMade = (file: string) => /trainer[\\/](node_modules|dist)$/.test(file);
            cpSync(path.join(ROOT, name), path.join(this.folder, name), {
                recursive: true,
                filter: (file) => !isMade(file),
            });
        }
        cpSync(path.join(__dirname, "tiny-trainer"), path.join(this.folder, "tiny"), { recursive: true });
        symlinkSync(path.join(ROOT, "node_modules"), path.join(this.folder, "node_modules"));
    }

    /** Writes the stack's config file: Pulumi.local.yaml with the test emulator's endpoints, and these keys. */
    configure(change: Record<string, unknown>): void {
        Object.assign(this.#config, change);
        const text = readFileSync(path.join(ROOT, "Pulumi.local.yaml"), "utf8");
        const local = parse(text.replaceAll("http://127.0.0.1:9010", this.#cloud.url)) as { config: object };
        const own = Object.entries({ trainerBuildArgs: BASE_IMAGES, ...this.#config });
        const config = {
            ...local.config,
            ...Object.fromEntries(own.map(([key, value]) => [`gcp-trainer:${key}`, value])),
        };
        const file = path.join(this.folder, `Pulumi.${this.#stack}.yaml`);
        const salt = existsSync(file)
            ? (parse(readFileSync(file, "utf8")) as { encryptionsalt?: string }).encryptionsalt
            : undefined;
        writeFileSync(file, stringify({ ...(salt ? { encryptionsalt: salt } : {}), config }));
    }

    /** Gives the files the permission bits that a checkout under this umask would have. */
    checkOutUnder(umask: number): void {
        for (const entry of readdirSync(this.folder, { recursive: true, withFileTypes: true })) {
            if (!entry.isSymbolicLink()) {
                chmodSync(path.join(entry.parentPath, entry.name), (entry.isDirectory() ? 0o777 : 0o666) & ~umask);
            }
        }
    }

    /** Creates the stack. */
    async init(): Promise<void> {
        await this.pulumi("stack", "init", this.#stack).expectSuccess();
        this.configure({});
    }

    up(...options: string[]): Command {
        return this.pulumi("up", "--yes", "--skip-preview", ...options);
    }

    /** Starts a destroy that may be interrupted. */
    startDestroy(...options: string[]): Command {
        return this.pulumi("destroy", "--yes", "--skip-preview", ...options);
    }

    /** Destroys the stack, and checks that it has left nothing in the cloud. */
    async destroy(): Promise<Ended> {
        const ended = await this.startDestroy().expectSuccess();
        await this.residue().expectSuccess();
        return ended;
    }

    /** Starts `npm run residue` as the project's owner. It fails if the stack has left anything. */
    residue(): Command {
        const env = { ...this.environment, GOOGLE_OAUTH_ACCESS_TOKEN: OPERATOR_TOKEN };
        return new Command("npm", this.#script("residue"), { cwd: this.folder, env });
    }

    /** Removes the lock that a killed command left behind. */
    cancel(): Command {
        return this.pulumi("cancel", "--yes");
    }

    /** Runs a preview that fails if it finds changes, and prints them. */
    previewNoChanges(...options: string[]): Command {
        return this.pulumi("preview", "--expect-no-changes", "--diff", ...options);
    }

    async outputs(): Promise<Record<string, unknown>> {
        const { stdout } = await this.pulumi("stack", "output", "--json").expectSuccess();
        return JSON.parse(stdout) as Record<string, unknown>;
    }

    /** Names of the runs saved on this machine, sorted. */
    savedRuns(): string[] {
        const folder = path.join(this.folder, "models", this.#stack);
        const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
        return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
    }

    /** The content of a file in a saved run. */
    saved(run: string, name: string): string {
        return readFileSync(path.join(this.folder, "models", this.#stack, run, name), "utf8");
    }

    pulumi(...args: string[]): Command {
        const global = ["--non-interactive", "--color", "never"];
        const scope = args[0] === "stack" && args[1] === "init" ? [] : ["--stack", this.#stack];
        return new Command("pulumi", [...args, ...scope, ...global], { cwd: this.folder, env: this.environment });
    }

    /** Runs one of the project's own commands in a pseudo-terminal of 80x24. */
    npmRun(script: string, ...args: string[]): TerminalCommand {
        return new TerminalCommand("npm", this.#script(script, ...args), { cwd: this.folder, env: this.environment });
    }

    /** Copies the files of one of the project's own commands to the checkout, and returns npm's arguments for it. */
    #script(script: string, ...args: string[]): string[] {
        for (const name of ["cli", "load-typescript.cjs"]) {
            cpSync(path.join(ROOT, name), path.join(this.folder, name), { recursive: true });
        }
        return ["run", "--silent", script, "--", "-s", this.#stack, ...args];
    }

    /** The environment of every command. */
    get environment(): NodeJS.ProcessEnv {
        return {
            ...process.env,
            PATH: enginePath().join(path.delimiter),
            // The README also uses this URL. With another, a killed command can leave half of the state's metadata.
            PULUMI_BACKEND_URL: `file://${path.join(this.#cloud.folder, "state")}?metadata=skip`,
            PULUMI_CONFIG_PASSPHRASE: "",
            GOOGLE_OAUTH_ACCESS_TOKEN: OPERATOR_TOKEN,
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            PULUMI_GCP_SKIP_REGION_VALIDATION: "true",
            // Requests to services for which the stack sets no endpoint fail immediately instead of reaching Google.
            HTTPS_PROXY: "http://127.0.0.1:9",
            NO_PROXY: "127.0.0.1,localhost",
            ...this.#env,
        };
    }
}
