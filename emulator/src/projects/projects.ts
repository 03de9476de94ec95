import { createHash } from "node:crypto";
import { ApiError, invalid, notFound } from "../http/errors";
import { LongOperations } from "../http/long-operations";
import type { Collection, DocumentStore } from "../store/documents";
import { CATALOG } from "./catalog";

/** A project: https://cloud.google.com/resource-manager/reference/rest/v1/projects */
export interface Project {
    readonly projectId: string;
    /** Twelve digits, derived from the id, so that they are the same in every emulator. */
    readonly projectNumber: string;
    readonly createTime: string;
    /** Enabled services, e.g. "compute.googleapis.com". */
    readonly enabledServices: readonly string[];
}

/** Services that every tool needs before it can use a project. The first step of the README enables them. */
const INITIALLY_ENABLED = ["cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"];

/** Options for a ProjectService. */
export interface ProjectOptions {
    /** If set, an API refuses requests until this long after it is enabled. Default: no API refuses requests. */
    readonly apiDelayMs?: number | undefined;
    /** Duration of operations. Default: 0, so that they are done when they are returned. */
    readonly operationMs?: number | undefined;
}

/**
 * 6 to 30 characters, starting with a letter: https://cloud.google.com/resource-manager/docs/creating-managing-projects
 */
const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

/** Projects. Every valid id exists, because a project is created when its id is first used. */
export class ProjectService {
    readonly #projects: Collection<Project>;
    /** Service Usage operations. They need not survive a restart. */
    readonly operations: LongOperations;
    /** Time, in ms since 1970, at which this emulator process enabled each API, by project and service. */
    readonly #enabledAt = new Map<string, number>();
    readonly #apiDelayMs: number | undefined;

    constructor(documents: DocumentStore, { apiDelayMs, operationMs = 0 }: ProjectOptions = {}) {
        this.#projects = documents.collection("projects");
        this.#apiDelayMs = apiDelayMs;
        this.operations = new LongOperations(operationMs, {
            "@type": "type.googleapis.com/google.api.serviceusage.v1.OperationMetadata",
        });
    }

    /**
     * Returns the project with this id or number.
     *
     * @throws ApiError 400 for an id that Google Cloud would reject, 404 for a number that does not belong to a known
     *     project
     */
    async get(idOrNumber: string): Promise<Project> {
        if (/^\d+$/.test(idOrNumber)) {
            const known = this.#projects.values().find(({ projectNumber }) => projectNumber === idOrNumber);
            if (known === undefined) {
                throw notFound(`Project number ${idOrNumber} not found.`);
            }
            return known;
        }
        if (!PROJECT_ID.test(idOrNumber)) {
            throw invalid(
                `Project id "${idOrNumber}" must be 6 to 30 lower-case letters, digits or hyphens, must start with a letter ` +
                    "and must not end with a hyphen.",
            );
        }
        const known = this.#projects.get(idOrNumber);
        if (known !== undefined) {
            return known;
        }
        const project: Project = {
            projectId: idOrNumber,
            projectNumber: projectNumber(idOrNumber),
            createTime: new Date().toISOString(),
            enabledServices: INITIALLY_ENABLED,
        };
        await this.#projects.put(idOrNumber, project);
        return project;
    }

    /** Tests whether the id has ever been used. */
    isKnown(projectId: string): boolean {
        return this.#projects.has(projectId);
    }

    /** Enables and disables services. */
    async setServices(
        projectId: string,
        change: { enable?: readonly string[]; disable?: readonly string[] },
    ): Promise<Project> {
        const project = await this.get(projectId);
        const enabled = new Set([...project.enabledServices, ...(change.enable ?? [])]);
        for (const service of change.disable ?? []) {
            enabled.delete(service);
        }
        for (const service of change.enable ?? []) {
            if (!project.enabledServices.includes(service)) {
                this.#enabledAt.set(`${project.projectId}/${service}`, Date.now());
            }
        }
        const changed = { ...project, enabledServices: [...enabled].sort() };
        await this.#projects.put(project.projectId, changed);
        return changed;
    }

    /**
     * Rejects a request to an API that is disabled, or that was enabled only recently. Does nothing unless the option
     * `apiDelayMs` is set.
     *
     * @param service e.g. "compute.googleapis.com"
     * @throws ApiError 403 with Google's message
     */
    async requireApi(projectId: string, service: string): Promise<void> {
        if (this.#apiDelayMs === undefined) {
            return;
        }
        const project = await this.get(projectId);
        const since = this.#enabledAt.get(`${project.projectId}/${service}`) ?? 0;
        if (!project.enabledServices.includes(service) || Date.now() < since + this.#apiDelayMs) {
            throw apiDisabled(project.projectNumber, service);
        }
    }
}

/** Derives the number of a project from its id. */
export function projectNumber(projectId: string): string {
    const hash = createHash("sha256").update(projectId).digest().readUIntBE(0, 6);
    return String(100_000_000_000 + (hash % 900_000_000_000));
}

/**
 * Google's response for an API that is disabled or was enabled only recently:
 * https://github.com/vmware-archive/gcp-pcf-quickstart/issues/12 shows the text, and
 * https://cloud.google.com/apis/design/errors the details.
 */
function apiDisabled(number: string, service: string): ApiError {
    const url = `https://console.developers.google.com/apis/api/${service}/overview?project=${number}`;
    const message =
        `${CATALOG[service] ?? service} has not been used in project ${number} before or it is disabled. Enable it by visiting ` +
        `${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`;
    return new ApiError(403, "accessNotConfigured", message, {
        domain: "usageLimits",
        details: [
            {
                "@type": "type.googleapis.com/google.rpc.Help",
                links: [{ description: "Google developers console API activation", url }],
            },
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                reason: "SERVICE_DISABLED",
                domain: "googleapis.com",
                metadata: { consumer: `projects/${number}`, service },
            },
        ],
    });
}
