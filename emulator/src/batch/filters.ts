import { unimplemented } from "../http/errors";
import type { StoredJob } from "./job-store";
import type { Task } from "./job-types";

/**
 * Parses the filter of jobs.list: conditions on states or labels, all joined by OR or all joined by AND.
 * @throws ApiError 501 for anything else
 */
export function jobFilter(filter: string): (stored: StoredJob) => boolean {
    if (filter.trim() === "") {
        return () => true;
    }
    const isAny = / OR /.test(filter);
    const tests = filter.split(isAny ? / +OR +/ : / +AND +/).map((term) => jobTerm(term.trim(), filter));
    return (stored) => (isAny ? tests.some((test) => test(stored)) : tests.every((test) => test(stored)));
}

function jobTerm(term: string, filter: string): (stored: StoredJob) => boolean {
    const [, field = "", value = ""] = /^([\w.-]+)\s*[=:]\s*"?([\w-]*)"?$/.exec(term) ?? [];
    if (/^status\.state$/i.test(field)) {
        return ({ status }) => status.state === value;
    }
    const label = /^labels\.([\w-]+)$/.exec(field)?.[1];
    if (label !== undefined) {
        return ({ job }) => job.labels?.[label] === value;
    }
    throw unimplemented(
        `the filter ${JSON.stringify(filter)} of Batch's jobs.list (only Status.State="X" and labels.KEY="X", joined by OR or by AND, are supported)`,
    );
}

/** Parses the filter of tasks.list. @throws ApiError 501 for anything but State=X */
export function taskFilter(filter: string): (task: Task) => boolean {
    if (filter.trim() === "") {
        return () => true;
    }
    const state = /^\s*State\s*=\s*"?([A-Z]+)"?\s*$/i.exec(filter)?.[1];
    if (state === undefined) {
        throw unimplemented(`the filter ${JSON.stringify(filter)} of Batch's tasks.list (only State=X is supported)`);
    }
    return (task) => task.state === state;
}
