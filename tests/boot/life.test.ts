import { runLayout } from "../../run/layout";
import { RUN_ID, TestVm } from "./helpers/vm";

const concurrently = test.concurrent;
const at = runLayout(RUN_ID);

/** The values of an option that may be given several times. */
const valuesOf = (words: string[], option: string) => words.filter((_word, index) => words[index - 1] === option);

describe("a training run on a VM", () => {
    concurrently("ends as SUCCEEDED after exit code 0, and saves all pages of its model's listing", async () => {
        await TestVm.with({}, async (vm) => {
            for (const name of ["metrics.json", "model.json", "report.html"]) {
                await vm.google.backend.bucket.put(at.model + name, name);
            }
            await vm.google.backend.bucket.put(`${at.checkpoints}1`, "not of the model");
            vm.google.pageSize = 2;

            const { result, console } = await vm.boot();

            expect(result).toBe("success");
            expect(console).toContain("gcp-trainer: SUCCEEDED");
            const status = await vm.status();
            expect(Object.keys(status ?? {})).toEqual([
                ...["schema", "runId", "state", "attempt", "interruptions", "reported", "bootId", "exitCode", "reason"],
                ...["startedAt", "updatedAt", "finishedAt"],
            ]);
            expect(status).toMatchObject({
                schema: 1,
                runId: RUN_ID,
                state: "SUCCEEDED",
                attempt: 1,
                interruptions: 0,
                reported: false,
                bootId: expect.stringMatching(/^[0-9a-f]{32}$/),
                exitCode: 0,
                reason: null,
                finishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
            });
            const listing = JSON.parse(String(await vm.google.backend.bucket.get(at.objects)));
            expect(listing.schema).toBe(1);
            expect(listing.pages).toHaveLength(2);
            const names = listing.pages.flatMap((page: { items: { name: string }[] }) =>
                page.items.map((one) => one.name),
            );
            expect(names).toEqual(["metrics.json", "model.json", "report.html"].map((one) => at.model + one));
        });
    });

    concurrently("ends the same way with the emulator's curl and timeout", async () => {
        await TestVm.with({ timing: { heartbeatSeconds: 1 } }, async (vm) => {
            vm.shims = true;
            await vm.putStatus({ state: "RUNNING" });
            await vm.google.backend.bucket.put(`${at.model}model.json`, "of attempt 1");
            vm.google.faults.push({ match: /^POST .*status\.json/, times: 1, answer: "lose" });
            await vm.boot({ trainer: "echo hallo wörld; sleep 1.5; exit 3" });
            expect(await vm.status()).toMatchObject({ state: "FAILED", exitCode: 3, attempt: 2 });
            expect(await vm.log(2)).toBe("hallo wörld\n");
            expect(await vm.google.backend.bucket.list(at.model)).toEqual([]);
        });
    });

    concurrently("ends as FAILED after any other exit code, and reports that code", async () => {
        await TestVm.with({}, async (vm) => {
            const { result, console } = await vm.boot({ trainer: "echo 'row 7: no number'; exit 3" });

            expect(result).toBe("exit-code");
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: 3,
                reason: "The trainer failed (exit code 3); see the end of its log",
            });
            expect(await vm.log()).toBe("row 7: no number\n");
            expect(console).toContain("gcp-trainer: FAILED: The trainer failed (exit code 3)");
            expect(await vm.google.backend.bucket.get(at.objects)).toBeUndefined();
        });
    });

    concurrently("reports its memory limit and the setting to change if it runs out of memory", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({ trainer: "exit 137", oom: true });
            const status = await vm.status();
            expect(status).toMatchObject({ state: "FAILED", exitCode: 137 });
            expect(status?.reason).toMatch(/^The trainer ran out of memory \(limit \d+ MiB, exit code 137\)/);
            expect(status?.reason).toContain("npx pulumi config set machineType");
        });
    });

    for (const [exitCode, reason] of [
        [127, "entry point could not be run"],
        [137, "not by the memory limit"],
        [139, "crashed"],
        [143, "while the VM was not shutting down"],
    ] as const) {
        concurrently(`explains exit code ${exitCode}`, async () => {
            await TestVm.with({}, async (vm) => {
                await vm.boot({ trainer: `exit ${exitCode}` });
                expect(await vm.status()).toMatchObject({
                    state: "FAILED",
                    exitCode,
                    reason: expect.stringContaining(reason),
                });
            });
        });
    }

    concurrently("uploads the log in chunks while the trainer prints, complete to the last byte", async () => {
        await TestVm.with({}, async (vm) => {
            const line = "Größe 😀 Ω\n";
            const booted = vm.boot({
                trainer: `for i in {1..6}; do printf %s '${line}😀'; sleep 0.5; done; printf '\\xf0\\x9f'; sleep 1.2; printf '\\x98\\x80'`,
            });
            await vm.until((status) => status.state === "RUNNING");
            await vm.eventually(async () => (await vm.log()).includes(line));
            expect((await vm.status())?.state).toBe("RUNNING");
            await booted;
            expect(await vm.log()).toBe(`${`${line}😀`.repeat(6)}😀`);
            expect(await vm.google.backend.bucket.list(at.attemptLog(1))).not.toHaveLength(1);
        });
    });

    concurrently("keeps the order in which stdout and stderr were printed", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({ trainer: "echo one; echo two >&2; echo three" });
            expect(await vm.log()).toBe("one\ntwo\nthree\n");
        });
    });

    concurrently("writes heartbeats, but never two statuses within one second", async () => {
        await TestVm.with({ timing: { heartbeatSeconds: 1 } }, async (vm) => {
            const booted = vm.boot({ trainer: "sleep 30" });
            const first = await vm.until((status) => status.state === "RUNNING");
            await vm.until((status) => status.state === "RUNNING" && status.updatedAt !== first.updatedAt);
            await vm.eventually(async () => vm.google.statusWrites.length > 4);
            vm.shutDown();
            await booted;
            const writes = vm.google.statusWrites;
            const gaps = writes.slice(1).map((time, index) => time - (writes[index] ?? 0));
            expect(Math.min(...gaps)).toBeGreaterThan(950);
        });
    });

    concurrently(
        "passes the trainer contract and arguments to the container, but grants it no unneeded permissions",
        async () => {
            const config = {
                args: ['--note=it\'s "$HOME" %s \\n\n😀 ', "--empty=", "--target=species"],
                env: { SEED: "7", AIP_MODEL_DIR: "gs://elsewhere/" },
            };
            await TestVm.with(config, async (vm) => {
                await vm.boot();
                const call = vm.dockerCalls().find((one) => one[0] === "run") ?? [];
                const image = call.indexOf(vm.config.image);
                expect(call.slice(image + 1)).toEqual(config.args);
                const options = call.slice(1, image);
                const env = options.filter((_one, index) => options[index - 1] === "--env");
                // If an option is given twice, Docker uses the last value.
                expect(Object.fromEntries(env.map((one) => one.split(/=(.*)/s).slice(0, 2)))).toEqual({
                    SEED: "7",
                    PYTHONUNBUFFERED: "1",
                    AIP_TRAINING_DATA_URI: vm.config.datasetUri,
                    AIP_DATA_FORMAT: "csv",
                    AIP_MODEL_DIR: `gs://${vm.config.bucket}/runs/${RUN_ID}/model/`,
                    AIP_CHECKPOINT_DIR: `gs://${vm.config.bucket}/runs/${RUN_ID}/checkpoints/`,
                    AIP_TENSORBOARD_LOG_DIR: `gs://${vm.config.bucket}/runs/${RUN_ID}/logs/`,
                    CLOUD_ML_PROJECT_ID: "demo-project",
                    CLOUD_ML_REGION: "us-central1",
                    STORAGE_EMULATOR_HOST: `http://${vm.google.host}`,
                    GCE_METADATA_HOST: vm.google.host,
                });
                expect(options).toContain("--detach");
                for (const option of ["--privileged", "--rm", "--network", "--device"]) {
                    expect(options).not.toContain(option);
                }
            });
        },
    );

    concurrently("confines the container: no capabilities, a process limit, and a read-only root", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({ workingFolder: "/srv/train" });
            const options = vm.containerOptions();
            expect(options).toEqual(
                expect.arrayContaining(["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only"]),
            );
            expect(Number(valuesOf(options, "--pids-limit")[0])).toBeGreaterThanOrEqual(4096);
            expect(valuesOf(options, "--volume")).toEqual(["/tmp", "/home", "/root", "/srv/train"]);
        });
    });

    concurrently.each(["", "/", "/home/app", "/tmp", "/with:colon"])(
        "adds no volume for the working folder '%s'",
        async (folder) => {
            await TestVm.with({}, async (vm) => {
                await vm.boot({ workingFolder: folder });
                expect(valuesOf(vm.containerOptions(), "--volume")).toEqual(["/tmp", "/home", "/root"]);
            });
        },
    );

    concurrently(
        "with writableRoot, lets the container change its image's files, but keeps the other limits",
        async () => {
            await TestVm.with({ writableRoot: true }, async (vm) => {
                await vm.boot();
                const options = vm.containerOptions();
                expect(options).toEqual(expect.arrayContaining(["--cap-drop", "--security-opt", "--pids-limit"]));
                expect(options).not.toContain("--read-only");
                expect(options).not.toContain("--volume");
            });
        },
    );

    concurrently("gives the container permissions and devices only if the config requests them", async () => {
        await TestVm.with({ privileged: true, gpuCount: 2 }, async (vm) => {
            const { console } = await vm.boot();
            const call = vm.dockerCalls().find((one) => one[0] === "run") ?? [];
            expect(call).toEqual(
                expect.arrayContaining(["--privileged", "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl"]),
            );
            expect(call).not.toContain("/dev/nvidia2");
            for (const option of ["--read-only", "--cap-drop", "--security-opt", "--pids-limit"]) {
                expect(call).not.toContain(option);
            }
            expect(console).toContain("installing the GPU driver");
        });
    });

    concurrently("installs the GPU driver on the second try if gcr.io is not reachable on the first", async () => {
        await TestVm.with({ gpuCount: 1 }, async (vm) => {
            const gpu = `[ -f "$STUB_DIR/tried" ] || { : >"$STUB_DIR/tried"; echo "lookup gcr.io: no such host"; exit 1; }`;
            const { console } = await vm.boot({ gpu });
            expect(console).toContain("no GPU driver yet: lookup gcr.io: no such host; trying again in 5 s");
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED" });
        });
    });

    concurrently("suggests writableRoot if the trainer failed because of its read-only root", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({ trainer: `echo "OSError: [Errno 30] Read-only file system: '/opt/x'"; exit 1` });
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: 1,
                reason: expect.stringContaining("npx pulumi config set writableRoot true"),
            });
        });
    });

    concurrently.each([
        ["that has nothing to do", { state: "SUCCEEDED" }, {}],
        ["whose trainer fails immediately", undefined, { trainer: "exit 3" }],
    ])("stays up for a while in a boot %s, so that the gcp provider sees it running", async (_, status, stub) => {
        await TestVm.with({ timing: { minimumUptimeSeconds: 12 } }, async (vm) => {
            vm.dropIn = "[Service]\nEnvironment=EMULATOR_UPTIME=9.87\n";
            if (status !== undefined) {
                await vm.putStatus(status);
            }
            const started = Date.now();
            await vm.boot(stub);
            expect(Date.now() - started).toBeGreaterThanOrEqual(3000);
        });
    });
});
