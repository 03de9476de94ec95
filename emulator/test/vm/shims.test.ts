import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { VmFiles } from "../../src/vm/process/vm-files";

let files: VmFiles;
let server: Server;
let url: string;
let requests: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];

beforeAll(async () => {
    files = new VmFiles(mkdtempSync(path.join(tmpdir(), "shims-test-")));
    files.format();
    server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            const { method = "", url: path = "", headers } = request;
            requests.push({ method, url: path, headers, body: Buffer.concat(chunks).toString("utf8") });
            if (path === "/slow") {
                return;
            }
            if (path.includes("/broken")) {
                response.writeHead(200, { "content-length": "100" });
                response.write("part", () => request.socket.destroy());
                return;
            }
            response.writeHead(path === "/missing" ? 404 : 200);
            response.end("answer\n");
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
    requests = [];
});
afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(files.dir, { recursive: true, force: true });
});

/** Runs a line in bash with the shims first in PATH. */
function bash(line: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn("bash", ["-c", line], {
        cwd: files.root,
        // If standard input were a socket, bash would read ~/.bashrc.
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: [files.shims, files.fallbacks, process.env.PATH].join(path.delimiter), URL: url },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
        stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
        stderr += chunk;
    });
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

describe("curl in the VM", () => {
    it("writes the body to a file and prints the status on request", async () => {
        const answer = await bash(`curl --silent --output body --write-out '%{http_code}' $URL/x`);
        expect(answer).toEqual({ code: 0, stdout: "200", stderr: "" });
        expect(readFileSync(path.join(files.root, "body"), "utf8")).toBe("answer\n");
    });

    it("sends headers from arguments and from a file, and a body byte for byte", async () => {
        writeFileSync(path.join(files.root, "headers"), "Authorization: Bearer t\n");
        writeFileSync(path.join(files.root, "data"), "a\r\nb\n");
        await bash(`curl -sS -X PUT -H @headers -H 'Content-Type: x/y' --data-binary @data "$URL/a%2Fb?c=%20"`);
        expect(requests).toEqual([
            {
                method: "PUT",
                url: "/a%2Fb?c=%20",
                headers: expect.objectContaining({
                    authorization: "Bearer t",
                    "content-type": "x/y",
                    "content-length": "5",
                }),
                body: "a\r\nb\n",
            },
        ]);
    });

    it("sends data as a form by default, and in the query string with --get", async () => {
        await bash(`curl -s -d a=1 -d b=2 $URL/p; curl -s --get --data-urlencode 'q=a b&c' "$URL/g?x=1"`);
        expect(requests).toMatchObject([
            {
                method: "POST",
                url: "/p",
                body: "a=1&b=2",
                headers: { "content-type": "application/x-www-form-urlencoded" },
            },
            { method: "GET", url: "/g?x=1&q=a+b%26c", body: "" },
        ]);
    });

    it.each([
        ["--fail $URL/missing", 22, "", "404"],
        ["--fail-with-body $URL/missing", 22, "answer\n", "404"],
        ["$URL/missing", 0, "answer\n", ""],
        ["--max-time 0.2 $URL/slow", 28, "", "timed out"],
        ["$URL/broken", 18, "part", "remaining to read"],
        ["http://127.0.0.1:1/", 7, "", "Failed to connect"],
        ["http://name.invalid/", 6, "", "Could not resolve host"],
        ["http://", 3, "", "URL"],
        ["--data-binary @none $URL", 26, "", "none"],
        ["--compressed $URL", 2, "", "--compressed"],
        ["--retry 3 $URL", 2, "", "--retry"],
    ])("curl %s exits with status %d", async (args, code, stdout, stderr) => {
        const answer = await bash(`curl -sS ${args}`);
        expect(answer).toEqual({ code, stdout, stderr: expect.stringContaining(stderr) });
    });

    it("prints 000 as the status if there was no response", async () => {
        expect((await bash(`curl -s -w '%{http_code}' http://127.0.0.1:1/`)).stdout).toBe("000");
    });
});

describe("timeout in the VM", () => {
    it.each([
        ["timeout 5 bash -c 'echo hi; exit 3'", 3],
        ["timeout 0.1 sleep 5", 124],
        [`timeout --kill-after=0.1 0.3 bash -c 'trap "" TERM; sleep 5; sleep 5'`, 137],
        ["timeout 5 no-such-command", 127],
        ["timeout 5 bash -c 'kill -KILL $$'", 137],
        ["timeout soon true", 125],
        ["timeout -s INT 0.1 sleep 5", 124],
    ])("%s exits with status %d", async (line, code) => {
        expect((await bash(line)).code).toBe(code);
    });

    it("forwards SIGTERM, and ends everything that the command started", async () => {
        const line =
            "timeout 30 bash -c 'sleep 31.51 & wait' & sleep 0.5; kill -TERM $!; wait $!; echo $?; ps -Ao args= | grep -c '^sleep 31.51'";
        expect((await bash(line)).stdout).toBe("143\n0\n");
    });
});

describe("docker-credential-gcr in the VM", () => {
    it("configures docker in HOME", async () => {
        await bash("HOME=$PWD docker-credential-gcr configure-docker --registries a.example,127.0.0.1:5000");
        expect(JSON.parse(readFileSync(path.join(files.root, ".docker/config.json"), "utf8"))).toEqual({
            credHelpers: { "a.example": "gcr", "127.0.0.1:5000": "gcr" },
        });
    });

    it.each([
        ["incomplete", "$HOST/broken", "the metadata server's response is incomplete"],
        ["not a token", "$HOST", "the metadata server's response has no token"],
    ])("fails if the response is %s", async (_, host, problem) => {
        const answer = await bash(
            `HOST=\${URL#http://}; echo a.example | GCE_METADATA_HOST=${host} docker-credential-gcr get`,
        );
        expect(answer).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(problem) });
    });

    it("fails without HOME, because root's home is read-only on a VM", async () => {
        const answer = await bash("docker-credential-gcr configure-docker --registries a.example");
        expect(answer).toMatchObject({ code: 1, stderr: expect.stringContaining("read-only file system") });
    });
});

describe("docker pull in the VM", () => {
    it.each([
        ["incomplete", "broken", "aborted"],
        ["not the manifest with this digest", `other@sha256:${"0".repeat(64)}`, "manifest verification failed"],
    ])("fails if the response is %s", async (_, name, problem) => {
        const answer = await bash(`EMULATOR_VM_DIR=$PWD docker pull \${URL#http://}/images/${name}`);
        expect(answer).toMatchObject({ code: 1, stderr: expect.stringContaining(problem) });
    });
});

describe("outside a VM,", () => {
    it.each(["docker pull a.example/x", "systemctl poweroff"])("%s fails with an explanation", async (line) => {
        expect(await bash(line)).toMatchObject({
            code: 1,
            stderr: expect.stringMatching(/not in an emulated VM|a\.example/),
        });
    });

    it("docker rejects unsupported options", async () => {
        expect(await bash("docker run --rm x")).toMatchObject({ code: 125, stderr: expect.stringContaining("--rm") });
    });
});
