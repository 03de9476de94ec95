import type { Command } from "./command";
import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;

/**
 * Runs that end while no `pulumi up` is watching them. Each test uses a new run in the same stack, because that takes
 * only seconds.
 */
describeWithEngine("returning to a run, with the real engine,", () => {
    let cloud: Cloud;
    let project: Project;

    beforeAll(async () => {
        cloud = await Cloud.start();
        project = new Project(cloud, "back", { trainer: "tiny", provisioning: "spot" });
        await project.init();
    }, 2 * MINUTE_MS);
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    /** Starts a new run, and waits until its trainer is working. */
    async function begin(hyperparameters: Record<string, number>): Promise<Command> {
        project.configure({ hyperparameters });
        const up = project.up();
        await up.printed("tiny trainer: second 1 of");
        return up;
    }

    async function leave(up: Command): Promise<void> {
        up.interrupt();
        await up.printed("press ^C again");
        up.interrupt();
        await up.expectFailure();
    }

    /** Returns the only run that `work` has added on this machine. */
    async function newRun(work: () => Promise<unknown>): Promise<{ run: string; status: unknown }> {
        const before = project.savedRuns();
        await work();
        const [run = "none", ...others] = project.savedRuns().filter((one) => !before.includes(one));
        expect(others).toEqual([]);
        return { run, status: JSON.parse(project.saved(run, "status.json")) };
    }

    it(
        "attaches to the run after two Ctrl-Cs, which end only the command",
        async () => {
            await leave(await begin({ seconds: 1, hold: 1 }));
            const { status } = await newRun(async () => {
                const up = project.up();
                await up.printed("tiny trainer: second 1 of");
                await cloud.release();
                const { output } = await up.expectSuccess();
                expect(output).toContain("tiny trainer: released");
            });

            expect(status).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
        },
        5 * MINUTE_MS,
    );

    it(
        "resumes from the checkpoint as attempt 2 if the VM was preempted while no command waited",
        async () => {
            await leave(await begin({ seconds: 1, hold: 2 }));
            await cloud.preempt();
            await cloud.release();
            const { run, status } = await newRun(async () => {
                const { output } = await project.up().expectSuccess();
                expect(output).toContain("attempt 1: interrupted");
            });

            expect(status).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
            expect(JSON.parse(project.saved(run, "model.json"))).toEqual({ earlier: 1 });
        },
        5 * MINUTE_MS,
    );

    it(
        "prints a warning about interrupted commands until refresh --clear-pending-creates is run",
        async () => {
            const before = await project.up().expectSuccess();
            expect(before.output).toContain("with 2 pending operations from previous deployment");
            expect(before.output).toMatch(/\* urn:\S+::trainer-run, interrupted while creating/);
            await project.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates").expectSuccess();
            const after = await project.up().expectSuccess();

            expect(after.output).not.toContain("pending operations");
        },
        5 * MINUTE_MS,
    );

    it(
        "is unnecessary if the VM is preempted while up is waiting, because up itself restarts the VM",
        async () => {
            const { run, status } = await newRun(async () => {
                const up = await begin({ seconds: 1, hold: 3 });
                await cloud.preempt();
                await cloud.release();
                const { output } = await up.expectSuccess();
                expect(output).toContain("starting the VM");
            });

            expect(status).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
            expect(JSON.parse(project.saved(run, "model.json"))).toEqual({ earlier: 1 });
        },
        5 * MINUTE_MS,
    );

    it(
        "collects the results with wait: false, in which case the first up ends once the VM has started the run",
        async () => {
            project.configure({ wait: false, hyperparameters: { seconds: 5 } });
            const before = project.savedRuns();
            const { output } = await project.up().expectSuccess();
            expect(output).toContain(
                "continues without this command; `pulumi up` collects its results once it has ended",
            );
            expect(project.savedRuns()).toEqual(before);
            await cloud.untilDown();
            const { status } = await newRun(() => project.up().expectSuccess());

            expect(status).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
            expect(await project.outputs()).toMatchObject({ metrics: { accuracy: 1 } });
            await project.previewNoChanges().expectSuccess();
        },
        5 * MINUTE_MS,
    );

    it(
        "restarts the VM with debugMinutes, in which case the first up fails immediately and explains how to open a shell",
        async () => {
            project.configure({ wait: true, debugMinutes: 10, hyperparameters: { failures: 1 } });
            const { output } = await project.up().expectFailure();
            const [vm] = await cloud.instances();

            expect(vm?.status).toBe("RUNNING");
            expect(output).toMatch(/The VM stays up for debugging until \d{4}-\d\d-\d\dT[\d:.]+Z:/);
            expect(output).toContain(
                `gcloud compute ssh ${vm?.name} --project demo-project --zone us-central1-a --tunnel-through-iap`,
            );
            expect(output).toContain("needs roles/iap.tunnelResourceAccessor, roles/compute.osAdminLogin");
            expect(output).toContain("| tiny trainer: this attempt fails");

            const { status } = await newRun(async () => {
                const second = await project.up().expectSuccess();
                expect(second.output).toContain(`stopping the VM ${vm?.name}, which is still up after that attempt`);
            });
            expect(status).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
        },
        5 * MINUTE_MS,
    );

    it(
        "rejects a change that requires the VM to be off; destroy then leaves only the unfinished run's log",
        async () => {
            project.configure({ wait: false, debugMinutes: 0, hyperparameters: { seconds: 1, hold: 4 } });
            await project.up().expectSuccess();
            project.configure({ machineType: "e2-standard-4" });
            const { output } = await project.up().expectFailure();
            expect(output).toMatch(/machineType can be changed only while the VM \S+ is off; it is RUNNING\./);
            const { run } = await newRun(() => project.destroy());

            expect(await cloud.inventory()).toEqual([]);
            expect(project.saved(run, "status.json")).toMatch(/INTERRUPTED|RUNNING|PULLING/);
        },
        5 * MINUTE_MS,
    );
});
