import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { CliCommand, LOADER } from "../../helpers/cli-command";
import { reasonWithoutTerminal, TerminalCommand } from "../../helpers/terminal-command";

const ROOT = path.resolve(__dirname, "../../..");

const MAIN = path.join(ROOT, "cli/emulator/main.ts");

/** The command `npm run emulator`. */
class EmulatorCommand extends CliCommand {
    constructor(args: readonly string[], cwd: string) {
        super("emulator", args, { cwd });
    }

    /** Waits for the address that the command prints. */
    async url(): Promise<string> {
        const [, url] = await this.printed(/at (http:\/\/127\.0\.0\.1:\d+)/);
        return url as string;
    }

    async interrupt(): Promise<number | null> {
        this.kill("SIGINT");
        return (await this.ended).status;
    }
}

describe("npm run emulator", () => {
    let dataDir: string;
    const started: EmulatorCommand[] = [];

    const start = (...args: string[]) => {
        const command = new EmulatorCommand(["--runtime", "process", "--data", dataDir, ...args], ROOT);
        started.push(command);
        return command;
    };

    beforeEach(() => {
        dataDir = mkdtempSync(path.join(tmpdir(), "emulator-command-"));
    });
    afterEach(() => {
        for (const command of started.splice(0)) {
            command.kill("SIGKILL");
        }
        rmSync(dataDir, { recursive: true, force: true });
    });

    const call = async (url: string, method: string, target: string, body?: object) => {
        const response = await fetch(url + target, {
            method,
            headers: {
                authorization: `Bearer ${readFileSync(path.join(dataDir, "operator-token"), "utf8").trim()}`,
                "content-type": "application/json",
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return (await response.json()) as Record<string, unknown>;
    };

    it("prints its address and the next steps, and stops cleanly on Ctrl-C", async () => {
        const command = start("--port", "0");
        await command.url();

        expect(await command.interrupt()).toBe(0);
        expect(command.output).toContain("npx pulumi up");
        expect(command.output).toContain(`GOOGLE_OAUTH_ACCESS_TOKEN="$(cat ${path.join(dataDir, "operator-token")})"`);
        expect(command.output).toContain("sed -i.bak 's|127.0.0.1:9010/|");
        expect(command.output).toContain("Stopped.");
    });

    it("keeps its data across a restart, which leaves a running VM TERMINATED", async () => {
        const first = start("--port", "0");
        const zone = "/compute/v1/projects/demo-project/zones/us-central1-a";
        const network = "/compute/v1/projects/demo-project/global/networks";
        await call(await first.url(), "POST", network, { name: "test-network", autoCreateSubnetworks: true });
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
            networkInterfaces: [{ network: "global/networks/test-network" }],
        });
        expect(operation).toMatchObject({ status: "DONE" });
        expect(await call(await first.url(), "GET", `${zone}/instances/vm`)).toMatchObject({ status: "RUNNING" });
        await first.interrupt();

        const second = start("--port", "0", "--log");
        const url = await second.url();
        expect(await call(url, "GET", `${zone}/instances/vm`)).toMatchObject({ status: "TERMINATED" });
        expect(await second.interrupt()).toBe(0);
        expect(second.output).toMatch(/restored: .*instances\/vm/);
        expect(second.output).toContain("/instances/vm 200");
    });

    it("breaks the requests that match --fault", async () => {
        const command = start("--port", "0", "--fault", "kind=status,status=502,path=/b?", "--log");
        const url = await command.url();

        const errors = [];
        for (let request = 0; request < 2; request += 1) {
            errors.push((await call(url, "GET", "/storage/v1/b?project=demo-project")).error);
        }
        expect(errors).toEqual([expect.objectContaining({ code: 502 }), undefined]);
        expect(command.output).toContain("injecting faults (--fault) on this port");
    });

    it("reports that its port is in use, and how to choose another", async () => {
        const other = createServer().listen(0, "127.0.0.1");
        await once(other, "listening");
        const { port } = other.address() as AddressInfo;
        const command = start("--port", String(port));
        const { status } = await command.ended;
        other.close();

        expect(status).toBe(1);
        expect(command.output).toContain(`cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
        expect(command.output).toContain("npm run emulator -- --port");
    });

    it("prints its usage to standard output", async () => {
        const { status, stdout, stderr } = await new CliCommand("emulator", ["--help"], { cwd: ROOT }).ended;

        expect([status, stderr]).toEqual([0, ""]);
        expect(stdout).toContain("Usage: npm run emulator -- [options]");
        expect(stdout).toContain("truncated-body   half of the response body is missing");
        expect(stdout).toContain("described in emulator/README.md.");
    });

    it.each([
        [["--port", "http"], '--port must be a number up to 65535; got "http"'],
        [["--runtime", "vm"], '--runtime must be one of docker, process, systemd; got "vm"'],
        [["--fault", "kind=rain"], "--fault: kind must be one of refuse, reset-before"],
        [["--batch-fault", "kind=rain"], "--batch-fault: kind must be one of preempt, lost-agent"],
        [["--apis", "soon"], '--apis must be a number of seconds up to 9999; got "soon"'],
        [
            ["--org", "package.json"],
            "--org must be a JSON file with constraints, quotas and stockOuts; got package.json",
        ],
    ])("rejects %j", async (args, message) => {
        const command = start(...args);

        expect(await command.ended).toMatchObject({ status: 1 });
        expect(command.output).toContain(message);
    });
});

describe("npm run emulator in a project", () => {
    let project: string;
    const stackFile = () => path.join(project, "Pulumi.local.yaml");

    beforeEach(() => {
        project = mkdtempSync(path.join(tmpdir(), "emulator-project-"));
        writeFileSync(path.join(project, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
        const scripts = { emulator: `node -r ${LOADER} ${MAIN}` };
        writeFileSync(path.join(project, "package.json"), JSON.stringify({ scripts }));
    });
    afterEach(() => rmSync(project, { recursive: true, force: true }));

    it("creates no stack file if the command line is invalid", async () => {
        expect(await new EmulatorCommand(["--port", "abc"], project).ended).toMatchObject({ status: 1 });
        expect(existsSync(stackFile())).toBe(false);
    });

    it("creates the stack file, and stops suggesting to change its port once it has been changed", async () => {
        const first = new EmulatorCommand(["--runtime", "process", "--port", "0"], project);
        const url = await first.url();
        const [, change = ""] = await first.printed(/^ {2}(sed .*)$/m);
        await first.interrupt();
        expect(readFileSync(stackFile(), "utf8")).toContain("http://127.0.0.1:9010/");

        execFileSync("sh", ["-c", change], { cwd: project });
        expect(readFileSync(stackFile(), "utf8")).toContain(`${url}/compute/beta/`);
        expect(readFileSync(stackFile(), "utf8")).not.toContain(":9010/");
        const second = new EmulatorCommand(["--runtime", "process", "--port", new URL(url).port], project);
        await second.printed(/^Press Ctrl-C here/m);
        await second.interrupt();
        expect(second.output).not.toContain("sed ");
    });

    const describeWithTerminal = reasonWithoutTerminal() === undefined ? describe : describe.skip;

    describeWithTerminal("in a terminal of 80x24", () => {
        const inTerminal = (...args: string[]) => new TerminalCommand(MAIN, args, { cwd: project, env: process.env });

        it("shows its usage without lines that are too long", async () => {
            const command = inTerminal("--help");

            await expect(command.ended).resolves.toBe(0);
            expect(command.wrapped).toEqual([]);
        });

        it("shows the next steps without lines that are too long, and does not break a command", async () => {
            const command = inTerminal("--runtime", "process", "--port", "0");
            await command.shows(/^Press Ctrl-C here/);
            command.type("\x03");

            await expect(command.ended).resolves.toBe(0);
            expect(command.wrapped).toEqual([]);
            expect(command.history).toContain('  export GOOGLE_OAUTH_ACCESS_TOKEN="$(cat .emulator/operator-token)"');
            expect(command.history).toContainEqual(expect.stringMatching(/^ {2}sed -i\.bak '.*' Pulumi\.local\.yaml$/));
        });
    });
});
