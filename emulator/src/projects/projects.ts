import { createHash } from "node:crypto";
import { ApiError, invalid, notFound } from "../http/errors";
import type { Collection, DocumentStore } from "../store/documents";

/** A project: https://cloud.google.com/resource-manager/reference/rest/v1/projects */
export interface Project {
    readonly projectId: string;
    /** Twelve digits, derived from the id, so that they are the same in every emulator. */
    readonly projectNumber: string;
    readonly createTime: string;
    /** Enabled services, e.g. "compute.googleapis.com". */
    readonly enabledServices: readonly string[];
}

/** A finished long-running operation: https://cloud.google.com/service-usage/docs/reference/rest/v1/operations */
export interface Operation {
    readonly name: string;
    readonly done: true;
    readonly response: object;
}

/** Services that every tool needs before it can use a project. The first step of the README enables them. */
const INITIALLY_ENABLED = ["cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"];

/**
 * 6 to 30 characters, starting with a letter: https://cloud.google.com/resource-manager/docs/creating-managing-projects
 */
const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

/** Projects. Every valid id exists, because a project is created when its id is first used. */
export class ProjectService {
    readonly #projects: Collection<Project>;
    /** Times at which services were enabled in this process, by `PROJECT/SERVICE`. */
    readonly #enabledAt = new Map<string, number>();
    /** Operations by name. They are already done when returned, so they need not survive a restart. */
    readonly #operations = new Map<string, Operation>();

    constructor(documents: DocumentStore) {
        this.#projects = documents.collection("projects");
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
        for (const service of change.enable ?? []) {
            if (!project.enabledServices.includes(service)) {
                this.#enabledAt.set(`${project.projectId}/${service}`, Date.now());
            }
        }
        for (const service of change.disable ?? []) {
            enabled.delete(service);
        }
        const changed = { ...project, enabledServices: [...enabled].sort() };
        await this.#projects.put(project.projectId, changed);
        return changed;
    }

    /**
     * Rejects a request to a service that is not enabled in the project, or has been for less than `delayMs`.
     * @throws ApiError 403 with Google's message
     */
    requireReady(projectId: string, service: string, delayMs: number): void {
        const isEnabled = this.#projects.get(projectId)?.enabledServices.includes(service) === true;
        const enabledAt = this.#enabledAt.get(`${projectId}/${service}`) ?? 0;
        if (!isEnabled || Date.now() < enabledAt + delayMs) {
            throw notReady(projectNumber(projectId), service);
        }
    }

    /** Stores an operation for callers that poll it. */
    recordOperation(operation: Operation): Operation {
        this.#operations.set(operation.name, operation);
        return operation;
    }

    /** Returns an operation that this process has stored. */
    operation(name: string): Operation | undefined {
        return this.#operations.get(name);
    }
}

/** https://cloud.google.com/service-usage/docs/troubleshooting */
function notReady(project: string, service: string): ApiError {
    const url = `https://console.developers.google.com/apis/api/${service}/overview?project=${project}`;
    const message =
        `${service} has not been used in project ${project} before or it is disabled. Enable it by visiting ${url} then ` +
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.";
    return new ApiError(403, "accessNotConfigured", message, {
        status: "PERMISSION_DENIED",
        details: [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                reason: "SERVICE_DISABLED",
                domain: "googleapis.com",
                metadata: { consumer: `projects/${project}`, service },
            },
        ],
    });
}

/** Derives the number of a project from its id. */
export function projectNumber(projectId: string): string {
    const hash = createHash("sha256").update(projectId).digest().readUIntBE(0, 6);
    return String(100_000_000_000 + (hash % 900_000_000_000));
}
