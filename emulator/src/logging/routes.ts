import { z } from "zod";
import { invalid, unimplemented } from "../http/errors";
import { readMaxResults } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import type { IamService } from "../iam/service";
import type { LogEntry, LogService } from "./entries";

const labels = z.record(z.string(), z.string()).optional();
const resource = z.strictObject({ type: z.string(), labels }).optional();
const logName = z.string().optional();

const entrySchema = z.strictObject({
    logName,
    resource,
    labels,
    timestamp: z.iso.datetime({ offset: true }).optional(),
    receiveTimestamp: z.string().optional(),
    severity: z
        .enum(["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"])
        .optional(),
    insertId: z.string().optional(),
    textPayload: z.string().optional(),
    jsonPayload: z.record(z.string(), z.unknown()).optional(),
    sourceLocation: z
        .strictObject({
            file: z.string().optional(),
            line: z.union([z.string(), z.int()]).transform(String).optional(),
            function: z.string().optional(),
        })
        .optional(),
    trace: z.string().optional(),
    spanId: z.string().optional(),
    traceSampled: z.boolean().optional(),
});
const writeSchema = z.strictObject({
    logName,
    resource,
    labels,
    entries: z.array(entrySchema),
    partialSuccess: z.boolean().optional(),
    dryRun: z.boolean().optional(),
});
const listSchema = z.strictObject({
    resourceNames: z.array(z.string()).min(1),
    filter: z.string().optional(),
    orderBy: z.enum(["timestamp asc", "timestamp desc"]).optional(),
    pageSize: z.int().optional(),
    pageToken: z.string().optional(),
});

/** Cloud Logging: https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries */
export function loggingRoutes(logs: LogService, iam: IamService): Route[] {
    return [
        route("POST", "/v2/entries\\:write", (request) => write(logs, iam, request)),
        route("POST", "/v2/entries\\:list", (request) => list(logs, iam, request)),
    ];
}

async function write(logs: LogService, iam: IamService, request: ApiRequest) {
    const body = await request.read(writeSchema);
    const entries = body.entries.map((entry) => {
        const name = entry.logName ?? body.logName ?? "";
        const project = /^projects\/([^/]+)\/logs\/[^/]{1,512}$/.exec(name)?.[1];
        if (project === undefined) {
            throw invalid(`Invalid logName "${name}": it must be projects/PROJECT/logs/LOG with LOG percent-encoded.`);
        }
        iam.require(request, "logging.logEntries.create", `projects/${project}`);
        const all = { ...body.labels, ...entry.labels };
        return {
            ...entry,
            logName: name,
            resource: entry.resource ?? body.resource ?? { type: "global" },
            ...(Object.keys(all).length === 0 ? {} : { labels: all }),
        };
    });
    if (body.dryRun !== true) {
        await logs.write(entries);
    }
    return { body: {} };
}

async function list(logs: LogService, iam: IamService, request: ApiRequest) {
    const { resourceNames, filter = "", orderBy, pageSize, pageToken = "0" } = await request.read(listSchema);
    const matches = entryFilter(filter);
    const found = resourceNames.flatMap((one) => {
        const project = /^projects\/([^/]+)$/.exec(one)?.[1];
        if (project === undefined) {
            throw unimplemented(`log entries of "${one}" (only projects/PROJECT is supported)`);
        }
        iam.require(request, "logging.logEntries.list", `projects/${project}`);
        return logs.list(project).filter(matches);
    });
    const ordered = orderBy === "timestamp desc" ? found.reverse() : found;
    const from = Number(pageToken);
    const to = from + readMaxResults(pageSize === undefined ? null : String(pageSize));
    return {
        body: {
            ...(ordered.length > from ? { entries: ordered.slice(from, to) } : {}),
            ...(ordered.length > to ? { nextPageToken: String(to) } : {}),
        },
    };
}

/**
 * Parses a filter: comparisons with an entry's log name, labels and timestamp, joined by AND.
 * @throws ApiError 501 for anything else
 * @see https://cloud.google.com/logging/docs/view/logging-query-language
 */
function entryFilter(filter: string): (entry: LogEntry) => boolean {
    const tests = filter
        .split(/\s+AND\s+|\n/)
        .filter((term) => term.trim() !== "")
        .map((term) => {
            const [, field = "", operator = "", quoted, plain] =
                /^\s*(logName|timestamp|labels\.(?:"[^"]+"|[\w-]+))\s*(=|>=|>)\s*(?:"([^"]*)"|([\w.:-]+))\s*$/.exec(
                    term,
                ) ?? [];
            const value = quoted ?? plain ?? "";
            if (field === "timestamp" && operator !== "=") {
                const from = Date.parse(value);
                return ({ timestamp }: LogEntry) =>
                    operator === ">" ? Date.parse(timestamp) > from : Date.parse(timestamp) >= from;
            }
            if (operator !== "=" || field === "timestamp") {
                throw unimplemented(
                    `the filter ${JSON.stringify(filter)} of entries:list (only logName="NAME", labels.KEY="VALUE" and timestamp>="TIME", joined by AND, are supported)`,
                );
            }
            const key = /^labels\."?([^"]+)"?$/.exec(field)?.[1];
            return key === undefined
                ? ({ logName: name }: LogEntry) => name === value
                : ({ labels: all }: LogEntry) => (all as Readonly<Record<string, string>> | undefined)?.[key] === value;
        });
    return (entry) => tests.every((test) => test(entry));
}
