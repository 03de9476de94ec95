import { runLayout } from "../../run/layout";
import { BUCKET } from "./helpers/backend";
import { RUN_ID, TestVm, UNTIL_RELEASED } from "./helpers/vm";

const concurrently = test.concurrent;
const at = runLayout(RUN_ID);
const MODEL = { "metrics.json": "{}", "model.json": '{"tree":1}', "report.html": "<p>" };
const TIMING = { grantSeconds: 60 };

/** Fault rules that each match one kind of request that the boot script sends. */
const REQUESTS = {
    token: "method=GET,path=default/token",
    "status's metadata": "method=GET,path=status.json?fields",
    "status's content": "method=GET,path=status.json?alt=media",
    "status's upload": "method=POST,path=status.json",
    "listing of the model that is to be deleted": "method=GET,path=prefix=",
    "second listing of that model": "method=GET,path=prefix=,request=3",
    "object to delete": "method=DELETE,path=model%2F",
    dataset: "method=GET,path=iris.csv",
    "log chunk": "method=POST,path=%2Flog%2F",
    "model's listing": "method=GET,path=prefix=,request=6",
    "objects.json": "method=POST,path=objects.json",
};

/** Runs a second attempt, which reads, lists, deletes and writes, and expects the bucket's contents to be correct. */
async function expectWholeRun(rules: string[]): Promise<void> {
    await TestVm.with({ uploadSeconds: 60, timing: TIMING }, async (vm) => {
        await vm.putStatus({ state: "RUNNING" });
        await vm.google.backend.bucket.put(`${at.model}old.json`, "of attempt 1");
        const plan = await vm.breakRequests(...rules);
        const booted = vm.boot({ trainer: `echo Größe; ${UNTIL_RELEASED}` });
        await vm.until(({ state, attempt }) => state === "RUNNING" && attempt === 2);
        for (const [name, content] of Object.entries(MODEL)) {
            await vm.google.backend.bucket.put(at.model + name, content);
        }
        vm.release();
        const { console } = await booted;
        expect(console).not.toContain("left alone");
        expect(await vm.status()).toMatchObject({ runId: RUN_ID, state: "SUCCEEDED", attempt: 2, interruptions: 1 });
        expect(await vm.log(2)).toBe("Größe\n");
        const { pages } = JSON.parse(String(await vm.google.backend.bucket.get(at.objects)));
        const listed = pages.flatMap(
            (page: { items: { name: string; size: string; md5Hash: string }[] }) => page.items,
        );
        const query = new URLSearchParams({ prefix: at.model, fields: "items(name,size,generation,crc32c,md5Hash)" });
        const answer = await vm.google.backend.cloud.ok("GET", `/storage/v1/b/${BUCKET}/o?${query}`);
        const stored = answer.items as { name: string }[];
        expect(stored.map(({ name }) => name)).toEqual(Object.keys(MODEL).map((name) => at.model + name));
        expect(listed).toEqual(stored);
        expect(plan.hits).toHaveLength(rules.length);
    });
}

describe("a boot whose requests are damaged in transit", () => {
    for (const kind of ["half-body", "truncated-body", "empty-body", "damaged-body", "html"]) {
        concurrently(`trains and records the correct model after a ${kind} response to every kind of request`, () => {
            return expectWholeRun(Object.values(REQUESTS).map((request) => `kind=${kind},${request}`));
        });
    }

    concurrently("never writes a status without a precondition, even if a response has no generation", async () => {
        await TestVm.with({ timing: TIMING }, async (vm) => {
            const isWrite = /^POST .*status\.json/;
            const answer = (body: string) => body.replace('"generation"', '"generatioo"');
            vm.google.faults.push({ match: isWrite, times: 2, answer });

            await vm.boot();

            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
            const writes = vm.google.requests.filter((line) => isWrite.test(line));
            expect(writes.filter((line) => !/ifGenerationMatch=\d+$/.test(line))).toEqual([]);
            expect(writes.length).toBeGreaterThan(2);
        });
    });

    concurrently("resends status, log and objects.json if they arrive damaged", async () => {
        await expectWholeRun(
            Object.values(REQUESTS)
                .filter((request) => request.startsWith("method=POST"))
                .map((request) => `kind=damaged-request,${request}`),
        );
    });

    concurrently("never mistakes a captive portal's page for an empty listing", async () => {
        await TestVm.with({ uploadSeconds: 3 }, async (vm) => {
            await vm.breakRequests("kind=html,path=prefix=,count=all");
            await vm.boot();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: 0,
                reason: expect.stringMatching(
                    /model could not be listed \(.* returned a response that is not from Google: .*Sign in/,
                ),
            });
            expect(await vm.google.backend.bucket.get(at.objects)).toBeUndefined();
        });
    });

    concurrently("reports content that is rejected repeatedly, with Cloud Storage's message", async () => {
        await TestVm.with({ timing: TIMING }, async (vm) => {
            await vm.breakRequests("kind=damaged-request,method=POST,path=objects.json,count=all");
            // The listing is so long that the middle of the request is inside it, so the damage affects the content.
            await vm.google.backend.bucket.put(`${at.model}${"a".repeat(500)}`, "{}");
            await vm.boot();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringMatching(/HTTP 400: Provided MD5 hash .* doesn't match calculated MD5 hash/),
            });
        });
    });

    concurrently("leaves another run's status alone", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.putStatus({ runId: "r-ffffffffff", state: "PENDING" });
            const { console } = await vm.boot();
            expect(console).toContain(`${at.status} is the status of the run 'r-ffffffffff'; this VM leaves it alone`);
            expect(vm.google.statusWrites).toEqual([]);
            expect(vm.dockerCalls()).toEqual([]);
        });
    });
});
