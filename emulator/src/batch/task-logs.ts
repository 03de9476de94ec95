import type { IamService } from "../iam/service";
import type { LogService, NewLogEntry } from "../logging/entries";
import type { OutputStream } from "../vm/guest/guest";
import { type Job, partsOf } from "./job-types";
import { timestamp } from "./timestamps";

/** Maximum number of buffered lines, so that a task with a lot of output does not exhaust the memory. */
const MAX_LINES = 200;

/** The log of one attempt of a task. */
export interface TaskLog {
    readonly add: (line: string, stream: OutputStream) => void;
    close(): Promise<void>;
}

/** The output of tasks, in Cloud Logging. */
export class TaskLogs {
    readonly #logs: LogService;
    readonly #iam: IamService;

    constructor(logs: LogService, iam: IamService) {
        this.#logs = logs;
        this.#iam = iam;
    }

    /**
     * Opens the log of an attempt. Its lines are lost unless the job requests logs and its service account may write
     * them.
     * @see https://cloud.google.com/batch/docs/analyze-job-using-logs
     */
    open(job: Job, hostname: string, { index, attempt }: { index: number; attempt: number }): TaskLog {
        const { project, location, id } = partsOf(job.name);
        if (job.logsPolicy?.destination !== "CLOUD_LOGGING") {
            return { add: () => undefined, close: async () => undefined };
        }
        const principal = { kind: "serviceAccount", email: job.allocationPolicy.serviceAccount.email } as const;
        const common = {
            logName: `projects/${project}/logs/batch_task_logs`,
            resource: {
                type: "batch.googleapis.com/Job",
                labels: { resource_container: `projects/${project}`, location, job_id: id },
            },
            labels: {
                ...job.labels,
                job_uid: job.uid,
                task_id: `task/${job.uid}-group0-${index}/${attempt}/0`,
                hostname,
            },
        };
        let held: NewLogEntry[] = [];
        let writing = Promise.resolve();
        const write = () => {
            const entries = held;
            held = [];
            if (this.#iam.policies.check(principal, "logging.logEntries.create", `projects/${project}`)) {
                writing = writing.then(() => this.#logs.write(entries)).catch(() => undefined);
            }
        };
        return {
            add: (line, stream) => {
                const severity = stream === "stderr" ? "ERROR" : "INFO";
                held.push({ ...common, timestamp: timestamp(), severity, textPayload: line });
                if (held.length >= MAX_LINES) {
                    write();
                }
            },
            close: async () => {
                write();
                await writing;
            },
        };
    }
}
