import { type FakeBucket, httpError, putLog, putStatus, runId, statusObject } from "./fakes";
import { type Scene, scene } from "./scene";

describe("a write that is overtaken by another writer", () => {
    /** Lets another writer change the status immediately before the waiter's first write. */
    function race(bucket: FakeBucket, action: () => void): void {
        let isOpen = true;
        bucket.before = (operation, name) => {
            if (isOpen && operation === "write" && name === statusObject) {
                isOpen = false;
                action();
            }
        };
    }

    it("discards INTERRUPTED if the VM has written its final status", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "RUNNING" });
        vm.state = "TERMINATED";
        race(bucket, () => putStatus(bucket, { state: "SUCCEEDED" }));

        await expect(wait()).resolves.toMatchObject({ state: "SUCCEEDED" });
        expect(vm.calls).toEqual([]);
    });

    it("does not report that the attempts are used up if somebody has started the VM", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "INTERRUPTED", interruptions: 2 });
        vm.state = "TERMINATED";
        race(bucket, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 4 }));

        await expect(wait()).resolves.toMatchObject({ attempt: 4 });
    });

    it("discards PENDING if another update wrote it first", async () => {
        const { bucket, vm, clock, wait } = scene();
        putStatus(bucket, { state: "FAILED", reported: true });
        vm.state = "TERMINATED";
        race(bucket, () => {
            putStatus(bucket, { state: "PULLING", attempt: 2 });
            vm.state = "RUNNING";
        });
        clock.at(5_000, () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 }));

        await expect(wait()).resolves.toMatchObject({ attempt: 2 });
        expect(vm.calls).toEqual([]);
    });

    it("sets `reported` again on the new status", async () => {
        const { bucket, failure, status } = scene();
        putStatus(bucket, { state: "FAILED", exitCode: 3 });
        race(bucket, () => putStatus(bucket, { state: "FAILED", exitCode: 3, reason: "again" }));

        expect(await failure()).toContain("again");
        expect(status().reported).toBe(true);
    });

    it("counts as successful if the object has the same content, because only the response was lost", async () => {
        const { bucket, vm, wait } = scene();
        putStatus(bucket, { state: "RUNNING" });
        vm.state = "TERMINATED";
        const write = bucket.write.bind(bucket);
        bucket.write = async (name, content, generation) => {
            await write(name, content, generation);
            return undefined;
        };
        vm.onStart = () => putStatus(bucket, { state: "SUCCEEDED", attempt: 2 });

        await expect(wait()).resolves.toMatchObject({ attempt: 2 });
        expect(vm.calls).toEqual(["start"]);
    });
});

describe("a VM that sends nothing", () => {
    it("fails the update after 3 minutes, with the last lines of the serial port", async () => {
        const { bucket, vm, clock, failure } = scene();
        putStatus(bucket, { state: "RUNNING" });
        clock.at(60_000, () => putLog(bucket, 1, 0, "a line\n"));
        vm.serial = Array.from({ length: 90 }, (_, index) => `serial ${index + 1}\r\n`).join("");

        const message = await failure();

        expect(clock.now() - Date.parse("2026-01-01T00:00:00Z")).toBe(60_000 + 181_000);
        expect(message).toContain("no change in status, log or heartbeat for 3 minutes");
        expect(message).toContain("The last 40 lines of the VM's serial port:\n| serial 51\n");
        expect(message).toContain(
            "gcloud compute instances get-serial-port-output iris-vm --project demo-project --zone us-central1-a",
        );
        expect(message).not.toContain("Private Google Access");
    });

    it("fails the update after it has run for 15 minutes without a status", async () => {
        const { vm, clock, failure } = scene();
        vm.state = "STAGING";
        clock.at(100_000, () => {
            vm.state = "RUNNING";
        });

        expect(await failure()).toContain("although its VM has been running for 15 minutes");
        expect(clock.now() - Date.parse("2026-01-01T00:00:00Z")).toBeGreaterThan(1_000_000);
    });

    it("is reported with advice on Private Google Access if its subnetwork is outside the stack", async () => {
        const { failure, vm } = scene();
        vm.serialOutput = async () => {
            throw new Error("permission denied");
        };

        const message = await failure({ onPrivateSubnetwork: true });
        expect(message).toContain("enable Private Google Access there");
        expect(message).toContain("DNS resolves storage.googleapis.com and *.pkg.dev");
        expect(message).toContain("the VM's serial port could not be read: permission denied");
    });

    it("counts as alive as long as its heartbeats keep arriving", async () => {
        const { bucket, clock, wait } = scene();
        putStatus(bucket, { state: "PULLING" });
        for (let second = 0; second < 3600; second += 170) {
            clock.at(second * 1000, () => putStatus(bucket, { state: "PULLING" }));
        }
        clock.at(3_600_000, () => putStatus(bucket, { state: "SUCCEEDED" }));

        await expect(wait()).resolves.toMatchObject({ state: "SUCCEEDED" });
    });
});

describe("a Google Cloud error", () => {
    /** Makes every request fail between two times on the scene's clock. */
    function outage(around: Scene, fromMs: number, toMs: number, error: Error): void {
        const start = Date.parse("2026-01-01T00:00:00Z");
        around.bucket.before = () => {
            const at = around.clock.now() - start;
            if (at >= fromMs && at < toMs) {
                throw error;
            }
        };
    }

    it("is retried, and printed once a minute", async () => {
        const around = scene();
        putStatus(around.bucket, { state: "RUNNING" });
        outage(around, 5_000, 125_000, Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }));
        around.clock.at(130_000, () => putStatus(around.bucket, { state: "SUCCEEDED" }));

        await around.wait();

        const warnings = around.printed.filter((line) => line.includes("is not responding"));
        expect(warnings).toHaveLength(2);
        expect(warnings[0]).toContain("getaddrinfo ENOTFOUND");
        expect(around.printed).toContain("Google Cloud is responding again");
    });

    it("ends the wait after 15 minutes, but not the run", async () => {
        const around = scene();
        putStatus(around.bucket, { state: "RUNNING" });
        outage(around, 5_000, Number.POSITIVE_INFINITY, httpError(503, "unavailable"));

        const message = await around.failure();
        expect(message).toContain("has not responded for 15 minutes: unavailable");
        expect(message).toContain("`pulumi up` reattaches");
    });

    it("is explained if the credentials have expired", async () => {
        const around = scene();
        putStatus(around.bucket, { state: "RUNNING" });
        outage(around, 5_000, Number.POSITIVE_INFINITY, httpError(401, "Invalid Credentials"));

        const message = await around.failure();
        expect(message).toContain("The credentials of this command have expired");
        expect(message).toContain(`Run ${runId} continues without it`);
        expect(message).toContain("then `pulumi up` reattaches");
    });

    it("does not count as expired credentials after a single 401", async () => {
        const around = scene();
        putStatus(around.bucket, { state: "RUNNING" });
        outage(around, 5_000, 6_500, httpError(401, "Invalid Credentials"));
        around.clock.at(10_000, () => putStatus(around.bucket, { state: "SUCCEEDED" }));

        await expect(around.wait()).resolves.toMatchObject({ state: "SUCCEEDED" });
    });

    it("is fatal immediately if a permission is missing", async () => {
        const around = scene();
        outage(around, 0, Number.POSITIVE_INFINITY, httpError(403, "does not have storage.objects.get access"));

        const message = await around.failure();
        expect(message).toContain("does not have storage.objects.get access");
        expect(message).toContain("needs roles/");
    });

    it("is fatal immediately if a perimeter refuses the request, with advice that is not about roles", async () => {
        const around = scene();
        outage(around, 0, Number.POSITIVE_INFINITY, httpError(403, "Request is prohibited by organization's policy."));

        const message = await around.failure();
        expect(message).toContain("A VPC Service Controls perimeter refuses this machine's requests");
        expect(message).toContain("`pulumi up` reattaches");
        expect(message).not.toContain("roles/");
    });

    it("is fatal immediately if the status cannot be parsed", async () => {
        const { bucket, failure } = scene();
        bucket.put(statusObject, '{"schema":1,"state":"DONE"}');

        expect(await failure()).toContain(
            `gs://demo-bucket/${statusObject} is not a run's status: "state" must be one of`,
        );
    });
});
