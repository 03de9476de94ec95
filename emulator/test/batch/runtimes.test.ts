import { TestEmulator } from "../../src/testing";
import { SYSTEMD_IMAGE } from "../../src/vm/systemd/systemd-vm";
import { describeWithDocker, docker, NODE_IMAGE } from "../docker";
import { ACCOUNT, grant, inOrder, jobBody, PROJECT_ID, prepare, REGION, TestJob } from "./support";

const METADATA = 'curl -s -H Metadata-Flavor:Google "http://$GCE_METADATA_HOST/computeMetadata/v1';
const RETRY = {
    maxRetryCount: 2,
    lifecyclePolicies: [{ action: "RETRY_TASK", actionCondition: { exitCodes: [50001, 50005] } }],
};

async function exitCodes(job: TestJob): Promise<number[]> {
    const events = inOrder((await job.tasks())[0]?.status.statusEvents);
    return events.flatMap(({ taskExecution }) => taskExecution?.exitCode ?? []);
}

describeWithDocker("a Batch job in the docker runtime", [NODE_IMAGE], () => {
    let emulator: TestEmulator;

    beforeAll(async () => {
        emulator = await TestEmulator.start({ runtime: "docker", batch: { tickMs: 30 } });
        await prepare(emulator);
    });
    afterAll(() => emulator.stop());

    it("runs the exact image in this machine's engine, and leaves no container behind when it is deleted", async () => {
        const location = `/v1/projects/${PROJECT_ID}/locations/${REGION}`;
        const made = await emulator.ok("POST", `${location}/repositories?repositoryId=images`, {
            body: { format: "DOCKER" },
        });
        const { registryUri } = made.response as { registryUri: string };
        const engineImageId = await docker("image", "inspect", "--format", "{{.Id}}", NODE_IMAGE);
        const body = { image: `${registryUri}/node`, engineImageId };
        const image = String((await emulator.ok("POST", "/emulator/v1/images", { body })).image);
        await grant(emulator, "roles/batch.agentReporter", "roles/logging.logWriter", "roles/artifactregistry.reader");
        const script = `export HOME=$TMPDIR
            docker-credential-gcr configure-docker --registries ${registryUri.split("/")[0]} 2>/dev/null
            docker pull ${image} >/dev/null || exit 75
            docker run --detach --name box --env BATCH_TASK_INDEX ${image} -e 'console.log("task", process.env.BATCH_TASK_INDEX); if (process.env.BATCH_TASK_INDEX === "1") { setInterval(() => {}, 1000); }' >/dev/null
            docker logs --follow box
            code=$(docker wait box); docker rm --force --volumes box >/dev/null; exit $code`;
        const job = await TestJob.create(emulator, "engine", jobBody(script, { taskCount: 2 }));
        const { uid } = await job.untilState("RUNNING");
        const containers = () => docker("ps", "--all", "--filter", "label=gcp-emulator.vm", "--format", "{{.Names}}");
        const own = async () => (await containers()).split("\n").filter((name) => name.includes(uid.slice(-11)));
        while ((await job.get()).status.taskGroups?.group0?.counts.SUCCEEDED !== "1" || (await own()).length !== 1) {
            expect(await job.state()).toBe("RUNNING");
        }
        await job.delete();
        expect(await own()).toEqual([]);
    });
});

describeWithDocker("a Batch job in the systemd runtime", [SYSTEMD_IMAGE], () => {
    let emulator: TestEmulator;

    beforeAll(async () => {
        emulator = await TestEmulator.start({ runtime: "systemd", batch: { tickMs: 30, maxVms: 1 } });
        await prepare(emulator);
    });
    afterAll(() => emulator.stop());

    it("runs as root on a system with docker and the VM's metadata, and is retried after a timeout", async () => {
        const script = `echo "$(id -u) $(${METADATA}/instance/service-accounts/default/email") $BATCH_TASK_INDEX"
            docker version --format up
            [ $BATCH_TASK_RETRY_ATTEMPT = 1 ] || { sleep 1000 & wait; }`;
        const job = await TestJob.create(
            emulator,
            "debian",
            jobBody(script, { spec: { ...RETRY, maxRunDuration: "30s" } }),
        );
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await job.lines()).toEqual([`0 ${ACCOUNT} 0`, "up", `0 ${ACCOUNT} 0`, "up"]);
        expect(await exitCodes(job)).toEqual([50005]);
    });

    it("reports its script's exit code", async () => {
        const job = await TestJob.create(emulator, "code", jobBody("exit 7"));
        expect((await job.end()).status.state).toBe("FAILED");
        expect(await exitCodes(job)).toEqual([7]);
    });
});
