import { execFile, execFileSync } from "node:child_process";
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
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
}

/** A resource that the consumer's program registered. */
export interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

/** A project created by the packed package's `init`, into which npm then installs the package. */
export class Consumer {
    readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), "gcp-trainer-package-")));
    readonly folder = path.join(this.root, "my-project");
    /** Names of the files in the package. */
    packed: string[] = [];

    /**
     * Packs the package with `npm pack`, from copies of its sources. The repository's own `dist/` is not touched,
     * because other tests may be using it.
     */
    async pack(): Promise<string> {
        const source = path.join(this.root, "source");
        const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
            cwd: ROOT,
        });
        const isNeeded = (name: string) => !/^(tests|bench|examples|emulator\/test|trainer\/test)\//.test(name);
        for (const name of listed.toString("utf8").split("\0").filter(Boolean).filter(isNeeded)) {
            cpSync(path.join(ROOT, name), path.join(source, name), { force: true, recursive: true });
        }
        cpSync(path.join(ROOT, "trainer/dist"), path.join(source, "trainer/dist"), { recursive: true });
        symlinkSync(path.join(ROOT, "node_modules"), path.join(source, "node_modules"));
        await npm(source, "run", "prepack");
        const [report] = JSON.parse(await npm(source, "pack", "--ignore-scripts", "--json", "--silent")) as [
            { filename: string; files: { path: string }[] },
        ];
        this.packed = report.files.map((file) => file.path).sort();
        return path.join(source, report.filename);
    }

    /** Runs `init` in the empty folder `root`, as the documents describe. */
    async init(tarball: string, ...args: string[]): Promise<string> {
        return await npm(
            this.root,
            "exec",
            "--yes",
            "--prefer-offline",
            "--package",
            tarball,
            "--",
            "gcp-trainer",
            "init",
            ...args,
        );
    }

    /**
     * Installs the project's packages, including install scripts. The versions are those in the repository's lockfile,
     * which `npm ci` has left in npm's cache.
     */
    async install(): Promise<void> {
        const manifest = JSON.parse(readFileSync(path.join(this.folder, "package.json"), "utf8")) as Manifest;
        const lock = readJson<{ packages: Record<string, object> }>("package-lock.json");
        lock.packages[""] = manifest;
        this.write("package-lock.json", JSON.stringify({ ...lock, name: "my-project" }));
        await npm(this.folder, "install", "--prefer-offline", "--no-audit", "--no-fund");
    }

    /** Runs an npm command in the project, and returns its exit status and output. */
    async npm(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ status: number; output: string }> {
        try {
            return { status: 0, output: await npmWith(env, this.folder, ...args) };
        } catch (error) {
            const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
            return { status: code, output: stdout + stderr };
        }
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
        this.write("tsconfig.check.json", JSON.stringify({ compilerOptions: options, files }));
        const compiler = path.join(ROOT, "node_modules", "typescript", "bin", "tsc");
        const args = [compiler, "-p", "tsconfig.check.json"];
        try {
            await promisify(execFile)(process.execPath, args, { cwd: this.folder });
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
function npm(cwd: string, ...args: string[]): Promise<string> {
    return npmWith({}, cwd, ...args);
}

async function npmWith(env: NodeJS.ProcessEnv, cwd: string, ...args: string[]): Promise<string> {
    const ownKeys = Object.entries(process.env).filter(
        ([key]) => !/^(npm_(package|lifecycle|command|config_local)|INIT_CWD$)/.test(key),
    );
    const { stdout } = await promisify(execFile)("npm", args, {
        cwd,
        env: { ...Object.fromEntries(ownKeys), ...env },
        maxBuffer: 64 * 1024 * 1024,
        shell: process.platform === "win32",
    });
    return stdout;
}
