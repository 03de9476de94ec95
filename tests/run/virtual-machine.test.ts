import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { VmClient } from "../../run/clients";
import { createAuth, readCloudSettings } from "../../run/credentials";
import { classifyError } from "../../run/errors";
import { openVm } from "../../run/google-clients";
import { FakeClock } from "./fakes";

const MISSING = {
    status: 404,
    body: { error: { code: 404, message: "not found", errors: [{ reason: "notFound", message: "not found" }] } },
};

let server: Server;
let answers: Record<string, { status?: number; body: object | string }[]>;
let requests: string[];
let vm: VmClient;
let clock: FakeClock;

beforeEach(async () => {
    answers = {};
    requests = [];
    clock = new FakeClock();
    server = createServer((request, response) => {
        const key = `${request.method} ${request.url}`;
        requests.push(key);
        const list = answers[key] ?? [];
        const { status = 200, body } = (list.length > 1 ? list.shift() : list[0]) ?? MISSING;
        response.writeHead(request.headers.authorization === "Bearer developer" ? status : 401, {
            "Content-Type": "application/json",
        });
        response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as AddressInfo;
    const config: Record<string, string> = {
        "gcp:accessToken": "developer",
        "gcp:computeCustomEndpoint": `http://127.0.0.1:${port}/compute/beta/`,
    };
    const settings = readCloudSettings((key) => config[key], {});
    const location = { project: "demo-project", zone: "us-central1-a", instance: "iris-vm" };
    vm = openVm(location, settings, await createAuth(settings), clock);
});
afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
        server.close(resolve);
    });
});

const zone = "/compute/beta/projects/demo-project/zones/us-central1-a";

describe("the Compute Engine VM client", () => {
    it("returns a VM's status, or undefined if the VM does not exist", async () => {
        await expect(vm.status()).resolves.toBeUndefined();
        answers[`GET ${zone}/instances/iris-vm`] = [{ body: { kind: "compute#instance", status: "TERMINATED" } }];
        await expect(vm.status()).resolves.toBe("TERMINATED");
    });

    it("resumes a suspended VM, and stops a VM regardless of its Local SSDs", async () => {
        const done = [{ body: { kind: "compute#operation", name: "operation-1", status: "DONE" } }];
        answers[`GET ${zone}/instances/iris-vm`] = [{ body: { kind: "compute#instance", status: "SUSPENDED" } }];
        answers[`POST ${zone}/instances/iris-vm/resume`] = done;
        answers[`POST ${zone}/instances/iris-vm/stop?discardLocalSsd=true`] = done;
        await vm.start();
        await vm.stop();
        expect(requests.filter((request) => request.startsWith("POST"))).toHaveLength(2);
    });

    it.each<[string, { status?: number; body: object | string }]>([
        ["a captive portal's page", { body: "<!doctype html><title>Sign in</title>" }],
        ["a captive portal's 404", { status: 404, body: "<!doctype html><title>Sign in</title>" }],
        ["an empty object", { body: {} }],
        ["another resource", { body: { kind: "compute#disk", status: "READY" } }],
        ["an instance without a status", { body: { kind: "compute#instance" } }],
    ])("treats %s as a network error, not as a missing VM", async (_what, answer) => {
        answers[`GET ${zone}/instances/iris-vm`] = [answer];

        const error = await vm.status().catch((thrown: unknown) => thrown);

        expect(error).toBeInstanceOf(Error);
        expect(classifyError(error)).toBe("transient");
    });

    it("starts a VM and waits for the operation", async () => {
        answers[`POST ${zone}/instances/iris-vm/start`] = [
            { body: { kind: "compute#operation", name: "op-1", status: "RUNNING" } },
        ];
        answers[`GET ${zone}/operations/op-1`] = [
            { body: { kind: "compute#operation", name: "op-1", status: "RUNNING" } },
            { body: { kind: "compute#operation", name: "op-1", status: "DONE" } },
        ];
        await vm.start();
        expect(requests).toHaveLength(4);
        expect(clock.sleeps).toEqual([1000, 1000]);
    });

    it("throws the operation's error if the zone has no machines left", async () => {
        const error = { errors: [{ code: "ZONE_RESOURCE_POOL_EXHAUSTED", message: "try another zone" }] };
        answers[`POST ${zone}/instances/iris-vm/start`] = [
            { body: { kind: "compute#operation", name: "op-1", status: "DONE", error } },
        ];
        await expect(vm.start()).rejects.toThrow("ZONE_RESOURCE_POOL_EXHAUSTED: try another zone");
    });

    it("gives up waiting for an operation that never ends", async () => {
        answers[`POST ${zone}/instances/iris-vm/stop?discardLocalSsd=true`] = [
            { body: { kind: "compute#operation", name: "op-1", status: "RUNNING" } },
        ];
        answers[`GET ${zone}/operations/op-1`] = [
            { body: { kind: "compute#operation", name: "op-1", status: "RUNNING" } },
        ];
        await expect(vm.stop()).rejects.toThrow("operation op-1 (stop) has not ended within 15 minutes");
    });

    it("returns its serial output", async () => {
        answers[`GET ${zone}/instances/iris-vm/serialPort?port=1`] = [
            { body: { kind: "compute#serialPortOutput", contents: "gcp-trainer: boot\n" } },
        ];
        await expect(vm.serialOutput()).resolves.toBe("gcp-trainer: boot\n");
    });

    it("rethrows an error with its HTTP status", async () => {
        answers[`GET ${zone}/instances/iris-vm`] = [{ status: 403, body: { error: { message: "no right" } } }];
        await expect(vm.status()).rejects.toMatchObject({ status: 403, message: "no right" });
    });
});
