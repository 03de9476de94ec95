import { execFile } from "node:child_process";
import {
    cpSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    realpathSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const ROOT = path.resolve(__dirname, "..", "..");

interface Manifest {
    name: string;
    version: string;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
}

/** A resource that the consumer's program registered. */
export interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

/** An empty Pulumi program in its own folder, into which the packed component is installed. */
export class Consumer {
    readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), "gcp-trainer-package-")));
    readonly folder = path.join(this.root, "program");
    /** Names of the files in the package. */
    packed: string[] = [];

    /**
     * Packs the component with `npm pack`, from copies of its sources. The repository's own `dist/` and `trainer/` are
     * not touched, because other tests may be using them.
     */
    async pack(): Promise<string> {
        const source = path.join(this.root, "source");
        const parts = [
            "package.json",
            "tsconfig.json",
            "tsconfig.package.json",
            "README.md",
            "LICENSE",
            "infra",
            "run",
            "boot",
        ];
        for (const part of [...parts, "Pulumi.yaml", "index.ts"]) {
            cpSync(path.join(ROOT, part), path.join(source, part), { recursive: true });
        }
        symlinkSync(path.join(ROOT, "node_modules"), path.join(source, "node_modules"));
        await npm(source, "run", "prepack");
        const [report] = JSON.parse(await npm(source, "pack", "--ignore-scripts", "--json", "--silent")) as [
            { filename: string; files: { path: string }[] },
        ];
        this.packed = report.files.map((file) => file.path).sort();
        return path.join(source, report.filename);
    }

    /**
     * Installs the package and the Pulumi SDK, including install scripts. The versions are those in the repository's
     * lockfile, which `npm ci` has left in npm's cache.
     */
    async install(tarball: string): Promise<void> {
        mkdirSync(this.folder);
        const manifest = readJson<Manifest>("package.json");
        const lock = readJson<{ packages: Record<string, { version?: string }> }>("package-lock.json");
        const versionOf = (name: string) => lock.packages[`node_modules/${name}`]?.version ?? "";
        const program = {
            name: "consumer",
            version: "1.0.0",
            dependencies: { "@pulumi/pulumi": versionOf("@pulumi/pulumi") },
            devDependencies: { "@types/node": manifest.devDependencies["@types/node"] },
        };
        lock.packages[""] = program;
        this.write("package.json", JSON.stringify({ ...program, private: true }));
        this.write("package-lock.json", JSON.stringify({ ...lock, name: program.name, version: program.version }));
        this.write("data.csv", "x,y\n1,a\n2,b\n");
        this.write("trainer/Dockerfile", "FROM scratch\n");
        await npm(this.folder, "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
    }

    write(name: string, text: string): void {
        const file = path.join(this.folder, name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, text);
    }

    /** Reads a file in the installed package. */
    installed(name: string): string {
        return readFileSync(path.join(this.folder, "node_modules", "gcp-trainer", name), "utf8");
    }

    /** Runs one of the consumer's programs in plain Node.js, without TypeScript. */
    async run(script: string): Promise<string> {
        const { stdout } = await promisify(execFile)(process.execPath, [script], {
            cwd: this.folder,
            maxBuffer: 64 * 1024 * 1024,
        });
        return stdout;
    }

    /** Returns the compiler's messages about the consumer's files, or an empty string. */
    async typeCheck(compilerOptions: Record<string, unknown>, files: string[]): Promise<string> {
        const options = { target: "es2022", strict: true, noEmit: true, types: ["node"], ...compilerOptions };
        this.write("tsconfig.json", JSON.stringify({ compilerOptions: options, files }));
        const compiler = path.join(ROOT, "node_modules", "typescript", "bin", "tsc");
        try {
            await promisify(execFile)(process.execPath, [compiler, "-p", this.folder], { cwd: this.folder });
            return "";
        } catch (error) {
            return (error as { stdout: string }).stdout;
        }
    }

    remove(): void {
        rmSync(this.root, { recursive: true, force: true });
    }
}

function readJson<T>(name: string): T {
    return JSON.parse(readFileSync(path.join(ROOT, name), "utf8")) as T;
}

/** Runs npm without the environment variables from an outer npm, which refer to that npm's own package. */
async function npm(cwd: string, ...args: string[]): Promise<string> {
    const ownKeys = Object.entries(process.env).filter(([key]) => !/^npm_(package|lifecycle|config_local)/.test(key));
    const { stdout } = await promisify(execFile)("npm", args, {
        cwd,
        env: Object.fromEntries(ownKeys),
        maxBuffer: 64 * 1024 * 1024,
        shell: process.platform === "win32",
    });
    return stdout;
}
