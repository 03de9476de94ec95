import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Storage } from "@google-cloud/storage";
import { OAuth2Client } from "google-auth-library";
import { identify, signalProcess } from "../../emulator/src/vm/process/shims/signals.js";

const ROOT = path.resolve(__dirname, "../..");
const SHELL = process.platform === "win32";

/** npm's own variables would make the inner npm act on this package. */
const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(package|lifecycle|config_local)/.test(key)),
);

describe("the emulator's package in an empty folder", () => {
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "emulator-package-")));
    let command: ChildProcess;
    let output = "";
    let files: string[];

    beforeAll(async () => {
        // Use a copy, because other tests may use the repository's folders.
        const source = path.join(folder, "source");
        for (const part of ["tsconfig.json", "package.json", "emulator"]) {
            // Do not copy compiled or installed files, because they are not part of a fresh checkout.
            const filter = (file: string) => !/[\\/]emulator[\\/](dist|node_modules)$/.test(file);
            cpSync(path.join(ROOT, part), path.join(source, part), { recursive: true, filter });
        }
        symlinkSync(path.join(ROOT, "node_modules"), path.join(source, "node_modules"), "dir");
        const packing = { cwd: path.join(source, "emulator"), env, shell: SHELL, maxBuffer: 2 ** 26 };
        await promisify(execFile)("npm", ["run", "prepack"], packing);
        const { stdout } = await promisify(execFile)(
            "npm",
            ["pack", "--ignore-scripts", "--json", "--silent"],
            packing,
        );
        const [report] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
        files = report.files.map((file) => file.path);

        const empty = path.join(folder, "empty");
        mkdirSync(empty);
        const tarball = path.join(packing.cwd, report.filename);
        const args = ["--yes", "--prefer-offline", "--package", tarball, "gcp-emulator", "--port", "0"];
        command = spawn("npx", [...args, "--runtime", "process"], { cwd: empty, env, shell: SHELL });
        for (const stream of [command.stdout, command.stderr]) {
            stream?.setEncoding("utf8").on("data", (text: string) => {
                output += text;
            });
        }
    });
    afterAll(async () => {
        const ended = command.exitCode === null ? once(command, "close") : undefined;
        // npx does not forward signals to the command that it starts.
        const pid = Number(readFileSync(path.join(folder, "empty/.gcp-emulator/emulator.pid"), "utf8"));
        const emulator = identify(pid);
        if (emulator !== undefined) {
            signalProcess(emulator, "SIGINT");
        }
        await ended;
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    });

    /** Waits for the address that the command prints. */
    async function address(): Promise<string> {
        for (;;) {
            const url = /at (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
            if (url !== undefined) {
                return url;
            }
            if (command.exitCode !== null) {
                throw new Error(`The command ended:\n${output}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    it("contains compiled code, types, shims, the systemd runtime's files and documents, but no sources", () => {
        expect(files).toEqual(
            expect.arrayContaining([
                "README.md",
                "LICENSE",
                "dist/cli.js",
                "dist/index.d.ts",
                "dist/testing.js",
                "dist/vm/process/shims/docker.js",
                "dist/vm/systemd/root/usr/local/sbin/emulator-init",
            ]),
        );
        expect(files.filter((file) => /^(src|test)\//.test(file))).toEqual([]);
    });

    it("starts with npx, prints its address, and serves Google's client library", async () => {
        const authClient = new OAuth2Client();
        const apiEndpoint = await address();
        const token = readFileSync(path.join(folder, "empty/.gcp-emulator/operator-token"), "utf8").trim();
        authClient.setCredentials({ access_token: token });
        const options = { apiEndpoint, useAuthWithCustomEndpoint: true, projectId: "demo-project" };
        const storage = new Storage({ ...options, authClient });

        const [bucket] = await storage.createBucket("package-test", { location: "US-CENTRAL1" });
        await bucket.file("hello.txt").save("hello", { resumable: false });

        expect(String((await bucket.file("hello.txt").download())[0])).toBe("hello");
    });
});
