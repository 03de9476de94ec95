import { z } from "zod";
import { NOT_EMULATED } from "../http/body";
import { alreadyExists, invalid, notFound } from "../http/errors";
import { checkKeyLocation } from "../http/kms-key";
import type { PolicyStore } from "../iam/policy";
import type { Organization } from "../org/organization";
import type { ProjectService } from "../projects/projects";
import type { InventoryItem } from "../service";
import type { Collection, DocumentStore } from "../store/documents";
import type { ImageStore } from "./images";

const condition = z.strictObject({
    tagState: z.enum(["TAG_STATE_UNSPECIFIED", "TAGGED", "UNTAGGED", "ANY"]).optional(),
    tagPrefixes: z.array(z.string()).optional(),
    versionNamePrefixes: z.array(z.string()).optional(),
    packageNamePrefixes: z.array(z.string()).optional(),
    olderThan: z.string().optional(),
    newerThan: z.string().optional(),
});

const cleanupPolicy = z.strictObject({
    id: z.string().optional(),
    action: z.enum(["DELETE", "KEEP"]),
    condition: condition.optional(),
    mostRecentVersions: z
        .strictObject({ packageNamePrefixes: z.array(z.string()).optional(), keepCount: z.int().optional() })
        .optional(),
});

/**
 * Request body for a repository:
 * https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories
 */
export const repositoryBody = z.strictObject({
    name: z.string().optional(),
    format: z.enum(["DOCKER"], NOT_EMULATED).optional(),
    mode: z.enum(["STANDARD_REPOSITORY", "MODE_UNSPECIFIED"], NOT_EMULATED).optional(),
    description: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    cleanupPolicies: z.record(z.string(), cleanupPolicy).optional(),
    cleanupPolicyDryRun: z.boolean().optional(),
    kmsKeyName: z.string().optional(),
    dockerConfig: z.strictObject({ immutableTags: z.boolean().optional() }).optional(),
    vulnerabilityScanningConfig: z
        .strictObject({ enablementConfig: z.enum(["INHERITED", "DISABLED"]).optional() })
        .optional(),
    // These fields are output-only: clients send back what they read.
    createTime: z.string().optional(),
    updateTime: z.string().optional(),
    registryUri: z.string().optional(),
    sizeBytes: z.string().optional(),
});

export type RepositoryBody = z.output<typeof repositoryBody>;

/**
 * A repository as stored. Cleanup policies are stored but not applied, because images in the emulator never get
 * old enough for them.
 */
export interface Repository {
    /** `projects/P/locations/L/repositories/R`. */
    readonly name: string;
    readonly createTime: string;
    readonly updateTime: string;
    readonly settings: RepositorySettings;
}

type RepositorySettings = Pick<
    RepositoryBody,
    | "description"
    | "labels"
    | "cleanupPolicies"
    | "cleanupPolicyDryRun"
    | "dockerConfig"
    | "kmsKeyName"
    | "vulnerabilityScanningConfig"
>;

const CHANGEABLE = [
    "description",
    "labels",
    "cleanupPolicies",
    "cleanupPolicyDryRun",
    "dockerConfig",
    "vulnerabilityScanningConfig",
] as const;
const REPOSITORY_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LOCATION = /^[a-z]+(-[a-z]+\d+)?$/;

/** The parts of the emulator that repositories depend on. */
export interface RepositoryDependencies {
    readonly projects: ProjectService;
    readonly policies: PolicyStore;
    readonly org: Organization;
}

/** Docker image repositories. Artifact Registry's other formats are not emulated. */
export class RepositoryService {
    readonly #repositories: Collection<Repository>;

    readonly images: ImageStore;
    readonly #projects: ProjectService;
    readonly #policies: PolicyStore;
    readonly #org: Organization;

    constructor(documents: DocumentStore, images: ImageStore, { projects, policies, org }: RepositoryDependencies) {
        this.images = images;
        this.#projects = projects;
        this.#policies = policies;
        this.#org = org;

        this.#repositories = documents.collection("registry/repositories");
    }

    /** @throws ApiError 400 for an invalid id or location, 409 if the repository exists */
    async create(project: string, location: string, id: string, body: RepositoryBody): Promise<Repository> {
        const { projectId } = await this.#projects.get(project);
        if (!REPOSITORY_ID.test(id)) {
            throw invalid(
                `Invalid repository_id "${id}": it must be 1 to 63 lower-case letters, digits or hyphens, and start with a letter.`,
            );
        }
        if (!LOCATION.test(location)) {
            throw invalid(`Location "${location}" is not found or access is unauthorized.`);
        }
        if (body.format === undefined) {
            throw invalid('The field "format" is required; the emulator supports "DOCKER".');
        }
        const name = `projects/${project}/locations/${location}/repositories/${id}`;
        const other = this.find(project, id);
        if (other !== undefined) {
            throw alreadyExists(
                other.name === name
                    ? "the repository already exists"
                    : `${other.name} exists: the emulator's registry has one address for all locations, so a repository id can exist only once.`,
            );
        }
        checkKeyLocation(body.kmsKeyName, location);
        this.#org.checkResource("artifactregistry.googleapis.com", projectId, location, body.kmsKeyName);
        const now = new Date().toISOString();
        const repository = {
            name,
            createTime: now,
            updateTime: now,
            settings: {
                ...settingsOf(body),
                ...(body.kmsKeyName === undefined ? {} : { kmsKeyName: body.kmsKeyName }),
            },
        };
        await this.#repositories.put(name, repository);
        return repository;
    }

    /** @throws ApiError 404 */
    get(name: string): Repository {
        const repository = this.#repositories.get(name);
        if (repository === undefined) {
            throw notFound(`Requested entity was not found: ${name}`);
        }
        return repository;
    }

    /** Finds the repository for an image path, which does not include the location. */
    find(project: string, id: string): Repository | undefined {
        return this.#repositories
            .values()
            .find(
                ({ name }) => name.startsWith(`projects/${project}/locations/`) && name.endsWith(`/repositories/${id}`),
            );
    }

    /** All repositories with their paths in the registry. */
    all(): { readonly name: string; readonly path: string }[] {
        return this.#repositories.values().map(({ name }) => ({ name, path: registryPath(name) }));
    }

    /** Repositories of `projects/P/locations/L`. */
    list(parent: string): Repository[] {
        return this.#repositories.values().filter(({ name }) => name.startsWith(`${parent}/repositories/`));
    }

    /**
     * @param updateMask fields to replace, comma-separated; `*` for all
     * @throws ApiError 400 for a field that cannot change
     */
    async patch(name: string, body: RepositoryBody, updateMask: string): Promise<Repository> {
        const before = this.get(name);
        const settings: Record<string, unknown> = { ...before.settings };
        const masked = updateMask === "*" ? CHANGEABLE : updateMask.split(",").filter((field) => field !== "");
        for (const field of masked) {
            const top = camelCase(field.split(".")[0] ?? "");
            const changeable = CHANGEABLE.find((one) => one === top);
            if (changeable === undefined) {
                throw invalid(`Invalid update_mask "${field}": the allowed fields are ${CHANGEABLE.join(", ")}.`);
            }
            settings[changeable] = settingsOf(body)[changeable];
        }
        const after = { ...before, settings: settings as RepositorySettings, updateTime: new Date().toISOString() };
        await this.#repositories.put(name, after);
        return after;
    }

    /** Deletes a repository with its images and policy. @throws ApiError 404 */
    async delete(name: string): Promise<void> {
        this.get(name);
        await this.#repositories.delete(name);
        await this.images.deleteRepository(registryPath(name));
        await this.#policies.delete(name);
    }

    inventory(): InventoryItem[] {
        return this.#repositories.values().flatMap(({ name }) => [
            { kind: "artifact repository", name },
            ...this.images.list(registryPath(name)).map(({ image, digest }) => ({
                kind: "image",
                name: `${registryPath(name)}/${image}@${digest}`,
            })),
        ]);
    }
}

/** `P/R` of `projects/P/locations/L/repositories/R`. */
export function registryPath(name: string): string {
    const [, project, , , , id] = name.split("/");
    return `${project}/${id}`;
}

/**
 * Returns a repository in the format that Google's API uses.
 * @param host the emulator's `host:port` as addressed by the caller, to which images are pushed
 */
export function describeRepository(repository: Repository, host: string, sizeBytes: number): Record<string, unknown> {
    return {
        name: repository.name,
        format: "DOCKER",
        mode: "STANDARD_REPOSITORY",
        ...repository.settings,
        createTime: repository.createTime,
        updateTime: repository.updateTime,
        sizeBytes: String(sizeBytes),
        registryUri: `${host}/${registryPath(repository.name)}`,
    };
}

function settingsOf(body: RepositoryBody): RepositorySettings {
    const entries = CHANGEABLE.flatMap((field) => (body[field] === undefined ? [] : [[field, body[field]]]));
    const settings = Object.fromEntries(entries) as RepositorySettings;
    if (settings.cleanupPolicies === undefined) {
        return settings;
    }
    const policies = Object.entries(settings.cleanupPolicies).map(([id, policy]) => [
        id,
        withSeconds({ ...policy, id }),
    ]);
    return { ...settings, cleanupPolicies: Object.fromEntries(policies) };
}

/**
 * Converts a duration to seconds. Google returns seconds regardless of the unit in the request: `30d` becomes
 * `2592000s`.
 */
function withSeconds(policy: z.output<typeof cleanupPolicy>): z.output<typeof cleanupPolicy> {
    const { olderThan, newerThan } = policy.condition ?? {};
    return {
        ...policy,
        ...(policy.condition === undefined
            ? {}
            : {
                  condition: {
                      ...policy.condition,
                      ...(olderThan === undefined ? {} : { olderThan: inSeconds(olderThan) }),
                      ...(newerThan === undefined ? {} : { newerThan: inSeconds(newerThan) }),
                  },
              }),
    };
}

function inSeconds(text: string): string {
    const match = /^(\d+)([smhd])$/.exec(text);
    const factor = { s: 1, m: 60, h: 3600, d: 86400 }[match?.[2] ?? ""];
    if (match === null || factor === undefined) {
        throw invalid(`Invalid duration "${text}": it must be a number followed by s, m, h or d.`);
    }
    return `${Number(match[1]) * factor}s`;
}

function camelCase(text: string): string {
    return text.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
