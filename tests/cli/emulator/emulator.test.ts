import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { CliCommand } from "../../helpers/cli-command";

const ROOT = path.resolve(__dirname, "../../..");

/** The command `npm run emulator` with the test's own data folder. */
class EmulatorCommand extends CliCommand {
    constructor(...args: string[]) {
        super("emulator", args, { cwd: ROOT });
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
        const command = new EmulatorCommand("--runtime", "process", "--data", dataDir, ...args);
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
        expect(command.output).toContain("sed -i.bak 's|http://127.0.0.1:9010/|");
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
