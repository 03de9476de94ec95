import { randomBytes } from "node:crypto";
import type { Collection, DocumentStore } from "../store/documents";

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, as stored and returned. */
export interface LogEntry {
    /** `projects/P/logs/LOG`, where LOG is percent-encoded. */
    readonly logName: string;
    readonly timestamp: string;
    readonly receiveTimestamp: string;
    readonly insertId: string;
    readonly [field: string]: unknown;
}

/** An entry before the server fills in missing fields. */
export interface NewLogEntry {
    readonly logName: string;
    readonly timestamp?: string | undefined;
    readonly insertId?: string | undefined;
    readonly [field: string]: unknown;
}

/** Number of entries to keep. Google Cloud keeps entries for thirty days. */
const MAX_ENTRIES = 1000;

/** The log entries in Cloud Logging. */
export class LogService {
    readonly #entries: Collection<LogEntry>;

    constructor(documents: DocumentStore) {
        this.#entries = documents.collection("log-entries");
    }

    /** Stores entries. An entry with the same log, time and insertId as an earlier one replaces it. */
    async write(entries: readonly NewLogEntry[]): Promise<void> {
        const now = new Date().toISOString();
        for (const entry of entries) {
            const { timestamp = now, insertId = randomBytes(8).toString("hex") } = entry;
            const stored = { ...entry, timestamp, receiveTimestamp: now, insertId };
            await this.#entries.put(`${timestamp} ${entry.logName} ${insertId}`, stored);
        }
        const keys = this.#entries.entries().map(([key]) => key);
        for (const key of keys.slice(0, Math.max(0, keys.length - MAX_ENTRIES))) {
            await this.#entries.delete(key);
        }
    }

    /** Returns the entries in a project, oldest first. */
    list(project: string): LogEntry[] {
        return this.#entries.values().filter((entry) => entry.logName.startsWith(`projects/${project}/logs/`));
    }
}
