import type { JobStore, StoredJob } from "./job-store";
import type { Job, JobStatus, StatusEvent, Task } from "./job-types";
import { machineOf } from "./machine";

/** Returns a job in Batch's format. */
export function describeJob(store: JobStore, { job, status }: StoredJob): object {
    return { ...job, updateTime: status.updateTime, status: describeStatus(store, job, status) };
}

function describeStatus(store: JobStore, job: Job, status: JobStatus): object {
    const { state, events, runningSince, runningUntil } = status;
    const end = runningUntil === undefined ? Date.now() : Date.parse(runningUntil);
    const seconds = runningSince === undefined ? 0 : Math.max(0, end - Date.parse(runningSince)) / 1000;
    return {
        state,
        ...(events.length === 0 ? {} : { statusEvents: shuffled(events) }),
        ...(runningSince === undefined ? {} : { taskGroups: { group0: describeGroup(store, job) } }),
        runDuration: `${seconds}s`,
    };
}

function describeGroup(store: JobStore, job: Job): object {
    const { machineType, provisioningModel, diskType, diskSizeGb, image } = machineOf(job.allocationPolicy);
    const counts = [...store.counts(job.name)].map(([state, count]) => [state, String(count)]);
    const bootDisk = { type: diskType, sizeGb: diskSizeGb, image };
    return {
        counts: Object.fromEntries(counts),
        instances: [{ machineType, provisioningModel, taskPack: "1", bootDisk }],
    };
}

/** Returns a task in Batch's format, with the project number in its name. */
export function describeTask({ taskGroups }: Job, index: number, { state, events }: Task): object {
    const status = { state, ...(events.length === 0 ? {} : { statusEvents: shuffled(events) }) };
    return { name: `${taskGroups[0].name}/tasks/${index}`, status };
}

/** Batch returns events in no particular order: https://github.com/nextflow-io/nextflow/issues/6977 */
function shuffled(events: readonly StatusEvent[]): StatusEvent[] {
    const list = [...events];
    for (let last = list.length - 1; last > 0; last--) {
        const other = Math.floor(Math.random() * (last + 1));
        [list[last], list[other]] = [list[other] as StatusEvent, list[last] as StatusEvent];
    }
    return list;
}
