import { request } from "node:http";
import { RequestLog } from "../../src/console/request-log";
import { TestEmulator } from "../../src/testing";
import { TestInstance } from "../vm/support";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
});
afterAll(() => emulator.stop());

const page = () => emulator.call("GET", "/", { token: null });

/** Returns the status of a request with this Host header, which fetch cannot set. */
function statusFor(host: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
        request(`${emulator.url}/`, { headers: { host } }, (response) => {
            response.resume();
            resolve(response.statusCode);
        })
            .on("error", reject)
            .end();
    });
}

describe("the console page", () => {
    it("shows existing resources without a token", async () => {
        await emulator.makeBucket("console-bucket");
        await emulator.upload("console-bucket", "runs/a b.txt", "hello");
        await TestInstance.create(emulator, "console-vm", "no cloud-config");
        const account = { accountId: "console", serviceAccount: {} };
        await emulator.call("POST", "/v1/projects/demo-project/serviceAccounts", { body: account });
        const secret = "/v1/projects/demo-project/secrets";
        await emulator.call("POST", `${secret}?secretId=key`, { body: { replication: { automatic: {} } } });
        const payload = { data: Buffer.from("hidden value").toString("base64") };
        await emulator.call("POST", `${secret}/key:addVersion`, { body: { payload } });
        const instances = [{ policy: { bootDisk: { image: "batch-cos" } } }];
        const taskGroups = [{ taskSpec: { runnables: [{ script: { text: "exec sleep 44" } }] }, taskCount: "7" }];
        await emulator.ok("POST", "/batch/v1/projects/demo-project/locations/us-central1/jobs?jobId=console-job", {
            body: { taskGroups, allocationPolicy: { instances } },
        });
        const answer = await page();
        expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
        expect(answer.text).not.toMatch(/hidden value|aGlkZGVuIHZhbHVl/);
        for (const text of [
            "gs://console-bucket",
            "runs/a b.txt",
            "console-vm",
            "RUNNING",
            "user-data must begin with",
            "console@demo-project.iam.gserviceaccount.com",
            "projects/demo-project/secrets/key",
            "1: enabled",
            "console-job",
            "Batch jobs",
            "POST /v1/projects/demo-project/serviceAccounts",
        ]) {
            expect(answer.text).toContain(text);
        }
    });

    it("begins with each run's state, reason, metrics, log and report, and ends with the requests", async () => {
        const run = "runs/r-0123456789";
        await emulator.makeBucket("console-runs");
        const put = (name: string, content: string) => emulator.upload("console-runs", `${run}/${name}`, content);
        const status = {
            state: "RUNNING",
            attempt: 2,
            startedAt: "2026-01-01T00:00:00Z",
            finishedAt: null,
            reason: null,
        };
        await put("status.json", JSON.stringify(status));
        await put("log/1/000000000000.txt", "of the first attempt");
        await put("log/2/000000000000.txt", "epoch 1\n 10%\r 2");
        await put("log/2/000000000015.txt", "0%\r\n<b>done</b>\n");
        const running = (await page()).text;
        expect([...running.matchAll(/<h2>(.*?)<\/h2>/g)].map((match) => match[1])).toEqual([
            "Runs",
            ...["Instances", "Batch jobs", "Buckets", "Images", "Service accounts and grants", "Secrets", "Networks"],
            "Recent requests",
        ]);
        expect(running).toContain('<details id="run-console-runs-r-0123456789" open>');
        expect(running).toMatch(/>RUNNING<\/span><span class="note">attempt 2, for \d+ s</);
        expect(running).toContain("epoch 1\n 20%\n&lt;b&gt;done&lt;/b&gt;");
        expect(running).not.toContain("first attempt");

        const finished = { ...status, state: "SUCCEEDED", finishedAt: "2026-01-01T00:01:05Z" };
        await put("status.json", JSON.stringify(finished));
        await put("model/metrics.json", '{"schema":1,"accuracy":0.96667,"task":"classification"}');
        await put("model/report.html", "<!doctype html><script>1</script>");
        const { text } = await page();
        expect(text).toContain("attempt 2, took 65 s, accuracy 0.96667");
        const [, link = ""] = /href="(\/console\/report\?[^"]*)"/.exec(text) ?? [];
        const report = await emulator.call("GET", link.replaceAll("&amp;", "&"), { token: null });
        expect(report.text).toBe("<!doctype html><script>1</script>");
        expect(report.headers.get("content-type")).toBe("text/html; charset=utf-8");
        expect(report.headers.get("content-security-policy")).toMatch(/^sandbox allow-scripts; default-src 'none'/);
        expect(report.headers.get("content-security-policy")).not.toMatch(/same-origin|connect-src/);
    });

    it("shows a run whose files are damaged", async () => {
        await emulator.upload("console-runs", "runs/r-damaged/status.json", "[1");
        expect((await page()).text).toMatch(/r-damaged<\/h3><span class="chip busy">unknown/);
    });

    it("loads nothing from other hosts", async () => {
        const { text, headers } = await page();
        expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
        expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
    });

    it("may load its icon, and no other image", async () => {
        const { text, headers } = await page();
        expect(text).toContain('<link rel="icon" href="data:,">');
        expect(headers.get("content-security-policy")).toContain("; img-src data:;");
    });

    it("escapes all names and output", async () => {
        await emulator.upload("console-bucket", `<script>alert("1")</script>&'`, "x");
        await TestInstance.create(emulator, "escaped", "<img src=x onerror=alert(1)>");
        const { text } = await page();
        expect(text).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;");
        expect(text).not.toContain("<script>alert");
        expect(text).not.toContain("<img");
    });

    it("shows an object as plain text, so that no script in it runs", async () => {
        await emulator.upload("console-bucket", "page.html", "<b>x</b>", "", {
            headers: { "content-type": "text/html" },
        });
        const answer = await emulator.call("GET", "/console/object?bucket=console-bucket&name=page.html", {
            token: null,
        });
        expect(answer.text).toBe("<b>x</b>");
        expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
        expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
        const none = await emulator.call("GET", "/console/object?bucket=console-bucket&name=none", { token: null });
        expect(none.status).toBe(404);
    });

    it("responds only under this machine's host names, and cannot be used to make changes", async () => {
        expect([await statusFor("localhost:1"), await statusFor("evil.example")]).toEqual([200, 403]);
        expect((await emulator.call("POST", "/", { token: null })).status).toBe(501);
    });
});

describe("RequestLog", () => {
    it("keeps the newest requests, except the console's own", () => {
        const log = new RequestLog();
        log.add("GET / 200 1 ms");
        log.add("GET /console/object?bucket=a&name=b 200 1 ms");
        for (let index = 0; index < 300; index++) {
            log.add(`GET /x?${index} 404 ${index} ms`, "vm");
        }
        expect(log.recent()).toHaveLength(200);
        expect(log.recent()[0]).toMatchObject({
            method: "GET",
            target: "/x?299",
            status: 404,
            milliseconds: 299,
            endpoint: "vm",
        });
    });
});
