import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(__dirname, "../..");

/** `npm run emulator` on a data folder of the test's own. */
class EmulatorCommand {
    readonly ended: Promise<number | null>;
    output = "";
    readonly #child: ChildProcess;

    constructor(...args: string[]) {
        const node = ["-r", "ts-node/register/transpile-only", path.join(ROOT, "cli/emulator/main.ts")];
        const child = spawn(process.execPath, [...node, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
        this.#child = child;
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding("utf8").on("data", (text: string) => {
                this.output += text;
            });
        }
        this.ended = once(child, "close").then(([code]) => code as number | null);
    }

    /** The address that it prints. */
    async url(): Promise<string> {
        for (;;) {
            const url = /at (http:\/\/127\.0\.0\.1:\d+)/.exec(this.output)?.[1];
            if (url !== undefined) {
                return url;
            }
            if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
                throw new Error(`The emulator ended:\n${this.output}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    async interrupt(): Promise<number | null> {
        this.#child.kill("SIGINT");
        return await this.ended;
    }

    kill(): void {
        this.#child.kill("SIGKILL");
    }
}

// Each start compiles the emulator anew.
jest.setTimeout(60_000);

describe("npm run emulator", () => {
    let dataDir: string;
    const started: EmulatorCommand[] = [];

    const start = (...args: string[]) => {
        const command = new EmulatorCommand("--runtime", "process", "--data", dataDir, ...args);
        started.push(command);
        return command;
    };

    beforeEach(() => {
        dataDir = mkdtempSync(path.join(tmpdir(), "emulator-command-"));
    });
    afterEach(() => {
        for (const command of started.splice(0)) {
            command.kill();
        }
        rmSync(dataDir, { recursive: true, force: true });
    });

    const call = async (url: string, method: string, target: string, body?: object) => {
        const response = await fetch(url + target, {
            method,
            headers: { authorization: "Bearer developer", "content-type": "application/json" },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return (await response.json()) as Record<string, unknown>;
    };

    it("says where it is and what to do, and ends cleanly at Ctrl-C", async () => {
        const command = start("--port", "0");
        await command.url();

        expect(await command.interrupt()).toBe(0);
        expect(command.output).toContain("npx pulumi up");
        expect(command.output).toContain("sed -i.bak 's|http://127.0.0.1:9010/|");
        expect(command.output).toContain("Stopped.");
    });

    it("keeps its data: after a restart, a VM that ran is TERMINATED", async () => {
        const first = start("--port", "0");
        const zone = "/compute/v1/projects/demo-project/zones/us-central1-a";
        const network = "/compute/v1/projects/demo-project/global/networks";
        await call(await first.url(), "POST", network, { name: "own", autoCreateSubnetworks: true });
        const operation = await call(await first.url(), "POST", `${zone}/instances`, {
            name: "vm",
            machineType: "zones/us-central1-a/machineTypes/e2-small",
            disks: [
                {
                    boot: true,
                    autoDelete: true,
                    initializeParams: { sourceImage: "projects/cos-cloud/global/images/family/cos-129-lts" },
                },
            ],
            networkInterfaces: [{ network: "global/networks/own" }],
        });
        expect(operation).toMatchObject({ status: "DONE" });
        expect(await call(await first.url(), "GET", `${zone}/instances/vm`)).toMatchObject({ status: "RUNNING" });
        await first.interrupt();

        const second = start("--port", "0", "--log");
        const url = await second.url();
        expect(await call(url, "GET", `${zone}/instances/vm`)).toMatchObject({ status: "TERMINATED" });
        expect(await second.interrupt()).toBe(0);
        expect(second.output).toMatch(/kept from before: .*instances\/vm/);
        expect(second.output).toContain("/instances/vm 200");
    });

    it("says so when its port is taken, and how to choose another", async () => {
        const other = createServer().listen(0, "127.0.0.1");
        await once(other, "listening");
        const { port } = other.address() as AddressInfo;
        const command = start("--port", String(port));
        const exitCode = await command.ended;
        other.close();

        expect(exitCode).toBe(1);
        expect(command.output).toContain(`cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
        expect(command.output).toContain("npm run emulator -- --port");
    });

    it.each([
        [["--port", "http"], '--port must be a number up to 65535; got "http"'],
        [["--runtime", "vm"], '--runtime must be one of docker, process, systemd; got "vm"'],
    ])("refuses %j", async (args, message) => {
        const command = start(...args);

        expect(await command.ended).toBe(1);
        expect(command.output).toContain(message);
    });
});
