import { runLayout } from "../../run/layout";
import { BUCKET } from "./helpers/backend";
import { DATASET, RUN_ID, TestVm } from "./helpers/vm";

const concurrently = test.concurrent;
const at = runLayout(RUN_ID);
const DENIED =
    'Error response from daemon: denied: Permission \\"artifactregistry.repositories.downloadArtifacts\\" denied';

/** Google's message in a 403 from a perimeter: https://cloud.google.com/vpc-service-controls/docs/troubleshooting */
const PERIMETER =
    "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: 8e042d53afb67532";

/** A docker stub whose first pulls fail with this message. */
const failingPulls = (times: number, message: string) =>
    `tries=$(($(cat "$STUB_DIR/tries" 2>/dev/null) + 1)); echo $tries >"$STUB_DIR/tries"; [ $tries -gt ${times} ] || { echo "${message}" >&2; exit 1; }`;

// All tests are in one block, because jest runs the concurrent tests of a block in parallel, but runs the blocks one
// after another.
describe("a boot that encounters errors", () => {
    concurrently("retries Cloud Storage requests for status, log, listing and model after a 429 or 503", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.putStatus({ state: "RUNNING" });
            await vm.google.backend.bucket.put(`${at.model}model.json`, "{}");
            vm.google.faults.push(
                { match: /^GET .*status\.json/, times: 1, answer: 503 },
                { match: /^POST .*status\.json/, times: 1, answer: 429 },
                { match: /^GET .*prefix=/, times: 1, answer: 500 },
                { match: /^DELETE/, times: 1, answer: 503 },
                { match: /^POST .*\/log\//, times: 1, answer: 429 },
                { match: /^POST .*\/log\//, times: 1, answer: "lose" },
                { match: /^POST .*objects\.json/, times: 1, answer: 503 },
            );
            await vm.boot();
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
            expect(await vm.log(2)).toBe("trained\n");
        });
    });

    concurrently("also waits for the grants after the run", async () => {
        await TestVm.with({ timing: { grantSeconds: 60 } }, async (vm) => {
            vm.google.faults.push(
                { match: /^GET .*prefix=/, times: 1, answer: 403, message: "storage.objects.list denied" },
                { match: /^POST .*objects\.json/, times: 1, answer: 403, message: "storage.objects.create denied" },
            );
            await vm.boot();
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
        });
    });

    concurrently("does not succeed if the model cannot be listed", async () => {
        await TestVm.with({ timing: { grantSeconds: 1 } }, async (vm) => {
            vm.google.faults.push({ match: /^GET .*prefix=/, answer: 403, message: "storage.objects.list denied" });
            await vm.boot();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: 0,
                reason: expect.stringMatching(/model could not be listed \(HTTP 403: storage\.objects\.list denied\)/),
            });
        });
    });

    concurrently(
        "waits for the IAM grants for the claim, the dataset and the pull before it starts the container",
        async () => {
            await TestVm.with({}, async (vm) => {
                vm.google.faults.push(
                    { match: /^GET .*status\.json/, times: 1, answer: 403, message: "storage.objects.get denied" },
                    { match: /^POST .*status\.json/, times: 1, answer: 403, message: "storage.objects.create denied" },
                    { match: new RegExp(`^GET .*${DATASET}`), times: 1, answer: 401, message: "Invalid Credentials" },
                );
                await vm.boot({ pull: failingPulls(2, DENIED) });
                expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
                expect(
                    vm
                        .dockerCalls()
                        .map(([verb]) => verb)
                        .slice(0, 6),
                ).toEqual(["pull", "pull", "pull", "rm", "image", "run"]);
            });
        },
    );

    concurrently("ends immediately, without a status, if a perimeter refuses the claim", async () => {
        // After any other 403, the boot script would wait, because a grant may take effect late.
        await TestVm.with({ timing: { grantSeconds: 600 } }, async (vm) => {
            vm.google.faults.push({ match: /^GET .*status\.json/, answer: 403, message: PERIMETER });
            vm.google.faults.push({ match: /^POST /, answer: 403, message: PERIMETER });
            const { console } = await vm.boot();
            expect(console).toContain(
                `A VPC Service Controls perimeter refuses a request from the VM (HTTP 403: ${PERIMETER})`,
            );
            expect(console).toContain("in one perimeter that allows storage.googleapis.com");
            expect(console).not.toContain("trying again");
            expect(await vm.status()).toBeUndefined();
            expect(vm.dockerCalls()).toEqual([]);
        });
    });

    concurrently("ends immediately if a perimeter refuses the dataset, and says so in the status", async () => {
        await TestVm.with({ timing: { grantSeconds: 600 } }, async (vm) => {
            vm.google.faults.push({ match: new RegExp(`^GET .*${DATASET}`), answer: 403, message: PERIMETER });
            await vm.boot();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringContaining(`refuses a request from the VM (HTTP 403: ${PERIMETER})`),
            });
        });
    });

    concurrently("ends immediately if a perimeter refuses the pull", async () => {
        await TestVm.with({ timing: { grantSeconds: 600 } }, async (vm) => {
            await vm.boot({ pull: failingPulls(9, `Error response from daemon: denied: ${PERIMETER}`) });
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringContaining(
                    "A VPC Service Controls perimeter refuses a request from the VM (docker says:",
                ),
            });
            expect(vm.dockerCalls().filter(([verb]) => verb === "pull")).toHaveLength(1);
        });
    });

    for (const [what, fault, reason] of [
        ["read the status", /^GET .*status\.json/, /permission to read runs\/.*HTTP 403: no grant.*legacyBucketReader/],
        [
            "read the dataset",
            new RegExp(`^GET .*${DATASET}`),
            /permission to read the dataset.*roles\/storage\.objectViewer/,
        ],
    ] as const) {
        concurrently(`reports the missing role if the grant to ${what} never arrives`, async () => {
            await TestVm.with({ timing: { grantSeconds: 2 } }, async (vm) => {
                vm.google.faults.push({ match: fault, answer: 403, message: "no grant" });
                const { result } = await vm.boot();
                expect(result).toBe("exit-code");
                expect(await vm.status()).toMatchObject({
                    state: "FAILED",
                    attempt: 1,
                    reason: expect.stringMatching(reason),
                });
                expect(vm.dockerCalls()).toEqual([]);
            });
        });
    }

    concurrently("reports the missing role on the serial console if it has no write access at all", async () => {
        await TestVm.with({ timing: { grantSeconds: 2 } }, async (vm) => {
            vm.google.faults.push({ match: /^POST/, answer: 403, message: "no grant" });
            const { console } = await vm.boot();
            expect(await vm.status()).toBeUndefined();
            expect(console).toMatch(
                /gcp-trainer: FAILED: The VM's service account has no permission to write.*roles\/storage\.objectUser/,
            );
            expect(console).toContain(`FAILED could not be written to gs://${vm.config.bucket}/${at.status}`);
        });
    });

    concurrently("reports docker's message and the missing role if it cannot pull the image", async () => {
        await TestVm.with({ timing: { grantSeconds: 2 } }, async (vm) => {
            await vm.boot({ pull: failingPulls(99, DENIED) });
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringMatching(
                    /roles\/artifactregistry\.reader.*docker says: .*"artifactregistry\.repositories\.downloadArtifacts" denied/,
                ),
            });
        });
    });

    concurrently("reports a missing image immediately", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({
                pull: `echo 'Error response from daemon: manifest for x not found: manifest unknown: "\\ü' >&2; exit 1`,
            });
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: null,
                reason: `The image is not in the registry: ${vm.config.image}; run pulumi up to build and push it again (docker says: Error response from daemon: manifest for x not found: manifest unknown: "\\ü)`,
            });
            expect(vm.dockerCalls()).toHaveLength(1);
        });
    });

    concurrently("is TIMED_OUT if the pull hangs", async () => {
        await TestVm.with({ pullSeconds: 1 }, async (vm) => {
            await vm.boot({ pull: "sleep 60" });
            expect(await vm.status()).toMatchObject({
                state: "TIMED_OUT",
                reason: expect.stringMatching(/^The image was not pulled within 1 s: .*Private Google Access/),
            });
        });
    });

    concurrently("retries a pull after a network error", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({ pull: failingPulls(1, "net/http: TLS handshake timeout") });
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED" });
        });
    });

    concurrently("reports a missing dataset", async () => {
        await TestVm.with({ datasetUri: "gs://other-bucket/a b/ä.csv" }, async (vm) => {
            vm.google.faults.push({ match: /other-bucket\/o\/a b\/ä\.csv/, answer: 404 });
            await vm.boot();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringContaining("The dataset gs://other-bucket/a b/ä.csv does not exist"),
            });
        });
    });

    concurrently("reports Cloud Storage's message if the account has no access to the dataset", async () => {
        const config = { datasetUri: `gs://${BUCKET}/private/iris.csv`, timing: { grantSeconds: 1 } };
        await TestVm.with(config, async (vm) => {
            await vm.google.backend.bucket.put("private/iris.csv", "a,b\n");
            await vm.boot();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringMatching(/storage\.objects\.get.*grant it roles\/storage\.objectViewer/),
            });
        });
    });

    concurrently("reports docker's message if docker cannot start the container", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({
                run: 'printf "docker: OCI runtime: exec: \\"/x\\"\\tnot found.\\n\\nRun \'docker run --help\' for more information\\n" >&2; exit 127',
            });
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: 'docker could not start the container: docker: OCI runtime: exec: "/x"\tnot found.',
            });
        });
    });

    concurrently("reports on the serial console that Cloud Storage is not responding", async () => {
        await TestVm.with({ uploadSeconds: 1, timing: { grantSeconds: 1 } }, async (vm) => {
            vm.google.disconnect();
            const { result, console } = await vm.boot();
            expect(result).toBe("exit-code");
            expect(console).toMatch(/the metadata server returned no token \(HTTP 000\)/);
            expect(console).toMatch(/gcp-trainer: FAILED: The run's status could not be read: no response from/);
        });
    });
});
