import { randomUUID } from "node:crypto";
import { ACCOUNT } from "./project";
import { type Json, PROJECT_ID, REGION, type Walker } from "./walker";

const LOCATION = `/batch/v1/projects/${PROJECT_ID}/locations/${REGION}`;
const JOBS = `${LOCATION}/jobs`;

/** Covers a job that succeeds after a retry, one that fails, one that is cancelled, and their operations. */
export async function walkBatch(walker: Walker): Promise<void> {
    await walker.ok("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, {
        policy: { bindings: [{ role: "roles/batch.agentReporter", members: [`serviceAccount:${ACCOUNT}`] }] },
    });
    const requestId = randomUUID();
    const retried = "#!/bin/sh\n[ $BATCH_TASK_RETRY_ATTEMPT = 1 ]\n";
    await walker.ok("POST", `${JOBS}?jobId=walk&requestId=${requestId}`, job(retried));
    await walker.ok("POST", `${JOBS}?jobId=walk&requestId=${requestId}`, job(retried));
    await walker.fails(409, "POST", `${JOBS}?jobId=walk`, job(retried));
    await walker.fails(400, "POST", `${JOBS}?jobId=Walk`, job(retried));
    await walker.ok("POST", `${JOBS}?jobId=fails`, job("exit 3"));
    await walker.ok("POST", `${JOBS}?jobId=cancelled`, job("exec sleep 33.3"));
    for (const id of ["walk", "fails"]) {
        await until(walker, id, /SUCCEEDED|FAILED/);
    }
    const filter = encodeURIComponent('Status.State="SUCCEEDED" OR Status.State="FAILED"');
    const page = await walker.ok("GET", `${JOBS}?pageSize=1&orderBy=create_time%20desc&filter=${filter}`);
    await walker.ok("GET", `${JOBS}?pageToken=${page.nextPageToken}`);
    const tasks = `${JOBS}/walk/taskGroups/group0/tasks`;
    await walker.ok("GET", `${tasks}?pageSize=1&filter=State%3DSUCCEEDED`);
    await walker.ok("GET", `${tasks}/0`);
    await walker.fails(404, "GET", `${tasks}/7`);
    await walker.ok("POST", `${JOBS}/cancelled:cancel`, { requestId: randomUUID() });
    await until(walker, "cancelled", /^CANCELLED$/);
    await walker.ok("POST", `${JOBS}/cancelled:cancel`, {});
    const { name } = await walker.ok("DELETE", `${JOBS}/cancelled?reason=walk&requestId=${randomUUID()}`);
    const operation = `/batch/v1/${name}`;
    await walker.ok("POST", `${operation}:cancel`, {});
    while ((await walker.ok("GET", operation)).done !== true) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const operations = await walker.ok("GET", `${LOCATION}/operations?pageSize=1`);
    await walker.ok("GET", `${LOCATION}/operations?pageToken=${operations.nextPageToken}`);
    await walker.ok("DELETE", operation);
    await walker.fails(404, "GET", operation);
    await walker.fails(404, "GET", `${JOBS}/cancelled`);
}

async function until(walker: Walker, id: string, state: RegExp): Promise<void> {
    for (;;) {
        const { status } = (await walker.ok("GET", `${JOBS}/${id}`)) as Json & { status: { state: string } };
        if (state.test(status.state)) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

function job(text: string): object {
    return {
        taskGroups: [
            {
                taskSpec: {
                    runnables: [{ displayName: "walk", script: { text }, environment: { variables: { A: "b" } } }],
                    computeResource: { cpuMilli: "2000", memoryMib: "4000" },
                    maxRunDuration: "60s",
                    maxRetryCount: 1,
                    lifecyclePolicies: [{ action: "RETRY_TASK", actionCondition: { exitCodes: [50001, 1] } }],
                },
                taskCount: "2",
                parallelism: "1",
                taskCountPerNode: "1",
            },
        ],
        allocationPolicy: {
            location: { allowedLocations: [`regions/${REGION}`] },
            instances: [
                {
                    installGpuDrivers: false,
                    blockProjectSshKeys: true,
                    policy: {
                        machineType: "e2-standard-2",
                        provisioningModel: "SPOT",
                        bootDisk: { image: "batch-cos", type: "pd-balanced", sizeGb: "50" },
                    },
                },
            ],
            serviceAccount: { email: ACCOUNT },
            labels: { stack: "dev" },
        },
        labels: { stack: "dev" },
        logsPolicy: { destination: "CLOUD_LOGGING" },
    };
}
