import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Command } from "./engine/command";
import { Cloud, FAST_CLOUD, Project } from "./engine/support";

const USAGE = `npm run times measures how long \`pulumi up\` and \`pulumi preview\` take if nothing has changed, and compares them with a program
like the one that \`pulumi new gcp-typescript\` makes, with one bucket: once with its type check, which Pulumi's copy
of ts-node omits if the source is in its cache, and once without. It needs the Pulumi CLI and its providers.

Usage: npm run times -- [options]

  --pairs N   number of times that both programs run, one after the other; default 5
  --help      this text

The machine must be idle.`;

/** Another Pulumi program that uses the same emulator. */
class BareProgram {
    readonly #folder: string;
    readonly #env: NodeJS.ProcessEnv;

    constructor(cloud: Cloud, env: NodeJS.ProcessEnv) {
        this.#folder = path.join(cloud.folder, "bare");
        this.#env = { ...env, PULUMI_BACKEND_URL: `file://${path.join(cloud.folder, "bare-state")}` };
        mkdirSync(path.join(cloud.folder, "bare-state"));
        mkdirSync(this.#folder);
        const files = {
            "Pulumi.yaml": "name: bare\nruntime: nodejs\n",
            "package.json": JSON.stringify({
                name: "bare",
                devDependencies: { "@types/node": "^20", typescript: "^5.0.0" },
                dependencies: { "@pulumi/pulumi": versionOf("pulumi"), "@pulumi/gcp": versionOf("gcp") },
            }),
            "index.ts":
                'import * as gcp from "@pulumi/gcp";\n\n' +
                'const bucket = new gcp.storage.Bucket("my-bucket", { location: "US" });\n\n' +
                "export const bucketName = bucket.url;\n",
            "tsconfig.json": JSON.stringify({
                compilerOptions: {
                    strict: true,
                    outDir: "bin",
                    target: "es2020",
                    module: "commonjs",
                    moduleResolution: "node",
                    sourceMap: true,
                    experimentalDecorators: true,
                    pretty: true,
                    noFallthroughCasesInSwitch: true,
                    noImplicitReturns: true,
                    forceConsistentCasingInFileNames: true,
                },
                files: ["index.ts"],
            }),
            "Pulumi.bare.yaml": `config:\n  gcp:project: demo-project\n  gcp:storageCustomEndpoint: ${cloud.url}/storage/v1/\n`,
        };
        for (const [name, text] of Object.entries(files)) {
            writeFileSync(path.join(this.#folder, name), text);
        }
    }

    /** Installs its packages, and creates its stack and its bucket. */
    async init(): Promise<void> {
        execFileSync("npm", ["install", "--no-audit", "--no-fund"], { cwd: this.#folder, stdio: "inherit" });
        await this.pulumi(["stack", "init", "bare"]).expectSuccess();
        await this.up().expectSuccess();
    }

    up(env: NodeJS.ProcessEnv = {}): Command {
        return this.pulumi(["up", "--yes", "--skip-preview", "--stack", "bare"], env);
    }

    preview(env: NodeJS.ProcessEnv = {}): Command {
        return this.pulumi(["preview", "--expect-no-changes", "--stack", "bare"], env);
    }

    pulumi(args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
        return new Command("pulumi", [...args, "--non-interactive"], {
            cwd: this.#folder,
            env: { ...this.#env, ...env },
        });
    }
}

function versionOf(name: string): string {
    return (require(`@pulumi/${name}/package.json`) as { version: string }).version;
}

async function secondsOf(command: Command): Promise<number> {
    const start = performance.now();
    await command.expectSuccess();
    return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
    const sorted = [...values].sort((left, right) => left - right);
    return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}

async function main(): Promise<void> {
    const { values } = parseArgs({
        options: { pairs: { type: "string", default: "5" }, help: { type: "boolean" } },
    });
    if (values.help) {
        console.log(USAGE);
        return;
    }
    const cloud = await Cloud.start("docker", FAST_CLOUD);
    try {
        const project = new Project(cloud, "times", { trainer: "tiny", hyperparameters: { seconds: 1 } });
        const bare = new BareProgram(cloud, project.environment);
        await project.init();
        await project.up().expectSuccess();
        await bare.init();
        const checked = { TS_NODE_CACHE: "false" };
        for (const [what, ours, other] of [
            ["up, bare program with its type check", () => project.up(), () => bare.up(checked)],
            ["up, bare program from the cache", () => project.up(), () => bare.up()],
            [
                "preview, bare program with its type check",
                () => project.previewNoChanges(),
                () => bare.preview(checked),
            ],
            ["preview, bare program from the cache", () => project.previewNoChanges(), () => bare.preview()],
        ] as const) {
            const times: [number, number][] = [];
            for (let pair = 0; pair < Number(values.pairs); pair += 1) {
                times.push([await secondsOf(ours()), await secondsOf(other())]);
            }
            const [own, bares] = [median(times.map(([time]) => time)), median(times.map(([, time]) => time))];
            const ratio = median(times.map(([time, base]) => time / base));
            const show = (seconds: number) => `${seconds.toFixed(1)} s`;
            console.log(
                `${what}: ${show(own)}; bare: ${show(bares)}; ratio ${ratio.toFixed(2)} ` +
                    `(${times.map((pair) => pair.map(show).join(" / ")).join(", ")})`,
            );
        }
    } finally {
        await cloud.stop();
    }
}

main().catch((error: Error) => {
    console.error(error);
    process.exitCode = 1;
});
